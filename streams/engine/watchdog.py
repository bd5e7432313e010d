"""Watchdog: ends a worker that has something to do, is in no named wait, and makes no progress.

It looks at progress and never at whether the process answers: the consumers it guards against
answer HTTP while they fetch, flush or commit nothing any more. It runs in a thread of its own,
since a blocked event loop is one of the things it looks for. A named wait, however long, is no
reason to end: a worker started anew would wait for the same.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from schemas.warehouse import Incarnation, Message, Tile, Unavailable
from streams.engine.batches import Partition
from streams.engine.ports import LogInspector, Publisher, Warehouse
from streams.engine.waits import Waits

STALL_SECONDS = 180.0  # longer than any statement may take, so that a slow one becomes a wait first
LOOP_SECONDS = 60.0  # Faust's heartbeats run on the loop; a session is lost long before
LOOK_SECONDS = 5.0
KAFKA = "kafka"  # name of the wait for a broker that does not answer

log = logging.getLogger(__name__)


class Pulse:
    """Counts what gets done, whoever does it."""

    def __init__(self) -> None:
        self.beats = 0
        self.loop_at = time.monotonic()

    def beat(self) -> None:
        """Count one thing done."""
        self.beats += 1

    def loop_ran(self) -> None:
        """Note that the event loop runs."""
        self.loop_at = time.monotonic()


class Sight(NamedTuple):
    """What a worker looks like at one moment.

    Attributes:
        at, loop_at: seconds of a monotonic clock; now, and when the event loop last ran.
        beats: grows with whatever gets done.
        waits: it is in a named wait, or Kafka does not answer.
        work: what there is to do, for people; empty for nothing.
        uncommitted: offset committed of each partition that has more in the warehouse.
    """

    at: float
    loop_at: float
    beats: int
    waits: bool
    work: str
    uncommitted: Mapping[Partition, int | None]


@dataclass(slots=True)
class Verdicts:
    """Says when a worker must end, from one look after the other. Time comes in with the looks.

    Attributes:
        stall_seconds: without progress for that long is stuck.
    """

    stall_seconds: float = STALL_SECONDS
    _beats: int = -1
    _moved_at: float = 0.0
    _since: dict[Partition, tuple[int | None, float]] = field(default_factory=dict)

    def look(self, sight: Sight) -> str | None:
        """Return why the worker must end, None if it need not."""
        silent = sight.at - sight.loop_at
        if silent > LOOP_SECONDS:
            return f"the event loop has not run for {silent:.0f} s"
        if sight.waits:
            self._moved_at = sight.at
            self._since.clear()
            return None
        return self._stuck(sight) or self._commits_stuck(sight)

    def still_seconds(self, now: float) -> float:
        """Return how long there has been something to do and nothing was done."""
        return max(0.0, now - self._moved_at) if self._moved_at else 0.0

    def _stuck(self, sight: Sight) -> str | None:
        if sight.beats != self._beats or not sight.work:
            self._beats, self._moved_at = sight.beats, sight.at
            return None
        still = sight.at - self._moved_at
        if still <= self.stall_seconds:
            return None
        return f"{sight.work}, and nothing has moved for {still:.0f} s"

    def _commits_stuck(self, sight: Sight) -> str | None:
        since = {}
        for partition, committed in sight.uncommitted.items():
            before = self._since.get(partition)
            at = before[1] if before and before[0] == committed else sight.at
            since[partition] = (committed, at)
        self._since = since
        for partition, (committed, at) in since.items():
            if sight.at - at > self.stall_seconds:
                return (
                    f"{partition} is in the warehouse beyond offset {committed}, and Kafka has "
                    f"been told of nothing more for {sight.at - at:.0f} s"
                )
        return None


class Watchdog:
    """Looks again and again, from a thread of its own."""

    def __init__(
        self,
        look: Callable[[Mapping[Partition, int]], Sight],
        assigned: Callable[[], Iterable[Partition]],
        kafka: LogInspector,
        waits: Waits,
        end: Callable[[str], None],
        *,
        stall_seconds: float = STALL_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._look, self._assigned, self._kafka = look, assigned, kafka
        self._waits, self._end = waits, end
        self._verdicts = Verdicts(stall_seconds)
        self._look_seconds = look_seconds
        self._stopped = threading.Event()

    def start(self) -> None:
        """Look until stopped."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Look no more: the worker is on its way out."""
        self._stopped.set()

    def still_seconds(self) -> float:
        """Return how long there has been something to do and nothing was done."""
        return self._verdicts.still_seconds(time.monotonic())

    def _run(self) -> None:
        while not self._stopped.wait(self._look_seconds):
            reason = self._verdicts.look(self._look(self._ends()))
            if reason is not None and not self._stopped.is_set():
                self._end(reason)

    def _ends(self) -> Mapping[Partition, int]:
        """Return where Kafka's logs end; none while it does not answer, which is a named wait."""
        try:
            found = self._kafka.ends(self._assigned())
        except Unavailable as trouble:
            self._waits.enter(KAFKA, str(trouble))
            return {}
        self._waits.leave(KAFKA)
        return found


class WatchedWarehouse:
    """A warehouse whose every answer is a beat."""

    def __init__(self, warehouse: Warehouse, pulse: Pulse) -> None:
        self._warehouse, self._pulse = warehouse, pulse

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is."""
        found = self._warehouse.incarnation()
        self._pulse.beat()
        return found

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        found = self._warehouse.frame(sql)
        self._pulse.beat()
        return found

    def insert(
        self, table: str, rows: pl.DataFrame, incarnation: Incarnation, *, last: Tile | None = None
    ) -> None:
        """Insert rows, all or none."""
        self._warehouse.insert(table, rows, incarnation, last=last)
        self._pulse.beat()


class WatchedPublisher:
    """A publisher whose every acknowledgement is a beat."""

    def __init__(self, publisher: Publisher, pulse: Pulse) -> None:
        self._publisher, self._pulse = publisher, pulse

    def send(self, messages: Iterable[Message]) -> None:
        """Return once Kafka has acknowledged all of them."""
        self._publisher.send(messages)
        self._pulse.beat()
