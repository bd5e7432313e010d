"""Partitions on their way from assigned to started; those that refuse are looked at again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from schemas.codec import SchemaIds
from schemas.positions import position_of
from schemas.warehouse import Incarnation, LogIdentity, Unavailable
from streams.engine import starting
from streams.engine.batches import Partition
from streams.engine.decoding import Reading
from streams.engine.definitions import Definitions
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poisoned
from streams.engine.ports import LogInspector, Publisher, Warehouse
from streams.engine.postings import Kind, key_of
from streams.engine.waits import Waits

HELD_RECHECK_SECONDS = 5.0  # a refused partition is looked at again

log = logging.getLogger(__name__)
InPool = Callable[..., Awaitable[Any]]


class Outside(NamedTuple):
    """What a worker needs of the outside."""

    warehouse: Warehouse
    publisher: Publisher
    kafka: LogInspector
    ids: SchemaIds


class Preparation:
    """Reads where partitions start, and with what state.

    Attributes:
        refused: partitions that must not start, and why.
        identities: the logs that partitions were started from.
        readings: how the records of each topic are read.
        now: the warehouse's incarnation, as last read.
        reads_at_once: a second thread reads, too. Not so in simulations: what comes first must
            follow from their seed.
        remember: is told the position behind what is applied of each partition, as it was read.
    """

    def __init__(
        self, kinds: Mapping[str, Kind], outside: Outside, waits: Waits, in_pool: InPool
    ) -> None:
        self.refused: dict[Partition, str] = {}
        self.identities: dict[str, LogIdentity] = {}
        self.readings: dict[str, Reading] = {}
        self.now: Incarnation | None = None
        self.reads_at_once = False
        self.remember: Callable[[Mapping[Partition, int]], None] = lambda _: None
        self.definitions = Definitions(outside.warehouse)
        self._kinds, self._outside, self._waits = kinds, outside, waits
        self._in_pool = in_pool
        self._poisoned: dict[str, dict[tuple[int, int], str]] = {}

    def set_aside(self, poison: Poisoned) -> None:
        """Let records that break a rule be set aside when they are read again."""
        for (topic, number), found in poison.found.items():
            known = self._poisoned.setdefault(topic, {})
            known.update({(number, offset): text for offset, text in found.items()})

    async def run(
        self,
        consumer: Any,
        partitions: Iterable[Partition],
        states: dict[Partition, PartitionState],
        still_ours: Callable[[], bool],
    ) -> None:
        """Start partitions one and all, as soon as each may.

        Raises:
            Abandoned: they are no longer ours.
        """
        assignment, left = consumer.assignment_number, set(partitions)
        while left:

            async def read(wanted: set[Partition] = left) -> list[PartitionState]:
                unpaused = partial(self._unpaused, still_ours)
                await self._waits.until_done("rebuild", unpaused, still_ours)
                kafka = await self._kafka(consumer, wanted)
                ready: list[PartitionState] = await self._in_pool(self._read, assignment, kafka)
                return ready

            for state in await self._waits.until_done("start", read, still_ours):
                if not still_ours():
                    return
                states[state.partition] = state
                await consumer.read_from(state.partition, state.next_offset)
                log.info("%s starts at offset %d", state.partition, state.next_offset)
            left = left & set(self.refused)
            if left:
                await asyncio.sleep(HELD_RECHECK_SECONDS)

    async def _unpaused(self, still_ours: Callable[[], bool]) -> None:
        look = partial(self._in_pool, self._outside.warehouse.incarnation)
        now: Incarnation = await self._waits.until_done("start", look, still_ours)
        if now.paused:
            raise Unavailable(now.paused)

    async def _kafka(
        self, consumer: Any, partitions: set[Partition]
    ) -> dict[Partition, starting.Kafka]:
        identities: dict[str, LogIdentity] = await self._in_pool(
            self._outside.kafka.identities, {p.topic for p in partitions}
        )
        self.identities |= identities
        first, end = await consumer.bounds(partitions)
        return {
            p: starting.Kafka(identities[p.topic], consumer.committed(p), first[p], end[p])
            for p in sorted(partitions)
        }

    def _read(
        self, assignment: int, kafka: Mapping[Partition, starting.Kafka]
    ) -> list[PartitionState]:
        warehouse = self._outside.warehouse
        now = self.now = warehouse.incarnation()
        if now.paused:  # since the look before
            raise Unavailable(now.paused)
        identities = {p.topic: known.identity for p, known in kafka.items()}
        epochs = starting.epochs(warehouse, identities)
        layouts = starting.layouts(warehouse)
        applied = starting.applied_ends(warehouse, list(kafka))
        self.remember(applied)
        begun = []
        for partition, known in kafka.items():
            kind, epoch = self._kinds[partition.topic], epochs[partition.topic]
            count = known.identity.partitions
            poisoned = self._poisoned.setdefault(kind.topic, {})
            self.readings[kind.topic] = Reading(
                kind.message, kind.faults, count, poisoned, key_of(kind)
            )
            try:
                if epoch is None:
                    raise starting.no_epoch(partition.topic, known.identity)
                layout = layouts.get(partition.topic)
                if layout and layout.partitions != count:
                    raise starting.another_layout(partition.topic, layout.partitions, count)
                reached = applied.get(partition, 0)
                sure = self._true_end(partition, epoch, reached, known)
                offset = starting.start_offset(partition, epoch, reached, sure)
            except starting.Refused as refusal:
                self._refuse(partition, str(refusal))
            else:
                self.refused.pop(partition, None)
                begun.append(starting.Begun(partition, kind, epoch, offset, count))
        return starting.states(
            begun,
            assignment,
            warehouse=warehouse,
            definitions=self.definitions,
            at_once=self.reads_at_once,
        )

    def _true_end(
        self, partition: Partition, epoch: int, reached: int, told: starting.Kafka
    ) -> starting.Kafka:
        # The embedded broker tells the beginning of the last batch as the end of a log. Whether the
        # log is shorter than what is applied shows when its last applied record is asked for.
        needed = max(reached - position_of(epoch, 0), told.committed or 0)
        if needed > told.end and self._outside.kafka.holds(*partition, needed - 1):
            return told._replace(end=needed)
        return told

    def _refuse(self, partition: Partition, reason: str) -> None:
        if self.refused.get(partition) != reason:
            log.error("refused: %s", reason)
        self.refused[partition] = reason
