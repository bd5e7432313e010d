"""Results of one partition: totals per rep, day, measure and currency, cached and guarded.

A total's position is that of the last record that touched it. A record at or below it is already
in, so a replay changes nothing; what a replay touches is told again all the same, because its
message may not have got out.

Invariant: a day is either wholly cached or not at all.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import polars as pl

Key = tuple[str, date, str, str]  # rep, day, measure, currency
KEYS = ["rep_id", "day", "measure", "currency"]
UNTOUCHED = (-1, 0)
ROWS_MAX = 400_000  # totals cached for one partition, about 120 MB of Python


class Total(NamedTuple):
    """One total as it stands: `value` in whole ten-thousandths."""

    rep_id: str
    day: date
    measure: str
    currency: str
    position: int
    value: int


class Sum(NamedTuple):
    """What touches one total: first and last position, and the change of all together."""

    key: Key
    first: int
    last: int
    change: int


class Totals:
    """Cached totals of one partition."""

    def __init__(self) -> None:
        self._days: OrderedDict[date, dict[Key, tuple[int, int]]] = OrderedDict()
        self._rows = 0

    def missing(self, days: Iterable[date]) -> list[date]:
        """Return the days that must be loaded before they are touched."""
        return [day for day in days if day not in self._days]

    def load(self, days: Iterable[date], rows: Iterable[Total]) -> None:
        """Take in all rows of whole days, as the warehouse holds them."""
        for day in days:
            self._days.setdefault(day, {})
        for row in rows:
            self._days[row.day][row[:4]] = (row.position, row.value)
            self._rows += 1

    def guarded(self, sums: Iterable[Sum]) -> list[tuple[Key, int]]:
        """Return the totals that hold some of what touches them already, with their positions."""
        found = []
        for key, first, _, _ in sums:
            position = self._days[key[1]].get(key, UNTOUCHED)[0]
            if first <= position:
                found.append((key, position))
        return found

    def apply(self, sums: Sequence[Sum], above: Mapping[Key, int]) -> list[Total]:
        """Return every touched total as it stands now.

        Args:
            sums: their days are cached.
            above: the change of each guarded total, of its touches above its position alone.
        """
        told = []
        for key, _, last, change in sums:
            totals = self._days[key[1]]
            position, value = totals.get(key, UNTOUCHED)
            now = (max(last, position), value + above.get(key, change))
            self._rows += key not in totals
            totals[key] = now
            told.append(Total(*key, *now))
        for day in {s.key[1] for s in sums}:
            self._days.move_to_end(day)
        return told

    def trim(self) -> None:
        """Forget the days that were touched longest ago, once there are too many totals."""
        while self._rows > ROWS_MAX and len(self._days) > 1:
            _, totals = self._days.popitem(last=False)
            self._rows -= len(totals)


def summed(touches: pl.DataFrame) -> dict[int, list[Sum]]:
    """Return what touches each total, by portion."""
    found: dict[int, list[Sum]] = {}
    rows = touches.group_by("at", *KEYS).agg(
        pl.col("position").min().alias("first"),
        pl.col("position").max().alias("last"),
        pl.col("value").sum(),
    )
    for at, rep_id, day, measure, currency, first, last, change in rows.iter_rows():
        key = (rep_id, day, measure, currency)
        found.setdefault(at, []).append(Sum(key, first, last, change))
    return found


def above(
    touches: pl.DataFrame, guards: Mapping[int, Sequence[tuple[Key, int]]]
) -> dict[int, dict[Key, int]]:
    """Return the change of each guarded total by its touches above its position, by portion."""
    rows = [(at, *key, position) for at, some in guards.items() for key, position in some]
    if not rows:
        return {}
    names = ["at", *KEYS]
    kinds: dict[str, Any] = {**{name: touches.schema[name] for name in names}, "guard": pl.Int64()}
    guarded = touches.join(pl.DataFrame(rows, schema=kinds, orient="row"), on=names)
    new = pl.when(pl.col("position") > pl.col("guard")).then("value").otherwise(0)
    found: dict[int, dict[Key, int]] = {}
    for at, rep_id, day, measure, currency, change in (
        guarded.group_by(names).agg(new.sum()).iter_rows()
    ):
        found.setdefault(at, {})[rep_id, day, measure, currency] = change
    return found


def applied(totals: Mapping[int, Totals], touches: pl.DataFrame) -> dict[int, list[Total]]:
    """Return every touched total as it stands now, by portion. Their days are cached."""
    sums = summed(touches)
    guards = {at: totals[at].guarded(some) for at, some in sums.items()}
    changes = above(touches, guards)
    return {at: totals[at].apply(some, changes.get(at, {})) for at, some in sums.items()}
