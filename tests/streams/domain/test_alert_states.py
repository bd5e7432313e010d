"""An alert speaks once for each trouble, never of late data, and forgets nothing meanwhile."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Route, Rule, Severity, Signal, Subject
from streams.domain.alert_states import (
    Key,
    Reading,
    Reason,
    State,
    Transition,
    Watched,
    is_bad,
    is_good,
    step,
)

START = date(2026, 3, 2)  # a Monday
KEY = Key("behind", "REP", "dana", "revenue", "EUR", date(2026, 1, 1))


def a_rule(**other: object) -> Rule:
    return Rule.model_validate(
        {
            "rule_id": "behind",
            "name": "Behind plan",
            "signal": Signal.PACE_BURN,
            "subject": Subject.REP,
            "tolerance": "0.1",
            "enter": "3",
            "leave": "2",
            "severity": Severity.ACT_NOW,
            "routes": [Route.MANAGER],
            **other,
        }
    )


def read(n: int, value: object, **other: bool) -> Reading:
    day = START + timedelta(days=n)
    told = None if value is None else Decimal(str(value))
    return Reading(told, day, other.pop("works", day.isoweekday() < 6), **other)


def at(reading: Reading) -> datetime:
    return datetime.combine(reading.day, datetime.min.time(), UTC)


def walked(rule: Rule, readings: Sequence[Reading]) -> tuple[Watched, list[Transition]]:
    held, made = Watched(), list[Transition]()
    for reading in readings:
        held, new = step(rule, KEY, held, reading, at(reading))
        made += new
    return held, made


def states(rule: Rule, readings: Sequence[Reading]) -> list[State]:
    return [one.after for one in walked(rule, readings)[1]]


def test_it_fires_after_so_many_business_days_in_a_row_and_ends_after_so_many_good_ones() -> None:
    rule = a_rule(enter_days=2, leave_days=2)
    days = [read(0, 3), read(1, 4), read(2, 1), read(3, 1)]
    assert states(rule, days) == [State.PENDING, State.FIRING, State.RECOVERING, State.OK]
    _, made = walked(rule, days)
    assert [one.is_news for one in made] == [False, True, False, True]
    assert made[-1].reason is Reason.RECOVERED


def test_a_weekend_neither_counts_nor_breaks_the_row() -> None:
    rule = a_rule(enter_days=2)
    assert states(rule, [read(4, 3), read(5, 3), read(6, 3)]) == [State.PENDING]
    assert states(rule, [read(4, 3), read(5, 3), read(7, 3)]) == [State.PENDING, State.FIRING]


def test_one_good_day_begins_the_count_anew() -> None:
    assert State.FIRING not in states(a_rule(enter_days=2), [read(0, 3), read(1, 1), read(2, 3)])


def test_between_the_bounds_a_firing_alert_stays() -> None:
    assert states(a_rule(), [read(0, 3), read(1, "2.5"), read(2, "2.9")]) == [State.FIRING]


def test_late_data_claims_nothing_and_the_count_goes_on_where_it_was() -> None:
    rule = a_rule(enter_days=2)
    late = [read(1, 9, is_late=True), read(2, 9, is_late=True)]
    assert states(rule, [read(0, 3), *late]) == [State.PENDING, State.UNKNOWN]
    held, made = walked(rule, [read(0, 3), *late, read(3, 3)])
    assert held.state is State.FIRING
    assert [one.is_news for one in made] == [False, False, False, True]


def test_what_fired_before_the_data_was_late_is_not_told_again() -> None:
    days = [read(0, 3), read(1, 3, is_late=True), read(2, 3)]
    _, made = walked(a_rule(), days)
    assert sum(one.is_news for one in made) == 1
    assert made[-1].reason is Reason.DATA_BACK


def test_a_correction_that_makes_it_good_ends_it_at_once_and_says_so() -> None:
    days = [read(0, 3), read(1, 0, is_corrected=True)]
    _, made = walked(a_rule(leave_days=5), days)
    assert (made[-1].after, made[-1].reason) == (State.OK, Reason.CORRECTED)
    assert made[-1].ends


def test_too_little_evidence_changes_nothing() -> None:
    assert states(a_rule(), [read(0, None)]) == []
    assert states(a_rule(), [read(0, 3), read(1, None)]) == [State.FIRING]


def test_the_end_of_the_period_ends_what_fires_and_nothing_else() -> None:
    _, made = walked(a_rule(), [read(0, 3), read(1, 9, is_over=True)])
    assert (made[-1].reason, made[-1].ends) == (Reason.OVER, True)
    assert states(a_rule(), [read(0, 1), read(1, 9, is_over=True)]) == []


values = st.one_of(
    st.none(), st.decimals("-2", "6", places=1, allow_nan=False, allow_infinity=False)
)
flags = {"is_late": st.booleans(), "is_corrected": st.booleans()}
days_of = st.lists(st.tuples(values, st.booleans(), st.booleans()), max_size=40)
rules = st.builds(
    lambda enter, leave, up, down: a_rule(
        enter=max(enter, leave), leave=min(enter, leave), enter_days=up, leave_days=down
    ),
    st.integers(1, 4), st.integers(0, 4), st.integers(1, 4), st.integers(1, 4),
)  # fmt: skip


def days(some: Sequence[tuple[Decimal | None, bool, bool]]) -> list[Reading]:
    return [
        read(n, value, is_late=late, is_corrected=corrected)
        for n, (value, late, corrected) in enumerate(some)
    ]


@given(rules, days_of, st.integers(2, 4))
def test_looking_more_often_changes_nothing(
    rule: Rule, some: Sequence[tuple[Decimal | None, bool, bool]], times: int
) -> None:
    once = days(some)
    often = [reading for reading in once for _ in range(times)]
    assert walked(rule, often) == walked(rule, once)


@given(rules, days_of)
def test_it_never_begins_to_fire_on_late_data_or_without_enough_bad_days(
    rule: Rule, some: Sequence[tuple[Decimal | None, bool, bool]]
) -> None:
    held, bad = Watched(), 0
    for reading in days(some):
        held, made = step(rule, KEY, held, reading, at(reading))
        seen = reading.value if not reading.is_late else None
        if seen is not None and not is_bad(rule, seen):
            bad = 0
        elif seen is not None and reading.is_business_day:
            bad += 1
        if any(one.begins for one in made):
            assert not reading.is_late
            assert bad >= rule.enter_days


@given(rules, days_of)
def test_begins_and_ends_alternate(
    rule: Rule, some: Sequence[tuple[Decimal | None, bool, bool]]
) -> None:
    _, made = walked(rule, days(some))
    news = [one.begins for one in made if one.is_news]
    assert news == [n % 2 == 0 for n in range(len(news))]


@given(rules, st.lists(st.decimals("-2", "6", places=1), max_size=30))
def test_a_value_that_stays_between_the_bounds_is_told_at_most_once(
    rule: Rule, some: Sequence[Decimal]
) -> None:
    within = [v for v in some if not is_bad(rule, v) and not is_good(rule, v)]
    readings = [read(0, rule.enter), read(1, rule.enter), read(2, rule.enter), read(3, rule.enter)]
    readings += [read(n + 4, value) for n, value in enumerate(within)]
    _, made = walked(rule.model_copy(update={"enter_days": 1}), readings)
    assert sum(one.is_news for one in made) == 1
