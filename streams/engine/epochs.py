"""Opening an epoch: the warehouse takes up a log that is new to it.

A log that is new, that came back after another one, or that was cut (when told so) gets one.
Run while no worker runs: by the supervisor when the embedded broker has died, by hand otherwise.
Every step may be repeated, so the procedure is run again after a crash. In order: change the
incarnation, so that whoever still writes for the old log is refused; fold the history above
`applied` into results (history is the part of the lost log that survived); write the first markers;
tell again what consumers may not have seen; only then register the epoch as open.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from schemas import codec, topics
from schemas.codec import SchemaIds, Undecodable
from schemas.positions import place_of
from schemas.warehouse import Incarnation, LogIdentity, Message
from streams.engine import (
    history,
    reopening,
    results,
    snapshots,
    starting,
    survivors,
    unfinished,
)
from streams.engine.batches import Partition
from streams.engine.decoding import MARKER
from streams.engine.folds import Fold
from streams.engine.ports import LogInspector, Publisher, Warehouse
from streams.engine.postings import Kind, Posting
from streams.engine.reopening import Standing
from streams.engine.telling import messages_of

FIRST_RECORDS = 100  # among them we look for a log's first marker
REASON = "epoch"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the procedure works on."""

    warehouse: Warehouse
    kafka: LogInspector
    publisher: Publisher
    ids: SchemaIds
    folds: Mapping[str, Kind]


def open_epochs(ground: Ground, reason: str, also_cut: bool = False) -> list[str]:
    """Return the topics whose logs were new to the warehouse and are open now.

    Args:
        also_cut: logs that Kafka holds in part only go on where they can: somebody has seen
            what is lost.

    Raises:
        Unavailable: warehouse or Kafka did not answer; run it again.
        Refused: the log continues one that this warehouse has not seen to its end.
    """
    identities = ground.kafka.identities(topic.name for topic in topics.TOPICS)
    known = starting.epochs(ground.warehouse, identities)
    before = reopening.newest(ground.warehouse)
    new = [name for name, epoch in known.items() if epoch is None or epoch < before[name]]
    if also_cut:
        new += sorted({one.partition.topic for one in cuts(ground)} - set(new))
    if not new:
        return []
    _refuse_another_layout(ground, {name: identities[name] for name in new})
    now = change_incarnation(ground.warehouse, reason)
    finish_flushes(ground, new, now)
    marks = {
        name: first_marks(ground, name, identities[name])
        for name in new
        if topics.BY_NAME[name].carries_markers
    }
    epochs = {name: epoch_of(ground.warehouse, name, identities[name], marks) for name in new}
    register(ground.warehouse, identities, epochs, "opening", now)
    stood = _standings(ground, {name: known[name] for name in new if name in ground.folds})
    reopening.begin(ground.warehouse, stood, epochs, now)
    for name, seen in marks.items():
        _write_markers(ground, name, epochs[name], seen)
    tell_again(ground, now)
    register(ground.warehouse, identities, epochs, "open", now)
    return new


def finish_flushes(ground: Ground, names: Collection[str], now: Incarnation) -> None:
    """Do the rest of flushes of which history alone was written, for topics whose log is gone."""
    for kind in ground.folds.values():
        if kind.topic not in names:
            continue
        if isinstance(kind, Posting):
            unfinished.post(ground.warehouse, kind, now)
        else:
            survivors.fold_in(ground.warehouse, ground.publisher, ground.ids, kind, now)


def _refuse_another_layout(ground: Ground, new: Mapping[str, LogIdentity]) -> None:
    """Raise Refused if history is laid out by another number of partitions than new logs have."""
    known = starting.layouts(ground.warehouse)
    for name, identity in new.items():
        was = known.get(name)
        if topics.BY_NAME[name].carries_markers and was and was.partitions != identity.partitions:
            raise starting.another_layout(name, was.partitions, identity.partitions)


def cuts(ground: Ground) -> list[Standing]:
    """Return the partitions whose log was cut: they refuse to start.

    Raises:
        Unavailable: warehouse or Kafka did not answer.
    """
    identities = ground.kafka.identities(ground.folds)
    known = starting.epochs(ground.warehouse, identities)
    opened = {name: epoch for name, epoch in known.items() if epoch is not None}
    return [one for one in _standings(ground, opened) if one.is_cut]


def _standings(ground: Ground, epochs: Mapping[str, int | None]) -> list[Standing]:
    identities = ground.kafka.identities(epochs)
    places = {
        Partition(name, number): epoch
        for name, epoch in epochs.items()
        for number in range(identities[name].partitions)
    }
    return reopening.standings(ground.warehouse, ground.kafka, places)


def change_incarnation(warehouse: Warehouse, reason: str) -> Incarnation:
    """Make the warehouse another one to whoever writes: they start again."""
    before = warehouse.incarnation()
    now = Incarnation(str(uuid.uuid4()), before.generation)
    row = {"incarnation": now.name, "generation": now.generation, "reason": reason}
    warehouse.insert("spm.warehouse", pl.DataFrame([row]), before)
    return now


Marks = dict[int, tuple[int, int | None] | None]  # partition -> (epoch, previous end) of its marker


