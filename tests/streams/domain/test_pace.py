"""Pace: published cases with their sources, the guards, and what holds for every curve."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import Company
from schemas.quotas import Curve as CurveOf
from schemas.quotas import CurveShape, PeriodKind
from streams.domain.curves import Course, Curve, business, learned, linear, past_of, weighted
from streams.domain.pace import Pace, pace
from streams.domain.periods import DAY, Span, fiscal_year
from streams.domain.workdays import EVERYWHERE, Workdays, ordinals

COMPANY = Company(name="A", reporting_currency="EUR", time_zone="UTC")
APRIL = Span(date(2026, 4, 1), date(2026, 5, 1))
D = Decimal


def at(
    actual: object, quota: object, day: date, span: Span = APRIL, curve: Curve | None = None,
    *, counts: bool = True,
) -> Pace:  # fmt: skip
    plan = Course(curve or linear(span), span)
    work = Course(business(span, EVERYWHERE), span)
    return pace(D(str(actual)), D(str(quota)), plan, work, day, day_counts=counts)


def test_forty_thousand_by_day_ten_of_thirty_is_a_hundred_and_twenty() -> None:
    """W74: https://cal76.calculator.city/?p=2254: 4,000 a day, 120,000 projected."""
    found = at(40_000, 90_000, date(2026, 4, 10))
    assert found.projected_amount == 120_000
    assert found.projected_amount / 30 == 4_000


def test_attainment_and_pace_attainment_of_a_quarter() -> None:
    """W78: https://codingace.net/crmp/sales_attainment.html: 240,000 of 300,000: 80 % and 96 %.

    96 % follows from 75 of 90 days. The same table's January (70,000 of 90,000: 77.78 % and
    103.33 %) implies 0.7527 of a month, which no whole number of days of any month is: 23 of 31
    days give 104.83 %, 24 give 100.46 %. Week 6 (19,500 of 25,000: 78 % and 104 %) implies 0.75.
    """
    quarter = Span(date(2026, 1, 1), date(2026, 4, 1))
    found = at(240_000, 300_000, date(2026, 3, 16), quarter)
    assert (found.attainment_ratio, found.elapsed_ratio) == (D("0.8"), D("0.833333"))
    assert found.pace_ratio == D("0.96")
    january = Span(date(2026, 1, 1), date(2026, 2, 1))
    told = [at(70_000, 90_000, date(2026, 1, n), january) for n in (23, 24)]
    assert [p.attainment_ratio for p in told] == [D("0.777778")] * 2
    assert [p.pace_ratio for p in told] == [D("1.048309"), D("1.00463")]
    ratios = {
        at(70_000, 90_000, s.start + timedelta(n), s).pace_ratio
        for s in (Span(date(2026, m, 1), date(2026, m + 1, 1)) for m in (1, 2, 4))
        for n in range(s.days)
    }
    assert not any(abs(r - D("1.0333")) < D("0.0001") for r in ratios if r)
    week = Span(date(2026, 2, 2), date(2026, 2, 6))  # three of four days
    assert at(19_500, 25_000, date(2026, 2, 4), week).pace_ratio == D("1.04")


@pytest.mark.parametrize(("counts", "right"), [(True, "0.5"), (False, "0.466667")])
def test_whether_today_counts_is_a_parameter(counts: bool, right: str) -> None:
    """W79: https://help.engagedly.com/automatic-status-updates-for-goals: 50 % on 15 April.

    Published with today counted; without it 14 of 30 days are due.
    """
    assert at(0, 100, date(2026, 4, 15), counts=counts).elapsed_ratio == D(right)


