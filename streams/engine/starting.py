"""Where a partition starts, and with what state. Everything it knows it reads here.

A partition starts at the smaller of Kafka's committed offset and what the warehouse says is
applied; with no committed offset, at what is applied. So a warehouse that was restored from a
backup is filled again from Kafka.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from schemas.positions import position_of
from schemas.warehouse import LogIdentity
from streams.engine import history
from streams.engine.batches import Partition
from streams.engine.definitions import Definitions
from streams.engine.filters import Filter
from streams.engine.folds import Prepared
from streams.engine.partitions import PartitionState
from streams.engine.ports import Warehouse
from streams.engine.postings import Kind, Posting
from streams.engine.totals import Totals


class Refused(Exception):
    """A partition must not start; str() says why and what to do."""


class Kafka(NamedTuple):
    """What Kafka knows of one partition."""

    identity: LogIdentity
    committed: int | None
    first: int
    end: int


def epochs(warehouse: Warehouse, identities: Mapping[str, LogIdentity]) -> dict[str, int | None]:
    """Return the open epoch of each topic's log; None if it has none."""
    found: dict[str, int | None] = dict.fromkeys(identities)
    rows = warehouse.frame(
        "SELECT topic, cluster_id, topic_id, epoch FROM spm.log FINAL WHERE state = 'open'"
    )
    for topic, cluster_id, topic_id, epoch in rows.iter_rows():
        identity = identities.get(topic)
        if identity and (identity.cluster_id, identity.topic_id) == (cluster_id, topic_id):
            found[topic] = max(epoch, found[topic] or 0)
    return found


class Layout(NamedTuple):
    """Partitions by which history of a topic is laid out, and the epoch since which it is."""

    epoch: int
    partitions: int


def layouts(warehouse: Warehouse) -> dict[str, Layout]:
    """Return the layout of each topic that ever had an epoch."""
    rows = warehouse.frame(
        "SELECT topic, epoch, partitions FROM spm.log FINAL WHERE partitions > 0 ORDER BY epoch"
    )
    return {topic: Layout(epoch, partitions) for topic, epoch, partitions in rows.iter_rows()}


def another_layout(topic: str, was: int, now: int) -> Refused:
    """Return the refusal of a topic whose history is laid out by another number of partitions."""
    return Refused(
        f"{topic} has {now} partitions, and its history is laid out by {was}: what was known of an "
        f"entity would not be found. Run `pacesetter rebuild --partitions {now}` while no worker "
        f"runs"
    )


def applied_ends(warehouse: Warehouse, partitions: Sequence[Partition]) -> dict[Partition, int]:
    """Return the position behind what is applied, of each partition that has anything applied."""
    if not partitions:
        return {}
    rows = warehouse.frame(
        f"SELECT topic, partition, tupleElement(max((epoch, offset_to)), 1) AS reached_epoch, "
        f"tupleElement(max((epoch, offset_to)), 2) AS reached_offset FROM spm.applied "
        f"WHERE {history.where(partitions)} GROUP BY topic, partition"
    )
    if rows.is_empty():
        return {}
    return {
        Partition(topic, number): position_of(epoch, offset)
        for topic, number, epoch, offset in rows.select(
            "topic", "partition", "reached_epoch", "reached_offset"
        ).iter_rows()
    }


def start_offset(partition: Partition, epoch: int, applied: int, kafka: Kafka) -> int:
    """Return the offset a partition starts at.

    Args:
        applied: position behind what is applied, 0 for nothing.

    Raises:
        Refused: Kafka does not hold the log from there on.
    """
    known = applied - position_of(epoch, 0)
    known = max(known, 0)  # applied is of an epoch before this one
    if known < kafka.first:
        raise Refused(
            f"{partition} must go on at offset {known}, but Kafka holds it only from "
            f"{kafka.first} on: what lies between is lost to this warehouse. Restore a newer "
            f"backup, or open a new epoch with `pacesetter log open`"
        )
    if known > kafka.end:
        raise Refused(
            f"{partition} is applied up to offset {known}, but Kafka's log ends at {kafka.end}: "
            f"the log was cut or made anew. Open a new epoch with `pacesetter log open`"
        )
    offset = known if kafka.committed is None else min(kafka.committed, known)
    return max(offset, kafka.first)  # what lies before is applied; that Kafka dropped it is no loss


