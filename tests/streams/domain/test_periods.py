"""Fiscal calendars against published ones, and what holds for all of them."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.calendars import FiscalWeeks, WeekPattern, YearName, YearStart
from schemas.definitions import Company
from schemas.quotas import PeriodKind
from streams.domain.periods import (
    DAY,
    Span,
    fiscal_of,
    fiscal_year,
    fiscal_year_of,
    kind_of,
    months_later,
    period_of,
    periods,
    previous,
    week_of,
)


def company(**changed: object) -> Company:
    given = {"name": "A", "reporting_currency": "EUR", "time_zone": "UTC", **changed}
    return Company(**given)


RETAIL = company(
    week_start=7, fiscal_year_start_month=2, fiscal_year_named=YearName.START,
    fiscal_weeks=FiscalWeeks(pattern=WeekPattern.FOUR_FIVE_FOUR),
)  # fmt: skip
COMPANIES = st.builds(
    company,
    week_start=st.integers(1, 7),
    fiscal_year_start_month=st.integers(1, 12),
    fiscal_year_named=st.sampled_from(YearName),
    fiscal_weeks=st.none()
    | st.builds(
        FiscalWeeks, pattern=st.sampled_from(WeekPattern), start=st.sampled_from(YearStart),
        week_53_in=st.integers(1, 12),
    ),
)  # fmt: skip
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


# National Retail Federation, 4-5-4 calendar: https://nrf.com/resources/4-5-4-calendar
@pytest.mark.parametrize(
    ("year", "first", "last", "weeks"),
    [
        (2012, date(2012, 1, 29), date(2013, 2, 2), 53),
        (2017, date(2017, 1, 29), date(2018, 2, 3), 53),
        (2022, date(2022, 1, 30), date(2023, 1, 28), 52),
        (2023, date(2023, 1, 29), date(2024, 2, 3), 53),
        (2024, date(2024, 2, 4), date(2025, 2, 1), 52),
    ],
)
def test_the_retail_year_is_the_one_the_federation_publishes(
    year: int, first: date, last: date, weeks: int
) -> None:
    found = fiscal_year(year, RETAIL)
    assert (found.name, found.span) == (year, Span(first, last + DAY))
    assert found.span.days == weeks * 7
    assert [m.days // 7 for m in found.months] == [4, 5, 4] * 3 + [4, 5, 4 + weeks - 52]


def test_a_year_may_end_on_the_last_saturday_of_a_month() -> None:
    """Apple Inc., form 10-K: 52 or 53 weeks that end on the last Saturday of September."""
    apple = company(
        week_start=7, fiscal_year_start_month=10,
        fiscal_weeks=FiscalWeeks(pattern=WeekPattern.FOUR_FOUR_FIVE, start=YearStart.LAST),
    )  # fmt: skip
    ends = {y.name: y.span.end - DAY for y in (fiscal_year(n, apple) for n in range(2016, 2024))}
    assert ends[2017] == date(2017, 9, 30)
    assert ends[2022] == date(2022, 9, 24)
    assert ends[2023] == date(2023, 9, 30)
    assert ends[2024] == date(2024, 9, 28)
    assert fiscal_year_of(ends[2023], apple).span.days == 53 * 7


def test_a_year_of_months_is_called_after_its_start_or_its_end() -> None:
    july = company(fiscal_year_start_month=7)
    assert fiscal_of(date(2026, 6, 30), july)[:3] == (2026, 4, 12)
    assert fiscal_of(date(2026, 7, 1), july)[:3] == (2027, 1, 1)
    starts = company(fiscal_year_start_month=7, fiscal_year_named=YearName.START)
    assert fiscal_of(date(2026, 7, 1), starts).year == 2026
    assert fiscal_of(date(2026, 7, 1), company()) == (2026, 3, 7, 27)


@settings(max_examples=60)
@given(day=DAYS, company=COMPANIES, kind=st.sampled_from(PeriodKind))
def test_every_day_lies_in_one_period_and_periods_follow_each_other(
    day: date, company: Company, kind: PeriodKind
) -> None:
    here = period_of(day, kind, company)
    assert day in here
    assert kind_of(here, company) in {kind, PeriodKind.MONTH, PeriodKind.QUARTER}
    before = previous(here, kind, company)
    assert before.end == here.start
    assert period_of(here.end, kind, company).start == here.end
    tiles = periods(Span(before.start, here.end), kind, company)
    assert tiles == (before, here)


@given(day=DAYS, company=COMPANIES)
def test_a_year_is_whole_and_its_parts_make_it_up(day: date, company: Company) -> None:
    year = fiscal_year_of(day, company)
    assert day in year.span
    for kind in PeriodKind:
        parts = year.parts(kind)
        assert parts[0].start == year.span.start
        assert parts[-1].end == year.span.end
        assert all(a.end == b.start for a, b in pairwise(parts))
    if company.fiscal_weeks:
        assert year.span.days in {364, 371}
        assert year.span.start.isoweekday() == company.week_start
        nominal = year.span.start + timedelta(days=10)
        assert abs((date(nominal.year, company.fiscal_year_start_month, 1)
                    - year.span.start).days) <= 6  # fmt: skip
    assert 1 <= fiscal_of(day, company).week <= 54
    assert day in week_of(day, company)


@given(day=DAYS, months=st.integers(0, 60))
def test_months_later_keeps_the_day_or_takes_the_last_one(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year * 12 + later.month) == day.year * 12 + day.month + months
    assert later.day == day.day or (later + DAY).day == 1