def test_a_period_with_six_percent_of_the_year_is_asked_for_six_percent() -> None:
    """W80: http://members.stocktrac.com/?p=1129: 307 open days, 26 of them carry 6 % of the year.

    Published: annual 642,574, 2,093 a day, weight 0.708461538, goal 38,553. The goal comes from the
    rounded 2,093; exact it is 6 % of 642,573.913 = 38,554.43: the day weight cancels out.
    """
    annual = (D(150_000) + D(219_480)) / (D("0.63") - D("0.055"))
    assert round(annual, 3) == D("642573.913")
    year = fiscal_year(2026, COMPANY)
    weights = {n: D(8) for n in range(1, 12)} | {1: D(6), 12: D(14)}
    shape = CurveOf(curve_id="year", shape=CurveShape.WEIGHTS, by=PeriodKind.MONTH, weights=weights)
    curve = weighted(year.span, shape, EVERYWHERE, COMPANY)
    last = year.months[0].end - DAY
    found = at(0, round(annual, 4), last, year.span, curve)
    assert (found.elapsed_ratio, found.plan_to_date) == (D("0.06"), D("38554.4348"))
    assert 26 * 2_093 * D("0.708461538") < D("38553.1")


def test_guards() -> None:
    first = at(10, 100, APRIL.start, counts=False)
    assert (first.projected_amount, first.pace_ratio, first.plan_to_date) == (None, None, 0)
    assert first.business_days_left == 22
    nothing = at(10, 0, date(2026, 4, 10))
    assert (nothing.attainment_ratio, nothing.pace_ratio) == (None, None)
    for day in (date(2026, 4, 30), date(2026, 9, 1)):
        over = at(40, 100, day)
        assert (over.projected_amount, over.plan_to_date, over.elapsed_ratio) == (40, 100, 1)
        assert (over.required_per_business_day, over.business_days_left) == (None, 0)
    ahead = at(150, 100, date(2026, 4, 10))
    assert (ahead.remaining_amount, ahead.required_per_business_day) == (0, 0)
    assert ahead.gap_amount == D("33.3333") - 150


def test_required_per_day_leaves_out_days_off_and_leave() -> None:
    leave = {date(2026, 4, 29): D(1), date(2026, 4, 30): D("0.5")}
    work = Course(business(APRIL, EVERYWHERE), APRIL, leave)
    plan = Course(linear(APRIL), APRIL)
    found = pace(D(40), D(100), plan, work, date(2026, 4, 24), day_counts=True)
    assert found.business_days_left == D("2.5")
    assert found.required_per_business_day == 24


def test_a_kpi_that_does_not_add_up_has_the_quota_as_its_plan() -> None:
    plan = Course(linear(APRIL), APRIL)
    found = pace(D("0.2"), D("0.25"), plan, plan, APRIL.start, day_counts=False, is_additive=False)
    assert (found.plan_to_date, found.pace_ratio) == (D("0.25"), D("0.8"))
    assert (found.projected_amount, found.required_per_business_day) == (None, None)


def test_of_a_rate_that_is_better_when_lower_the_ratio_is_the_other_way_round() -> None:
    plan = Course(linear(APRIL), APRIL)

    def at(actual: Decimal | None) -> Pace:
        return pace(actual, D(30), plan, plan, APRIL.start, day_counts=True, is_additive=False,
                    is_lower_better=True)  # fmt: skip

    assert (at(D(40)).attainment_ratio, at(D(40)).gap_amount) == (D("0.75"), 10)
    assert (at(D(20)).pace_ratio, at(D(20)).gap_amount) == (D("1.5"), -10)
    assert (at(D(40)).remaining_amount, at(D(20)).remaining_amount) == (10, 0)
    assert (at(D(0)).attainment_ratio, at(D(0)).gap_amount) == (None, -30)


def test_of_an_empty_kpi_nothing_is_said_but_what_was_due() -> None:
    plan = Course(linear(APRIL), APRIL)
    found = pace(None, D("0.25"), plan, plan, APRIL.start, day_counts=True, is_additive=False)
    assert (found.plan_to_date, found.elapsed_ratio) == (D("0.25"), D("0.033333"))
    assert {found.actual, found.attainment_ratio, found.pace_ratio, found.gap_amount,
            found.remaining_amount, found.projected_amount} == {None}  # fmt: skip


