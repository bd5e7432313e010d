"""Delivery: when what the CRM knows reaches Kafka, and what happens to it on the way."""

from bisect import bisect_left
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.stories import MICROS, Story
from connectors.sources.simulator.wire import WireEncoder
from schemas.codec import SchemaIds

OVERTAKEN_GAP_MS = 900_000  # a record held up waits behind its own successor, if that is near


class Wait(NamedTuple):
    """Log-normal spans of time."""

    median_s: float
    sigma: float
    most_s: float

    def draw(self, count: int, rng: np.random.Generator) -> list[int]:
        """Return spans in ms, each at least 1."""
        spans = rng.lognormal(np.log(self.median_s), self.sigma, count)
        drawn: list[int] = (1 + np.minimum(spans, self.most_s) * 1000).astype(int).tolist()
        return drawn


HELD = Wait(20.0, 1.5, 900.0)
AGAIN = Wait(20.0, 2.5, 2 * 86_400.0)


class Event(NamedTuple):
    """A fact on its way to Kafka.

    Attributes:
        at: when it is delivered, ms.
        known_at: since when the source knows it, ms; later than `at` never.
        message: call, email, meeting or deal.
        key: its entity id.
        value: the record as framed Avro.
    """

    at: int
    known_at: int
    message: str
    key: bytes
    value: bytes


class Progress(NamedTuple):
    """How far the simulator is complete; instants in ms."""

    complete_through: int
    observed_at: int


class Courier:
    """What carries stories to Kafka: on time and in order, but for the share the dials disturb."""

    def __init__(self, dials: Dials, ids: SchemaIds) -> None:
        self._dials = dials
        self._encoder = WireEncoder(ids)

    def events(
        self, message: str, stories: Iterable[Story], rng: np.random.Generator
    ) -> list[Event]:
        """Return the events of stories, encoded at once, while the records are at hand."""
        encode = self._encoder.of(message)
        events = [
            Event(
                at := record.revision // MICROS,
                at,
                message,
                record.entity_id.encode(),
                encode(record),
            )
            for story in stories
            for record in story
        ]
        u = rng.random((2, len(events)))
        held_up = np.flatnonzero(u[0] < self._dials.disorder).tolist()
        for i, held in zip(held_up, HELD.draw(len(held_up), rng), strict=True):
            event, after = events[i], events[min(i + 1, len(events) - 1)]
            gap = after.known_at - event.at if after.key == event.key else 0
            behind = gap if gap < OVERTAKEN_GAP_MS else 0
            events[i] = event._replace(at=event.at + held + behind)
        doubled = np.flatnonzero(u[1] < self._dials.duplicates).tolist()
        for i, wait in zip(doubled, AGAIN.draw(len(doubled), rng), strict=True):
            again = events[i].at + wait
            events.append(events[i]._replace(at=again, known_at=again))
        return events


_at = itemgetter(0)


class Timeline:
    """Events that wait for their time."""

    def __init__(self) -> None:
        self._waiting: list[Event] = []
        self._sorted = True

    def add(self, events: list[Event]) -> None:
        """Put events in; those of the same instant keep the order in which they were put in."""
        self._waiting += events
        self._sorted = False

    def due(self, before: int) -> list[Event]:
        """Return, and take out, everything whose time is before an instant, in order."""
        self._sort()
        cut = bisect_left(self._waiting, before, key=_at)
        due, self._waiting = self._waiting[:cut], self._waiting[cut:]
        return due

    def complete_through(self, now: int) -> int:
        """Return the instant up to which all that the source knows has been taken out."""
        held = [event.known_at for event in self._waiting if event.known_at < now]
        return min(held, default=now)

    def next_at(self) -> int | None:
        """Return when the next event is due; None: nothing waits."""
        self._sort()
        return self._waiting[0].at if self._waiting else None

    def _sort(self) -> None:
        if not self._sorted:
            self._waiting.sort(key=_at)
            self._sorted = True
