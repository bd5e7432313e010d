from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.boards.board import Board, scored
from connectors.boards.floor import Floor, Stint
from connectors.boards.measures import YARDSTICKS
from connectors.boards.periods import Period, first_day
from connectors.boards.teams import Scope, team_sums, teams_of
from connectors.boards.ticker import Honour
from connectors.boards.view import view_of
from schemas.definitions import Company
from tests.connectors.boards.test_board import NOON, TODAY, money

COMPANY = Company(name="A", reporting_currency="EUR", time_zone="UTC")
EVER, NEVER = date(2020, 1, 1), date(2199, 12, 31)
TEAMS = {"all": "All", "emea": "EMEA", "dach": "DACH", "uk": "UK", "apac": "APAC"}
ABOVE = {"emea": "all", "apac": "all", "dach": "emea", "uk": "emea"}


def stint(team: str, since: date = EVER, until: date = NEVER) -> Stint:
    return Stint(since, until, team, "", "UTC")


def floor(**stints: tuple[Stint, ...]) -> Floor:
    return Floor(COMPANY, {r: r.upper() for r in stints}, stints, TEAMS, ABOVE)


ON = floor(a=(stint("dach"),), b=(stint("uk"),), c=(stint("apac"),), d=(stint("emea"),))


def board_of(parts: list[Any], on: Floor = ON) -> Board:
    board = Board(NOON)
    board.seed(on, 1, scored(parts, first_day(TODAY, COMPANY)), NOON)
    return board


def ranked(board: Board, scope: Scope, period: Period = Period.MONTH) -> dict[str, tuple[int, str]]:
    rows = view_of(board, YARDSTICKS["revenue"], period, NOON, scope)["rows"]
    return {r["id"]: (r["rank"], str(r["value"])) for r in rows}


def test_a_team_holds_what_all_below_it_made() -> None:
    board = board_of([money("a", 100), money("b", 10), money("c", 50), money("d", 1)])
    assert ranked(board, Scope(of_teams=True)) == {"emea": (1, "111"), "apac": (2, "50")}
    assert ranked(board, Scope(True, "emea")) == {"dach": (1, "100"), "uk": (2, "10")}


def test_teams_of_one_level_are_ranked_and_a_single_root_is_passed_over() -> None:
    assert teams_of(ON, "") == ("apac", "emea")
    assert teams_of(ON, "emea") == ("dach", "uk")
    assert teams_of(ON, "uk") == ()


def test_reps_of_a_team_are_those_in_it_and_below_today() -> None:
    board = board_of([money("a", 100), money("b", 10), money("c", 50), money("d", 1)])
    assert ranked(board, Scope(team="emea")) == {"a": (1, "100"), "b": (2, "10"), "d": (3, "1")}
    shown = view_of(board, YARDSTICKS["revenue"], Period.MONTH, NOON, Scope(team="emea"))
    assert shown["totals"]["revenue"] == Decimal(111)
    assert shown["scope"] == {"of": "reps", "team": "emea", "name": "EMEA"}


def test_who_changes_teams_takes_nothing_along() -> None:
    moved = TODAY - timedelta(days=5)
    on = floor(a=(stint("dach", until=moved), stint("apac", since=moved)), b=(stint("uk"),))
    board = board_of([money("a", 100, moved - timedelta(days=1)), money("a", 7, moved)], on)
    assert ranked(board, Scope(of_teams=True)) == {"emea": (1, "100"), "apac": (2, "7")}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-500, 500), st.integers(0, 17))))
def test_roots_add_up_to_the_company(made: list[tuple[str, int, int]]) -> None:
    parts = [money(rep, value, TODAY - timedelta(days=back)) for rep, value, back in made]
    newest = {p[:6]: p for p in parts}
    board = board_of(parts)
    sums = team_sums(board, Period.QUARTER)
    assert sums["all"].now[0] == sum(p.value for p in newest.values())
    below = sums["emea"].now[0] + sums["apac"].now[0]
    assert sums["all"].now[0] == below


def test_heads_are_those_in_the_team_and_below() -> None:
    shown = view_of(board_of([]), YARDSTICKS["calls"], Period.TODAY, NOON, Scope(of_teams=True))
    assert {r["name"]: r["people"] for r in shown["rows"]} == {"EMEA": 3, "APAC": 1}


def test_a_teams_board_tells_and_celebrates_the_wins_of_its_own_people() -> None:
    board = board_of([money("a", 100)])
    for n, rep_id in enumerate("abcdacba"):
        board.ticker.honour(Honour(f"b:{n}", "b", "BADGE", rep_id, str(n), 1, NOON), NOON)

    def told(scope: Scope) -> list[str]:
        shown = view_of(board, YARDSTICKS["revenue"], Period.MONTH, NOON, scope)["wins"]
        return [win["id"] for win in shown]

    assert told(Scope()) == [*reversed("abcdacba")]
    assert told(Scope(team="emea")) == ["a", "b", "a", "d", "b", "a"]
    assert told(Scope(True, "apac")) == ["c", "c"]
