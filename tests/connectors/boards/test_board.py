import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.boards.board import Board, as_json, scored
from connectors.boards.floor import Floor, Stint, initials
from connectors.boards.held import Plan
from connectors.boards.measures import YARDSTICKS
from connectors.boards.periods import Period, first_day, today_in
from connectors.boards.scores import Partial
from connectors.boards.view import view_of
from schemas.definitions import Company
from tests.connectors.boards.ground import utc

NOON = utc("2026-11-18T12:00:00")  # a Wednesday
TODAY = NOON.date()
COMPANY = Company(name="A", reporting_currency="EUR", time_zone="Europe/Berlin")


def stint(
    zone: str = "Europe/Berlin", manager: str = "", until: date = date(2199, 12, 31)
) -> Stint:
    return Stint(date(2020, 1, 1), until, "west", manager, zone)


def floor(**stints: Stint) -> Floor:
    names = {rep: rep.upper() for rep in stints}
    return Floor(COMPANY, names, {rep: (s,) for rep, s in stints.items()}, {"west": "West"})


class Told:
    """Partials with growing positions."""

    position = 0

    @classmethod
    def part(
        cls, rep: str, measure: str, value: Any, day: date = TODAY, currency: str = ""
    ) -> Partial:
        cls.position += 1
        return Partial(rep, day, measure, currency, "crm.deals", 0, cls.position, Decimal(value))


part = Told.part


def money(rep: str, value: Any, day: date = TODAY) -> Partial:
    return part(rep, "revenue_won_reporting", value, day, "EUR")


def board_of(partials: list[Partial], at: datetime = NOON, on: Floor | None = None) -> Board:
    board = Board(at)
    on = on or floor(a=stint(), b=stint())
    since = first_day(today_in(on.company.time_zone, at), on.company)
    board.seed(on, 1, scored(partials, since), at)
    return board


def view(
    board: Board, period: Period = Period.MONTH, by: str = "revenue", at: datetime = NOON
) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(
        json.dumps(view_of(board, YARDSTICKS[by], period, at), default=as_json)
    )
    return seen


def values(shown: Mapping[str, Any]) -> dict[str, str]:
    return {row["id"]: row["value"] for row in shown["rows"]}


def test_each_period_holds_its_own_days() -> None:
    days = {0: 1, 1: 10, 2: 100, 3: 1000, 17: 10_000, 18: 100_000, 49: 1_000_000}
    parts = [money("a", v, TODAY - timedelta(days=back)) for back, v in days.items()]
    board = board_of(parts)
    found = {p: values(view(board, p))["a"] for p in Period}
    assert found == {"today": "1", "week": "111", "month": "11111", "quarter": "111111"}


def test_today_ends_at_midnight_where_the_rep_is_without_any_event() -> None:
    on = floor(a=stint("Asia/Tokyo"), b=stint("America/New_York"))
    board = board_of([money("a", 5), money("b", 7)], on=on)
    assert values(view(board, Period.TODAY)) == {"b": "7", "a": "5"}
    evening = utc("2026-11-18T15:00:00")  # midnight in Tokyo
    assert board.tick(evening)
    assert values(view(board, Period.TODAY, at=evening)) == {"b": "7", "a": "0"}
    assert not board.tick(evening + timedelta(hours=1))


def test_a_quarter_rolls_over_at_the_companys_midnight_and_forgets_the_old_one() -> None:
    last = date(2026, 12, 31)
    at = utc("2026-12-31T22:59:59")  # a second before midnight in Berlin
    board = board_of([money("a", 5, last), money("a", 6, date(2026, 10, 1))], at)
    assert values(view(board, Period.QUARTER, at=at))["a"] == "11"
    at += timedelta(seconds=1)
    assert board.tick(at)
    assert values(view(board, Period.QUARTER, at=at)) == {"a": "0", "b": "0"}
    assert board.partials_held == 1  # yesterday is kept: today is compared with it


def test_movement_is_against_this_morning_and_today_against_yesterday() -> None:
    yesterday = TODAY - timedelta(days=1)
    board = board_of([money("a", 10, yesterday), money("b", 5, yesterday), money("b", 20)])
    for period in Period:
        moved = {row["id"]: row["moved"] for row in view(board, period)["rows"]}
        assert moved == {"b": 1, "a": -1}, period
    monday = utc("2026-11-16T12:00:00")
    fresh = board_of([money("a", 10, date(2026, 11, 15)), money("b", 5, monday.date())], monday)
    assert {r["moved"] for r in view(fresh, Period.WEEK, at=monday)["rows"]} == {None}


def test_activity_points_are_the_weighted_sum_that_is_shown() -> None:
    parts = [part("a", "calls", 40), part("a", "emails_sent", 12), part("a", "meetings_held", 3)]
    shown = view(board_of([*parts, part("a", "deals_won", 1)]), by="points")
    weights = {"calls": 1, "emails_sent": 1, "meetings_held": 10, "deals_won": 25}
    assert shown["yardstick"] == {"key": "points", "weights": weights}
    assert values(shown)["a"] == str(40 + 12 + 30 + 25)


def test_money_stays_decimal_text_to_the_cent() -> None:
    shown = view(board_of([money("a", "0.10"), money("b", "90000000000000.2500")]))
    assert values(shown) == {"b": "90000000000000.25", "a": "0.1"}
    assert shown["totals"]["revenue"] == "90000000000000.35"
    assert shown["company"]["minor_digits"] == 2