def no_epoch(topic: str, identity: LogIdentity) -> Refused:
    """Return the refusal of a log that has no open epoch."""
    return Refused(
        f"the log of {topic} (cluster {identity.cluster_id}, topic id {identity.topic_id}) has no "
        f"open epoch in spm.log: it is new to this warehouse. Run `pacesetter log open` while no "
        f"worker runs; `pacesetter up` does it by itself"
    )


class Begun(NamedTuple):
    """A partition, how many the topic has, and the offset it starts at."""

    partition: Partition
    kind: Kind
    epoch: int
    offset: int
    partitions: int = 1


def states(
    begun: Sequence[Begun],
    assignment: int,
    *,
    warehouse: Warehouse,
    definitions: Definitions,
    at_once: bool = False,
) -> list[PartitionState]:
    """Return the state of each partition at its start.

    Args:
        at_once: the warehouse reads the ids of history while definitions are read here.

    Raises:
        Unavailable: not now.
    """
    sequences = _sequences(warehouse, begun)
    folds = [one for one in begun if not isinstance(one.kind, Posting)]

    def prepare() -> list[Prepared]:
        return [
            definitions.prepared(sequences.get(one.partition, 0), one.kind.prepare) for one in begun
        ]

    if at_once:
        # Each takes about a second with 100,000 reps and ten million facts.
        with ThreadPoolExecutor(1, "filters") as pool:
            reading = pool.submit(_filters, warehouse, folds)
            prepared = prepare()
            filters = reading.result()
    else:
        filters = _filters(warehouse, folds)
        prepared = prepare()
    return [
        PartitionState(
            partition=one.partition,
            kind=one.kind,
            assignment=assignment,
            epoch=one.epoch,
            next_offset=one.offset,
            sequence=sequences.get(one.partition, 0),
            prepared=ready,
            history=filters.get(one.partition) or Filter(),
            totals=Totals(),
            partitions=one.partitions,
        )
        for one, ready in zip(begun, prepared, strict=True)
    ]


def _sequences(warehouse: Warehouse, begun: Sequence[Begun]) -> dict[Partition, int]:
    """Return the definitions in force below each start: that of the greatest marker row there."""
    found = {}
    for table, some in _by_table(begun).items():
        parts = " OR ".join(
            f"(entity_id = '{history.marker_id(one.partition)}' "
            f"AND position < {position_of(one.epoch, one.offset)})"
            for one in some
        )
        rows = warehouse.frame(
            f"SELECT topic, partition, argMax(sequence, position) AS sequence FROM {table} "
            f"WHERE {parts} GROUP BY topic, partition"
        )
        found.update({Partition(t, n): s for t, n, s in rows.iter_rows()})
        for one in some:
            if isinstance(one.kind, Posting) and one.partition not in found:
                found[one.partition] = _inherited(warehouse, one)
    return found


def _inherited(warehouse: Warehouse, one: Begun) -> int:
    """Return the definitions in force in the log before, for a partition that was not there.

    With another partition count payees come to it whose entries were posted elsewhere. To begin
    with no definitions would post all of them again.
    """
    rows = warehouse.frame(
        f"SELECT max(sequence) AS sequence FROM {one.kind.table} "
        f"WHERE topic = {history.quoted(one.partition.topic)} AND kind = 'marker' "
        f"AND position < {position_of(one.epoch, 0)}"
    )
    return 0 if rows.is_empty() else int(rows["sequence"][0] or 0)


def _filters(warehouse: Warehouse, begun: Sequence[Begun]) -> dict[Partition, Filter]:
    found = {one.partition: Filter() for one in begun}
    for table, some in _by_table(begun).items():
        rows = history.ids_of(warehouse, table, [one.partition for one in some])
        for (topic, number), mine in rows.group_by("topic", "partition"):
            partition = Partition(str(topic), int(str(number)))
            found[partition].add(mine.get_column("id_hash").to_numpy())
    return found


def _by_table(begun: Sequence[Begun]) -> dict[str, list[Begun]]:
    tables: dict[str, list[Begun]] = {}
    for one in begun:
        tables.setdefault(one.kind.table, []).append(one)
    return tables
