"""The worker: takes batches from the agents and flushes all its partitions together.

Everything here runs on the event loop's thread except what is handed to the pool. Transient trouble
is a named wait, abandoned when the partitions are revoked. Anything unforeseen ends the process, so
that nothing is acknowledged by accident.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from schemas.codec import SchemaIds
from schemas.warehouse import Fenced, Incarnation
from streams.engine import effects, flush, starting
from streams.engine.batches import Batch, Partition
from streams.engine.decoding import Decoded, Reading, decode
from streams.engine.definitions import Definitions
from streams.engine.flush import Flush
from streams.engine.folds import Fold
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poison
from streams.engine.ports import LogInspector, Publisher, Warehouse
from streams.engine.tempo import Tempo
from streams.engine.waits import Abandoned, Waits

T = TypeVar("T")
EXIT_BUG = 70  # EX_SOFTWARE
REVOKE_SECONDS_MAX = 5.0  # for a last flush; well below the session timeout
HELD_RECHECK_SECONDS = 5.0  # a refused partition is looked at again

log = logging.getLogger(__name__)


class Outside(NamedTuple):
    """What a worker needs of the outside."""

    warehouse: Warehouse
    publisher: Publisher
    kafka: LogInspector
    ids: SchemaIds


class Worker:
    """Owner of the batch topics; see streams.engine.transport.Owner."""

    def __init__(
        self, folds: Mapping[str, Fold], outside: Outside, tempo: Tempo, held_bytes_max: int
    ) -> None:
        self.topics = frozenset(folds)
        self.held_bytes_max = held_bytes_max
        self.waits = Waits()
        self.states: dict[Partition, PartitionState] = {}
        self.refused: dict[Partition, str] = {}
        self._folds, self._outside, self._tempo = folds, outside, tempo
        self._definitions = Definitions(outside.warehouse)
        self._poison = Poison()
        self._consumer: Any = None
        self._assignment: int | None = None
        self._assigned: set[Partition] = set()
        self._readings: dict[str, Reading] = {}
        self._now: Incarnation | None = None
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._hurry = False
        self._tasks: set[asyncio.Task[None]] = set()
        # Two: while one flush is at the warehouse, the next batches are decoded.
        self._pool = ThreadPoolExecutor(2, "engine")

    # Assignment.

    def on_assigned(self, consumer: Any, partitions: set[Partition]) -> None:
        """Prepare partitions, then let the consumer hand them out."""
        self._consumer, self._assignment = consumer, consumer.assignment_number
        self._assigned = set(partitions)
        self.states.clear()
        self._spawn(self._prepare(consumer.assignment_number, set(partitions)))

    async def on_revoked(self, partitions: set[Partition]) -> None:
        """Flush what waits, for a short while; then drop what is left."""
        self._hurry = True
        self._work.set()
        try:
            await asyncio.wait_for(self._drained(), REVOKE_SECONDS_MAX)
        except TimeoutError:
            log.warning("revoked with unflushed records; the next owner reads them again")
        self._hurry = False
        self._assignment = None
        self._assigned.clear()
        self.states.clear()
        self.refused.clear()

    async def _drained(self) -> None:
        while any(state.waiting for state in self.states.values()):
            await asyncio.sleep(0.01)
        await self._idle.wait()

    async def _prepare(self, assignment: int, partitions: set[Partition]) -> None:
        def ours() -> bool:
            return self._assignment == assignment

        while partitions and ours():
            try:
                kafka = await self._kafka(partitions)
                ready = await self.waits.until_done(
                    "start", partial(self._in_pool, self._read_states, assignment, kafka), ours
                )
            except Abandoned:
                return
            for state in ready:
                if not ours():
                    return
                self.states[state.partition] = state
                await self._consumer.read_from(state.partition, state.next_offset)
                log.info("%s starts at offset %d", state.partition, state.next_offset)
            partitions = set(self.refused)
            if partitions:
                await asyncio.sleep(HELD_RECHECK_SECONDS)

    async def _kafka(self, partitions: set[Partition]) -> dict[Partition, starting.Kafka]:
        identities = await self.waits.until_done(
            "kafka",
            lambda: self._in_pool(self._outside.kafka.identities, self.topics),
            lambda: self._assignment is not None,
        )
        first, end = await self._consumer.bounds(partitions)
        return {
            p: starting.Kafka(identities[p.topic], self._consumer.committed(p), first[p], end[p])
            for p in partitions
        }

    def _read_states(
        self, assignment: int, kafka: Mapping[Partition, starting.Kafka]
    ) -> list[PartitionState]:
        warehouse = self._outside.warehouse
        self._now = warehouse.incarnation()
        identities = {p.topic: known.identity for p, known in kafka.items()}
        epochs = starting.epochs(warehouse, identities)
        applied = starting.applied_ends(warehouse, list(kafka))
        begun = []
        for partition, known in kafka.items():
            fold, epoch = self._folds[partition.topic], epochs[partition.topic]
            self._readings[fold.topic] = Reading(
                fold.message, fold.faults, known.identity.partitions
            )
            try:
                if epoch is None:
                    raise starting.no_epoch(partition.topic, known.identity)
                reached = applied.get(partition, 0)
                offset = starting.start_offset(partition, epoch, reached, known)
            except starting.Refused as refusal:
                if self.refused.get(partition) != str(refusal):
                    log.error("refused: %s", refusal)
                self.refused[partition] = str(refusal)
            else:
                self.refused.pop(partition, None)
                begun.append(starting.Begun(partition, fold, epoch, offset))
        today = datetime.now(UTC).date()
        return starting.states(
            begun,
            assignment,
            warehouse=warehouse,
            definitions=self._definitions,
            now=self._now,
            today=today,
        )

    async def _begin_again(self) -> None:
        """Start all partitions anew: the warehouse is another incarnation."""
        assert self._assignment is not None
        self.states.clear()
        self._consumer.hold(self._assigned)
        await self._prepare(self._assignment, set(self._assigned))

    # Batches.

    async def offer(self, batch: Batch) -> None:
        """Queue a batch for the next flush; drop one that is not ours or does not continue."""
        state = self._continued(batch)
        if state is None:
            return
        reading = self._readings[batch.partition.topic]
        decoded = await self._in_pool(decode, batch, reading, self._outside.ids)
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
            log.warning(
                "%s: batch starts at %d, expected %d; reading again",
                batch.partition,
                batch.start,
                state.taken_offset,
            )
            self._spawn(self._consumer.read_from(batch.partition, state.taken_offset))
        return None

    def _count_poison(self, batch: Batch, decoded: Decoded) -> None:
        trouble = self._poison.count(batch.end - batch.start, len(decoded.dead))
        if trouble:
            self._die(f"{trouble}; the last was {decoded.dead[-1].detail}")

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
            log.exception("flush failed in a way nobody foresaw")
            self._die("flush failed")

    def _rows(self) -> int:
        return sum(len(s.frame) for state in self.states.values() for s in state.waiting)

    async def _flush_once(self) -> None:
        assignment = self._assignment
        portions = flush.gathered(self.states.values(), self._tempo.rows_max)
        if not portions or self._now is None:
            return

        def ours() -> bool:
            return self._assignment == assignment

        began = time.monotonic()
        try:
            done = await self._computed(portions, ours)
            await self._effect(done, ours)
        except Abandoned:
            return
        except Fenced as fence:
            log.warning("the warehouse is another incarnation; starting again: %s", fence)
            await self._begin_again()
            return
        self._tempo.note(time.monotonic() - began)

    async def _computed(self, portions: Any, ours: Callable[[], bool]) -> Flush:
        return await self.waits.until_done(
            "read history",
            lambda: self._in_pool(
                flush.compute, portions, self._outside.warehouse, self._definitions, self._now
            ),
            ours,
        )

    async def _effect(self, done: Flush, ours: Callable[[], bool]) -> None:
        assert self._now is not None
        warehouse, publisher, _, ids = self._outside
        steps = effects.effects_of(
            done, warehouse, publisher, ids, now=self._now, at=datetime.now(UTC)
        )
        for name, step in steps:
            await self.waits.until_done(name, partial(self._in_pool, step), ours)
        for portion in done.portions:
            portion.state.next_offset = portion.end
        for batch in done.batches():
            self._consumer.settle(batch)

    # Housekeeping.

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
