"""Results of one partition: totals per rep, day, measure and currency, cached and guarded.

A total's position is that of the last record that touched it. A record at or below it is already
in, so a replay changes nothing; what a replay touches is told again all the same, because its
message may not have got out.

Invariant: a day is either wholly cached or not at all.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

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
# Texts numbered for keys; the numbers are of this process alone.
_REPS = pl.Categorical(pl.Categories("reps", "pacesetter", pl.UInt32()))
_NAMES = pl.Categorical(pl.Categories("measures and currencies", "pacesetter", pl.UInt16()))
# A numbering is forgotten with the last column that has it; these two live as long as we do.
_KEPT = [pl.Series([""], dtype=kind) for kind in (_REPS, _NAMES)]
_EPOCH = date(1970, 1, 1)


class Totals:
    """Cached totals of one partition."""

    def __init__(self) -> None:
        self._days: OrderedDict[date, Ordered] = OrderedDict()

    def missing(self, days: Iterable[date]) -> list[date]:
        """Return the days that must be loaded before they are touched."""
        return [day for day in days if day not in self._days]

    def load(self, days: Iterable[date], rows: pl.DataFrame) -> None:
        """Take in all rows of whole days, as the warehouse holds them: TOTAL."""
        for day in days:
            self._days.setdefault(day, Ordered())
        for (day,), mine in rows.group_by("day"):
            known = self._days[day]  # type: ignore[index]  # a date, as the column is
            keyed = mine.select(_key(), "position", "value").sort("key")
            known.write(*(keyed.get_column(name).to_numpy() for name in keyed.columns))

    def day(self, day: date) -> Ordered:
        """Return the totals of a cached day, marked as used."""
        self._days.move_to_end(day)
        return self._days[day]

    def trim(self) -> None:
        """Forget the days that were touched longest ago, once there are too many totals."""
        while len(self._days) > 1 and sum(map(len, self._days.values())) > ROWS_MAX:
            self._days.popitem(last=False)


class _Sums(NamedTuple):
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


def applied(totals: Mapping[int, Totals], touches: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """Return every touched total as it stands now, by portion. Their days are cached."""
    if touches.is_empty():
        return {}
    keyed = touches.select(
        "at",
        pl.col("day").to_physical(),
        _key(),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.col("position").cast(pl.Int64),
        "value",
    )
    sums = _summed(keyed)
    runs = _runs(sums)
    days = [
        totals[int(sums.at[start])].day(_EPOCH + timedelta(days=int(sums.day[start])))
        for start, _ in runs
    ]
    parts = [
        day.read(sums.key[start:end], UNTOUCHED)
        for day, (start, end) in zip(days, runs, strict=True)
    ]
    position, value = map(np.concatenate, zip(*parts, strict=True))
    change = _unguarded(keyed, sums, position)
    position, value = np.maximum(position, sums.last), value + change
    for day, (start, end) in zip(days, runs, strict=True):
        day.write(sums.key[start:end], position[start:end], value[start:end])
    told = touches.select(pl.col(KEYS).gather(sums.row)).with_columns(
        pl.Series("position", position), pl.Series("value", value)
    )
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


def _summed(keyed: pl.DataFrame) -> _Sums:
    rows = (
        keyed.group_by("at", "day", "key")
        .agg(
            pl.col("row").first(),
            pl.col("position").min().alias("first"),
            pl.col("position").max().alias("last"),
            pl.col("value").sum().alias("change"),
        )
        .sort("at", "day", "key")
    )
    return _Sums(*(column.to_numpy() for column in rows.select(_Sums._fields)))


def _runs(sums: _Sums) -> list[tuple[int, int]]:
    """Return where the sums of each day of each partition begin and end."""
    changes = (np.diff(sums.at) != 0) | (np.diff(sums.day) != 0)
    return list(pairwise([0, *(np.flatnonzero(changes) + 1).tolist(), len(sums.at)]))


def _unguarded(keyed: pl.DataFrame, sums: _Sums, position: I64) -> I64:
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
    above = keyed.join(guards, on=["at", "day", "key"]).group_by("sum").agg(new.sum())
    change = sums.change.copy()
    change[above.get_column("sum").to_numpy()] = above.get_column("value").to_numpy()
    return change
