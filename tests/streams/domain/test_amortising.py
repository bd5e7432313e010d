"""Months of an asset: published cases, cents that add up, a past that stays."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.accounting import Proration
from schemas.money import minor_units
from streams.domain.amortising import (
    Cost,
    Month,
    Pattern,
    Service,
    Wanted,
    month_of,
    schedule,
)
from streams.domain.periods import months_later

D = Decimal
START = date(2026, 1, 1)
FULL, PART, DAILY = Proration


def service(months: int, start: date = START, **more: Any) -> Service:
    return Service(start, months_later(start, months), **more)


def charges(months: tuple[Month, ...]) -> list[Decimal]:
    return [m.amortised for m in months]


def by_year(months: tuple[Month, ...]) -> list[Decimal]:
    years = sorted({m.start.year for m in months})
    return [sum((m.amortised for m in months if m.start.year == y), D(0)) for y in years]


def test_3000_over_a_customer_life_of_five_years_are_50_a_month() -> None:
    """Source: velocityhq.com, how to book capitalization and amortization (W66)."""
    months = schedule([Cost(START, D(3000))], [service(60)], Pattern(FULL, "USD"))
    assert charges(months) == [D(50)] * 60


def test_30_over_four_years_and_10_over_the_renewed_two() -> None:
    """Source: KPMG, Revenue for Telecoms, example 57 (W64); per year recomputed."""
    first = schedule([Cost(START, D(30))], [service(48)], Pattern(FULL, "EUR"))
    renewal = schedule(
        [Cost(date(2028, 1, 1), D(10))], [service(24, date(2028, 1, 1))], Pattern(FULL, "EUR")
    )
    assert by_year(first) == [D("7.5")] * 4
    assert by_year(renewal) == [D(5)] * 2


def test_who_leaves_in_year_three_of_five_leaves_two_years_to_write_off() -> None:
    """Source: concertfinance.com/asc-606-policy (W72): the rest is recognised at termination."""
    ended = service(60, ended_on=date(2029, 1, 1))
    months = schedule([Cost(START, D(6000))], [ended], Pattern(FULL, "USD"))
    assert by_year(months) == [D(1200)] * 3
    assert (months[-1].start, months[-1].written_off) == (date(2028, 12, 1), D(2400))
    assert months[-1].closing == 0


@pytest.mark.parametrize(
    ("proration", "first", "second", "last"),
    [
        (FULL, D("100.00"), D("100.00"), D("100.00")),
        (PART, D("51.61"), D("100.00"), D("48.39")),  # 16 of January's 31 days
        (
            DAILY,
            D("52.60"),
            D("92.06"),
            D("49.32"),
        ),  # 16, 28 and 15 of 365 days; what rounding leaves
    ],
)
def test_a_service_that_starts_on_16_january(
    proration: Proration, first: Decimal, second: Decimal, last: Decimal
) -> None:
    late = service(12, date(2026, 1, 16))
    found = charges(schedule([Cost(START, D(1200))], [late], Pattern(proration, "EUR")))
    assert (found[0], found[1], found[-1]) == (first, second, last)
    assert len(found) == (12 if proration is FULL else 13)


def test_what_is_paid_before_service_waits() -> None:
    months = schedule([Cost(date(2025, 11, 20), D(24))], [service(24)], Pattern(FULL, "EUR"))
    assert charges(months)[:3] == [D(0), D(0), D(1)]
    assert months[1].closing == 24


def test_a_longer_life_spreads_what_is_left_from_that_month_on() -> None:
    """Source: ASC 340-40-35-2: a significant change of timing is a change of estimate."""
    longer = service(48, since=date(2027, 1, 20))
    months = schedule([Cost(START, D(2400))], [service(24), longer], Pattern(FULL, "EUR"))
    assert charges(months)[:12] == [D(100)] * 12
    assert by_year(months) == [D(1200), D(400), D(400), D(400)]


def test_a_clawback_spreads_what_is_left_and_gives_back_what_was_charged() -> None:
    costs = [Cost(START, D(1200)), Cost(date(2026, 4, 9), D(-1000))]
    april = schedule(costs, [service(12)], Pattern(FULL, "EUR"))[3]
    assert (april.opening, april.added, april.released) == (D(900), D(-900), D(100))
    assert (april.amortised, april.closing) == (D(0), D(0))

    costs = [Cost(START, D(1200)), Cost(date(2026, 4, 9), D(-90))]
    months = schedule(costs, [service(12)], Pattern(FULL, "EUR"))
    assert charges(months)[3:] == [D(90)] * 9


def test_yen_have_no_sen_and_dinars_have_thousandths() -> None:
    yen = charges(schedule([Cost(START, D(1000))], [service(7)], Pattern(FULL, "JPY")))
    assert set(yen) == {D(142), D(143)}
    assert charges(schedule([Cost(START, D(1))], [service(3)], Pattern(FULL, "KWD"))) == [
        D("0.333"), D("0.334"), D("0.333")
    ]  # fmt: skip


def test_a_deal_without_costs_has_no_months() -> None:
    assert schedule([], [service(12)], Pattern(FULL, "EUR")) == ()


# Laws


CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])
DAYS = st.integers(0, 1400).map(lambda n: START + timedelta(days=n))
PRORATIONS = st.sampled_from(list(Proration))
SERVICES = st.builds(
    lambda start, months, since, ended: Service(start, months_later(start, months), since, ended),
    DAYS, st.integers(1, 60), DAYS, st.none() | DAYS,
)  # fmt: skip


@st.composite
def costs_of(draw: st.DrawFn) -> tuple[list[Cost], str]:
    currency = draw(CURRENCIES)
    unit = D(1).scaleb(-minor_units(currency))
    amounts = st.integers(-(10**7), 10**7).map(lambda n: n * unit)
    return draw(st.lists(st.builds(Cost, DAYS, amounts), min_size=1, max_size=6)), currency


@given(costs_of(), st.lists(SERVICES, min_size=1, max_size=3), PRORATIONS)
def test_all_that_is_added_is_charged_to_the_last_unit(
    made: tuple[list[Cost], str], services: list[Service], proration: Proration
) -> None:
    costs, currency = made
    months = schedule(costs, services, Pattern(proration, currency))
    unit = D(1).scaleb(-minor_units(currency))
    charged = sum((m.amortised + m.written_off - m.released for m in months), D(0))
    assert charged == sum((c.amount for c in costs), D(0))
    assert not months or months[-1].closing == 0
    carried = D(0)
    for m in months:
        assert m.opening == carried
        assert m.closing == m.opening + m.added - m.amortised - m.written_off
        assert min(m.closing, m.released, m.amortised, m.written_off) >= 0
        assert m.amortised % unit == 0
        carried = m.closing


@given(costs_of(), st.lists(SERVICES, min_size=1, max_size=2), PRORATIONS, st.data())
def test_the_order_of_costs_and_a_second_look_are_of_no_matter(
    made: tuple[list[Cost], str], services: list[Service], proration: Proration, data: st.DataObject
) -> None:
    costs, currency = made
    mixed = data.draw(st.permutations(costs))
    assert schedule(mixed, services, Pattern(proration, currency)) == schedule(
        costs, services, Pattern(proration, currency)
    )


@given(costs_of(), SERVICES, SERVICES, PRORATIONS, st.builds(Cost, DAYS, st.just(D(1000))))
def test_what_happens_in_a_month_leaves_earlier_months_as_they_were(
    made: tuple[list[Cost], str], first: Service, then: Service, proration: Proration, more: Cost
) -> None:
    costs, currency = made
    assert then.since is not None
    first = Service(first.start, first.end, None, first.ended_on)
    change = month_of(min(then.since, more.on))
    before = schedule(costs, [first], Pattern(proration, currency), Wanted(until=change))
    after = schedule(
        [*costs, more], [first, then], Pattern(proration, currency), Wanted(until=change)
    )
    assert before == after


@given(st.integers(1, 10**8), st.integers(1, 120), DAYS, PRORATIONS)
def test_equal_months_differ_by_a_unit_at_most(
    cents: int, length: int, start: date, proration: Proration
) -> None:
    first = month_of(start)
    found = charges(
        schedule([Cost(first, D(cents) / 100)], [service(length, first)], Pattern(proration, "EUR"))
    )
    if proration is not DAILY:
        assert max(found) - min(found) <= D("0.01")
    assert len(found) <= length


@given(costs_of(), SERVICES, DAYS, PRORATIONS)
def test_nothing_is_left_once_a_contract_has_ended(
    made: tuple[list[Cost], str], one: Service, ended: date, proration: Proration
) -> None:
    costs, currency = made
    over = Service(one.start, one.end, None, ended)
    for month in schedule(costs, [over], Pattern(proration, currency)):
        if month.start >= month_of(ended - timedelta(days=1)):
            assert month.closing == 0


@given(costs_of(), st.lists(SERVICES, min_size=1, max_size=3), PRORATIONS, DAYS)
def test_a_month_asked_for_alone_is_the_one_among_all(
    made: tuple[list[Cost], str], services: list[Service], proration: Proration, day: date
) -> None:
    costs, currency = made
    how, month = Pattern(proration, currency), month_of(day)
    span = Wanted(month, months_later(month, 1))
    every = schedule(costs, services, how)
    assert schedule(costs, services, how, span) == tuple(m for m in every if m.start == month)
