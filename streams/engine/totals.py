"""Results of one partition: totals per rep, day, measure and currency, cached and guarded.

A total's position is that of the last record that touched it. A record at or below it is already
in, so a replay changes nothing; what a replay touches is told again all the same, because its
message may not have got out.

A day is cached wholly once much of it was asked for; before that, the totals that were asked for.
"""

from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.frames import beside, only, rows_at
from streams.engine.ordered import I64, U64, Ordered

KEYS = ["rep_id", "day", "measure", "currency"]
# A total as it stands, one a line: `value` in whole ten-thousandths.
TOTAL: dict[str, pl.DataType] = {
    "rep_id": pl.String(),
    "day": pl.Date(),
    "measure": pl.String(),
    "currency": pl.String(),
    "position": pl.Int64(),
    "value": pl.Int64(),
}
UNTOUCHED = (-1, 0)  # position and value of a total that is not there
ROWS_MAX = 1_000_000  # totals cached for one partition, 24 MB
# Totals of a day and partition that are read one by one: an old correction needs a few. Once it
# were more, reading the day is cheaper.
SINGLE_MAX = 500
# Texts numbered for keys; the numbers are of this process alone.
_REPS = pl.Categorical(pl.Categories("reps", "pacesetter", pl.UInt32()))
_NAMES = pl.Categorical(pl.Categories("measures and currencies", "pacesetter", pl.UInt16()))
# A numbering is forgotten with the last column that has it; these two live as long as we do.
_KEPT = [pl.Series([""], dtype=kind) for kind in (_REPS, _NAMES)]
_EPOCH = date(1970, 1, 1)


@dataclass(slots=True)
class _Day:
    cells: Ordered = field(default_factory=Ordered)
    is_whole: bool = False
    asked: int = 0


class Totals:
    """Cached totals of one partition."""

    def __init__(self) -> None:
        self._days: OrderedDict[date, _Day] = OrderedDict()

    def load(self, days: Iterable[date], rows: pl.DataFrame) -> None:
        """Take in all rows of whole days, as the warehouse holds them: TOTAL."""
        for day in days:
            self._days.setdefault(day, _Day()).is_whole = True
        self.load_some(rows)

    def load_some(self, rows: pl.DataFrame) -> None:
        """Take in some rows. What is cached is newer and stays."""
        nowhere = (pl.lit("").alias("topic"), pl.lit(0, pl.UInt16).alias("partition"))
        load_each({("", 0): self}, rows.with_columns(nowhere))

    def _load_day(self, day: date, keys: U64, positions: I64, values: I64) -> None:
        cells = self._days.setdefault(day, _Day()).cells
        new = ~cells.holds(keys)
        cells.write(keys[new], positions[new], values[new])

    def unknown(self, day: date, keys: U64) -> npt.NDArray[np.bool_]:
        """Return which totals of a day must be read before they are touched."""
        known = self._days.get(day)
        if known is None:
            return np.ones(len(keys), np.bool_)
        return np.zeros(len(keys), np.bool_) if known.is_whole else ~known.cells.holds(keys)

    def is_asked_often(self, day: date, count: int) -> bool:
        """Return whether to read all of a day, given how many of its totals are wanted now."""
        known = self._days.get(day)
        return count + (known.asked if known else 0) > SINGLE_MAX

    def note_asked(self, day: date, count: int) -> None:
        """Count totals that were read one by one."""
        self._days.setdefault(day, _Day()).asked += count

    def cells(self, day: date) -> Ordered:
        """Return the totals of a day, marked as used."""
        found = self._days.setdefault(day, _Day())
        self._days.move_to_end(day)
        return found.cells

    def trim(self, kept: Container[date] = ()) -> None:
        """Forget the days that were touched longest ago, once there are too many totals.

        Args:
            kept: days that a flush on its way has touched: the warehouse does not know it yet.
        """
        rows = sum(len(day.cells) for day in self._days.values())
        for day in list(self._days):
            if rows <= ROWS_MAX or day in kept:
                return
            rows -= len(self._days.pop(day).cells)


def load_each(totals: Mapping[tuple[str, int], Totals], rows: pl.DataFrame) -> None:
    """Take in some rows of several partitions, all at once: a few of each of many days cost little.

    Args:
        totals: by topic and partition.
        rows: topic, partition and TOTAL.
    """
    if rows.is_empty():
        return
    place = ["topic", "partition", "day"]
    rows = rows.select(*place, _key(), "position", "value").sort(*place, "key")
    starts = rows.select(
        pl.struct(place).rle_id().diff().fill_null(1).cast(pl.Boolean).arg_true()
    ).to_series()
    keys, positions, values = (rows.get_column(n).to_numpy() for n in ("key", "position", "value"))
    cuts = [*starts.to_list(), len(rows)]
    for (topic, number, day), (start, end) in zip(
        rows[starts].select(place).iter_rows(), pairwise(cuts), strict=True
    ):
        part = slice(start, end)
        totals[topic, number]._load_day(day, keys[part], positions[part], values[part])


