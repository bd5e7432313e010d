"""What alerts see: readings made of what came in and what the plan expected. Pure.

Source of the burn: a quota missed by no more than the tolerance is the budget; in a window it is
used up at shortfall / tolerance times the speed that lands exactly at its end (the error budget of
site reliability engineering, applied to quota).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.alert_story import Deviation
from schemas.alerts import MEASURED, Rule, Signal
from streams.domain.alert_states import Reading
from streams.domain.periods import DAY, Span
from streams.domain.workdays import Workdays

STEP = Decimal("0.0001")
NONE = Decimal(0)
USUAL_MIN = Decimal("0.9")  # of an indicator; what is nearer to the usual explains nothing


class ToDate(NamedTuple):
    """What had come in by the end of a day since the period began, and what the plan expected."""

    actual: Decimal
    plan: Decimal


class Watch(NamedTuple):
    """One quota, or one KPI, of one subject, as it stands on a day.

    Attributes:
        period: of the quota; of a KPI without one, days around the window.
        to_date: by day, from the longest window's first day less one, up to `day`.
        deal_size: the subject's usual deal in the quota's unit; None: not known.
        probability: of reaching the quota; None: no forecast.
        measured: what is no sum over days: a part of the open deals, minutes; None: nothing is.
        of: how many deals that rests on.
        facts: what else it rests on, for whoever asks later.
    """

    subject_kind: str
    subject_id: str
    kpi: str
    currency: str
    period: Span
    day: date
    to_date: Mapping[date, ToDate]
    workdays: Workdays
    deal_size: Decimal | None = None
    probability: Decimal | None = None
    measured: Decimal | None = None
    of: Decimal | None = None
    facts: Mapping[str, str] = {}

    def at(self, day: date) -> ToDate | None:
        """Return what had come in by the end of a day; before the period, nothing."""
        if day < self.period.start:
            return ToDate(NONE, NONE)
        return self.to_date.get(day)


class Window(NamedTuple):
    """What came in and what the plan expected in some days.

    Attributes:
        events: how many deals the plan expected; None: not known.
    """

    span: Span
    actual: Decimal
    expected: Decimal
    events: Decimal | None = None


def reading(rule: Rule, watch: Watch, *, is_late: bool, is_corrected: bool) -> Reading:
    """Return what a rule sees of a subject.

    Args:
        is_late: not all data up to now is there.
        is_corrected: the past of the period is another than when it was read before.
    """
    is_over = watch.day >= watch.period.end
    value = None if is_late or is_over else _value(rule, watch)
    is_working = watch.workdays.weight(watch.day) > 0
    return Reading(value, watch.day, is_working, is_late, is_over, is_corrected)


def _value(rule: Rule, watch: Watch) -> Decimal | None:
    if rule.signal in MEASURED:
        return watch.measured if (watch.of or NONE) >= rule.evidence_min else None
    long = window(watch, rule.long_days)
    if rule.signal is Signal.KPI:
        return long.actual if long else None
    if rule.signal is Signal.ACTIVITY:
        return rate(long.actual, long.expected) if long else None
    if long is None or not has_evidence(long, rule.evidence_min, rule.evidence_max):
        return None
    if rule.signal is Signal.HIT_PROBABILITY:
        return watch.probability
    assert rule.tolerance is not None  # checked where rules are put in force
    short = window(watch, rule.short_days) if rule.short_days else long
    return slowest_burn([long, short], rule.tolerance) if short else None


def window(watch: Watch, days: int | None) -> Window | None:
    """Return the last business days up to and including the day of a watch.

    None: the period does not have so many yet, and fewer days are noise.

    Args:
        days: how many business days; None: the period so far.
    """
    span = window_span(watch.day, days, watch.period, watch.workdays)
    before, now = (watch.at(span.start - DAY), watch.at(watch.day)) if span else (None, None)
    if span is None or before is None or now is None:
        return None
    expected = now.plan - before.plan
    size = watch.deal_size
    events = _rounded(Fraction(expected) / Fraction(size)) if size else None
    return Window(span, now.actual - before.actual, expected, events)


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
        left -= workdays.weight(start) > 0
    return None if left else Span(start, day + DAY)


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


def slowest_burn(windows: Sequence[Window], tolerance: Decimal) -> Decimal | None:
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


def deviating(some: Iterable[Deviation]) -> Deviation | None:
    """Return what falls short of the usual the most; None: nothing does by a tenth."""
    short = [
        (one.actual / one.usual, one.name, one)
        for one in some
        if one.usual > 0 and one.actual < one.usual * USUAL_MIN
    ]
    return min(short)[2] if short else None


def rate(amount: Decimal | None, quota: Decimal) -> Decimal | None:
    """Return an amount as a part of a quota; None where there is either none."""
    return None if amount is None or quota == 0 else _rounded(Fraction(amount) / Fraction(quota))


def _rounded(value: Fraction) -> Decimal:
    return round(value / Fraction(STEP)) * STEP
