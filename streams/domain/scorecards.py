"""Scorecards: points for leading indicators, of reps, teams and the company. Pure.

Points of an indicator = actual / target x weight; a score is their sum, uncapped unless the card
says otherwise: who does twice what is asked gets twice the points (Ambition, "Scorecards": 4
opportunities for 20 and 20,000 of revenue for 80; 2 and 40,000 make 10 + 160 = 170).

A rate or an average (win rate) has one target for every day and every span: it is not broken down,
and a group's is that of its members' sums against the mean of their targets.

A group is scored by its members' sums, in two readings that are both told. Of all members: of
everybody on duty, so nothing anybody does can lower it. Of contributors: only of those who have
done something that counts, so the first event of a newcomer brings their whole target with it and
may lower it; the number of contributors, which rises with it, says why.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.scorecards import Indicator, Scorecard
from streams.domain.kpi_trees import Computed
from streams.domain.periods import Span
from streams.domain.readings import reading
from streams.domain.workdays import Workdays

POINTS = Decimal("0.0001")
NOTHING = Decimal(0)
ONE = Decimal(1)


class Rate(NamedTuple):
    """What a rate or an average is made of: its formula, and sums of measures."""

    computed: Computed
    sums: tuple[Fraction, ...]  # as computed.wanted has them

    @property
    def value(self) -> Decimal | None:
        """What it comes to, in ten-thousandths; None: there is nothing to divide by."""
        found = reading(self.computed, dict(zip(self.computed.wanted, self.sums, strict=True)))
        return None if found.value is None else found.value.quantize(POINTS, ROUND_HALF_EVEN)


class Done(NamedTuple):
    """What somebody did of one indicator, and what was asked.

    Attributes:
        actual: None: the KPI is empty, there is nothing to divide by.
        target: 0: nothing was asked.
        rate: of a KPI that does not add up: what it is made of, which does.
    """

    actual: Decimal | None
    target: Decimal
    rate: Rate | None = None


class Points(NamedTuple):
    """The points of one indicator. None: nothing was asked, or the KPI is empty."""

    kpi: str
    actual: Decimal | None
    target: Decimal
    weight: Decimal
    points: Decimal | None


class Score(NamedTuple):
    """A score and what it is made of.

    Attributes:
        points: the sum; None where nothing at all was asked.
        of: weights of the indicators that were asked: what meeting every target gives.
    """

    points: Decimal | None
    of: Decimal
    indicators: tuple[Points, ...]


class GroupScore(NamedTuple):
    """A group's score in both readings.

    Attributes:
        all_members: of everybody on duty who was asked for something.
        contributors: of those of them who have done something.
    """

    all_members: Score
    contributors: Score
    members: int
    contributing: int


def daily_targets(
    goal: Decimal, span: Span, workdays: Workdays, unit: Decimal, *, prorate: bool = True
) -> dict[date, Decimal]:
    """Return what each working day of a span asks for; together, in whole units, the goal.

    Each day asks for its part rounded down or up by largest remainder; days with equal remainders
    take turns, so that ten calls over twenty days are one every other day.

    Args:
        prorate: leave takes its days' part off the goal; else the other days take it over.
        unit: 1 for counts and seconds, 0.01 for euros.

    >>> from decimal import Decimal as D
    >>> week = Span(date(2026, 11, 23), date(2026, 11, 30))
    >>> [int(t) for t in daily_targets(D(12), week, Workdays(), D(1)).values()]
    [2, 2, 3, 2, 3]
    """
    open_days = [day for day in span.each() if workdays.is_open(day)]
    weights = [Fraction(workdays.weight(day)) for day in open_days]
    present, whole = sum(weights, Fraction(0)), Fraction(len(open_days))
    if not present:
        return {}
    asked = Fraction(goal) * (present / whole if prorate else 1)
    total = round(asked / Fraction(unit))
    parts = [total * weight / present for weight in weights]
    counts = [part.numerator // part.denominator for part in parts]
    for i in _taking_turns([part - n for part, n in zip(parts, counts, strict=True)],
                           total - sum(counts)):  # fmt: skip
        counts[i] += 1
    return {day: unit * n for day, n, w in zip(open_days, counts, weights, strict=True) if w}


def prorated(target: Decimal, days: Decimal, of_days: Decimal) -> Decimal:
    """Return a target for part of a period, by working days.

    Source: Ambition, "How do I prorate scorecard targets for users that are out of office".

    >>> prorated(Decimal(100), Decimal(17), Decimal(22))
    Decimal('77.2727')
    """
    return _rounded(Fraction(target) * Fraction(days) / Fraction(of_days))


def score(card: Scorecard, done: Mapping[str, Done]) -> Score:
    """Return the score for what was done; an indicator nobody told of was not done, nor asked."""
    parts = tuple(_points(i, done.get(i.kpi, Done(NOTHING, NOTHING)), card.cap)
                  for i in card.indicators)  # fmt: skip
    counted = [p for p in parts if p.points is not None]
    points = sum((p.points for p in counted if p.points is not None), NOTHING)
    of = sum((p.weight for p in counted), NOTHING)
    return Score(points if counted else None, of, parts)


def group_score(card: Scorecard, members: Sequence[Mapping[str, Done]]) -> GroupScore:
    """Return the score of a group.

    Args:
        members: what each member on duty did and was asked for.
    """
    asked = [m for m in members if any(d.target > 0 for d in m.values())]
    active = [m for m in asked if any(_counts(d) for d in m.values())]
    return GroupScore(
        score(card, _summed(card, asked)), score(card, _summed(card, active)), len(asked),
        len(active),
    )  # fmt: skip


def _points(indicator: Indicator, done: Done, cap: Decimal | None) -> Points:
    points = None
    if done.target > 0 and done.actual is not None:
        ratio = Fraction(done.actual) / Fraction(done.target)
        if cap is not None:
            ratio = min(ratio, Fraction(cap))
        points = _rounded(ratio * Fraction(indicator.weight))
    return Points(indicator.kpi, done.actual, done.target, indicator.weight, points)


def _counts(done: Done) -> bool:
    """Return whether somebody did anything: also what leaves a rate at nothing."""
    sums = done.rate.sums if done.rate else ()
    return any(sums) or (done.actual is not None and done.actual > 0)


def _summed(card: Scorecard, members: Sequence[Mapping[str, Done]]) -> dict[str, Done]:
    """Return the sums of those who were asked for each indicator: nobody else's work counts."""
    sums = {}
    for indicator in card.indicators:
        mine = [m[indicator.kpi] for m in members if indicator.kpi in m]
        sums[indicator.kpi] = _together([d for d in mine if d.target > 0])
    return sums


def _together(asked: Sequence[Done]) -> Done:
    """Return several people's work as one: of rates what they are made of, and the mean target."""
    target = sum((d.target for d in asked), NOTHING)
    rates = [d.rate for d in asked if d.rate]
    if not rates:
        return Done(sum((d.actual or NOTHING for d in asked), NOTHING), target)
    added = tuple(sum(each, Fraction(0)) for each in zip(*(r.sums for r in rates), strict=True))
    rate = Rate(rates[0].computed, added)
    return Done(rate.value, _rounded(Fraction(target) / len(asked)), rate)


def _taking_turns(remainders: Sequence[Fraction], spare: int) -> list[int]:
    """Return the places of the largest remainders; of equal ones, evenly spread."""
    chosen: list[int] = []
    for value in sorted(set(remainders), reverse=True):
        same = [i for i, remainder in enumerate(remainders) if remainder == value]
        take = min(spare - len(chosen), len(same))
        chosen += [i for k, i in enumerate(same)
                   if (k + 1) * take // len(same) > k * take // len(same)]  # fmt: skip
    return chosen


def _rounded(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(POINTS, ROUND_HALF_EVEN)
