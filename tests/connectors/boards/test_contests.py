import json
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.boards.board import Board, as_json
from connectors.boards.contests import Known, Placed, known_of, phase_of, told_of
from connectors.boards.floor import Floor, Stint
from connectors.boards.selections import ContestList, OneContest
from schemas.contests import Contest, Contests
from schemas.definitions import Company
from tests.connectors.boards.contesting import contest, row, step
from tests.connectors.boards.ground import utc

NOON = utc("2026-11-18T12:00:00")
WINDOW = {"starts_at": "2026-11-18T09:00", "ends_at": "2026-11-18T17:00", "grace_hours": 24}
BLITZ = contest(**WINDOW)


def board_of(*contests: Contest, results: dict[str, tuple[Placed, ...]] | None = None) -> Board:
    stint = Stint(date(2020, 1, 1), date(2199, 1, 1), "west", "", "UTC")
    company = Company(name="A", reporting_currency="EUR", time_zone="UTC")
    people = {"a": "Ana Souza", "b": "Ben Ode", "c": "Cleo Marsh", "d": "Dan Fox"}
    board = Board(NOON)
    floor = Floor(company, people, {rep: (stint,) for rep in people}, {"west": "West"})
    board.seed(floor, 1, board._scores, NOON)
    board.course.known = known_of(Contests(contests=contests or (BLITZ,)), results or {})
    return board


def shown(board: Board, at: Any = NOON, *, manages: bool = False) -> dict[str, Any]:
    view = OneContest("blitz", manages).view(board, at)
    found: dict[str, Any] = json.loads(json.dumps(view, default=as_json))
    return found


def places(view: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(r["id"], r["rank"]) for r in view["rows"]]


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("2026-11-18T08:59:59", "COMING"),
        ("2026-11-18T09:00:00", "RUNNING"),
        ("2026-11-18T16:59:59", "RUNNING"),
        ("2026-11-18T17:00:00", "GRACE"),
        ("2026-11-19T17:00:00", "FROZEN"),
    ],
)
def test_a_window_is_half_open_and_followed_by_its_grace(at: str, phase: str) -> None:
    assert phase_of(BLITZ, False, utc(at)) == phase
    assert phase_of(BLITZ, True, utc(at)) == "FINAL"


def test_a_window_is_told_by_the_clocks_of_its_zone() -> None:
    tokyo = contest(**WINDOW, time_zone="Asia/Tokyo")
    told = shown(board_of(tokyo))["contest"]
    assert told["starts_at"] == "2026-11-18T00:00:00+00:00"
    assert told["ends_at"] == "2026-11-18T08:00:00+00:00"
    assert told["phase"] == "GRACE"


def test_those_who_tie_share_a_place_and_the_next_is_left_out() -> None:
    board = board_of()
    tied = {"is_tied": True, "behind": Decimal(4)}
    board.course.apply(
        step(1, {"d": row(4, 1, behind=Decimal(4)), "a": row(1, 9),
                 "c": row(2, 5, **tied), "b": row(2, 5, **tied)})
    )  # fmt: skip
    view = shown(board)
    assert places(view) == [("a", 1), ("b", 2), ("c", 2), ("d", 4)]
    assert [r["tied"] for r in view["rows"]] == [False, True, True, False]
    assert [r["behind"] for r in view["rows"]] == ["0", "4", "4", "4"]


def test_who_has_no_place_comes_last_and_is_no_distance_away() -> None:
    board = board_of()
    board.course.apply(step(1, {"a": row(0, 90), "b": row(1, 5)}))
    view = shown(board)
    assert places(view) == [("b", 1), ("a", None)]
    assert view["rows"][1]["behind"] is None


@given(st.randoms(use_true_random=False))
def test_steps_come_to_the_same_in_any_order_any_number_of_times(random: Random) -> None:
    steps = [
        step(n, {name: row(random.randint(1, 4), random.randint(0, 9), is_in=random.random() < 0.8)
                 for name in random.sample("abcd", random.randint(1, 4))})
        for n in range(1, 6)
    ]  # fmt: skip
    straight, mixed = board_of(), board_of()
    for message in steps:
        straight.course.apply(message)
    shuffled = [*steps, *random.sample(steps, 2)]
    random.shuffle(shuffled)
    for message in shuffled:
        mixed.course.apply(message)
    assert straight.course.standing("blitz").rows == mixed.course.standing("blitz").rows
    assert not any(mixed.course.apply(message) for message in steps)  # repeats change nothing


def test_a_whole_standing_leaves_out_who_takes_part_no_longer() -> None:
    board = board_of()
    board.course.apply(step(3, {"a": row(1, 9), "b": row(2, 5)}))
    assert board.course.apply(step(4, {"a": row(1, 9)}, is_whole=True))
    assert places(shown(board)) == [("a", 1)]
    assert not board.course.apply(step(2, {"b": row(1, 99)}))  # an older step brings nobody back


def test_a_standing_counted_on_from_an_older_step_asks_for_a_new_seed() -> None:
    board = board_of()
    board.course.apply(step(9, {"a": row(1, 9)}))
    assert not board.course.follows(step(4, {"a": row(1, 2)}, is_whole=True))
    assert board.course.follows(step(9, {"a": row(1, 9)}, is_whole=True))
    assert board.course.follows(step(4, {"a": row(1, 2)}))  # a late single step is only late