def first_marks(ground: Ground, name: str, identity: LogIdentity) -> Marks:
    """Return the first marker of each partition, None where there is none.

    Raises:
        Refused: one of them says that the log before ended behind what is applied here.
    """
    beginnings = ground.kafka.beginnings(name, identity.partitions, FIRST_RECORDS)
    found: Marks = {number: _mark(values, ground.ids) for number, values in beginnings.items()}
    reached = starting.applied_ends(ground.warehouse, [Partition(name, n) for n in found])
    for number, mark in found.items():
        partition = Partition(name, number)
        if mark and mark[1] is not None and mark[1] > reached.get(partition, 0):
            raise starting.Refused(
                f"{partition} continues a log that ended at {place_of(mark[1])}, and this "
                f"warehouse knows it up to {place_of(reached.get(partition, 0))} only; restore a "
                f"newer backup"
            )
    return found


def _mark(values: Iterable[bytes], ids: SchemaIds) -> tuple[int, int | None] | None:
    for value in values:
        try:
            message, record = codec.decode(value, ids)
        except Undecodable:
            continue
        if message == MARKER and record["epoch"] is not None:
            return record["epoch"], record["previous_end"]
    return None


def epoch_of(
    warehouse: Warehouse, name: str, identity: LogIdentity, marks: Mapping[str, Marks]
) -> int:
    """Return the epoch of a log: an interrupted opening's, its markers', else a new one."""
    rows = warehouse.frame(
        # An enumeration comes as its number otherwise.
        f"SELECT epoch, toString(state) AS state, cluster_id, topic_id FROM spm.log FINAL "
        f"WHERE topic = '{name}' ORDER BY epoch DESC LIMIT 1"
    )
    greatest, state, *of = rows.row(0) if len(rows) else (0, "open")
    if (state, *of) == ("opening", *identity[:2]):
        return int(greatest)
    said = max((mark[0] for mark in marks.get(name, {}).values() if mark), default=0)
    return int(max(said, greatest + 1))


def register(
    warehouse: Warehouse,
    identities: Mapping[str, LogIdentity],
    epochs: Mapping[str, int],
    state: str,
    now: Incarnation,
) -> None:
    """Write how far the epochs of logs are: `opening` or `open`."""
    rows = [
        {
            "cluster_id": identities[name].cluster_id,
            "topic": name,
            "topic_id": identities[name].topic_id,
            "epoch": epoch,
            "state": state,
            "partitions": identities[name].partitions,
        }
        for name, epoch in epochs.items()
    ]
    kinds = {"partitions": pl.UInt16()}
    warehouse.insert("spm.log", pl.DataFrame(rows, schema_overrides=kinds), now)


def _write_markers(ground: Ground, name: str, epoch: int, seen: Marks) -> None:
    sequence = _newest_sequence(ground.warehouse)
    missing = [Partition(name, number) for number, mark in seen.items() if mark is None]
    reached = starting.applied_ends(ground.warehouse, missing)
    ground.publisher.send(
        marker_message(
            partition,
            sequence,
            REASON,
            ground.ids,
            epoch=epoch,
            previous_end=reached.get(partition),
        )
        for partition in missing
    )


def marker_message(
    partition: Partition,
    sequence: int,
    reason: str,
    ids: SchemaIds,
    *,
    epoch: int | None = None,
    previous_end: int | None = None,
) -> Message:
    """Return the message that brings definitions up to a sequence into force in a partition."""
    record = {
        "sequence": sequence,
        "written_at": datetime.now(UTC),
        "reason": reason,
        "epoch": epoch,
        "previous_end": previous_end,
    }
    key = history.marker_id(partition).encode()
    return Message(partition.topic, key, codec.encode(MARKER, record, ids), partition.number)


def _newest_sequence(warehouse: Warehouse) -> int:
    rows = warehouse.frame("SELECT max(sequence) AS newest FROM spm.definition")
    return int(rows["newest"][0] or 0) if len(rows) else 0


def tell_again(ground: Ground, now: Incarnation) -> None:
    """Publish all results: what consumers had not read is gone with the old broker."""
    for partition in _partitions_in(ground.warehouse, results.TABLE, now):
        told = [(partition, results.load_all(ground.warehouse, now, partition))]
        ground.publisher.send(messages_of(told, now.generation, ground.ids))
    for kind in (k.snapshots for k in ground.folds.values() if isinstance(k, Fold) and k.snapshots):
        for partition in _partitions_in(ground.warehouse, kind.table, now):
            rows = ground.warehouse.frame(
                f"SELECT * EXCEPT generation FROM {kind.table} FINAL "
                f"WHERE generation = {now.generation} AND {history.where([partition])}"
            )
            ground.publisher.send(snapshots.messages_of([(kind, rows)], ground.ids))


def _partitions_in(warehouse: Warehouse, table: str, now: Incarnation) -> Sequence[Partition]:
    rows = warehouse.frame(
        f"SELECT DISTINCT topic, partition FROM {table} WHERE generation = {now.generation}"
    )
    return [Partition(topic, number) for topic, number in rows.iter_rows()]
