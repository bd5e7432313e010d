"""Badges, streaks, levels: they follow from what was done, and a correction takes them back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.contests import Badge, Level, Streak
from schemas.definitions import Company
from streams.domain.contest_badges import announced, awards, change, level_of, points_of
from streams.domain.contest_counting import Contribution
from streams.domain.contest_streaks import run
from streams.domain.contest_times import millis
from streams.domain.workdays import Workdays

COMPANY = Company(name="A", reporting_currency="EUR", time_zone="UTC")
MONDAY = date(2026, 11, 2)


def did(rep: str, day: date, value: int = 1, hour: int = 10) -> Contribution:
    at = millis(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))
    amount = Decimal(value)
    return Contribution(f"{rep}{day}{hour}", rep, "calls", at, day, amount, amount)


def badge(kind: str, at_least: int = 10, every: str = "DAY", **more: Any) -> Badge:
    given = {"badge_id": "b", "name": "B", "kind": kind, "metric": {"kpi": "calls"},
             "at_least": at_least, "every": every, "valid_from": "2026-01-01", **more}  # fmt: skip
    return Badge.model_validate(given)


def test_an_award_comes_each_time_and_a_membership_once() -> None:
    """Source: Plecto: award without limit, membership once per person and period."""
    made = [did("a", MONDAY, 12, 9), did("a", MONDAY, 12, 10), did("b", MONDAY, 9)]
    assert [(a.rep_id, a.number) for a in awards(badge("AWARD"), made, COMPANY)] == [
        ("a", 1), ("a", 2),
    ]  # fmt: skip
    assert [a.rep_id for a in awards(badge("MEMBERSHIP"), made, COMPANY)] == ["a"]


def test_a_record_has_one_holder_who_had_it_first() -> None:
    """Source: Plecto: a record has one holder per period."""
    made = [did("a", MONDAY, 12, 11), did("b", MONDAY, 12, 10), did("c", MONDAY, 11)]
    (held,) = awards(badge("RECORD", every="WEEK"), made, COMPANY)
    assert held.rep_id == "b"


def test_a_correction_takes_back_and_what_comes_back_is_not_told_again() -> None:
    enough, less = [did("a", MONDAY, 10)], [did("a", MONDAY, 9)]
    first, then = (awards(badge("AWARD"), made, COMPANY) for made in (enough, less))
    given = change((), first).given
    assert change(first, then).taken == given
    assert not change(first, then).given
    again = change(then, first).given
    assert again == given
    assert announced(again, {a.award_id for a in given}) == ()


MADE = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(1, 9), st.integers(0, 23)),
    max_size=25,
).map(lambda rows: [did(r, MONDAY + timedelta(days=d), v, h) for r, d, v, h in rows])


@given(MADE, MADE, st.sampled_from(["AWARD", "MEMBERSHIP", "RECORD"]),
       st.sampled_from(["DAY", "WEEK", "MONTH"]))  # fmt: skip
def test_a_change_turns_one_state_into_the_other(
    before: list[Contribution], now: list[Contribution], kind: str, every: str
) -> None:
    one = badge(kind, every=every)
    old, new = awards(one, before, COMPANY), awards(one, now, COMPANY)
    assert len({a.award_id for a in new}) == len(new)
    moved = change(old, new)
    ids = {a.award_id for a in old} - {a.award_id for a in moved.taken}
    assert ids | {a.award_id for a in moved.given} == {a.award_id for a in new}
    assert change(new, awards(one, now[::-1], COMPANY)) == ((), ())


def streak(every: str = "DAY") -> Streak:
    return Streak.model_validate({"streak_id": "s", "name": "S", "metric": {"kpi": "calls"},
                                  "at_least": 1, "every": every,
                                  "valid_from": str(MONDAY)})  # fmt: skip


def days(*numbers: int) -> list[Contribution]:
    return [did("a", date(2026, 11, n)) for n in numbers]


def test_three_in_a_row_of_many_in_all() -> None:
    """Source: W101, SalesScreen: streak 3 beside a total of 23; it is shown from 2 on."""
    made = days(*range(2, 22), 25, 26, 27)  # Monday 23 and Tuesday 24 were missed
    found = run(streak(), made, Workdays(), date(2026, 11, 27), COMPANY)
    assert (found.current, found.shown, found.total) == (3, 3, 23)
    one = run(streak(), days(27), Workdays(), date(2026, 11, 27), COMPANY)
    assert (one.current, one.shown) == (1, 0)


def test_weekends_holidays_and_leave_are_skipped_not_missed() -> None:
    """Source: W101: a missed period resets unless it is a non-working day or public holiday."""
    made = days(5, 6, 11)  # Thursday, Friday, Wednesday
    today = date(2026, 11, 11)
    missed = run(streak(), made, Workdays(), today, COMPANY)
    assert missed.current == 1
    assert missed.longest == 2
    holiday = Workdays(holidays={date(2026, 11, 9): "a day off"})
    away = holiday.with_leave({date(2026, 11, 10): Decimal(1)})
    assert run(streak(), made, away, today, COMPANY).current == 3
    half = holiday.with_leave({date(2026, 11, 10): Decimal("0.5")})
    assert run(streak(), made, half, today, COMPANY).current == 1


def test_today_is_not_missed_before_it_is_over() -> None:
    made = days(2, 3, 4)
    assert run(streak(), made, Workdays(), date(2026, 11, 5), COMPANY).current == 3
    assert run(streak(), made, Workdays(), date(2026, 11, 6), COMPANY).current == 0
    assert run(streak("WEEK"), days(2, 10), Workdays(), date(2026, 11, 17), COMPANY).current == 2


def test_a_level_is_the_highest_that_is_reached_exactly() -> None:
    levels = [Level(level_id=n, name=n, points=Decimal(p)) for n, p in (("lo", 5), ("hi", 9))]
    points = points_of([did("a", MONDAY, 4), did("a", MONDAY, 5, 11)])["a"]
    reached = level_of(points, levels)
    assert reached is not None
    assert reached.level_id == "hi"
    assert level_of(Decimal("4.9999"), levels) is None
