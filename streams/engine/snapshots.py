"""Snapshots: the second kind of result, made from history rows and their predecessors.

A snapshot is a pure function of one history row, and of what the row before it names. So nothing is
kept in memory, and a replay makes the same rows and messages again, the last ones of what is gone
among them.
"""

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from schemas.codec import SchemaIds
from schemas.warehouse import Message
from streams.engine.encoding import encoded
from streams.engine.folds import Snapshots

LINES_MAX = 20_000  # encoded at a time; a marker may touch as many as a partition has
Made = tuple[Snapshots, pl.DataFrame]
_PLACE = ("topic", "partition", "position", "sequence")


def made(kind: Snapshots, rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the snapshots that history rows make, in the order of the rows.

    Args:
        before: for each row the arrays `kind.names` of its predecessor; null if it has none.
    """
    facts = rows.select(pl.col("entity_id").alias(kind.entity), *_PLACE, *kind.shared)
    own = _lines(rows, {**kind.names, **kind.values})
    names = ["row", *kind.names.values()]
    gone = _lines(before, kind.names).join(own, on=names, how="anti")
    said = rows.with_columns(**kind.gone).select(list(kind.gone))
    parts = (
        _beside(own, facts).with_columns(pl.lit(value=False).alias("deleted")),
        _beside(_beside(gone, said), facts).with_columns(pl.lit(value=True).alias("deleted")),
    )
    every = pl.concat(parts, how="diagonal_relaxed").sort("row", maintain_order=True)
    return every.drop("row")


def before_each(kind: Snapshots, rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return for history rows, ordered by position, the names their predecessors hold.

    Args:
        known: each entity's row below all of these, for the entities that have one.
    """
    names = list(kind.names)
    columns = ["entity_id", *names]
    every = pl.concat([known.select(columns), rows.select(columns)], how="vertical_relaxed")
    return every.select(pl.col(names).shift(1).over("entity_id"))[len(known) :]


def columns_of(kind: Snapshots) -> list[str]:
    """Return the columns of a history row that make its snapshots, beside names and place."""
    shared = set(kind.shared).union(*(value.meta.root_names() for value in kind.gone.values()))
    return [*kind.values, *sorted(shared)]


def _lines(rows: pl.DataFrame, arrays: Mapping[str, str]) -> pl.DataFrame:
    """Return arrays as lines, with the index of their row."""
    names = list(arrays.values())
    return (
        rows.select(
            pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
            *(pl.col(array).alias(name) for array, name in arrays.items()),
        )
        .filter(pl.col(names[0]).list.len() > 0)
        .explode(names)
    )


def _beside(lines: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return lines.hstack(rows[lines.get_column("row").to_numpy()])


def tables_of(some: Iterable[Made], generation: int) -> dict[str, pl.DataFrame]:
    """Return snapshots as the rows of each table."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for kind, made in some:
        rows = made.with_columns(pl.lit(generation, pl.UInt32).alias("generation"))
        frames.setdefault(kind.table, []).append(rows.select(sorted(rows.columns)))
    return {table: pl.concat(rows, how="vertical_relaxed") for table, rows in frames.items()}


def messages_of(some: Iterable[Made], ids: SchemaIds) -> Iterator[Message]:
    """Yield the messages that say what snapshots are; those of a partition by position."""
    for kind, made in some:
        for lines in made.sort("topic", "partition", "position", maintain_order=True).iter_slices(
            LINES_MAX
        ):
            keys = lines.get_column(kind.key)
            for key, value in zip(keys, encoded(kind.message, lines, ids), strict=True):
                yield Message(kind.topic, key.encode(), value)
