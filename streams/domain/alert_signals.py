"""What alerts see: readings made of sums over windows of business days. Pure.

Source of the burn: a quota missed by no more than the tolerance is the budget; in a window it is
used up at shortfall / tolerance times the speed that lands exactly at its end (the error budget of
site reliability engineering, applied to quota).
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from streams.domain.curves import Course
from streams.domain.periods import DAY, Span
from streams.domain.workdays import Workdays

STEP = Decimal("0.0001")


class Window(NamedTuple):
    """What came in and what the plan expected in some days, the last one included.

    Attributes:
        events: of what the plan expected, how many deals that is; None: not known.
    """

    span: Span
    actual: Decimal
    expected: Decimal
    events: Decimal | None = None


def window_span(day: date, days: int | None, period: Span, workdays: Workdays) -> Span | None:
    """Return the last business days up to and including a day, within a period.

    None: the period does not have so many yet, so a window of that length would be a shorter one,
    and a shorter one is noise.

    Args:
        days: how many business days; None: the period so far.
    """
    if days is None:
        return Span(period.start, day + DAY)
    start, left = day + DAY, days
    while left and start > period.start:
        start -= DAY
        left -= workdays.is_open(start)
    return None if left else Span(start, day + DAY)


def window(
    span: Span,
    by_day: Mapping[date, Decimal],
    quota: Decimal,
    course: Course,
    deal_size: Decimal | None = None,
) -> Window:
    """Return what came in over a span and what the plan expected of it.

    Args:
        by_day: what came in on each day of the quota's period.
        course: the quota's curve over its period.
        deal_size: the subject's usual deal, in the quota's unit; None: not known.
    """
    actual = sum((value for day, value in by_day.items() if day in span), Decimal(0))
    due = course.elapsed(span.end) - course.elapsed(span.start)
    share = Fraction(due) / Fraction(course.total) if course.total else Fraction(0)
    expected = _rounded(Fraction(quota) * share)
    events = _rounded(Fraction(expected) / Fraction(deal_size)) if deal_size else None
    return Window(span, actual, expected, events)


def burn(seen: Window, tolerance: Decimal) -> Decimal | None:
    """Return how fast a window uses up the tolerance; None where nothing was expected.

    1 kept up to the end lands exactly at quota x (1 - tolerance); below 0 it is ahead of the plan.

    >>> week = Window(Span(date(2026, 6, 1), date(2026, 6, 8)), Decimal(70), Decimal(100))
    >>> burn(week, Decimal("0.1"))
    Decimal('3.0000')
    """
    if seen.expected <= 0:
        return None
    shortfall = 1 - Fraction(seen.actual) / Fraction(seen.expected)
    return _rounded(shortfall / Fraction(tolerance))


def slowest_burn(windows: list[Window], tolerance: Decimal) -> Decimal | None:
    """Return the least burn of windows: bad for long, and bad still. None: one says nothing."""
    burns = [burn(one, tolerance) for one in windows]
    known = [one for one in burns if one is not None]
    return min(known) if known and len(known) == len(burns) else None


def has_evidence(seen: Window, least: Decimal, most: Decimal | None) -> bool:
    """Return whether a window lets expect as many events as a rule asks for.

    Not knowing how many is enough for a rule that asks for none, and for no other.
    """
    if seen.events is None:
        return least == 0 and most is None
    return seen.events >= least and (most is None or seen.events < most)


def _rounded(value: Fraction) -> Decimal:
    return round(value / Fraction(STEP)) * STEP
