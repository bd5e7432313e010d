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
from itertools import groupby
from typing import Any, TypeVar

from schemas.warehouse import Fenced
from streams.engine import effects, flush, gathering, metrics, tiles, upstream
from streams.engine.batches import Batch, Partition
from streams.engine.flush import Flush
from streams.engine.gathering import Portion
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poison, Poisoned
from streams.engine.postings import Kind
from streams.engine.preparing import Outside, Preparation
from streams.engine.recordsets import first_offset_of
from streams.engine.remembering import RememberingWarehouse
from streams.engine.tasks import Tasks
from streams.engine.tempo import Tempo
from streams.engine.waits import Abandoned, Waits, all_ended
from streams.engine.watchdog import Pulse, WatchedPublisher, WatchedWarehouse

T = TypeVar("T")
EXIT_BUG = 70  # EX_SOFTWARE
# Fetches that are on their way while a partition is started anew bring something else than what is
# due; a few of them at most, and never again and again.
ASTRAY_MAX = 20
WRITERS = 3  # inserts at once: a flush has as many tables of history and of results
LAST_FLUSH_SECONDS_MAX = 4.0  # when partitions are revoked or the worker stops

log = logging.getLogger(__name__)


class Worker:
    """Owner of the batch topics; see streams.engine.transport.Owner."""

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        outside: Outside,
        tempo: Tempo,
        held_bytes_max: int,
        poison: Poison,
    ) -> None:
        self.topics = frozenset(kinds)
        self.held_bytes_max = held_bytes_max
        self.waits = Waits()
        self.states: dict[Partition, PartitionState] = {}
        self.pulse = Pulse()
        self.memory = RememberingWarehouse(WatchedWarehouse(outside.warehouse, self.pulse))
        outside = outside._replace(
            warehouse=self.memory,
            publisher=WatchedPublisher(outside.publisher, self.pulse),
        )
        self.preparation = Preparation(kinds, outside, self.waits, self._in_pool)
        self.preparation.remember = self.memory.begin
        self._outside, self._tempo = outside, tempo
        self._poison = poison
        self._holds = upstream.Holds(self.waits, outside.warehouse, self._ask_again)
        self.consumer: Any = None
        self._era = 0  # grows whenever all states are dropped; what began before writes no more
        self.is_assigned = False
        self.assigned: set[Partition] = set()
        self._work = asyncio.Event()
        self._busy = self._hurry = False
        self._writing: asyncio.Task[None] | None = None
        self._unwritten: Flush | None = None
        self.tasks = Tasks(self.die)
        # One thread folds while others write the flush before.
        self._folders = ThreadPoolExecutor(1, "fold")
        self._writers = ThreadPoolExecutor(WRITERS, "write")

    # Assignment.

    def on_assigned(self, consumer: Any, partitions: set[Partition]) -> None:
        """Prepare partitions, then let the consumer hand them out."""
        self.consumer, self.assigned = consumer, set(partitions)
        self.is_assigned, self._hurry = True, False
        self._drop()
        self.tasks.spawn(self._prepare())

    async def on_revoked(self, partitions: set[Partition]) -> None:
        """Flush what waits, for a short while; then drop what is left."""
        await self.finish()
        self.is_assigned = False
        self.assigned.clear()
        self._drop()

    async def finish(self) -> None:
        """Flush what waits, for a short while; what is left the next owner reads again.

        What comes until partitions are assigned again is left to that one: with it there would
        always be something waiting, and behind it a gap.
        """
        self._hurry = True
        self._work.set()
        try:
            await asyncio.wait_for(self._drained(), LAST_FLUSH_SECONDS_MAX)
        except TimeoutError:
            log.warning("gave up the last flush; its records will be read again")

    async def _drained(self) -> None:
        while not self._is_idle() or self._busy or (self._writing and not self._writing.done()):
            await asyncio.sleep(0.01)

    def _drop(self) -> None:
        self._era += 1
        self._unwritten = None
        self.states.clear()
        self._holds.clear()
        self.preparation.refused.clear()

    async def _prepare(self) -> None:
        era = self._era
        try:
            await self.preparation.run(
                self.consumer, self.assigned, self.states, lambda: self._era == era
            )
        except Abandoned:
            log.info("an assignment ended before it was prepared")

    async def begin_again(self, reason: Exception) -> None:
        """Start all partitions anew: the warehouse is another, or records are to be set aside."""
        log.warning("starting all partitions again: %s", reason)
        self._drop()
        self.consumer.hold(self.assigned)
        await self._prepare()

    # Batches.

    def offer(self, batch: Batch) -> None:
        """Queue a batch for the next flush; drop one that is not ours or does not continue."""
        state = self.states.get(batch.partition)
        if state is None or batch.assignment != state.assignment or self._hurry:
            return
        if not self.consumer.holds(batch):
            return  # fetched before the partition was started anew, and fetched again since
        first, due = first_offset_of(batch.records), state.taken_offset
        if batch.start <= due <= first:  # between start and first stands no record
            state.take(batch)
            self._work.set()
            return
        state.astray += 1
        if state.astray > ASTRAY_MAX:  # the log was cut, or is another: a new start will tell
            self.die(f"{batch.partition}: Kafka gives offset {first} where {due} is due")
        log.warning("%s: %d is due, not %d", batch.partition, due, first)
        self.tasks.spawn(self.consumer.read_from(batch.partition, due))

    # Flushing.

    async def run(self) -> None:
        """Flush for ever."""
        try:
            while True:
                await self._work.wait()
                await self._tempo.pause(self._is_urgent)
                self._work.clear()
                await self._flush_once()
                if not self._is_idle():
                    self._work.set()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a flush failed in a way nobody foresaw")
            self.die("a flush failed")

    def _is_urgent(self) -> bool:
        waiting = sum(len(b.records) for state in self.states.values() for b in state.waiting)
        return self._hurry or waiting >= self._tempo.records_max

    def _is_idle(self) -> bool:
        return all(state.is_idle for state in self.states.values())

    async def _flush_once(self) -> None:
        """Fold what waits, then write it while the next is folded."""
        era, states = self._era, list(self.states.values())

        def ours() -> bool:
            return self._era == era

        began = time.monotonic()
        self._busy = True
        try:
            portions = await self._in_pool(self._gather, states)
            portions = await self._holds.allowed(self.consumer, portions, self._step, ours)
            if any(portion.segment.marker for portion in portions):
                await self._written()  # a marker reads all that stands before it
            done = await self._fold(portions, ours) if portions else None
            await self._written()
        except Abandoned:
            log.info("an assignment ended during a flush")
            return
        except (Fenced, Poisoned) as trouble:  # a marker writes while it is folded
            if isinstance(trouble, Poisoned):
                log.error("a rule fails on records, which are set aside: %s", trouble)
                self.preparation.set_aside(trouble)
            self.tasks.spawn(self.begin_again(trouble))
            return
        finally:
            self._busy = False
        if done is not None and self._era == era:
            self._writing = self.tasks.spawn(self._write(done, era, began))
            self._unwritten = done

    def _gather(self, states: Sequence[PartitionState]) -> list[Portion]:
        takings = gathering.taken(states, self._tempo.records_max)
        counted = gathering.decoded(takings, self.preparation.readings, self._outside.ids)
        trouble = self._poison.count(*counted)
        if trouble:
            self.die(trouble)
        return gathering.portions(states)

    def _ask_again(self) -> None:
        upstream.release(self.states.values())
        self._work.set()

    async def _fold(self, portions: Sequence[Portion], ours: Callable[[], bool]) -> Flush:
        now = self.preparation.now
        assert now is not None
        warehouse, definitions = self._outside.warehouse, self.preparation.definitions
        compute = partial(flush.compute, portions, warehouse, definitions, now, self._unwritten)
        return await self._step("fold", compute, ours)

    async def _written(self) -> None:
        """Wait until the flush before is in the warehouse."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing
        self._unwritten = None

    async def _write(self, done: Flush, era: int, began: float) -> None:
        try:
            await self._effects(done, lambda: self._era == era)
        except Abandoned:
            log.info("an assignment ended while a flush was written")
        except Fenced as fence:
            self.tasks.spawn(self.begin_again(fence))
        else:
            seconds = time.monotonic() - began
            self._tempo.note(seconds)
            metrics.FLUSH.observe(seconds)

    async def _effects(self, done: Flush, ours: Callable[[], bool]) -> None:
        now, (warehouse, publisher, _, ids) = self.preparation.now, self._outside
        assert now is not None
        steps = effects.effects_of(done, warehouse, publisher, ids, now=now, at=datetime.now(UTC))
        for _, stage in groupby(steps, key=lambda effect: effect.stage):
            await all_ended(self._step(e.name, e.do, ours, self._writers) for e in stage)
        for portion in done.portions:
            portion.state.next_offset = portion.segment.end
        for batch in done.batches():
            self.consumer.settle(batch)
            metrics.VISIBLE.labels(batch.partition.topic).observe(time.time() - batch.oldest_at)
        tiles.count(done)

    async def _step(
        self,
        name: str,
        work: Callable[[], T],
        ours: Callable[[], bool],
        pool: ThreadPoolExecutor | None = None,
    ) -> T:
        began = time.monotonic()
        found = await self.waits.until_done(name, partial(self._in_pool, work, pool=pool), ours)
        metrics.STEP.labels(name).inc(time.monotonic() - began)
        return found

    # Housekeeping.

    async def _in_pool(
        self, function: Callable[..., T], *args: Any, pool: ThreadPoolExecutor | None = None
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool or self._folders, function, *args)

    @staticmethod
    def die(reason: str) -> None:
        """End the process at once; safe from any thread."""
        log.critical("stopping at once, so that nothing is acknowledged by accident: %s", reason)
        logging.shutdown()
        os._exit(EXIT_BUG)