def test_a_learned_curve_is_where_past_quarters_stood_and_says_when_it_knows_too_little() -> None:
    shape = CurveOf(curve_id="own", shape=CurveShape.LEARNED, by=PeriodKind.QUARTER,
                    evidence_periods_min=2)  # fmt: skip
    past = []
    for month, first_half in ((1, 20), (4, 40)):
        span = Span(date(2025, month, 1), date(2025, month + 3, 1))
        by_day = {span.start: D(first_half), span.end - DAY: D(100 - first_half)}
        past.append(past_of(span, by_day))
    span = Span(date(2026, 1, 1), date(2026, 4, 1))
    curve = learned(span, shape, "own", past, COMPANY)
    assert curve.note == "learned from 2 past quarters"
    assert curve.before(date(2026, 2, 15)) == D("0.3")  # the mean: each quarter counts the same
    assert curve.before(span.end) == 1
    few = learned(span, shape, "own", past[:1], COMPANY)
    assert few.note == "linear: 1 of the 2 past quarters needed"
    assert few.before(date(2026, 2, 15)) == D("0.5")


SPANS = st.builds(
    lambda day, n: Span(day, day + timedelta(n)),
    st.dates(date(2024, 1, 1), date(2027, 1, 1)),
    st.integers(1, 70),
)
WEIGHTS = st.lists(st.integers(0, 9), min_size=12, max_size=12).filter(any)


def _curves(span: Span, weights: list[int], work: Workdays) -> list[Curve]:
    shape = CurveOf(curve_id="w", shape=CurveShape.WEIGHTS, by=PeriodKind.MONTH,
                    weights={n: D(w) for n, w in enumerate(weights, 1)})  # fmt: skip
    return [linear(span), business(span, work), weighted(span, shape, work, COMPANY)]


@settings(max_examples=30)
@given(span=SPANS, weights=WEIGHTS, days=st.frozensets(st.integers(1, 7), min_size=1))
def test_a_plan_never_falls_and_ends_at_the_quota(
    span: Span, weights: list[int], days: frozenset[int]
) -> None:
    for curve in _curves(span, weights, Workdays(days)):
        due = [at(1, 1000, day, span, curve).plan_to_date for day in span.each()]
        assert due == sorted(due)
        assert due[-1] == 1000
        cut = span.start + timedelta(span.days // 2)
        whole, halves = Course(curve, span), (Span(span.start, cut), Span(cut, span.end))
        assert sum(Course(curve, half).total for half in halves) == whole.total


@settings(max_examples=40)
@given(span=SPANS, work=st.frozensets(st.integers(1, 7), min_size=1))
def test_the_linear_curve_is_the_share_of_days_and_business_days_are_ordinals(
    span: Span, work: frozenset[int]
) -> None:
    calendar = Workdays(work)
    count = ordinals(calendar, span)
    curve = business(span, calendar)
    for n, day in enumerate(span.each(), 1):
        assert at(0, span.days, day, span).plan_to_date == n
        assert curve.before(day + DAY) == count[day][0]


@given(
    actual=st.decimals(-(10**6), 10**9, places=4), quota=st.decimals("0.01", 10**9, places=2),
    span=SPANS, n=st.integers(0, 119), counts=st.booleans(),
)  # fmt: skip
def test_who_goes_on_like_this_ends_where_projected(
    actual: Decimal, quota: Decimal, span: Span, n: int, counts: bool
) -> None:
    found = at(actual, quota, span.start + timedelta(min(n, span.days - 1)), span, counts=counts)
    assert found.gap_amount == found.plan_to_date - actual
    if found.projected_amount is not None:
        ahead = found.projected_amount >= quota
        assert ahead == (actual >= found.plan_to_date) or abs(found.gap_amount) < D("0.001")
    if found.required_per_business_day is not None:
        reached = found.required_per_business_day * found.business_days_left
        assert abs(reached - found.remaining_amount) <= found.business_days_left * D("0.0001")
