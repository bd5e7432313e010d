"""Periods that KPIs are told of: grains by the company's calendar, windows that end today."""

import re
from datetime import date, timedelta
from enum import StrEnum

from schemas.definitions import Company
from schemas.quotas import PeriodKind
from streams.domain.periods import FiscalYear, Span, fiscal_year, period_of, week_of

FORMS = (
    "2026, 2026-Q3 and 2026-10 of the fiscal calendar's years and quarters, 2026-W41, 2026-10-05, "
    "last-30-days, or 2026-10-05..2026-10-09"
)
WINDOW_DAYS_MAX = 3_660  # ten years
_WINDOW = re.compile(r"last-(\d{1,4})-days?")
_KINDS = {"month": PeriodKind.MONTH, "quarter": PeriodKind.QUARTER, "year": PeriodKind.YEAR}


class Grain(StrEnum):
    """How long a period is. Windows have one period each, which ends with today."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"
    LAST_90_DAYS = "last_90_days"

    @property
    def window(self) -> int:
        """Days of a window, 0 for a period of the calendar."""
        found = re.fullmatch(r"last_(\d+)_days", self)
        return int(found[1]) if found else 0


def period(grain: Grain, day: date, company: Company, today: date) -> Span:
    """Return the period of a grain that a day lies in; of a window the one there is."""
    if grain.window:
        return window(grain.window, today)
    if grain is Grain.DAY:
        return Span(day, day + timedelta(days=1))
    if grain is Grain.WEEK:
        return week_of(day, company)
    return period_of(day, _KINDS[grain], company)


def window(days: int, today: date) -> Span:
    """Return so many days that end with today."""
    return Span(today - timedelta(days=days - 1), today + timedelta(days=1))


def before(span: Span, company: Company) -> Span:
    """Return the period before: of the fiscal calendar the one before, else as many days."""
    last = span.start - timedelta(days=1)
    for kind in PeriodKind:
        if period_of(span.start, kind, company) == span:
            return period_of(last, kind, company)
    return Span(span.start - timedelta(days=span.days), span.start)


def span_of(text: str, company: Company, today: date) -> Span:
    """Return the days a person means.

    Years and quarters are fiscal. A week is called after the ISO week of its Monday.

    Raises:
        ValueError: it is no period; the message says how to write one.

    >>> company = Company(name="A", reporting_currency="EUR", time_zone="UTC")
    >>> span_of("2026-Q3", company, date(2026, 11, 22)).end
    datetime.date(2026, 10, 1)
    """
    first, dots, last = text.strip().partition("..")
    try:
        found = _single(first, company, today)
        if dots:
            found = Span(found.start, _single(last, company, today).end)
    except ValueError:
        raise ValueError(f"{text!r} is no period; write {FORMS}") from None
    if found.days <= 0:
        raise ValueError(f"{text!r} ends before it begins; swap its ends")
    return found


def _single(text: str, company: Company, today: date) -> Span:
    if match := _WINDOW.fullmatch(text):
        days = int(match[1])
        if not 0 < days <= WINDOW_DAYS_MAX:
            raise ValueError(text)
        return window(days, today)
    if re.fullmatch(r"\d{4}", text):
        return _fiscal_year(int(text), company).span
    if match := re.fullmatch(r"(\d{4})-[Qq]([1-4])", text):
        return _fiscal_year(int(match[1]), company).parts(PeriodKind.QUARTER)[int(match[2]) - 1]
    if match := re.fullmatch(r"(\d{4})-[Ww](\d{1,2})", text):
        return week_of(date.fromisocalendar(int(match[1]), int(match[2]), 1), company)
    if re.fullmatch(r"\d{4}-\d{2}", text):
        middle = date.fromisoformat(f"{text}-15")
        return period_of(middle, PeriodKind.MONTH, company)
    day = date.fromisoformat(text)
    return Span(day, day + timedelta(days=1))


def _fiscal_year(name: int, company: Company) -> FiscalYear:
    found = fiscal_year(name, company)
    return found if found.name == name else fiscal_year(2 * name - found.name, company)
