"""Records to history rows and touches of totals: the fold itself. Pure, in columns.

One call takes portions of several partitions of one topic under one revision of the definitions. An
entity lives in one partition, so they never meddle with each other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.frames import beside, constant, kept, only, rows_at
from streams.engine import snapshots, tellers
from streams.engine.acceptance import ACCEPTED, NONE, VERDICTS, Verdicts
from streams.engine.arrays import packed, unpacked
from streams.engine.folds import ARRAYS, PUT_IN, Fold, Prepared, Tellers
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
        verdicts: how many records of each portion met each verdict, by (at, verdict).
        snapshots: those the rows make, if the fold has any.
    """

    rows: pl.DataFrame
    touches: pl.DataFrame
    verdicts: dict[tuple[int, int], int]
    snapshots: tuple[Made, ...]


class Read(NamedTuple):
    """What history says of the entities of records.

    Attributes:
        known: each entity's row below its first record, or one of each teller: entity_id, revision,
            content_hash, the arrays of what it put in, and those that name its snapshots.
        verdicts: what becomes of the records, by that.
        heard: what tellers said last, of entities that several tell of; the message's fields.
    """

    known: pl.DataFrame
    verdicts: Verdicts
    heard: pl.DataFrame | None = None


def folded(
    fold: Fold, records: pl.DataFrame, read: Read, prepared: Prepared, sequence: int
) -> Folded:
    """Return what records became.

    Args:
        records: the message's fields, what decoding added, and `at`, `partition`, `position`; an
            entity's records in order of position.
    """
    known, verdicts, _ = read
    accepted = verdicts.verdict == ACCEPTED
    chosen = np.flatnonzero(accepted)
    facts = records if len(chosen) == len(records) else kept(records, accepted)
    if fold.tellers:
        shared = verdicts.shared[accepted[verdicts.shared]]
        places = np.searchsorted(chosen, shared)
        heard = facts.clear() if read.heard is None else read.heard
        facts = tellers.made(fold.tellers, facts, places, heard, prepared)
    resolved = fold.resolve(facts, prepared)
    rows = history_rows(fold, facts, resolved, sequence)
    lines = only(facts, ["at", "position"])
    plus = _touches(resolved.put_in, lines)
    # Index of each record among the accepted ones, whose put-in has it for its row.
    place = np.cumsum(accepted) - 1
    here, there = verdicts.before[chosen], verdicts.known[chosen]
    minus = [
        _taken_out(resolved.put_in, np.where(here >= 0, place[here], NONE), lines),
        _taken_out(unpacked(known) if len(known) else _nothing_put_in(), there, lines),
    ]
    predecessor = np.where(here >= 0, place[here] + len(known), there)
    made = _snapshots(fold, known, rows, predecessor)
    return Folded(rows, pl.concat([plus, *minus]), _counts(records, verdicts.verdict), made)


def _counts(records: pl.DataFrame, verdict: npt.NDArray[np.uint8]) -> dict[tuple[int, int], int]:
    kinds = len(VERDICTS)
    numbers = records.get_column("at").to_numpy() * np.int64(kinds) + verdict
    counts = np.bincount(numbers)
    return {divmod(i, kinds): int(counts[i]) for i in np.flatnonzero(counts).tolist()}


def history_rows(
    fold: Fold, facts: pl.DataFrame, resolved: tuple[pl.DataFrame, pl.DataFrame], sequence: int
) -> pl.DataFrame:
    """Return facts as rows of their history table."""
    columns, put_in = resolved
    count = len(facts)
    engine = [
        constant("topic", fold.topic, pl.String(), count),
        constant("kind", fold.message, pl.String(), count),
        constant("sequence", sequence, pl.UInt64(), count),
        *map(facts.get_column, ("position", "partition", "key_hash", "content_hash")),
    ]
    if fold.tellers:
        engine.append(facts.get_column(tellers.SAID))
    arrays = packed(put_in, count).get_columns()
    return fold.stored(facts).hstack([*engine, *columns.get_columns(), *arrays])


def _touches(put_in: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    where = rows_at(lines, put_in.get_column("row").to_numpy())
    return only(beside(put_in, *where.get_columns()), TOUCH)


def _nothing_put_in() -> pl.DataFrame:
    return pl.DataFrame(schema=PUT_IN)


def _taken_out(
    put_in: pl.DataFrame, before: npt.NDArray[np.int64], lines: pl.DataFrame
) -> pl.DataFrame:
    """Return what predecessors put in, to be taken out where their successors stand.

    Args:
        put_in: ordered by `row`.
        before: for each line the `row` of its predecessor, NONE for none.
    """
    corrected = np.flatnonzero(before != NONE)
    if not len(corrected) or put_in.is_empty():
        return no_touches()
    row = put_in.get_column("row").to_numpy()
    starts, ends = (np.searchsorted(row, before[corrected], side) for side in ("left", "right"))
    sizes = ends - starts
    of = np.repeat(np.arange(len(corrected)), sizes)
    taken = rows_at(put_in, np.arange(len(of)) - (np.cumsum(sizes) - sizes)[of] + starts[of])
    value = pl.Series("value", -taken.get_column("value").to_numpy())
    where = rows_at(lines, corrected[of])
    others = only(taken, [name for name in taken.columns if name != "value"])
    return only(beside(others, value, *where.get_columns()), TOUCH)


def _snapshots(
    fold: Fold, known: pl.DataFrame, rows: pl.DataFrame, predecessor: npt.NDArray[np.int64]
) -> tuple[Made, ...]:
    """Return the snapshots that rows make.

    Args:
        predecessor: index of each row's among known rows and rows, in this order; NONE for none.
    """
    if fold.snapshots is None or rows.is_empty():
        return ()
    every = pl.concat([only(known, fold.names), only(rows, fold.names)], how="vertical_relaxed")
    at = pl.Series(predecessor)
    before = every.select(pl.all().gather(pl.when(at != NONE).then(at)))
    return ((fold.snapshots, snapshots.made(fold.snapshots, rows, before)),)


def touches_of(rows: pl.DataFrame, lines: pl.DataFrame, sign: int) -> pl.DataFrame:
    """Return what history rows put into totals (sign 1) or take out of them (-1) at these lines."""
    put_in = unpacked(rows).with_columns(pl.col("value") * sign)
    return _touches(put_in, lines)


def no_touches() -> pl.DataFrame:
    """Return no touches, with their columns."""
    kinds = {**PUT_IN, **_LINE}
    return pl.DataFrame(schema={name: kinds[name] for name in TOUCH})


def no_known(names: Sequence[str] = (), told_by: Tellers | None = None) -> pl.DataFrame:
    """Return `known` for entities of which none has history.

    Args:
        names: arrays that name snapshots.
        told_by: with what tells its tellers apart.
    """
    kinds: dict[str, pl.DataType] = {
        "entity_id": pl.String(),
        "revision": pl.Int64(),
        "content_hash": pl.UInt64(),
    }
    arrays = {array: pl.List(_array_kind(name)) for array, name in ARRAYS.items()}
    named = {name: pl.List(pl.String()) for name in names}
    who = {"position": pl.UInt64(), "teller": pl.String()} if told_by else {}
    return pl.DataFrame(schema={**kinds, **arrays, **named, **who})


def _array_kind(name: str) -> pl.DataType:
    return pl.Decimal(18, 4) if name == "value" else PUT_IN[name]
