"""Faust's Kafka driver with one message per fetched batch for the topics an app names.

Registered as `batch` under the entry point `faust.transports`. Assignment, rebalancing and flow
control stay Faust's; other topics pass through the stock methods unchanged. A Faust acknowledgement
means nothing for a batch topic: only `settle` makes a batch committable, after its flush.

Invariants: a partition of a batch topic hands out nothing until its owner has said where it starts
(`read_from`); unsettled batches never exceed `held_bytes_max` by more than one fetch.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol

from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from streams.engine import fetching
from streams.engine.batches import Batch, Partition
from streams.engine.commits import Handed
from streams.engine.fetching import Part, behind, flat
from streams.engine.recordsets import bounds_of

FETCH_WAIT_MS = 50  # a fetch that waits for idle partitions keeps busy ones of its broker waiting
FETCH_BYTES_MIN = 256 << 10  # less than that may come together: each answer costs milliseconds
FETCH_PARTITION_BYTES = 4 << 20  # about 40,000 records: columns are cheap when they are long
COMMIT_SECONDS = 1.0  # what a restart reads again is at most this much


class Owner(Protocol):
    """Who takes the batches; an app carries it as `batch_owner`."""

    topics: frozenset[str]
    held_bytes_max: int

    def on_assigned(self, consumer: "Consumer", partitions: set[Partition]) -> None:
        """Prepare partitions and call `consumer.read_from` for each, soon."""

    async def on_revoked(self, partitions: set[Partition]) -> None:
        """Bring to an end what can be brought to an end quickly, then drop the rest."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to Kafka; it makes the batches."""

    consumer: "Consumer"

    def _create_worker_consumer(self, transport: Any) -> Any:
        fetching.install(self.consumer.owner.topics)
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._fetch_min_bytes = FETCH_BYTES_MIN
        consumer._max_partition_fetch_bytes = FETCH_PARTITION_BYTES
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Mapping[TP, list[Any]]:
        fetched = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        assignment = self.consumer.assignment_number
        return {
            tp: [batched(assignment, Partition(tp.topic, tp.partition), records)]
            if tp.topic in self.consumer.owner.topics
            else records
            for tp, records in fetched.items()
        }


def batched(assignment: int, partition: Partition, fetched: Sequence[Part]) -> Batch:
    """Return what one fetch brought from a partition as a batch.

    Its start is where it was read from, not where reading should have begun: a partition may be
    started anew while a fetch is on its way, and what lies between would be lost.
    """
    records = flat(fetched)
    bounds = bounds_of(records)
    oldest_at = bounds.first_at / 1000.0
    start, end = fetched[0].since, behind(TP(*partition), fetched[-1].end)
    return Batch(partition, assignment, start, end, records, bounds.size, oldest_at)


