"""Results of one partition: totals per rep, day, measure and currency, cached and guarded.

A total's position is that of the last record that touched it. A record at or below it is already
in, so a replay changes nothing; what a replay touches is told again all the same, because its
message may not have got out.

Invariant: a day is either wholly cached or not at all.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

import polars as pl

Key = tuple[str, str, str]  # rep, measure, currency
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
            self._days[row.day][row.rep_id, row.measure, row.currency] = (row.position, row.value)
            self._rows += 1

    def apply(self, touches: pl.DataFrame) -> list[Total]:
        """Return every touched total as it stands now.

        Args:
            touches: rep_id, day, measure, currency, position, value; the days are cached.
        """
        summed = touches.group_by(KEYS).agg(
            pl.col("position").min().alias("first"),
            pl.col("position").max().alias("last"),
            pl.col("value").sum(),
        )
        above = self._above(summed, touches)
        told = []
        for rep_id, day, measure, currency, _, last, summed_value in summed.iter_rows():
            totals = self._days[day]
            key = (rep_id, measure, currency)
            position, value = totals.get(key, UNTOUCHED)
            change = above.get((rep_id, day, measure, currency), summed_value)
            self._rows += key not in totals
            totals[key] = position, value = max(last, position), value + change
            told.append(Total(rep_id, day, measure, currency, position, value))
        for day in summed.get_column("day").unique():
            self._days.move_to_end(day)
        return told

    def trim(self) -> None:
        """Forget the days that were touched longest ago, once there are too many totals."""
        while self._rows > ROWS_MAX and len(self._days) > 1:
            _, totals = self._days.popitem(last=False)
            self._rows -= len(totals)

    def _above(self, summed: pl.DataFrame, touches: pl.DataFrame) -> dict[tuple[Any, ...], int]:
        """Return the change of each total that holds some of what touches it already."""
        guards = []
        for rep_id, day, measure, currency, first, *_ in summed.iter_rows():
            position, _ = self._days[day].get((rep_id, measure, currency), UNTOUCHED)
            if first <= position:
                guards.append((rep_id, day, measure, currency, position))
        if not guards:
            return {}
        kinds = {**{name: touches.schema[name] for name in KEYS}, "guard": pl.Int64()}
        guarded = touches.join(pl.DataFrame(guards, schema=kinds, orient="row"), on=KEYS)
        new = pl.when(pl.col("position") > pl.col("guard")).then("value").otherwise(0)
        found = guarded.group_by(KEYS).agg(new.sum().alias("change"))
        return {tuple(key): change for *key, change in found.iter_rows()}
