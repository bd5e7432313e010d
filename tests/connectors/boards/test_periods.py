from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.boards.periods import Period, first_day, span_of, today_in
from schemas.definitions import Company
from tests.connectors.boards.ground import utc


def company(**changes: object) -> Company:
    return Company(name="A", reporting_currency="EUR", time_zone="UTC", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("period", "today", "changes", "start", "end"),
    [
        (Period.TODAY, "2026-12-31", {}, "2026-12-31", "2027-01-01"),
        (Period.WEEK, "2026-11-22", {}, "2026-11-16", "2026-11-23"),
        (Period.WEEK, "2026-11-22", {"week_start": 7}, "2026-11-22", "2026-11-29"),
        (Period.WEEK, "2027-01-01", {}, "2026-12-28", "2027-01-04"),
        (Period.MONTH, "2028-02-29", {}, "2028-02-01", "2028-03-01"),
        (Period.MONTH, "2026-12-05", {}, "2026-12-01", "2027-01-01"),
        (Period.QUARTER, "2026-11-22", {}, "2026-10-01", "2027-01-01"),
        (Period.QUARTER, "2026-01-31", {"fiscal_year_start_month": 2}, "2025-11-01", "2026-02-01"),
        (Period.QUARTER, "2026-02-01", {"fiscal_year_start_month": 2}, "2026-02-01", "2026-05-01"),
        (Period.QUARTER, "2026-12-31", {"fiscal_year_start_month": 12}, "2026-12-01", "2027-03-01"),
    ],
)
def test_spans(period: Period, today: str, changes: dict[str, int], start: str, end: str) -> None:
    span = span_of(period, date.fromisoformat(today), company(**changes))
    assert (span.start.isoformat(), span.end.isoformat()) == (start, end)


@given(
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.sampled_from(Period),
    st.integers(1, 7),
    st.integers(1, 12),
)
def test_a_period_holds_today_and_periods_tile_the_calendar(
    today: date, period: Period, week_start: int, month: int
) -> None:
    at = company(week_start=week_start, fiscal_year_start_month=month)
    span = span_of(period, today, at)
    assert today in span
    assert span_of(period, span.end, at).start == span.end
    assert span_of(period, span.end - timedelta(days=1), at) == span
    assert first_day(today, at) <= span.start


def test_a_day_is_that_of_the_zone() -> None:
    now = utc("2026-11-22T23:30:00")
    assert today_in("America/Los_Angeles", now) == date(2026, 11, 22)
    assert today_in("Europe/Berlin", now) == date(2026, 11, 23)
