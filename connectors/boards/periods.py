"""Periods of a board: which days count, given the clock.

A day is a date in the rep's own zone, given to a fact when it was folded; here it is only a label.
TODAY holds, for each rep, today's date in that rep's zone. WEEK, MONTH and QUARTER hold the same
days for everyone, those around today's date in the company's zone, so that all are ranked over
equal spans; they roll over together at the company's midnight.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.definitions import Company

BACK_DAYS = 8  # yesterday of the zone furthest behind, and the whole of last week


class Period(StrEnum):
    """What a board can be limited to."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


class Span(NamedTuple):
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end


def today_in(zone: str, now: datetime) -> date:
    """Return the date of an aware instant in an IANA zone.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    return now.astimezone(ZoneInfo(zone)).date()


def midnight_in(zone: str, now: datetime) -> datetime:
    """Return the first instant of the day it is in an IANA zone."""
    day = today_in(zone, now)
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def span_of(period: Period, today: date, company: Company) -> Span:
    """Return the span of a kind that holds a date.

    >>> from datetime import date
    >>> company = Company(name="A", reporting_currency="EUR", time_zone="UTC")
    >>> span_of(Period.WEEK, date(2026, 11, 22), company).start
    datetime.date(2026, 11, 16)
    """
    if period is Period.TODAY:
        return Span(today, today + timedelta(days=1))
    if period is Period.WEEK:
        start = today - timedelta(days=(today.isoweekday() - company.week_start) % 7)
        return Span(start, start + timedelta(days=7))
    if period is Period.MONTH:
        start = today.replace(day=1)
        return Span(start, _months_later(start, 1))
    into_quarter = (today.month - company.fiscal_year_start_month) % 3
    start = _months_later(today.replace(day=1), -into_quarter)
    return Span(start, _months_later(start, 3))


def first_day(today: date, company: Company) -> date:
    """Return the earliest day any board needs: the quarter's first, or last week's."""
    return min(
        span_of(Period.QUARTER, today, company).start,
        today - timedelta(days=BACK_DAYS),
    )


def _months_later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
