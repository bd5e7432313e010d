"""An installation without processes: a log in memory, the real engine, a real warehouse.

What a worker does with its partitions is done here by hand, in one thread, so that every step of a
rebuild may be looked at and be cut off.
"""

import socket
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from types import SimpleNamespace
from typing import Any

from connectors.sinks.clickhouse import Warehouse
from schemas import topics
from schemas.codec import CatalogueIds
from schemas.keys import partition_of
from schemas.warehouse import LogIdentity, Message
from streams.agents.pipes import PIPES
from streams.engine import effects, flush, gathering, starting
from streams.engine.batches import Batch, Partition
from streams.engine.epochs import Ground, marker_message, open_epochs
from streams.engine.partitions import PartitionState
from streams.engine.preparing import Outside, Preparation
from streams.engine.waits import Waits
from tests.ground import credits_of, define, sums_of
from tests.load import Event, Floor, definitions, encoded
from tests.streams.commissioned import plans

IDS = CatalogueIds()
NO_PROCESS = f"{socket.gethostname()}:{1 << 30}"  # beyond the greatest there can be


class Killed(BaseException):
    """The process is gone: nothing it does after this reaches anybody."""


class Dying:
    """A warehouse whose caller dies after so many changes."""

    def __init__(self, warehouse: Any, changes: int) -> None:
        self._warehouse, self._left = warehouse, changes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._warehouse, name)

        def call(*args: Any) -> Any:
            if self._left <= 0:
                raise Killed
            if name not in {"frame", "incarnation"}:
                self._left -= 1
            return found(*args)

        return call


class Log:
    """Kafka in memory: topics, and what stands in them."""

    def __init__(self, partitions: int) -> None:
        self.cluster_id = uuid.uuid4().hex
        self.made_anew(partitions)

    def made_anew(self, partitions: int) -> None:
        """Make all topics of that many partitions anew: what stood in them is gone."""
        self.partitions = partitions
        self._life = uuid.uuid4().hex
        self.records: dict[tuple[str, int], list[tuple[bytes, bytes]]] = defaultdict(list)

    def send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            number = message.partition
            if number is None:
                number = partition_of(message.key, self._count(message.topic))
            self.records[message.topic, number].append((message.key, message.value))

    def identities(self, names: Iterable[str]) -> dict[str, LogIdentity]:
        return {
            name: LogIdentity(self.cluster_id, f"{name}-{self._life}", self._count(name))
            for name in names
        }

    def beginnings(self, name: str, partitions: int, count: int) -> dict[int, list[bytes]]:
        return {n: [value for _, value in self.records[name, n][:count]] for n in range(partitions)}

    def firsts(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, 0)

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        return {p: len(self.records[p]) for p in partitions}

    def holds(self, name: str, number: int, offset: int) -> bool:
        return 0 <= offset < len(self.records[name, number])

    def _count(self, name: str) -> int:
        return topics.BY_NAME[name].partitions or self.partitions


class Installation:
    """A log and a warehouse, and what workers do between them."""

    def __init__(self, warehouse: Warehouse, partitions: int) -> None:
        self.warehouse, self.log = warehouse, Log(partitions)

    def ground(self, warehouse: Any = None) -> Ground:
        return Ground(warehouse or self.warehouse, self.log, self.log, IDS, PIPES)

    def open_epochs(self) -> list[str]:
        return open_epochs(self.ground(), "test")

    def mark(self, sequence: int) -> None:
        """Let definitions take effect in every fact partition."""
        self.log.send(self.markers(sequence))

    def markers(self, sequence: int) -> Iterator[Message]:
        for topic in filter(lambda topic: topic.carries_markers, topics.TOPICS):
            for number in range(self.log.partitions):
                partition = Partition(topic.name, number)
                yield marker_message(partition, sequence, "definitions", IDS)

    def produce(self, events: Iterable[Event]) -> None:
        self.log.send(Message(*event) for event in encoded(iter(events)))

    def fold(self) -> None:
        """Do what workers do until all is applied: facts, then the credits they make."""
        for _ in range(2):
            self._fold()

    def _fold(self) -> None:
        outside = Outside(self.warehouse, self.log, self.log, IDS)
        preparation = Preparation(PIPES, outside, Waits(), SimpleNamespace())  # type: ignore[arg-type]
        partitions = [
            Partition(name, number) for name in PIPES for number in range(self.log.partitions)
        ]
        states = preparation._read(1, self._kafka(partitions))
        assert not preparation.refused, preparation.refused
        assert preparation.now is not None
        for state in states:
            state.take(self._rest(state))
        takings = gathering.taken(states, 100_000)
        gathering.decoded(takings, preparation.readings, IDS)
        while portions := gathering.portions(states):
            done = flush.compute(
                portions, self.warehouse, preparation.definitions, preparation.now, None
            )
            for effect in effects.effects_of(
                done, self.warehouse, self.log, IDS, now=preparation.now, at=datetime.now(UTC)
            ):
                effect.do()

    def _kafka(self, partitions: Iterable[Partition]) -> dict[Partition, starting.Kafka]:
        identities = self.log.identities(PIPES)
        return {
            p: starting.Kafka(identities[p.topic], None, 0, len(self.log.records[p]))
            for p in partitions
        }

    def _rest(self, state: PartitionState) -> Batch:
        start = state.next_offset
        records = [
            SimpleNamespace(key=key, value=value, offset=start + i)
            for i, (key, value) in enumerate(self.log.records[state.partition][start:])
        ]
        end = start + len(records)
        return Batch(state.partition, 1, start, end, list(records), 0, 0.0)


def filled(made: Installation, floor: Floor, count: int = 400) -> Installation:
    """Return an installation with corrections, unassigned facts that found their rep, and deals."""
    known = definitions(floor.reps) | plans(("0", "0.1"))
    define(made.warehouse, 1, {**known, "identities": {"identities": []}})
    made.open_epochs()
    made.produce(floor.events(count))
    define(made.warehouse, 2, {"identities": known["identities"]})
    made.mark(2)
    made.produce(floor.events(count))
    made.fold()
    check(made, floor)
    return made


def check(made: Installation, floor: Floor) -> None:
    """Results are those of a direct count, and so is what the ledger says."""
    assert sums_of(made.warehouse) == floor.sums()
    assert credits_of(made.warehouse) == floor.credits()
    won: dict[str, Decimal] = defaultdict(Decimal)
    for (rep_id, _, role, _), credit in floor.credits().items():
        counts = credit.stage_class == "WON" and credit.cancelled_on is None
        if role == "REVENUE" and counts and rep_id != "unassigned":
            won[rep_id] += credit.reporting_amount or Decimal(0)
    owed = made.warehouse.frame(
        "SELECT rep_id, sum(amount) AS owed FROM spm.commission_ledger FINAL "
        "GROUP BY rep_id HAVING owed != 0"
    )
    cents = {
        rep: (amount / 10).quantize(Decimal("0.01"), ROUND_HALF_EVEN) for rep, amount in won.items()
    }
    assert dict(owed.iter_rows()) == {rep: amount for rep, amount in cents.items() if amount}
