"""Tallies: what everybody has made in each period, kept up to date as days change.

A change of one day moves the periods that hold it by what the day moved. To add up the days of
everybody again for each snapshot took a third of a second with a thousand reps and a quarter. That
both ways come to the same is a law (tests/connectors/boards/test_tallies.py).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from connectors.boards.floor import Floor
from connectors.boards.measures import YARDSTICKS, unrated, value_of
from connectors.boards.periods import Period, Span
from connectors.boards.scores import ZERO, Totals

Values = tuple[Decimal, ...]  # one per yardstick
Spans = tuple[Span, Span]  # of a rep: a period, and what of it was over at the baseline
NOTHING: Values = (ZERO,) * len(YARDSTICKS)


class Sums(NamedTuple):
    """One rep in one period, by yardstick: totals now, at the baseline, and money left out.

    Attributes:
        unrated: amounts without a rate, by currency; none of zero.
        by_team: both totals by the team the rep was in on each day; days without one are left out.
    """

    now: Values
    before: Values
    unrated: Mapping[str, Decimal]
    by_team: Mapping[str, tuple[Values, Values]] = {}


class _Day(NamedTuple):
    """What one rep has made on one day."""

    values: Values = NOTHING
    unrated: Mapping[str, Decimal] = {}


class Tallies:
    """Sums of all reps, computed when first asked for."""

    def __init__(
        self,
        floor: Floor,
        days_of: Callable[[str], Mapping[date, Totals]],
        spans_of: Callable[[str, Period], Spans],
    ) -> None:
        """Begin with nothing computed.

        Args:
            days_of: a rep's totals by day, as they are now.
            spans_of: which days of a rep a period holds, and which of them the baseline does; the
                same for as long as these tallies are used.
        """
        self._floor, self._days_of, self._spans_of = floor, days_of, spans_of
        self._days: dict[str, dict[date, _Day]] = {}
        self._sums: dict[tuple[str, Period], Sums] = {}

    def of(self, rep_id: str, period: Period) -> Sums:
        """Return a rep's sums in a period."""
        key = rep_id, period
        if key not in self._sums:
            self._sums[key] = self._summed(rep_id, period)
        return self._sums[key]

    def move(self, rep_id: str, day: date) -> None:
        """Take in that a rep's totals of a day are others now."""
        days = self._days.get(rep_id)
        if days is None:
            return  # nobody has asked for this rep
        was, now = days.get(day, _Day()), self._worth(self._days_of(rep_id).get(day, {}))
        days[day] = now
        by = _Day(_less(now.values, was.values), added((now.unrated, _negative(was.unrated))))
        for period in Period:
            if (rep_id, period) in self._sums:
                self._move(rep_id, period, day, by)

    def _move(self, rep_id: str, period: Period, day: date, by: _Day) -> None:
        span, base = self._spans_of(rep_id, period)
        moved = (by.values if day in span else NOTHING, by.values if day in base else NOTHING)
        sums = self._sums[rep_id, period]
        foreign = added((sums.unrated, by.unrated)) if day in span else sums.unrated
        teams = dict(sums.by_team)
        if stint := self._floor.stint(rep_id, day):
            teams[stint.team_id] = _both(teams.get(stint.team_id, (NOTHING, NOTHING)), moved)
        self._sums[rep_id, period] = Sums(*_both(sums[:2], moved), foreign, teams)

    def _summed(self, rep_id: str, period: Period) -> Sums:
        days = self._days.setdefault(rep_id, {})
        totals = self._days_of(rep_id)
        for day in totals.keys() - days.keys():
            days[day] = self._worth(totals[day])
        spans = self._spans_of(rep_id, period)
        both = _within(days, spans)
        foreign = added(one.unrated for day, one in days.items() if day in spans[0])
        return Sums(*both, foreign, self._by_team(rep_id, days, spans, both))

    def _by_team(
        self, rep_id: str, days: Mapping[date, _Day], spans: Spans, both: tuple[Values, Values]
    ) -> Mapping[str, tuple[Values, Values]]:
        """Return what belongs to which team: the one the rep was in on each day."""
        stints = self._floor.stints.get(rep_id, ())
        first, end = min(s.start for s in spans), max(s.end for s in spans)
        if len(stints) == 1 and stints[0].valid_from <= first and stints[0].valid_to >= end:
            return {stints[0].team_id: both}
        found: dict[str, tuple[Values, Values]] = {}
        for team_id in {s.team_id for s in stints}:
            mine = {
                day: one for day, one in days.items()
                if (s := self._floor.stint(rep_id, day)) and s.team_id == team_id
            }  # fmt: skip
            found[team_id] = _within(mine, spans)
        return found

    def _worth(self, totals: Totals) -> _Day:
        currency = self._floor.company.reporting_currency
        values = tuple(value_of(y, totals, currency) for y in YARDSTICKS.values())
        return _Day(values, unrated(totals, currency))


def added(parts: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """Return amounts by currency, added up; none of zero."""
    found: dict[str, Decimal] = {}
    for part in parts:
        for currency, amount in part.items():
            found[currency] = found.get(currency, ZERO) + amount
    return {currency: amount for currency, amount in found.items() if amount}


def _negative(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {currency: -amount for currency, amount in amounts.items()}


def _within(days: Mapping[date, _Day], spans: Spans) -> tuple[Values, Values]:
    return _total(days, spans[0]), _total(days, spans[1])


def _total(days: Mapping[date, _Day], span: Span) -> Values:
    chosen = [one.values for day, one in days.items() if day in span]
    return tuple(sum(column, ZERO) for column in zip(NOTHING, *chosen, strict=True))


def _both(one: tuple[Values, Values], other: tuple[Values, Values]) -> tuple[Values, Values]:
    return plus(one[0], other[0]), plus(one[1], other[1])


def plus(one: Values, other: Values) -> Values:
    """Return two rows of values added up."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _less(one: Values, other: Values) -> Values:
    return tuple(a - b for a, b in zip(one, other, strict=True))
