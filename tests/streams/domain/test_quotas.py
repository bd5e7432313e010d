"""What quotas ask for: published cases with their sources, and what holds for all."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.quotas import DayCount, Proration, Quota, QuotaChange, QuotaOwner, Ramp
from streams.domain.periods import Span
from streams.domain.quotas import Terms, allocated, effective, employment, shared
from streams.domain.workdays import Workdays

CENT = Decimal("0.01")
YEAR = Span(date(2019, 1, 1), date(2020, 1, 1))


def quota(amount: object, span: Span = YEAR, **changed: object) -> Quota:
    return Quota(
        quota_id="q", owner_kind=QuotaOwner.REP, owner_id="r", kpi="revenue",
        period_start=span.start, period_end=span.end, amount=amount,
        **{"currency": "EUR", "proration": Proration.EMPLOYMENT, **changed},
    )  # fmt: skip


def since(day: date) -> Terms:
    return Terms(employed=(Span(day, date(2199, 12, 31)),))


def test_a_hire_on_the_first_of_june_is_asked_for_214_of_365_days() -> None:
    """W58: https://seanmmasters.com/2019/11/03/sales-compensation-ramp-goals-for-new-hires/.

    Published 58.63 %, "470k" of 800k and "44k" of 75k. 214/365 of 800,000 is 469,041.10, so 470k is
    loose rounding (469k is nearer); of 75,000 it is 43,972.60.
    """
    hired = since(date(2019, 6, 1))
    asked = effective(quota(800_000), hired)
    assert asked.amount == Decimal("469041.10")
    assert [p.days for p in asked.parts] == [0, 214]
    assert effective(quota(75_000), hired).amount == Decimal("43972.60")


@pytest.mark.parametrize(("day", "right"), [(15, "10.6667"), (21, "6.6667")])
def test_a_hire_in_the_middle_of_a_month_counts_the_first_day(day: int, right: str) -> None:
    """W59, same post: published 10 and 6 of 20, which is 15/30 and 9/30 without the first day.

    The same author's 214 days of a year do have the first day. One day count for both has it too:
    16/30 and 10/30.
    """
    april = Span(date(2019, 4, 1), date(2019, 5, 1))
    asked = effective(quota(20, april, currency=None), since(date(2019, 4, day)))
    assert asked.amount == Decimal(right)


def test_a_ramped_quota_rises_month_by_month_since_the_hire() -> None:
    """W61: support2.salescookie.com, recipe "how to configure ramped quotas".

    https://support2.salescookie.com/portal/en/kb/articles/kb-recipe-how-to-configure-ramped-quotas
    """
    ramp = Ramp(ramp_id="new", amounts={1: 10_000, 2: 20_000, 3: 30_000})
    terms = since(date(2019, 1, 1))._replace(ramp=ramp)
    months = [Span(date(2019, n, 1), date(2019, n + 1, 1)) for n in range(1, 7)]
    asked = [effective(quota(45_000, month), terms).amount for month in months]
    assert asked == [10_000, 20_000, 30_000, 45_000, 45_000, 45_000]
    shares = Ramp(ramp_id="new", shares={1: "0.25", 2: "0.5", 3: "0.75"})
    middle = since(date(2019, 1, 16))._replace(ramp=shares)
    february = effective(quota(2800, months[1], proration=Proration.NONE), middle)
    assert [(p.days, p.level) for p in february.parts] == [(15, 700), (13, 1400)]
    assert february.amount == Decimal("1025.00")
    assert "month 2 since 2019-01-16" in february.parts[1].why[1]


def test_leave_takes_working_days_out_of_a_target() -> None:
    """W63: https://help.ambition.com/articles/1275877375: target x workdays present / workdays.

    Published as a formula only: 100 x 17/22 = 77.2727.
    """
    january = Span(date(2026, 10, 1), date(2026, 11, 1))
    week = {date(2026, 10, 5) + timedelta(n): Decimal(1) for n in range(7)}
    terms = Terms(
        employed=(Span(date(2020, 1, 1), date(2199, 12, 31)),),
        workdays=Workdays(leave=week),
        day_count=DayCount.BUSINESS_DAYS,
    )
    asked = effective(quota(100, january, currency=None, proration=Proration.PRESENCE), terms)
    assert (asked.of_days, asked.parts[0].days) == (22, 17)
    assert asked.amount == Decimal("77.2727")
    there = effective(quota(100, january, currency=None), terms)
    assert there.amount == 100


def test_a_change_within_the_period_blends_both_amounts() -> None:
    june = Span(date(2026, 6, 1), date(2026, 7, 1))
    change = QuotaChange(on=date(2026, 6, 11), amount=60)
    asked = effective(quota(30, june, changes=(change,)), Terms())
    assert [(p.days, p.level, p.amount) for p in asked.parts] == [(10, 30, 10), (20, 60, 40)]
    assert asked.amount == 50
    assert asked.parts[1].why == ("changed to 60 on 2026-06-11",)


def test_weights_of_quarters_split_a_year() -> None:
    assert allocated(Decimal(1_000_000), [Decimal(n) for n in (20, 20, 20, 40)], CENT) == [
        200_000, 200_000, 200_000, 400_000,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="does not split"):
        allocated(Decimal(1), [Decimal(0)], CENT)


def test_stints_that_touch_are_one_employment_and_a_gap_begins_another() -> None:
    a, b, c = (Span(date(y, 1, 1), date(y + 1, 1, 1)) for y in (2020, 2021, 2023))
    assert employment([c, b, a]) == (Span(a.start, b.end), c)


AMOUNTS = st.decimals(Decimal("0.01"), Decimal(10**9), places=2)
DAYS = st.dates(date(2024, 1, 1), date(2027, 1, 1))
WORK = st.builds(Workdays, st.frozensets(st.integers(1, 7), min_size=1))
COUNTS = st.sampled_from(DayCount)


@given(
    parts=st.lists(st.fractions(0, 10**6), min_size=1, max_size=8),
    unit=st.sampled_from([Decimal(1), CENT, Decimal("0.0001")]),
)
def test_shares_add_up_to_the_rounded_whole_and_none_is_a_unit_off(
    parts: list[Fraction], unit: Decimal
) -> None:
    found = shared(parts, unit)
    assert sum(found) == round(sum(parts, Fraction(0)) / Fraction(unit)) * unit
    assert all(abs(Fraction(a) - b) <= Fraction(unit) for a, b in zip(found, parts, strict=True))


@given(
    amount=AMOUNTS, start=DAYS, days=st.integers(2, 400), cut=st.integers(1, 399),
    counted=st.tuples(WORK, COUNTS),
)  # fmt: skip
def test_who_leaves_and_who_takes_over_are_asked_for_the_whole_together(
    amount: Decimal, start: date, days: int, cut: int, counted: tuple[Workdays, DayCount]
) -> None:
    """Two reps who share a seat: what one is not asked for, the other is, to a minor unit."""
    span, day = Span(start, start + timedelta(days)), start + timedelta(min(cut, days - 1))
    before, after = Span(date(2000, 1, 1), day), Span(day, date(2199, 12, 31))
    terms = Terms(workdays=counted[0], day_count=counted[1])
    one, two = (
        effective(quota(amount, span), terms._replace(employed=(run,))) for run in (before, after)
    )
    assert abs(one.amount + two.amount - amount) <= CENT
    both = effective(quota(amount, span), terms._replace(employed=(Span(before.start, after.end),)))
    assert both.amount == amount
    changed = quota(amount, span, changes=(QuotaChange(on=day, amount=amount),))
    blended = effective(changed, terms)
    assert sum(p.amount for p in blended.parts) == blended.amount == amount


@given(amount=AMOUNTS, start=DAYS, days=st.integers(1, 400), hired=DAYS, later=st.integers(0, 90))
def test_who_comes_later_is_never_asked_for_more(
    amount: Decimal, start: date, days: int, hired: date, later: int
) -> None:
    span = Span(start, start + timedelta(days))
    early = effective(quota(amount, span), since(hired))
    late = effective(quota(amount, span), since(hired + timedelta(later)))
    assert 0 <= late.amount <= early.amount <= amount
    assert sum(p.amount for p in late.parts) == late.amount
    assert late.parts[0].span.start == span.start
    assert late.parts[-1].span.end == span.end