class Sums(NamedTuple):
    """What touches each total, in order of partition, day and key.

    Attributes:
        row: one touch of each, as its index.
        first, last: positions of the first and last touch; `change` is that of all together.
    """

    at: npt.NDArray[np.uint32]
    day: npt.NDArray[np.int32]
    key: U64
    row: npt.NDArray[np.uint32]
    first: I64
    last: I64
    change: I64


class Run(NamedTuple):
    """Sums of one day of one partition: those from `start` to `end`."""

    at: int
    day: date
    start: int
    end: int


def summed(touches: pl.DataFrame) -> Sums:
    """Return what touches each total.

    Totals are numbered in their order (a day of a partition, then the key), so that one sort of
    numbers brings together what touches each.
    """
    at, day, key, row, position, value = (c.to_numpy() for c in _keyed(touches))
    if not len(at):
        return Sums(at, day, key, row, position, position, value)
    first_day, rank = day.min(), pl.Series(key).rank("dense").to_numpy()
    days = int(day.max()) - int(first_day) + 1
    number = (at * np.int64(days) + (day - first_day)) * (int(rank.max()) + 1) + rank
    order = np.argsort(number)
    number, position, value = number[order], position[order], value[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(number)) + 1])
    of = order[starts]
    return Sums(
        at[of],
        day[of],
        key[of],
        row[of],
        np.minimum.reduceat(position, starts),
        np.maximum.reduceat(position, starts),
        np.add.reduceat(value, starts),
    )


def runs(sums: Sums) -> list[Run]:
    """Return the days of partitions that are touched."""
    if not len(sums.at):
        return []
    changes = np.flatnonzero((np.diff(sums.at) != 0) | (np.diff(sums.day) != 0)) + 1
    return [
        Run(int(sums.at[start]), _EPOCH + timedelta(days=int(sums.day[start])), start, end)
        for start, end in pairwise([0, *changes.tolist(), len(sums.at)])
    ]


def applied(
    totals: Mapping[int, Totals], touches: pl.DataFrame, sums: Sums | None = None
) -> dict[int, pl.DataFrame]:
    """Return every touched total as it stands now, by portion. What is touched is cached.

    Args:
        sums: of the touches, if they are summed already.
    """
    sums = sums or summed(touches)
    days = [(totals[run.at].cells(run.day), slice(run.start, run.end)) for run in runs(sums)]
    if not days:
        return {}
    parts = [cells.read(sums.key[part], UNTOUCHED) for cells, part in days]
    position, value = map(np.concatenate, zip(*parts, strict=True))
    change = _unguarded(touches, sums, position)
    position, value = np.maximum(position, sums.last), value + change
    for cells, part in days:
        cells.write(sums.key[part], position[part], value[part])
    told = rows_at(only(touches, KEYS), sums.row)
    told = beside(told, pl.Series("position", position), pl.Series("value", value))
    ends = np.flatnonzero(np.diff(sums.at)) + 1
    return {
        int(sums.at[start]): told[start:end]
        for start, end in pairwise([0, *ends.tolist(), len(told)])
    }


def no_totals() -> pl.DataFrame:
    """Return no totals, with their columns."""
    return pl.DataFrame(schema=TOTAL)


def _key() -> pl.Expr:
    """Return rep, measure and currency as one number."""
    rep = pl.col("rep_id").cast(_REPS).to_physical().cast(pl.UInt64)
    measure, currency = (
        pl.col(name).cast(_NAMES).to_physical().cast(pl.UInt64) for name in ("measure", "currency")
    )
    return (rep * (1 << 32) + measure * (1 << 16) + currency).alias("key")


def _keyed(touches: pl.DataFrame) -> pl.DataFrame:
    return touches.select(
        "at",
        pl.col("day").to_physical(),
        _key(),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.col("position").cast(pl.Int64),
        "value",
    )


def _unguarded(touches: pl.DataFrame, sums: Sums, position: I64) -> I64:
    """Return the change of each total by its touches above the position it stands at."""
    guarded = np.flatnonzero(sums.first <= position)
    if not len(guarded):
        return sums.change
    guards = pl.DataFrame(
        {
            "at": sums.at[guarded],
            "day": sums.day[guarded],
            "key": sums.key[guarded],
            "sum": guarded,
            "guard": position[guarded],
        }
    )
    new = pl.when(pl.col("position") > pl.col("guard")).then("value").otherwise(0)
    above = _keyed(touches).join(guards, on=["at", "day", "key"]).group_by("sum").agg(new.sum())
    change = sums.change.copy()
    change[above.get_column("sum").to_numpy()] = above.get_column("value").to_numpy()
    return change
