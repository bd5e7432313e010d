"""Pace: where somebody stands against what the plan expected by now. Pure; time is an argument.

Amounts are rounded half-even to 0.0001 and ratios to 0.000001, each once, from exact quotients.

Of a KPI that does not add up over days (a rate, an average) the plan to date is the quota itself on
every day: pace is attainment, and nothing is projected or required per day.
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
        actual: None: the KPI is empty, there is nothing to divide by; nor is what follows from it.
        attainment_ratio: actual over quota, the other way round where less is better: above 1 is
            always good. None where that is a division by 0.
        pace_ratio: the same with plan to date in place of the quota; None before anything is due.
        gap_amount: plan to date less actual: behind by so much, negative when ahead. Where less is
            better, actual less plan.
        remaining_amount: what the quota still lacks, never below 0.
        business_days_left: the owner's working days from now to the end.
        required_per_business_day: remaining amount over those days; None when none is left.
        projected_amount: actual at the end if it goes on like this; None before anything is due.
    """

    actual: Decimal | None
    quota: Decimal
    plan_to_date: Decimal
    elapsed_ratio: Decimal
    attainment_ratio: Decimal | None
    pace_ratio: Decimal | None
    gap_amount: Decimal | None
    remaining_amount: Decimal | None
    business_days_left: Decimal
    required_per_business_day: Decimal | None
    projected_amount: Decimal | None


def pace(
    actual: Decimal | None,
    quota: Decimal,
    plan: Course,
    work: Course,
    day: date,
    *,
    day_counts: bool,
    is_additive: bool = True,
    is_lower_better: bool = False,
) -> Pace:
    """Return where somebody stands on a day of the period; behind its end, at its end.

    Args:
        actual: what came in from the period's first day up to and including the day.
        plan: the quota's curve over its period.
        work: the owner's working days over the period.
        day_counts: whether the day is over, or counts already while it lasts.
        is_additive: False for a KPI that does not add up over days, such as a win rate: its plan is
            the quota on every day, and nothing is projected or required per day.
        is_lower_better: of such a KPI: to stay below the quota is what is asked for.

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
    left = work.total - work.elapsed(until)
    one = Pace(
        actual=actual,
        quota=quota,
        plan_to_date=planned,
        elapsed_ratio=_rounded(elapsed, RATIO),
        attainment_ratio=None,
        pace_ratio=None,
        gap_amount=None,
        remaining_amount=None,
        business_days_left=left,
        required_per_business_day=None,
        projected_amount=None,
    )
    if actual is None:
        return one
    ahead = quota - actual if is_lower_better else actual - quota
    remaining = max(-ahead, Decimal(0))
    return one._replace(
        attainment_ratio=attainment(actual, Fraction(quota), is_lower_better=is_lower_better),
        pace_ratio=attainment(actual, Fraction(quota) * due, is_lower_better=is_lower_better),
        gap_amount=actual - planned if is_lower_better else planned - actual,
        remaining_amount=remaining,
        required_per_business_day=_rounded(Fraction(remaining) / Fraction(left), AMOUNT)
        if is_additive and left and not is_over
        else None,
        projected_amount=_rounded(Fraction(actual) / due, AMOUNT) if is_additive and due else None,
    )


def _elapsed(plan: Course, until: date) -> Fraction:
    """Return the part of a plan that is due; of a period in which nobody works, all at its end."""
    if until >= plan.span.end:
        return Fraction(1)
    return Fraction(plan.elapsed(until)) / Fraction(plan.total) if plan.total else Fraction(0)


def attainment(
    actual: Decimal | None, by: Fraction, *, is_lower_better: bool = False
) -> Decimal | None:
    """Return actual over what it is measured by, or by over actual; None: it cannot be said."""
    if actual is None:
        return None
    above, below = (by, Fraction(actual)) if is_lower_better else (Fraction(actual), by)
    return _rounded(above / below, RATIO) if below else None


def _rounded(value: Fraction, scale: Decimal) -> Decimal:
    """Return a value at a scale, half-even."""
    return round(value / Fraction(scale)) * scale
