"""Kafka in memory: logs, one consumer group, and the consumer that a worker sees.

The consumer keeps what streams/engine/transport.py keeps, with its own `Handed`; what stands there
in Faust's and aiokafka's methods happens here in a few lines.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas import topics
from schemas.keys import partition_of
from schemas.warehouse import LogIdentity, Message, Unavailable
from streams.engine.batches import Batch, Partition
from streams.engine.commits import Handed
from tests.simulation.clockwork import Actor

REVOKE_SECONDS_MAX = 15.0  # then Kafka goes on without a member
COMMIT_SECONDS = 1.0
IN_FLIGHT = 0.3  # of seeks, a fetch from the place before is on its way


class Record(NamedTuple):
    """One record of a log."""

    key: bytes | None
    value: bytes | None
    offset: int
    timestamp: int
    serialized_value_size: int


@dataclass
class Log:
    """One topic of one cluster. Records before `first` are gone."""

    identity: LogIdentity
    partitions: list[list[Record]]
    first: list[int]
    batch_starts: list[int]  # offset of the last append: what an embedded broker takes for the end

    def end(self, number: int) -> int:
        return len(self.partitions[number])


class Cluster:
    """A broker: logs, committed offsets, and the group of workers.

    Attributes:
        tells_starts: the embedded broker tells the start of the last batch as the end of a log.
    """

    def __init__(self, name: str, partitions: int, now: Callable[[], float], tells_starts: bool):
        self.name, self.now, self.tells_starts = name, now, tells_starts
        self.is_down = False
        self.logs = {topic.name: self._made(topic, partitions) for topic in topics.TOPICS}
        self.committed: dict[Partition, int] = {}
        self.group = Group(self)

    def _made(self, topic: topics.Topic, partitions: int) -> Log:
        count = topic.partitions or partitions
        identity = LogIdentity(self.name, f"{self.name}/{topic.name}", count)
        return Log(identity, [[] for _ in range(count)], [0] * count, [0] * count)

    def append(self, messages: Iterable[Message]) -> list[tuple[Partition, int]]:
        """Return where messages stand now."""
        places, begun = [], set()
        for topic, key, value, number in messages:
            log = self.logs[topic]
            if number is None:
                number = partition_of(key, len(log.partitions))  # noqa: PLW2901
            records = log.partitions[number]
            if (topic, number) not in begun:
                begun.add((topic, number))
                log.batch_starts[number] = len(records)
            size = len(value)
            records.append(Record(key, value, len(records), int(self.now() * 1000), size))
            places.append((Partition(topic, number), len(records) - 1))
        return places

    def told_end(self, partition: Partition) -> int:
        """Return what the broker says where a log ends."""
        log = self.logs[partition.topic]
        end = log.end(partition.number)
        return log.batch_starts[partition.number] + 1 if self.tells_starts and end else end


@dataclass
class Group:
    """The consumer group: who reads which partitions, in which generation."""

    cluster: Cluster
    members: list["Consumer"] = field(default_factory=list)
    owners: dict[Partition, "Consumer"] = field(default_factory=dict)
    rebalances: int = 0
    _again: bool = False
    _running: bool = False

    async def rebalance(self, choice: random.Random, of: Sequence[Partition]) -> None:
        """Take all partitions back, then deal them out to whoever is a member now."""
        if self._running:
            self._again = True
            return
        self._running = True
        try:
            self._again = True
            while self._again:
                self._again = False
                await self._once(choice, of)
        finally:
            self._running = False

    async def _once(self, choice: random.Random, of: Sequence[Partition]) -> None:
        leaving = [m.actor.spawn(m.revoked()) for m in self.members if not m.actor.is_dead]
        if leaving:
            await asyncio.wait(leaving, timeout=REVOKE_SECONDS_MAX)
        self.members = [m for m in self.members if not m.actor.is_dead]
        self.rebalances += 1
        dealt: dict[Consumer, set[Partition]] = {member: set() for member in self.members}
        self.owners = {}
        first = choice.randrange(len(self.members)) if self.members else 0
        for i, partition in enumerate(of):
            if self.members:
                owner = self.members[(first + i) % len(self.members)]
                dealt[owner].add(partition)
                self.owners[partition] = owner
        for member, mine in dealt.items():
            member.assigned(mine)


class Consumer:
    """What a worker sees of Kafka; see streams/engine/transport.py, whose methods have these names.

    Attributes:
        is_ghost: the group went on without this member, and it has not noticed.
    """

    def __init__(  # noqa: PLR0917
        self, cluster: Cluster, actor: Actor, owner: Any, choice: random.Random,
        most: int, note: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.cluster, self.actor, self.owner, self.choice = cluster, actor, owner, choice
        self.most, self.note = most, note
        self.assignment_number = 0
        self.next_start: dict[Partition, int] = {}
        self.wanted: dict[Partition, int] = {}  # where seeks that go on are to lead
        self.mine: set[Partition] = set()
        self.resumed: set[Partition] = set()
        self.is_ghost = False
        self._handed = Handed()
        self._queue: list[Batch] = []

    # What the owner calls.

    async def read_from(self, partition: Partition, offset: int) -> None:
        self._handed.forget(partition)
        self.wanted[partition] = offset
        if self.choice.random() < IN_FLIGHT:
            self._fetch(partition)  # sent off before the seek, and here after it
        await asyncio.sleep(self.choice.uniform(0, 0.02))
        self.next_start[partition] = offset
        self.wanted.pop(partition, None)
        if partition in self.mine:
            self.resumed.add(partition)

    def holds(self, batch: Batch) -> bool:
        return self._handed.holds(batch)

    def settled(self, partition: Partition) -> int | None:
        return self._handed.settled(partition)

    def settle(self, batch: Batch) -> None:
        self._handed.settle(batch)

    def committed(self, partition: Partition) -> int | None:
        return self.cluster.committed.get(partition)

    def lag(self, partition: Partition, offset: int) -> int:
        return max(0, self.cluster.logs[partition.topic].end(partition.number) - offset)

    @property
    def held_bytes(self) -> int:
        return self._handed.size

    def hold(self, partitions: set[Partition]) -> None:
        self.resumed -= partitions

    def set_back(self, partition: Partition) -> None:
        self.hold({partition})
        self._handed.discount(partition)

    def resume(self, partition: Partition) -> None:
        if partition in self.mine:
            self.resumed.add(partition)

    async def bounds(
        self, partitions: Iterable[Partition]
    ) -> tuple[dict[Partition, int], dict[Partition, int]]:
        await asyncio.sleep(self.choice.uniform(0, 0.05))
        if self.cluster.is_down:
            raise Unavailable("kafka is away")
        logs = self.cluster.logs
        first = {p: logs[p.topic].first[p.number] for p in partitions}
        return first, {p: self.cluster.told_end(p) for p in first}

    # What the group calls.

    async def revoked(self) -> None:
        """Let the owner finish, commit that, and forget the rest."""
        ours = set(self.mine)
        await self.owner.on_revoked(ours)
        self.commit()
        self.assignment_number += 1
        for partition in ours:
            self._handed.forget(partition)
            self.next_start.pop(partition, None)
        self.mine, self.resumed = set(), set()

    def assigned(self, mine: set[Partition]) -> None:
        """Hold all until the owner says where each starts."""
        self.note(f"{self.actor.name} is assigned {', '.join(map(str, sorted(mine))) or 'nothing'}")
        self.mine, self.resumed = set(mine), set()
        for partition in mine:
            self._handed.forget(partition)
        self.actor.spawn(self._seek(mine))

    async def _seek(self, mine: set[Partition]) -> None:
        self.owner.on_assigned(self, mine)

    # What runs in the background.

    async def fetch_for_ever(self) -> None:
        """Fetch, and hand what was fetched to the agents a little later."""
        while True:
            await asyncio.sleep(self.choice.uniform(0.02, 0.25))
            for partition in sorted(self.resumed):
                if self._handed.size < self.owner.held_bytes_max and self.choice.random() < 0.8:
                    self._fetch(partition)
            await asyncio.sleep(self.choice.uniform(0, 0.02))
            queue, self._queue = self._queue, []
            for batch in queue:
                self.owner.offer(batch)

    def _fetch(self, partition: Partition) -> None:
        log = self.cluster.logs[partition.topic]
        if self.cluster.is_down or partition not in self.next_start:
            return
        start = max(self.next_start[partition], log.first[partition.number])
        records = log.partitions[partition.number][start:][: self.choice.randint(1, self.most)]
        if not records:
            return
        begin, end = self.since(partition, start), records[-1].offset + 1
        self.next_start[partition] = end
        size = sum(record.serialized_value_size for record in records)
        at = records[0].timestamp / 1000.0
        batch = Batch(partition, self.assignment_number, begin, end, list(records), size, at)
        self._handed.hand_out(batch)
        self._queue.append(batch)

    def since(self, _partition: Partition, start: int) -> int:
        """Return where a fetch says that it began to read."""
        return start

    async def commit_for_ever(self) -> None:
        """Commit every second, as Faust's timer does."""
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            self.commit()

    def commit(self) -> None:
        """Commit what may be; the group refuses who is no member."""
        for partition in sorted(self._handed.partitions()):
            offset = self._handed.committable(partition)
            if (
                offset is None
                or self.is_ghost
                or self.cluster.is_down
                or self not in self.cluster.group.members
            ):
                continue
            if partition in self.mine and offset != self.cluster.committed.get(partition):
                self.cluster.committed[partition] = offset
                self.note(f"{self.actor.name} commits {partition} {offset}")


def values_of(log: Log, number: int) -> Mapping[int, bytes]:
    """Return what a partition holds, by offset."""
    return {r.offset: r.value or b"" for r in log.partitions[number][log.first[number] :]}
