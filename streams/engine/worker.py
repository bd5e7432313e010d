"""The worker: takes batches from the agents and flushes all its partitions together.

Everything here runs on the event loop's thread except what is handed to the pool. Transient trouble
is a named wait, abandoned when the partitions are revoked. Anything unforeseen ends the process, so
that nothing is acknowledged by accident.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from schemas.warehouse import Fenced
from streams.engine import effects, flush, metrics
from streams.engine.batches import Batch, Partition
from streams.engine.decoding import Decoded, decode
from streams.engine.flush import Flush, Portion
from streams.engine.folds import Fold
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poison
from streams.engine.preparing import Outside, Preparation
from streams.engine.tempo import Tempo
from streams.engine.waits import Abandoned, Waits

T = TypeVar("T")
EXIT_BUG = 70  # EX_SOFTWARE
LAST_FLUSH_SECONDS_MAX = 4.0  # when partitions are revoked or the worker stops

log = logging.getLogger(__name__)


class Worker:
    """Owner of the batch topics; see streams.engine.transport.Owner."""

    def __init__(
        self, folds: Mapping[str, Fold], outside: Outside, tempo: Tempo, held_bytes_max: int
    ) -> None:
        self.topics = frozenset(folds)
        self.held_bytes_max = held_bytes_max
        self.waits = Waits()
        self.states: dict[Partition, PartitionState] = {}
        self.preparation = Preparation(folds, outside, self.waits, self._in_pool)
        self._outside, self._tempo = outside, tempo
        self._poison = Poison()
        self._consumer: Any = None
        self._assignment: int | None = None
        self._assigned: set[Partition] = set()
        self._work, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._hurry = False
        self._tasks: set[asyncio.Task[None]] = set()
        # Apart, so that a flush never queues behind batches that are being decoded for the next.
        self._pool = ThreadPoolExecutor(1, "flush")
        self._decoders = ThreadPoolExecutor(1, "decode")

    # Assignment.

    def on_assigned(self, consumer: Any, partitions: set[Partition]) -> None:
        """Prepare partitions, then let the consumer hand them out."""
        self._consumer, self._assignment = consumer, consumer.assignment_number
        self._assigned = set(partitions)
        self.states.clear()
        self._spawn(self._prepare())

    async def on_revoked(self, partitions: set[Partition]) -> None:
        """Flush what waits, for a short while; then drop what is left."""
        await self.finish()
        self._assignment = None
        self._assigned.clear()
        self.states.clear()
        self.preparation.refused.clear()

    async def finish(self) -> None:
        """Flush what waits, for a short while; what is left the next owner reads again."""
        self._hurry = True
        self._work.set()
        try:
            await asyncio.wait_for(self._drained(), LAST_FLUSH_SECONDS_MAX)
        except TimeoutError:
            log.warning("gave up the last flush; its records will be read again")
        self._hurry = False

    async def _drained(self) -> None:
        while any(state.waiting for state in self.states.values()) or not self._idle.is_set():
            await asyncio.sleep(0.01)

    async def _prepare(self) -> None:
        assignment = self._assignment
        try:
            await self.preparation.run(
                self._consumer, self._assigned, self.states, lambda: self._assignment == assignment
            )
        except Abandoned:
            log.info("assignment %s ended before it was prepared", assignment)

    async def _begin_again(self) -> None:
        """Start all partitions anew: the warehouse is another incarnation."""
        self.states.clear()
        self._consumer.hold(self._assigned)
        await self._prepare()

    def trouble(self) -> dict[str, str]:
        """Return why the worker is not ready; empty if it is."""
        found = self.waits.current()
        found |= {f"refused {p}": reason for p, reason in self.preparation.refused.items()}
        if self._assignment is None:
            found["assignment"] = "no partitions are assigned yet"
        elif missing := self._assigned - set(self.states) - set(self.preparation.refused):
            found["starting"] = f"{len(missing)} partitions are being prepared"
        return found

    # Batches.

    async def offer(self, batch: Batch) -> None:
        """Queue a batch for the next flush; drop one that is not ours or does not continue."""
        state = self._continued(batch)
        if state is None:
            return
        self._check_log(batch)
        reading = self.preparation.readings[batch.partition.topic]
        decoded = await asyncio.get_running_loop().run_in_executor(
            self._decoders, decode, batch, reading, self._outside.ids
        )
        batch.records = []
        if self._continued(batch) is not state:
            return
        self._count_poison(batch, decoded)
        state.take(batch, decoded)
        self._work.set()

    def _continued(self, batch: Batch) -> PartitionState | None:
        state = self.states.get(batch.partition)
        if state is None or batch.assignment != state.assignment:
            return None
        if batch.start == state.taken_offset:
            return state
        if batch.start > state.taken_offset:
            log.warning("%s: offset %d is missing", batch.partition, state.taken_offset)
            self._spawn(self._consumer.read_from(batch.partition, state.taken_offset))
        return None

    def _check_log(self, batch: Batch) -> None:
        """End the process if Kafka went back: the log was cut under us, and starting tells how."""
        if batch.records and batch.records[0].offset < batch.start:
            first = batch.records[0].offset
            self._die(f"{batch.partition}: Kafka gives offset {first} where {batch.start} is due")

    def _count_poison(self, batch: Batch, decoded: Decoded) -> None:
        trouble = self._poison.count(batch.end - batch.start, len(decoded.dead))
        if trouble:
            self._die(f"{trouble}; the last one: {decoded.dead[-1].detail}")

    # Flushing.

    async def run(self) -> None:
        """Flush for ever."""
        try:
            while True:
                await self._work.wait()
                await self._tempo.pause(lambda: self._hurry or self._rows() >= self._tempo.rows_max)
                self._work.clear()
                self._idle.clear()
                try:
                    await self._flush_once()
                finally:
                    self._idle.set()
                if any(state.waiting for state in self.states.values()):
                    self._work.set()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a flush failed in a way nobody foresaw")
            self._die("a flush failed")

    def _rows(self) -> int:
        return sum(len(s.frame) for state in self.states.values() for s in state.waiting)

    async def _flush_once(self) -> None:
        assignment = self._assignment
        portions = flush.gathered(self.states.values(), self._tempo.rows_max)
        if not portions:
            return
        began = time.monotonic()
        try:
            await self._flush(portions, lambda: self._assignment == assignment)
        except Abandoned:
            log.info("assignment %s ended during a flush", assignment)
        except Fenced as fence:
            log.warning("the warehouse is another incarnation; starting again: %s", fence)
            await self._begin_again()
        else:
            seconds = time.monotonic() - began
            self._tempo.note(seconds)
            metrics.FLUSH.observe(seconds)

    async def _flush(self, portions: Sequence[Portion], ours: Callable[[], bool]) -> None:
        now, (warehouse, publisher, _, ids) = self.preparation.now, self._outside
        assert now is not None
        compute = partial(flush.compute, portions, warehouse, self.preparation.definitions, now)
        done: Flush = await self._step("fold", compute, ours)
        steps = effects.effects_of(done, warehouse, publisher, ids, now=now, at=datetime.now(UTC))
        for name, step in steps:
            await self._step(name, step, ours)
        for portion in portions:
            portion.state.next_offset = portion.end
        for batch in done.batches():
            self._consumer.settle(batch)
            metrics.VISIBLE.labels(batch.partition.topic).observe(time.time() - batch.oldest_at)
        flush.count(done)

    async def _step(self, name: str, work: Callable[[], T], ours: Callable[[], bool]) -> T:
        began = time.monotonic()
        found = await self.waits.until_done(name, partial(self._in_pool, work), ours)
        metrics.STEP.labels(name).inc(time.monotonic() - began)
        return found

    # Housekeeping.

    def measure(self) -> None:
        """Bring the gauges up to date."""
        metrics.LAG.clear()
        metrics.WAITING.clear()
        metrics.REFUSED.set(len(self.preparation.refused))
        for name in self.waits.current():
            metrics.WAITING.labels(name).set(1)
        for p, state in self.states.items():
            metrics.LAG.labels(p.topic, p.number).set(self._consumer.lag(p, state.next_offset))
            metrics.SEQUENCE.labels(p.topic, p.number).set(state.sequence)
        if self._consumer is not None:
            metrics.HELD.set(self._consumer.held_bytes)

    async def _in_pool(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a task of the engine failed", exc_info=task.exception())
            self._die("a task failed")

    @staticmethod
    def _die(reason: str) -> None:
        log.critical("stopping at once, so that nothing is acknowledged by accident: %s", reason)
        logging.shutdown()
        os._exit(EXIT_BUG)
