"""Pace: where somebody stands against what the plan expected by now. Pure; time is an argument.

Amounts are rounded half-even to 0.0001 and ratios to 0.000001, each once, from exact quotients.
"""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.money import SCALE as AMOUNT
from streams.domain.curves import Course
from streams.domain.periods import DAY

RATIO = Decimal("0.000001")


class Pace(NamedTuple):
    """Where somebody stands. None: it cannot be said.

    Attributes:
        plan_to_date: what the plan expected by now.
        elapsed_ratio: part of the plan that is due, 1 = all of it.
        attainment_ratio: actual over quota; None for a quota of nothing.
        pace_ratio: actual over plan to date; None before anything is due.
        gap_amount: plan to date less actual: behind by so much, negative when ahead.
        remaining_amount: what the quota still lacks, never below 0.
        business_days_left: the owner's working days from now to the end.
        required_per_business_day: remaining amount over those days; None when none is left.
        projected_amount: actual at the end if it goes on like this; None before anything is due.
    """

    actual: Decimal
    quota: Decimal
    plan_to_date: Decimal
    elapsed_ratio: Decimal
    attainment_ratio: Decimal | None
    pace_ratio: Decimal | None
    gap_amount: Decimal
    remaining_amount: Decimal
    business_days_left: Decimal
    required_per_business_day: Decimal | None
    projected_amount: Decimal | None


def pace(
    actual: Decimal,
    quota: Decimal,
    plan: Course,
    work: Course,
    day: date,
    *,
    day_counts: bool,
    is_additive: bool = True,
) -> Pace:
    """Return where somebody stands on a day of the period; behind its end, at its end.

    Args:
        actual: what came in from the period's first day up to and including the day.
        plan: the quota's curve over its period.
        work: the owner's working days over the period.
        day_counts: whether the day is over, or counts already while it lasts.
        is_additive: False for a KPI that does not add up over days, such as a win rate: its plan is
            the quota on every day, and nothing is projected or required per day.

    >>> from streams.domain.curves import linear
    >>> from streams.domain.periods import Span
    >>> june = Course(linear(span := Span(date(2026, 6, 1), date(2026, 7, 1))), span)
    >>> at = pace(Decimal(40000), Decimal(90000), june, june, date(2026, 6, 10), day_counts=True)
    >>> at.projected_amount, at.plan_to_date
    (Decimal('120000.0000'), Decimal('30000.0000'))
    """
    until = day + DAY if day_counts else day
    is_over = until >= plan.span.end
    elapsed = _elapsed(plan, until)
    due = elapsed if is_additive else Fraction(1)
    planned = _rounded(Fraction(quota) * due, AMOUNT)
    remaining = max(quota - actual, Decimal(0))
    left = work.total - work.elapsed(until)
    projected = None if due == 0 else _rounded(Fraction(actual) / due, AMOUNT)
    return Pace(
        actual=actual,
        quota=quota,
        plan_to_date=planned,
        elapsed_ratio=_rounded(elapsed, RATIO),
        attainment_ratio=_ratio(actual, Fraction(quota)),
        pace_ratio=_ratio(actual, Fraction(quota) * due),
        gap_amount=planned - actual,
        remaining_amount=remaining,
        business_days_left=left,
        required_per_business_day=_rounded(Fraction(remaining) / Fraction(left), AMOUNT)
        if is_additive and left and not is_over
        else None,
        projected_amount=projected if is_additive else None,
    )


def _elapsed(plan: Course, until: date) -> Fraction:
    """Return the part of a plan that is due; of a period in which nobody works, all at its end."""
    if until >= plan.span.end:
        return Fraction(1)
    return Fraction(plan.elapsed(until)) / Fraction(plan.total) if plan.total else Fraction(0)


def _ratio(actual: Decimal, by: Fraction) -> Decimal | None:
    return _rounded(Fraction(actual) / by, RATIO) if by else None


def _rounded(value: Fraction, scale: Decimal) -> Decimal:
    """Return a value at a scale, half-even."""
    return round(value / Fraction(scale)) * scale