def test_movement_is_since_the_morning_and_starts_over_at_midnight() -> None:
    board = board_of(contest(**{**WINDOW, "ends_at": "2026-11-20T17:00"}))
    message = step(1, {"a": row(2, 4), "b": row(1, 5)})
    rows = [told_of(message, each) for each in message["rows"]]
    board.course.seed(board.course.known, rows, {("blitz", "a"): 3, ("blitz", "b"): 1})
    assert {r["id"]: r["moved"] for r in shown(board)["rows"]} == {"a": 1, "b": 0}
    board.tick(NOON + timedelta(days=1))
    assert {r["id"]: r["moved"] for r in shown(board)["rows"]} == {"a": 0, "b": 0}


def test_who_passed_whom_is_told_newest_first() -> None:
    board = board_of()
    board.course.apply(step(1, {"a": row(1, 5), "b": row(2, 4)}))
    board.course.apply(step(2, {"b": row(1, 6, passed=["a"])}))
    board.course.apply(step(3, {"a": row(1, 7, passed=["b"])}))
    told = [(p["who"]["name"], p["passed"]) for p in shown(board)["passes"]]
    assert told == [("Ana Souza", ["Ben Ode"]), ("Ben Ode", ["Ana Souza"])]


def test_hidden_contests_and_drafts_are_for_managers() -> None:
    hidden, draft = contest(hidden=True, **WINDOW), contest("draft", state="DRAFT", **WINDOW)
    board = board_of(hidden, draft)
    assert shown(board)["contest"] is None
    assert shown(board, manages=True)["contest"]["hidden"]
    assert ContestList().view(board, NOON)["contests"] == []
    listed = ContestList(manages=True).view(board, NOON)["contests"]
    assert {c["id"] for c in listed} == {"blitz", "draft"}


def test_what_runs_is_listed_first_then_what_comes_then_what_is_over() -> None:
    day = {
        "soon": ("2026-11-18T13:00", "2026-11-19T13:00"),
        "late": ("2026-12-01T13:00", "2026-12-02T13:00"),
        "ends-first": ("2026-11-18T08:00", "2026-11-18T13:00"),
        "ends-later": ("2026-11-18T07:00", "2026-11-19T13:00"),
        "over": ("2026-11-10T07:00", "2026-11-11T13:00"),
        "long-over": ("2026-09-10T07:00", "2026-09-11T13:00"),
    }
    board = board_of(*(contest(n, starts_at=s, ends_at=e) for n, (s, e) in day.items()))
    listed = [c["id"] for c in ContestList().view(board, NOON)["contests"]]
    assert listed == ["ends-first", "ends-later", "soon", "late", "over"]


def test_a_final_result_stands_whatever_is_told_later() -> None:
    at = utc("2026-11-20T12:00:00")
    won = Placed("b", 1, False, Decimal(7), 3, at, Decimal(150), "EUR", "a cup", at, "Dana")
    lost = Placed("a", 2, False, Decimal(5), 2, at, Decimal(0), "", "", at, "Dana")
    board = board_of(results={"blitz": (won, lost)})
    board.course.apply(step(9, {"a": row(1, 99)}))
    view = shown(board, at)
    assert view["contest"]["phase"] == "FINAL"
    assert [(r["id"], r["rank"], r["score"]) for r in view["rows"]] == [
        ("b", 1, "7"),
        ("a", 2, "5"),
    ]
    assert view["rows"][0]["prize"] == {"amount": "150", "currency": "EUR", "thing": "a cup"}
    assert view["rows"][1]["prize"] is None


def test_sides_made_for_a_contest_have_their_own_names() -> None:
    sides = [
        {"side_id": s, "name": s.title(), "members": [{"rep_id": rep}]}
        for s, rep in (("red", "a"), ("blue", "b"))
    ]
    board = board_of(contest(of="TEAMS", participants={"sides": sides}, **WINDOW))
    board.course.apply(step(1, {"red": row(1, 5), "blue": row(2, 3)}))
    assert [r["name"] for r in shown(board)["rows"]] == ["Red", "Blue"]
    assert shown(board)["total"] == "8"


def test_money_and_shares_are_told_as_such() -> None:
    eur = contest(score="VALUE", metrics=[{"kpi": "revenue_won", "currency": "JPY"}], **WINDOW)
    assert shown(board_of(eur))["contest"]["unit"] == {
        "kind": "MONEY", "currency": "JPY", "minor_digits": 0, "averaged": False,
    }  # fmt: skip
    share = contest(score="PERCENT", format="RACE", target=10, **WINDOW)
    view = shown(board_of(share))
    assert view["contest"]["unit"]["kind"] == "PERCENT"
    assert view["total"] is None  # shares of different targets do not add up


def test_nobody_is_called_by_a_pseudonym_once_the_name_was_erased() -> None:
    board = board_of()
    board.floor = Floor(board.floor.company, {"a": ""}, board.floor.stints, {})
    board.course.apply(step(1, {"a": row(1, 5)}))
    assert shown(board)["rows"][0]["name"] == "Former colleague"


def test_an_empty_course_knows_nothing() -> None:
    assert Known() == Known({}, {})
    board = board_of()
    assert shown(board)["rows"] == []
    assert OneContest("nothing").view(board, NOON)["contest"] is None


def test_rules_call_people_teams_and_measures_by_name() -> None:
    board = board_of()
    board.rules = lambda one, names: {
        "en": (one.name, names("a"), names("west"), names("calls_connected")), "de": (one.name,),
    }  # fmt: skip
    told = shown(board)["contest"]["rules"]
    assert told == {"en": ["Ana Souza", "West", "calls connected"], "de": []}
