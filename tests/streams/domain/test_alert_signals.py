"""What alerts see of windows: bad for long and bad still, and nothing where little is expected."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Rule
from streams.domain.alert_signals import ToDate, Watch, Window, burn, reading, window
from streams.domain.periods import Span
from streams.domain.workdays import Workdays

QUARTER = Span(date(2026, 1, 1), date(2026, 4, 1))
FRIDAY = date(2026, 2, 13)
WEEKDAYS = Workdays()


def a_rule(**other: object) -> Rule:
    return Rule.model_validate(
        {
            "rule_id": "burn", "name": "Behind", "signal": "PACE_BURN", "subject": "REP",
            "tolerance": "0.1", "enter": "3", "leave": "2", "long_days": 5, "short_days": 2,
            "severity": "ACT_NOW", "routes": ["MANAGER"], **other,
        }
    )  # fmt: skip


def a_watch(daily: dict[date, int], day: date = FRIDAY, **other: object) -> Watch:
    """A quota of 100 on each weekday, and what came in on some days."""
    to_date, actual, plan = {}, Decimal(0), Decimal(0)
    for one in Span(QUARTER.start, day + timedelta(days=1)).each():
        actual += daily.get(one, 0)
        plan += 100 * WEEKDAYS.is_open(one)
        to_date[one] = ToDate(actual, plan)
    watch = Watch("REP", "dana", "revenue", "EUR", QUARTER, day, to_date, WEEKDAYS)
    return watch._replace(**other)


def value(rule: Rule, watch: Watch) -> Decimal | None:
    return reading(rule, watch, is_late=False, is_corrected=False).value


def test_five_business_days_reach_over_the_weekend() -> None:
    tuesday = date(2026, 2, 17)
    found = window(a_watch({}, tuesday), 5)
    assert found is not None
    assert found.span == Span(date(2026, 2, 11), date(2026, 2, 18))
    assert found.expected == 500


def test_a_window_longer_than_the_period_so_far_says_nothing() -> None:
    assert window(a_watch({}, date(2026, 1, 5)), 5) is None
    so_far = window(a_watch({}, date(2026, 1, 5)), None)
    assert so_far is not None
    assert so_far.expected == 300  # the 1st, 2nd and 5th


def test_the_burn_of_nothing_at_all_is_one_over_the_tolerance() -> None:
    assert value(a_rule(), a_watch({})) == 10


def test_a_good_short_window_ends_what_a_bad_long_one_began() -> None:
    assert value(a_rule(), a_watch({FRIDAY: 200})) == 0
    assert value(a_rule(short_days=None), a_watch({FRIDAY: 200})) == 6


def test_where_few_deals_are_expected_days_say_nothing() -> None:
    rule = a_rule(evidence_min=4)
    assert value(rule, a_watch({}, deal_size=Decimal(100))) == 10
    assert value(rule, a_watch({}, deal_size=Decimal(1000))) is None
    assert value(rule, a_watch({}, deal_size=None)) is None


def test_the_chance_speaks_where_the_burn_is_silent_and_only_there() -> None:
    rule = a_rule(signal="HIT_PROBABILITY", tolerance=None, long_days=None, short_days=None,
                  enter="0.45", leave="0.6", evidence_max=4)  # fmt: skip
    few = a_watch({}, deal_size=Decimal(1000), probability=Decimal("0.3"))
    assert value(rule, few) == Decimal("0.3")
    assert value(rule, few._replace(deal_size=Decimal(10))) is None


def test_late_data_and_a_period_that_is_over_have_no_value() -> None:
    late = reading(a_rule(), a_watch({}), is_late=True, is_corrected=False)
    assert (late.value, late.is_late) == (None, True)
    over = reading(a_rule(), a_watch({}, day=QUARTER.end), is_late=False, is_corrected=False)
    assert (over.value, over.is_over) == (None, True)


def test_a_day_of_leave_is_no_business_day() -> None:
    away = WEEKDAYS.with_leave({FRIDAY: Decimal(1)})
    seen = reading(a_rule(), a_watch({}, workdays=away), is_late=False, is_corrected=False)
    assert not seen.is_business_day


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_coming_in_never_burns_faster(expected: int, less: int, more: int) -> None:
    def burned(actual: int) -> Decimal:
        found = burn(Window(QUARTER, Decimal(actual), Decimal(expected)), Decimal("0.1"))
        assert found is not None
        return found

    assert burned(less + more) <= burned(less)


@pytest.mark.parametrize("tolerance", ["0.05", "0.1", "0.5"])
def test_a_burn_of_one_lands_exactly_at_the_end_of_the_tolerance(tolerance: str) -> None:
    part = 1 - Decimal(tolerance)
    assert burn(Window(QUARTER, 1000 * part, Decimal(1000)), Decimal(tolerance)) == 1
