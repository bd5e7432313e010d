"""Periods of calendars and fiscal years: which one a day lies in, and which come before it. Pure.

A period is half-open. Fiscal years are made of calendar months from a start month, or of 52 or 53
whole weeks in quarters of 13, which split 4-4-5, 4-5-4 or 5-4-4.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate, pairwise
from typing import NamedTuple

from schemas.calendars import FiscalWeeks, YearName, YearStart
from schemas.definitions import Company
from schemas.quotas import PeriodKind

DAY = timedelta(days=1)
_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}


class Span(NamedTuple):
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end

    @property
    def days(self) -> int:
        """Calendar days: the first counts, the end does not."""
        return (self.end - self.start).days

    def each(self) -> Iterator[date]:
        """Yield its days."""
        return (self.start + timedelta(days=n) for n in range(self.days))

    def within(self, other: "Span") -> "Span":
        """Return what both have in common; empty (end = start) for nothing."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.end, other.end)))


class Fiscal(NamedTuple):
    """Where a day stands in its fiscal year.

    Attributes:
        year: the calendar year the fiscal year is called after.
        quarter, month, week: from 1. Weeks begin with the year, or as the company's weeks do.
    """

    year: int
    quarter: int
    month: int
    week: int


class FiscalYear(NamedTuple):
    """One fiscal year: its name and its twelve periods in order."""

    name: int
    months: tuple[Span, ...]

    @property
    def span(self) -> Span:
        """The whole of it."""
        return Span(self.months[0].start, self.months[-1].end)

    def parts(self, kind: PeriodKind) -> tuple[Span, ...]:
        """Return its periods of a kind in order."""
        step = _MONTHS[kind]
        return tuple(
            Span(self.months[i].start, self.months[i + step - 1].end) for i in range(0, 12, step)
        )


def period_of(day: date, kind: PeriodKind, company: Company) -> Span:
    """Return the fiscal month, quarter or year a day lies in.

    >>> company = Company(name="A", reporting_currency="EUR", time_zone="UTC")
    >>> period_of(date(2026, 11, 22), PeriodKind.QUARTER, company).start
    datetime.date(2026, 10, 1)
    """
    return next(p for p in fiscal_year_of(day, company).parts(kind) if day in p)


def previous(span: Span, kind: PeriodKind, company: Company) -> Span:
    """Return the period of a kind before the one that begins a span."""
    return period_of(span.start - DAY, kind, company)


def kind_of(span: Span, company: Company) -> PeriodKind | None:
    """Return the kind of period a span is; None: it is none of the fiscal calendar's."""
    return next((k for k in PeriodKind if period_of(span.start, k, company) == span), None)


def periods(span: Span, kind: PeriodKind, company: Company) -> tuple[Span, ...]:
    """Return the periods of a kind that have a day in a span, in order."""
    found = []
    day = span.start
    while day < span.end:
        found.append(period_of(day, kind, company))
        day = found[-1].end
    return tuple(found)


def week_of(day: date, company: Company) -> Span:
    """Return the week a day lies in, beginning on the company's weekday."""
    start = day - timedelta(days=(day.isoweekday() - company.week_start) % 7)
    return Span(start, start + 7 * DAY)


def fiscal_of(day: date, company: Company) -> Fiscal:
    """Return where a day stands in its fiscal year."""
    year = fiscal_year_of(day, company)
    month = next(i for i, p in enumerate(year.months) if day in p)
    return _fiscal(day, year, month, week_of(year.span.start, company).start)


def fiscal_days(year: FiscalYear, company: Company) -> Iterator[tuple[date, Fiscal]]:
    """Yield the days of a fiscal year in order, and where each stands in it."""
    first = week_of(year.span.start, company).start
    for n, month in enumerate(year.months):
        for day in month.each():
            yield day, _fiscal(day, year, n, first)


def _fiscal(day: date, year: FiscalYear, month: int, first_week: date) -> Fiscal:
    return Fiscal(year.name, month // 3 + 1, month + 1, (day - first_week).days // 7 + 1)


def fiscal_year_of(day: date, company: Company) -> FiscalYear:
    """Return the fiscal year a day lies in."""
    nominal = day.year + 1
    while _begins(nominal, company) > day:
        nominal -= 1
    return fiscal_year(nominal, company)


def fiscal_year(nominal: int, company: Company) -> FiscalYear:
    """Return the fiscal year whose nominal first day lies in a calendar year.

    Source: National Retail Federation, 4-5-4 calendar: weeks from Sunday, the year begins on the
    one nearest to 1 February, and every five or six years a 53rd week is added to the last period.
    """
    start_month = company.fiscal_year_start_month
    ends_later = company.fiscal_year_named is YearName.END and start_month > 1
    weeks = company.fiscal_weeks
    if weeks is None:
        firsts = [_month(nominal, start_month + n) for n in range(13)]
    else:
        begin, end = _begins(nominal, company), _begins(nominal + 1, company)
        firsts = [begin + n * 7 * DAY for n in _week_bounds(weeks, (end - begin).days // 7)]
    spans = tuple(Span(a, b) for a, b in pairwise(firsts))
    return FiscalYear(nominal + ends_later, spans)


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day where it has no such day.

    >>> months_later(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    first = _month(day.year, day.month + months)
    last = _month(day.year, day.month + months + 1) - DAY
    return min(first + timedelta(days=day.day - 1), last)


def _begins(nominal: int, company: Company) -> date:
    first = _month(nominal, company.fiscal_year_start_month)
    if company.fiscal_weeks is None:
        return first
    on_or_before = week_of(first, company).start
    if company.fiscal_weeks.start is YearStart.LAST:
        return on_or_before
    return on_or_before if (first - on_or_before).days <= 3 else on_or_before + 7 * DAY


def _week_bounds(weeks: FiscalWeeks, total: int) -> list[int]:
    lengths = [int(n) for n in weeks.pattern.value.split("-")] * 4
    if total == 53:
        lengths[weeks.week_53_in - 1] += 1
    assert sum(lengths) == total, f"a fiscal year of {total} weeks"
    return list(accumulate(lengths, initial=0))


def _month(year: int, month: int) -> date:
    """Return the first of a month; month 13 is January of the next year."""
    years, month = divmod(month - 1, 12)
    return date(year + years, month + 1, 1)
