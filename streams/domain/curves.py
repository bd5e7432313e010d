"""Plan curves: how much of a period's plan is due by a day. Pure.

A curve gives every day a weight; what is due of a span is the weight of its days that have passed
over the weight of all its days. So one curve serves every period that lies on it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import accumulate
from typing import NamedTuple

from schemas import quotas
from schemas.definitions import Company
from schemas.quotas import CurveShape, PeriodKind
from streams.domain.periods import DAY, Span, fiscal_of, periods
from streams.domain.workdays import Workdays

STEP = Decimal("0.000000000001")  # weights as they are stored: decimal(38, 12)
NONE = Decimal(0)


class Curve(NamedTuple):
    """Weights of days, added up.

    Attributes:
        span: the days it knows.
        sums: weight of all days before `span.start` plus n, for n from 0 to the end.
        note: what a reader should know about it; empty for nothing.
    """

    curve_id: str
    span: Span
    sums: Sequence[Decimal]
    note: str = ""

    def before(self, day: date) -> Decimal:
        """Return the weight of the curve's days before a day."""
        at = min(max((day - self.span.start).days, 0), self.span.days)
        return self.sums[at]


class Course(NamedTuple):
    """A curve over one period, less the working time somebody is away.

    Attributes:
        away: day of the period -> weight it loses.
    """

    curve: Curve
    span: Span
    away: Mapping[date, Decimal] = {}

    @property
    def total(self) -> Decimal:
        """The weight of the period."""
        return self.elapsed(self.span.end)

    def elapsed(self, until: date) -> Decimal:
        """Return the weight of the period's days before a day; after its end, all of it."""
        end = min(max(until, self.span.start), self.span.end)
        lost = sum((w for day, w in self.away.items() if day < end), NONE)
        return self.curve.before(end) - self.curve.before(self.span.start) - lost


def linear(span: Span) -> Curve:
    """Return the curve on which all days are alike."""
    return Curve(quotas.LINEAR, span, [Decimal(n) for n in range(span.days + 1)])


def business(span: Span, workdays: Workdays, calendar_id: str = "") -> Curve:
    """Return the curve on which working days are alike and others count nothing."""
    weights = (workdays.weight(day) for day in span.each())
    return Curve(business_id(calendar_id), span, list(accumulate(weights, initial=NONE)))


def business_id(calendar_id: str) -> str:
    """Return the id of a calendar's business-day curve; '' is Monday to Friday."""
    return f"{quotas.BUSINESS_DAYS}:{calendar_id}" if calendar_id else quotas.BUSINESS_DAYS


def weighted(span: Span, curve: quotas.Curve, workdays: Workdays, company: Company) -> Curve:
    """Return the curve that gives each month or quarter its weight, by working days within it."""
    assert curve.shape is CurveShape.WEIGHTS
    shape: dict[date, Decimal] = {}
    for period in periods(span, curve.by, company):
        fiscal = fiscal_of(period.start, company)
        nth = fiscal.month if curve.by is PeriodKind.MONTH else fiscal.quarter
        days = business(period, workdays)
        if days.sums[-1] == 0:
            days = linear(period)
        _lay(shape, period, curve.weights.get(nth, NONE), [s / days.sums[-1] for s in days.sums])
    return _laid(curve.curve_id, span, shape, "")


class Past(NamedTuple):
    """One past period: what had come in by the end of each of its days."""

    span: Span
    sums: Sequence[Decimal]  # one more than days: begins with 0

    @property
    def is_evidence(self) -> bool:
        """Whether anything came in at all."""
        return self.sums[-1] > 0

    def share(self, point: Decimal) -> Decimal:
        """Return the part that had come in at a point of the period, from 0 to 1."""
        place = point * self.span.days
        low = int(place)
        high = min(low + 1, self.span.days)
        value = self.sums[low] + (self.sums[high] - self.sums[low]) * (place - low)
        return min(max(value / self.sums[-1], NONE), Decimal(1))


def past_of(span: Span, by_day: Mapping[date, Decimal]) -> Past:
    """Return a past period from what came in on each day."""
    daily = (by_day.get(day, NONE) for day in span.each())
    return Past(span, list(accumulate(daily, initial=NONE)))


def learned(
    span: Span, curve: quotas.Curve, curve_id: str, past: Sequence[Past], company: Company
) -> Curve:
    """Return the curve of the mean share past periods had at the same point; linear without enough.

    Source: the cumulative historical share at the same point of the period; each past period counts
    the same, however large. A share never falls: what was taken back is spread backwards.
    """
    assert curve.shape is CurveShape.LEARNED
    evidence = [p for p in past if p.is_evidence]
    name = curve.by.lower()
    enough = len(evidence) >= curve.evidence_periods_min
    note = f"learned from {len(evidence)} past {name}s"
    if not enough:
        note = f"linear: {len(evidence)} of the {curve.evidence_periods_min} past {name}s needed"
    shape: dict[date, Decimal] = {}
    for period in periods(span, curve.by, company):
        points = [Decimal(n) / period.days for n in range(period.days + 1)]
        _lay(shape, period, Decimal(1), [_mean(evidence, p) for p in points] if enough else points)
    return _laid(curve_id, span, shape, note)


def learned_id(curve: quotas.Curve, kpi: str, currency: str) -> str:
    """Return the id under which what is learned for one KPI and currency is kept."""
    return ":".join(filter(None, (curve.curve_id, kpi, currency)))


def _mean(past: Sequence[Past], point: Decimal) -> Decimal:
    return sum((p.share(point) for p in past), NONE) / len(past)


def _lay(
    shape: dict[date, Decimal], period: Span, weight: Decimal, shares: Sequence[Decimal]
) -> None:
    """Note the weight of each day of a period, such that they add up to the period's exactly."""
    rising = [*accumulate(shares[:-1], max), Decimal(1)]
    sums = [(weight * share).quantize(STEP, ROUND_HALF_EVEN) for share in rising]
    for n, day in enumerate(period.each()):
        shape[day] = sums[n + 1] - sums[n]


def _laid(curve_id: str, span: Span, shape: Mapping[date, Decimal], note: str) -> Curve:
    weights = (shape[span.start + n * DAY] for n in range(span.days))
    return Curve(curve_id, span, list(accumulate(weights, initial=NONE)), note)
