"""Scores: totals per rep and day, folded from partials in any order, any number of times.

A partial says what one topic partition puts into one total. The newest position wins, and the
total is the sum over partitions; equal positions mean equal content (design: guard per row).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.positions import place_of

ZERO = Decimal(0)


class Cell(NamedTuple):
    """What is added up: a measure in a currency, empty for a measure that is no money."""

    measure: str
    currency: str


class Partial(NamedTuple):
    """The part of one total that comes from one topic partition, as it stands."""

    rep_id: str
    day: date
    measure: str
    currency: str
    topic: str
    partition: int
    position: int
    value: Decimal


class Change(NamedTuple):
    """What a partial did to a total."""

    rep_id: str
    day: date
    cell: Cell
    by: Decimal


Totals = Mapping[Cell, Decimal]
_Slot = tuple[str, date, str, str, str, int]
_NEVER = (-1, ZERO)


class Scores:
    """Totals of all reps from one day on, of the measures a board shows."""

    def __init__(self, first_day: date, measures: frozenset[str]) -> None:
        self.first_day = first_day
        self._measures = measures
        self._newest: dict[_Slot, tuple[int, Decimal]] = {}
        self._days: dict[str, dict[date, dict[Cell, Decimal]]] = {}
        self._epochs: dict[tuple[str, int], int] = {}

    def apply(self, partial: Partial) -> Change | None:
        """Return what a partial changed; None if it is old, known, or not held here."""
        if not self._holds(partial):
            return None
        slot = partial[:6]
        position, value = self._newest.get(slot, _NEVER)
        if partial.position <= position:
            return None
        self._newest[slot] = (partial.position, partial.value)
        self._note_epoch(partial)
        days = self._days.setdefault(partial.rep_id, {})
        totals = days.setdefault(partial.day, {})
        cell = Cell(partial.measure, partial.currency)
        by = partial.value - value
        totals[cell] = totals.get(cell, ZERO) + by
        return Change(partial.rep_id, partial.day, cell, by) if by else None

    def opens_epoch(self, partial: Partial) -> bool:
        """Return whether a partial comes from a log begun anew since the newest one seen."""
        known = self._epochs.get((partial.topic, partial.partition))
        return (
            known is not None and self._holds(partial) and place_of(partial.position).epoch > known
        )

    def reps(self) -> Iterable[str]:
        """Return everybody who has a total."""
        return self._days.keys()

    def days_of(self, rep_id: str) -> Mapping[date, Totals]:
        """Return a rep's totals by day; empty for somebody unknown."""
        return self._days.get(rep_id, {})

    def forget_before(self, day: date) -> None:
        """Drop what lies before a day; memory is bounded by a quarter."""
        self.first_day = max(self.first_day, day)
        self._newest = {s: v for s, v in self._newest.items() if s[1] >= day}
        for rep_id, days in self._days.items():
            self._days[rep_id] = {d: t for d, t in days.items() if d >= day}

    def __len__(self) -> int:
        return len(self._newest)

    def _holds(self, partial: Partial) -> bool:
        return partial.day >= self.first_day and partial.measure in self._measures

    def _note_epoch(self, partial: Partial) -> None:
        where = (partial.topic, partial.partition)
        epoch = place_of(partial.position).epoch
        self._epochs[where] = max(epoch, self._epochs.get(where, 0))


def partials_of(message: Mapping[str, Any]) -> list[Partial]:
    """Return the partials in one message of spm.rep-days."""
    rep_id = message["rep_id"]
    return [
        Partial(
            rep_id,
            p["day"],
            p["measure"],
            p["currency"],
            p["topic"],
            p["partition"],
            p["position"],
            p["value"],
        )
        for p in message["partials"]
    ]