def test_revenue_falls_back_to_what_was_sold_in_the_reporting_currency() -> None:
    parts = [
        part("a", "revenue_won", 70, currency="EUR"),
        part("a", "revenue_won", 9, currency="USD"),
    ]
    shown = view(board_of(parts))
    assert values(shown)["a"] == "70"
    assert shown["unrated"] == {"USD": "9"}


def test_converted_amounts_are_not_called_left_out() -> None:
    parts = [part("a", "revenue_won", 9, currency="USD"), money("a", "8.10")]
    assert view(board_of(parts))["unrated"] == {}


def test_what_belongs_to_nobody_is_in_the_total_and_not_in_the_ranking() -> None:
    shown = view(board_of([money("unassigned", 30), money("a", 10)]))
    assert values(shown) == {"a": "10", "b": "0"}
    assert (shown["unassigned"], shown["totals"]["revenue"]) == ("30", "40")


def test_who_is_ranked() -> None:
    on = floor(
        a=stint(manager="boss"), boss=stint(), chief=stint(), left=stint(until=date(2026, 11, 1))
    )
    assert set(values(view(board_of([], on=on)))) == {"a", "chief"}
    selling = board_of([money("boss", 1), money("left", 2), money("stranger", 3)], on=on)
    assert set(values(view(selling))) == {"a", "chief", "boss", "left", "stranger"}


def test_an_erased_person_is_not_called_by_their_pseudonym() -> None:
    on = Floor(COMPANY, {"a": ""}, {"a": (stint(),)}, {})
    assert [row["name"] for row in view(board_of([], on=on))["rows"]] == ["Former colleague"]


def test_a_win_is_told_once_and_not_from_the_seed_nor_from_long_ago() -> None:
    won = [part("a", "deals_won", 1), money("a", 100)]
    board = board_of(won)
    assert not board.ticker.latest()
    assert not board.apply(won, NOON)  # the same again, as a replay publishes it
    old = TODAY - timedelta(days=2)
    assert board.apply([part("a", "deals_won", 1, old), money("a", 50, old)], NOON)
    assert not board.ticker.latest()
    again = [part("a", "deals_won", 3), money("a", 700)]
    board.apply(again, NOON)
    board.apply(again, NOON)
    (win,) = board.ticker.latest()
    assert (win.rep_id, win.deals, win.amount, win.currency) == ("a", 2, 600, "EUR")


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from(["calls", "deals_won", "meetings_held"]),
            st.integers(0, 60),
            st.integers(0, 9),
        ),
        max_size=12,
    )
)
def test_a_board_that_listened_shows_what_one_that_was_seeded_shows(
    told: list[tuple[str, str, int, int]],
) -> None:
    parts = [part(rep, m, value, TODAY - timedelta(days=back)) for rep, m, back, value in told]
    listening = board_of([])
    for each in parts:
        listening.apply([each], NOON)
        view(listening, by="points")  # fills what is kept between two views
    for period in Period:
        shown, seeded = view(listening, period, "points"), view(board_of(parts), period, "points")
        assert (shown["rows"], shown["totals"]) == (seeded["rows"], seeded["totals"])


def test_corrections_ring_no_bell() -> None:
    board = board_of([part("a", "deals_won", 2), money("a", 100)])
    board.apply([money("a", 150)], NOON)  # an amount was amended
    board.apply([part("a", "deals_won", 1), money("a", 60)], NOON)  # a deal was taken back
    assert not board.ticker.latest()
    assert values(view(board))["a"] == "60"


def test_a_win_without_a_rate_is_told_in_its_own_currency() -> None:
    board = board_of([])
    board.apply([part("a", "deals_won", 1), part("a", "revenue_won", 9, currency="USD")], NOON)
    assert [(w.amount, w.currency) for w in board.ticker.latest()] == [(9, "USD")]


def test_a_roster_that_changes_moves_people_and_zones() -> None:
    board = board_of([money("a", 5), money("c", 4)])
    assert board.refloor(floor(a=stint("Pacific/Kiritimati"), c=stint()), NOON)
    assert values(view(board, Period.TODAY)) == {"c": "4", "a": "0"}
    earlier = Company(
        name="A", reporting_currency="EUR", time_zone="UTC", fiscal_year_start_month=3
    )
    assert not board.refloor(Floor(earlier), NOON)  # its quarter began before what is held


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ana Souza", "AS"), ("Łukasz", "Ł"), ("de la Cruz 3", "DC"), ("007", "?"), ("", "?")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_quota_of_just_the_days_shown_stands_on_its_lane() -> None:
    board = board_of([money("a", "7000"), part("a", "calls", 3), money("b", "500")])
    month, quarter = board.span(Period.MONTH), board.span(Period.QUARTER)
    board.plans = {
        "a": (Plan(*month, Decimal(12_000), Decimal(8_000)), Plan(*quarter, Decimal(30_000), None)),
        "b": (Plan(*month, Decimal(0), None),),
    }

    def quotas(key: str, period: Period) -> dict[str, Any]:
        rows = view_of(board, YARDSTICKS[key], period, NOON)["rows"]
        return {row["id"]: row["quota"] for row in rows}

    assert quotas("revenue", Period.MONTH) == {
        "a": {"amount": 12_000, "due": 8_000, "attained": Decimal("0.5833")}, "b": None,
    }  # fmt: skip
    assert quotas("revenue", Period.QUARTER)["a"]["attained"] == Decimal("0.2333")
    assert quotas("revenue", Period.WEEK) == quotas("calls", Period.MONTH) == {"a": None, "b": None}
