"""What the loops of one source share, and how they say what troubles them."""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.sources.files.reading_mapping import BadMapping
from connectors.sources.producing import Acknowledged, Event, EventProducer, Framed
from connectors.sources.runtime.backoff import Backoff
from connectors.sources.runtime.folder import BadSource, Source, Sources
from connectors.sources.runtime.log import Kafka
from connectors.sources.runtime.state import State
from connectors.sources.vendors.contract import Denied, Unavailable, Vendor
from schemas import warehouse

log = logging.getLogger(__name__)

DENIED_SECONDS = 60.0  # somebody must change something; they want to see it work soon after


class Away(Exception):
    """Kafka has not taken something; doing it again is harmless."""


@dataclass(frozen=True, slots=True)
class World:
    """One source at work.

    Attributes:
        stop: set when its loops shall end.
        clock: the instant it is.
    """

    source: Source
    vendor: Vendor
    sources: Sources
    kafka: Kafka
    producer: EventProducer
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def state(self) -> State:
        """Return a connection to the source's memory, for the calling thread."""
        return State(self.sources.state_path(self.source.name))

    def client(self) -> Any:
        """Return a client of the vendor, for the calling thread.

        Raises:
            BadSource: settings or secrets are wrong.
            Denied: the vendor does not take them.
        """
        return self.vendor.client(self.sources.settings(self.source))

    def millis(self) -> int:
        """Return the instant it is, in milliseconds."""
        return int(self.clock().timestamp() * 1000)

    def publish(self, events: list[Event]) -> None:
        """Return once Kafka has all events.

        Raises:
            Away: it has not.
        """
        _all_in(self.producer.publish(events, patient=True).wait())

    def send(self, rows: list[Framed]) -> int:
        """Return the place behind the last row, once Kafka has all of them; 0: there were none.

        Raises:
            Away: it has not.
        """
        outcomes = self.producer.send(rows, patient=True).wait()
        _all_in(outcomes)
        return max((o.offset + 1 for o in outcomes if isinstance(o, Acknowledged)), default=0)


def _all_in(outcomes: Any) -> None:
    lost = next((o for o in outcomes if not isinstance(o, Acknowledged)), None)
    if lost is not None:
        raise Away(f"{lost.reason}; {lost.remedy}")


def kept_going(world: World, name: str, turn: Callable[[State], float]) -> None:
    """Do something again and again until told to stop, whatever happens on the way.

    Args:
        turn: returns how many seconds to rest before it is done again.
    """
    state, backoff = world.state(), Backoff()
    while not world.stop.is_set():
        began = time.monotonic()
        try:
            rest = turn(state)
            told(state, name, "", "")
            backoff.reset()
        except Unavailable as error:
            rest = backoff.pause(error.retry_after)
            _trouble(world, state, name, ("AWAY", str(error)), rest)
        except (Away, warehouse.Unavailable) as error:
            rest = min(backoff.pause(), 10.0)  # our own ground is back soon
            _trouble(world, state, name, ("AWAY", str(error)), rest)
        except Denied as error:
            rest = DENIED_SECONDS
            _trouble(world, state, name, ("DENIED", f"{error}; {error.remedy}"), rest)
        except (BadSource, BadMapping) as error:
            rest = DENIED_SECONDS / 6
            _trouble(world, state, name, ("DENIED", str(error)), rest)
        except Exception as error:  # one source's mistake must not end the others
            if world.stop.is_set():  # its connection was closed to end it
                break
            log.exception("%s: %s failed", world.source.name, name)
            rest = backoff.pause()
            _trouble(world, state, name, ("FAILED", f"{type(error).__name__}: {error}"), rest)
        if time.monotonic() - began < rest:
            world.stop.wait(rest)
    state.close()


def told(state: State, name: str, kind: str, text: str) -> None:
    """Remember what troubles a loop, for status; an empty text: nothing does.

    Args:
        kind: AWAY passes by itself, DENIED wants a person, FAILED is a mistake of ours or theirs.
    """
    before = json.loads(state.get(f"trouble.{name}", "{}"))
    if before.get("text", "") != text:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        state.put(f"trouble.{name}", json.dumps({"text": text, "since": at, "kind": kind}))


def _trouble(world: World, state: State, name: str, trouble: tuple[str, str], rest: float) -> None:
    told(state, name, *trouble)
    state.put("failures", str(int(state.get("failures", "0")) + 1))
    log.warning("%s: %s waits %.0f s: %s", world.source.name, name, rest, trouble[1])
