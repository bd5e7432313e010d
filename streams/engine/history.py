"""Reading history: predecessors below a position, and the ids that have any history."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl

from schemas.frames import constant
from schemas.warehouse import Fenced
from streams.engine.acceptance import BETWEEN, teller_of
from streams.engine.batches import Partition
from streams.engine.folding import no_known
from streams.engine.folds import Fold, Tellers
from streams.engine.ports import Warehouse
from streams.engine.tellers import SAID

IDS_MAX = 20_000  # ids named in one query; more go into the next
_BETWEEN = BETWEEN  # an id with it is named by itself


class Asked(NamedTuple):
    """Ids of one partition whose predecessors are wanted, below a position."""

    partition: Partition
    below: int
    ids: Sequence[str]


def known(
    warehouse: Warehouse,
    table: str,
    asked: Sequence[Asked],
    unflushed: Sequence[pl.DataFrame],
    fold: Fold,
) -> pl.DataFrame:
    """Return the history row with the greatest position below, for each id that has one.

    Where several may tell of an entity it is such a row for each teller, in order of position. The
    bound makes a replay blind for its own rows and for those of a worker that lost the partition.

    Args:
        unflushed: rows that are on their way into the table, all of them below the bounds.
        fold: one of those of the table.
    """
    tellers = fold.tellers
    nothing = no_known(fold.names, tellers)
    columns = [*no_known(fold.names).columns, "position"]
    columns += [SAID, *tellers.names] if tellers else []
    ids = [(name, part) for part in asked for name in part.ids]
    if not ids:
        return nothing
    found = last_rows(warehouse, table, columns, ids, tellers)
    wanted = pl.Series([name for name, _ in ids]).implode()
    found += [rows.filter(pl.col("entity_id").is_in(wanted)) for rows in unflushed]
    some = [frame.select(columns) for frame in found if not frame.is_empty()]
    if not some:
        return nothing
    if tellers:
        every = pl.concat([with_teller(tellers, rows) for rows in some], how="vertical_relaxed")
        last = every.sort("position").unique(_CHAIN, keep="last", maintain_order=True)
        return last.select(nothing.columns)
    if len(some) == 1:
        return some[0].drop("position")
    every = pl.concat(some, how="vertical_relaxed").sort("position")
    return every.unique("entity_id", keep="last", maintain_order=True).drop("position")


_CHAIN = ["entity_id", "teller"]


def last_words(
    warehouse: Warehouse, fold: Fold, columns: Sequence[str], asked: Sequence[Asked]
) -> pl.DataFrame:
    """Return the last row of each teller of some entities, below a position."""
    ids = [(name, part) for part in asked for name in part.ids]
    return pl.concat(last_rows(warehouse, fold.table, columns, ids, fold.tellers))


def last_rows(
    warehouse: Warehouse,
    table: str,
    columns: Sequence[str],
    ids: Sequence[tuple[str, Asked]],
    tellers: Tellers | None,
) -> list[pl.DataFrame]:
    """Return the last rows below a position: of each id, or of each of its tellers."""
    return [
        warehouse.frame(_predecessors(table, columns, ids[first : first + IDS_MAX], tellers))
        for first in range(0, len(ids), IDS_MAX)
    ]


def statements(
    warehouse: Warehouse,
    table: str,
    columns: Sequence[str],
    wanted: pl.DataFrame,
    unflushed: Sequence[pl.DataFrame],
) -> pl.DataFrame:
    """Return whole rows of history.

    Args:
        wanted: entity_id, position, as the warehouse or `unflushed` just told them; at least one.

    Raises:
        Fenced: some are gone: an earlier copy of the warehouse took its place in between.
    """
    pairs = wanted.select("entity_id", pl.col("position").cast(pl.UInt64)).unique()
    parts = [pairs[first : first + IDS_MAX] for first in range(0, len(pairs), IDS_MAX)]
    found = [
        warehouse.frame(
            f"SELECT {', '.join(columns)} FROM {table} "
            f"WHERE {among('entity_id', part['entity_id'])} "
            f"AND position IN ({', '.join(map(str, part['position'].unique()))})"
        )
        for part in parts
    ]
    some = [rows.select(columns) for rows in [*found, *unflushed] if not rows.is_empty()]
    if not some:
        raise _forgotten(table, len(pairs))
    every = pl.concat(some, how="vertical_relaxed")
    mine = every.with_columns(pl.col("position").cast(pl.UInt64))
    rows = mine.join(pairs, on=["entity_id", "position"], how="semi").unique(
        ["entity_id", "position"], keep="last", maintain_order=True
    )
    if len(rows) < len(pairs):
        raise _forgotten(table, len(pairs) - len(rows))
    return rows


def _forgotten(table: str, count: int) -> Fenced:
    return Fenced(f"{count} rows of {table} are gone that stood there a moment ago")


def with_teller(tellers: Tellers, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with who told each: a row may be made of what somebody else said, too."""
    names = tellers.names
    own = rows.select(names)
    said = rows.get_column(SAID)
    alone = constant(tellers.alone, None, pl.String(), len(rows))
    if (said != "").any():
        kept = pl.Struct(dict.fromkeys([*names, tellers.alone], pl.String()))
        told = pl.when(pl.col(SAID) != "").then(pl.col(SAID)).str.json_decode(kept)
        texts = [pl.coalesce(told.struct.field(n), pl.col(n)).alias(n) for n in names]
        own, alone = rows.select(texts), rows.select(told.struct.field(tellers.alone)).to_series()
    return rows.with_columns(teller_of(own.with_columns(alone), tellers))


def _teller(tellers: Tellers) -> str:
    """Return the same as SQL."""
    own = f", {quoted(BETWEEN)}, ".join(tellers.names)
    told = f", {quoted(BETWEEN)}, ".join(
        f"JSONExtractString({SAID}, {quoted(name)})" for name in tellers.names
    )
    if tellers.others_are_one:
        alone = f"JSONExtractString({SAID}, {quoted(tellers.alone)})"
        return f"if({alone} = '', '', concat({told}))"
    return f"if({SAID} = '', concat({own}), concat({told}))"


def _predecessors(
    table: str,
    columns: Sequence[str],
    ids: Sequence[tuple[str, Asked]],
    tellers: Tellers | None = None,
) -> str:
    bounds = {part.partition: part.below for _, part in ids}
    places = " OR ".join(
        f"(topic = {quoted(partition.topic)} AND partition = {partition.number} "
        f"AND position < {below})"
        for partition, below in bounds.items()
    )
    by = f", {_teller(tellers)}" if tellers else ""
    return (
        f"SELECT {', '.join(columns)} FROM {table} "
        f"WHERE {among('entity_id', [name for name, _ in ids])} AND ({places}) "
        f"ORDER BY position DESC LIMIT 1 BY entity_id{by}"
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