class Consumer(driver.Consumer):
    """Faust's consumer with its own commit bookkeeping for batch topics."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner: Owner = self.app.batch_owner  # type: ignore[attr-defined]
        self.assignment_number = 0
        self.commit_interval = COMMIT_SECONDS
        self._handed = Handed()
        self._room = asyncio.Event()
        self._room.set()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # What the owner calls.

    async def read_from(self, partition: Partition, offset: int) -> None:
        """Hand out a partition from an offset on."""
        self._handed.forget(partition)
        tp = TP(*partition)
        await self.seek_wait({tp: offset})
        self._read_offset[tp] = offset or None
        self.resume_partitions({tp})

    def holds(self, batch: Batch) -> bool:
        """Return whether a batch was fetched since its partition was last started."""
        return self._handed.holds(batch)

    def settle(self, batch: Batch) -> None:
        """Make a batch committable."""
        self._handed.settle(batch)
        self._notice_room()

    def committed(self, partition: Partition) -> int | None:
        """Return the offset the group has committed, None if it has none."""
        offset: int | None = self._committed_offset[TP(*partition)]
        return offset

    def settled(self, partition: Partition) -> int | None:
        """Return the offset that may be committed, None before anything was settled."""
        return self._handed.settled(partition)

    def fetch_position(self, partition: Partition) -> int | None:
        """Return the offset that is fetched next, None while the partition is not fetched.

        It passes what takes offsets and is no record, such as the end of a transaction.
        """
        fetching = self._thread._consumer
        assignment = fetching and fetching._subscription.subscription.assignment
        state = assignment and assignment._tp_state.get(TP(*partition))
        return state.position if state and state.has_valid_position else None

    def lag(self, partition: Partition, offset: int) -> int:
        """Return how many records stand in Kafka from an offset on, as far as we know."""
        highwater: int | None = self.highwater(TP(*partition))
        return max(0, (highwater or 0) - offset)

    @property
    def held_bytes(self) -> int:
        """Return the bytes that were handed out and are not settled."""
        return self._handed.size

    def hold(self, partitions: set[Partition]) -> None:
        """Hand out no more of these until they are started again."""
        self.pause_partitions({TP(*partition) for partition in partitions})

    def set_back(self, partition: Partition) -> None:
        """Hand out no more of a partition for now: what it holds waits, and takes no room."""
        self.hold({partition})
        self._handed.discount(partition)
        self._notice_room()

    def resume(self, partition: Partition) -> None:
        """Hand a partition out again, from where it was set back."""
        self.resume_partitions({TP(*partition)})

    async def bounds(
        self, partitions: set[Partition]
    ) -> tuple[dict[Partition, int], dict[Partition, int]]:
        """Return the first offset Kafka holds of each partition, and the one behind its last."""
        tps = [TP(*partition) for partition in partitions]
        first, end = await self.earliest_offsets(*tps), await self.highwaters(*tps)
        return (
            {Partition(*tp): offset for tp, offset in first.items()},
            {Partition(*tp): offset for tp, offset in end.items()},
        )

    # Faust's own methods.

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """Yield messages once there is room for them."""
        await self._room.wait()
        async for tp, message in super().getmany(timeout):
            if isinstance(message.value, Batch):
                if message.value.assignment != self.assignment_number:
                    continue
                self._handed.hand_out(message.value)
                self._notice_room()
            yield tp, message

    def _to_message(self, tp: TP, record: Any) -> Any:
        if not isinstance(record, Batch):
            return super()._to_message(tp, record)
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            record.end - 1,
            record.oldest_at,
            0,
            None,
            None,
            record,  # type: ignore[arg-type]  # a batch topic's value is its batch
            None,
            0,
            record.size,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let the owner finish, commit that, and forget the rest."""
        ours = self._batch_partitions(revoked)
        await self.owner.on_revoked(ours)
        await self.commit()
        self.assignment_number += 1
        for partition in ours:
            self._handed.forget(partition)
        self._buffered_partitions.difference_update(revoked)
        self._notice_room()
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Seek plain topics to their committed offset; hold batch topics until they are started."""
        ours = self._batch_partitions(self.assignment())
        self.hold(ours)
        await super().perform_seek()
        for partition in ours:
            self._handed.forget(partition)
        self._notice_room()
        self.owner.on_assigned(self, ours)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        plain = super()._filter_tps_with_pending_acks(topics)
        yield from [tp for tp in plain if tp.topic not in self.owner.topics]
        for partition in self._handed.partitions():
            tp = TP(*partition)
            if topics is None or tp in topics or tp.topic in topics:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        if tp.topic not in self.owner.topics:
            offset: int | None = super()._new_offset(tp)
            return offset
        self._acked.pop(tp, None)
        self._acked_index.pop(tp, None)
        return self._handed.committable(Partition(*tp))

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        if tp.topic not in self.owner.topics:
            await super()._add_gap(tp, offset_from, offset_to)

    async def _commit_offsets(
        self, offsets: Mapping[TP, int], start_new_transaction: bool = True
    ) -> bool:
        before = {tp: self._committed_offset[tp] for tp in offsets}
        done = bool(await super()._commit_offsets(offsets, start_new_transaction))
        if not done:  # the stock method takes them for committed and would never try again
            self._committed_offset.update(before)
        return done

    def _batch_partitions(self, tps: set[TP]) -> set[Partition]:
        return {Partition(*tp) for tp in tps if tp.topic in self.owner.topics}

    def _notice_room(self) -> None:
        if self._handed.size < self.owner.held_bytes_max:
            self._room.set()
        else:
            self._room.clear()


class Transport(driver.Transport):
    """Entry point `batch`."""

    Consumer = Consumer
