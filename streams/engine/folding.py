"""Records to history rows and touches of totals: the fold itself. Pure, in columns.

One call takes portions of several partitions of one topic under one revision of the definitions. An
entity lives in one partition, so they never meddle with each other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from streams.engine import snapshots
from streams.engine.acceptance import ACCEPTED, judged
from streams.engine.arrays import packed, unpacked
from streams.engine.folds import ARRAYS, PUT_IN, Fold, Prepared
from streams.engine.snapshots import Made

MARKER_KIND = "marker"
_LINE: dict[str, pl.DataType] = {"at": pl.UInt32(), "position": pl.UInt64()}
# What changes in which total at which position; `at` is the portion of the flush.
TOUCH = ["at", "rep_id", "day", "measure", "currency", "position", "value"]


class Folded(NamedTuple):
    """What records became.

    Attributes:
        rows: history rows, columns of the fold's table.
        touches: TOUCH lines.
        verdicts: how many records of each portion met each verdict: at, verdict, count.
        snapshots: those the rows make, if the fold has any.
    """

    rows: pl.DataFrame
    touches: pl.DataFrame
    verdicts: pl.DataFrame
    snapshots: tuple[Made, ...]


def folded(
    fold: Fold, records: pl.DataFrame, known: pl.DataFrame, prepared: Prepared, sequence: int
) -> Folded:
    """Return what records became.

    Args:
        records: the message's fields, what decoding added, and `at`, `partition`, `position`; an
            entity's records in order of position.
        known: each entity's history row below its first record: entity_id, revision, content_hash
            the arrays of what it put in, and those that name its snapshots.
    """
    verdicts = judged(records, known)
    records = records.with_columns(verdicts.verdict.alias("verdict"))
    accepted = (verdicts.verdict == ACCEPTED).to_numpy()
    chosen = np.flatnonzero(accepted)
    facts = records if len(chosen) == len(records) else records.filter(accepted)
    resolved = fold.resolve(facts, prepared)
    rows = history_rows(fold, facts, resolved, sequence)
    lines = facts.select("at", "position")
    plus = _touches(resolved.put_in, lines)
    # Index of each record among the accepted ones, to find what a predecessor put in.
    place = np.cumsum(accepted) - 1
    here, there = verdicts.before.gather(chosen), verdicts.known.gather(chosen)
    minus = [
        _taken_out(resolved.put_in, here, lines, place),
        _taken_out(unpacked(known) if len(known) else _nothing_put_in(), there, lines, None),
    ]
    counts = records.group_by("at", "verdict").len("count")
    among = pl.Series(place, dtype=pl.Int64).gather(here) + len(known)
    predecessor = pl.select(pl.coalesce(among, there)).to_series()
    made = _snapshots(fold, known, rows, predecessor)
    return Folded(rows, pl.concat([plus, *minus]), counts, made)


def history_rows(
    fold: Fold, facts: pl.DataFrame, resolved: tuple[pl.DataFrame, pl.DataFrame], sequence: int
) -> pl.DataFrame:
    """Return facts as rows of their history table."""
    columns, put_in = resolved
    engine = facts.select(
        "position",
        pl.lit(fold.topic).alias("topic"),
        "partition",
        pl.lit(fold.message).alias("kind"),
        "key_hash",
        "content_hash",
        pl.lit(sequence, pl.UInt64).alias("sequence"),
    )
    own = fold.stored(facts)
    return pl.concat([own, engine, columns, packed(put_in, len(facts))], how="horizontal")


def _touches(put_in: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    where = lines[put_in.get_column("row").to_numpy()]
    return pl.concat([put_in, where], how="horizontal").select(TOUCH)


def _nothing_put_in() -> pl.DataFrame:
    return pl.DataFrame(schema=PUT_IN)


def _taken_out(
    put_in: pl.DataFrame,
    before: pl.Series,
    lines: pl.DataFrame,
    place: npt.NDArray[np.int64] | None,
) -> pl.DataFrame:
    """Return what predecessors put in, to be taken out where their successors stand.

    Args:
        before: for each line the index of its predecessor, null for none.
        place: predecessor -> its `row` in `put_in`; None if it is that row.
    """
    corrected = before.is_not_null().arg_true()
    if corrected.is_empty() or put_in.is_empty():
        return no_touches()
    found = before.gather(corrected).to_numpy()
    pairs = lines[corrected.to_numpy()].with_columns(
        pl.Series("row", place[found] if place is not None else found, pl.Int64)
    )
    return pairs.join(put_in, on="row").with_columns(-pl.col("value")).select(TOUCH)


def _snapshots(
    fold: Fold, known: pl.DataFrame, rows: pl.DataFrame, predecessor: pl.Series
) -> tuple[Made, ...]:
    """Return the snapshots that rows make.

    Args:
        predecessor: index of each row's among known rows and rows, in this order; null for none.
    """
    if fold.snapshots is None or rows.is_empty():
        return ()
    every = pl.concat([known.select(fold.names), rows.select(fold.names)], how="vertical_relaxed")
    before = every.select(pl.all().gather(predecessor))
    return ((fold.snapshots, snapshots.made(fold.snapshots, rows, before)),)


def touches_of(rows: pl.DataFrame, lines: pl.DataFrame, sign: int) -> pl.DataFrame:
    """Return what history rows put into totals (sign 1) or take out of them (-1) at these lines."""
    put_in = unpacked(rows).with_columns(pl.col("value") * sign)
    return _touches(put_in, lines)


def no_touches() -> pl.DataFrame:
    """Return no touches, with their columns."""
    kinds = {**PUT_IN, **_LINE}
    return pl.DataFrame(schema={name: kinds[name] for name in TOUCH})


def no_known(names: Sequence[str] = ()) -> pl.DataFrame:
    """Return `known` for entities of which none has history.

    Args:
        names: arrays that name snapshots.
    """
    kinds: dict[str, pl.DataType] = {
        "entity_id": pl.String(),
        "revision": pl.Int64(),
        "content_hash": pl.UInt64(),
    }
    arrays = {array: pl.List(_array_kind(name)) for array, name in ARRAYS.items()}
    named = {name: pl.List(pl.String()) for name in names}
    return pl.DataFrame(schema={**kinds, **arrays, **named})


def _array_kind(name: str) -> pl.DataType:
    return pl.Decimal(18, 4) if name == "value" else PUT_IN[name]
