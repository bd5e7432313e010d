"""Reading history: predecessors below a position, and the ids that have any history."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl

from streams.engine.batches import Partition
from streams.engine.folding import no_known
from streams.engine.ports import Warehouse

IDS_MAX = 20_000  # ids named in one query; more go into the next
_BETWEEN = "\n"  # stands in no sane id; one with it is named by itself


class Asked(NamedTuple):
    """Ids of one partition whose predecessors are wanted, below a position."""

    partition: Partition
    below: int
    ids: Sequence[str]


def known(
    warehouse: Warehouse,
    table: str,
    asked: Sequence[Asked],
    unflushed: Sequence[pl.DataFrame] = (),
    names: Sequence[str] = (),
) -> pl.DataFrame:
    """Return the history row with the greatest position below, for each id that has one.

    The bound makes a replay blind for its own rows and for those of a worker that lost the
    partition.

    Args:
        unflushed: rows that are on their way into the table, all of them below the bounds.
        names: arrays that name snapshots.
    """
    nothing = no_known(names)
    columns = [*nothing.columns, "position"]
    ids = [(name, part) for part in asked for name in part.ids]
    if not ids:
        return nothing
    found = [
        warehouse.frame(_predecessors(table, columns, ids[first : first + IDS_MAX]))
        for first in range(0, len(ids), IDS_MAX)
    ]
    wanted = pl.Series([name for name, _ in ids]).implode()
    found += [rows.filter(pl.col("entity_id").is_in(wanted)) for rows in unflushed]
    some = [frame.select(columns) for frame in found if not frame.is_empty()]
    if not some:
        return nothing
    if len(some) == 1:
        return some[0].drop("position")
    every = pl.concat(some, how="vertical_relaxed").sort("position")
    return every.unique("entity_id", keep="last", maintain_order=True).drop("position")


def _predecessors(table: str, columns: Sequence[str], ids: Sequence[tuple[str, Asked]]) -> str:
    bounds = {part.partition: part.below for _, part in ids}
    places = " OR ".join(
        f"(topic = {quoted(partition.topic)} AND partition = {partition.number} "
        f"AND position < {below})"
        for partition, below in bounds.items()
    )
    return (
        f"SELECT {', '.join(columns)} FROM {table} "
        f"WHERE {among('entity_id', [name for name, _ in ids])} AND ({places}) "
        f"ORDER BY position DESC LIMIT 1 BY entity_id"
    )


def ids_of(warehouse: Warehouse, table: str, partitions: Sequence[Partition]) -> pl.DataFrame:
    """Return the hash of every id with history, some of them twice: id_hash, topic, partition."""
    topics = sorted({partition.topic for partition in partitions})
    found = [_ids_of_topic(warehouse, table, topic, partitions) for topic in topics]
    return pl.concat(found)


def _ids_of_topic(
    warehouse: Warehouse, table: str, topic: str, partitions: Sequence[Partition]
) -> pl.DataFrame:
    # Hashes, since millions of ids would be half a gigabyte of texts; a topic at a time, too.
    rows = warehouse.frame(
        f"SELECT xxHash64(entity_id) AS id_hash, partition FROM {table} "
        f"WHERE kind != 'marker' AND {where([p for p in partitions if p.topic == topic])}"
    )
    if rows.is_empty():
        rows = pl.DataFrame(schema={"id_hash": pl.UInt64, "partition": pl.UInt16})
    return rows.with_columns(pl.lit(topic, pl.Categorical).alias("topic"))


def where(partitions: Sequence[Partition]) -> str:
    """Return the condition that a row is of one of these partitions."""
    by_topic: dict[str, list[str]] = {}
    for partition in partitions:
        by_topic.setdefault(partition.topic, []).append(str(partition.number))
    parts = [
        f"(topic = {quoted(topic)} AND partition IN ({', '.join(numbers)}))"
        for topic, numbers in by_topic.items()
    ]
    return f"({' OR '.join(parts)})"


def marker_id(partition: Partition) -> str:
    """Return the entity_id of a partition's marker rows."""
    return f"marker:{partition.topic}:{partition.number}"


def among(column: str, names: Iterable[str]) -> str:
    r"""Return the condition that a column is one of these texts.

    They stand in one literal, which is split when the query starts: an expression of thousands of
    literals takes ClickHouse several times as long to understand as the query takes to run.

    >>> among("a", ["x", "y", "odd\n"])
    "(a IN splitByChar('\n', 'x\ny') OR a IN ('odd\n'))"
    """
    every = set(names)
    odd = sorted(name for name in every if _BETWEEN in name)
    plain = quoted(_BETWEEN.join(sorted(every.difference(odd))))
    parts = [f"{column} IN splitByChar('{_BETWEEN}', {plain})"] if len(every) > len(odd) else []
    if odd:
        parts.append(f"{column} IN ({', '.join(map(quoted, odd))})")
    return f"({' OR '.join(parts or ['0'])})"


def quoted(text: str) -> str:
    """Return a text as a string literal of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
