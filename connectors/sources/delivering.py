"""What became of records that were handed to Kafka: told one by one, awaited together."""

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

log = logging.getLogger(__name__)

LATE_SECONDS = 2.0  # librdkafka gives up first; this much later we stop waiting for it to say so


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Every in-sync replica has the record; it stands at this place."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """The record may or may not be in the log; sending it again is harmless.

    Attributes:
        transient: sending it again later may work; False: something must be changed first.
    """

    reason: str
    remedy: str
    transient: bool = True


Outcome = Acknowledged | Unacknowledged


class Delivery:
    """What became of a batch, in the order it was given."""

    def __init__(self, size: int, deadline_seconds: float) -> None:
        self._outcomes: list[Outcome | None] = [None] * size
        self._missing = size
        self._deadline_seconds = deadline_seconds
        self._give_up_at = time.monotonic() + deadline_seconds + LATE_SECONDS
        self._lock = threading.Lock()
        self._done: Future[None] = Future()
        if not size:
            self._done.set_result(None)

    def report(self, index: int, outcome: Outcome) -> None:
        """Note what became of one record; the last report wakes whoever waits."""
        with self._lock:
            if self._outcomes[index] is not None:
                return
            self._outcomes[index] = outcome
            self._missing -= 1
            finished = self._missing == 0
        if finished:
            self._done.set_result(None)

    def wait(self) -> tuple[Outcome, ...]:
        """Return all outcomes, at the latest when the deadline has passed."""
        try:
            self._done.result(max(0.0, self._give_up_at - time.monotonic()))
        except TimeoutError:
            log.warning("deliveries are overdue", extra={"missing": self._missing})
        return self._final()

    async def outcomes(self) -> tuple[Outcome, ...]:
        """Return all outcomes, at the latest when the deadline has passed, without blocking."""
        seconds = max(0.0, self._give_up_at - time.monotonic())
        await asyncio.wait({asyncio.wrap_future(self._done)}, timeout=seconds)
        return self._final()

    def _final(self) -> tuple[Outcome, ...]:
        late = Unacknowledged(
            f"Kafka has not acknowledged it within {self._deadline_seconds:g} s",
            "send it again; repeating changes nothing",
        )
        with self._lock:
            return tuple(late if outcome is None else outcome for outcome in self._outcomes)
