"""What boards are told of contests, from a real warehouse: rows, places of the morning, details."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.boards.board import Board
from connectors.boards.seed import WarehouseSeed
from connectors.boards.selections import OneContest
from connectors.sinks.clickhouse import Warehouse
from infra.contests import final
from infra.contests.following import Following
from infra.contests.telling import about
from infra.migrations import migrate
from tests.ground import define
from tests.infra.contests.test_standings import ACTIVITIES, BASE, DEALS, KINDS, MONEY, OVER, put
from tests.infra.warehouse import serving

RUNS = OVER - timedelta(days=7)  # 13 November
CONTESTS = [
    {"contest_id": "goal", "name": "Goal", "format": "GOAL", "target": "450", "metrics": [MONEY],
     "milestones": [{"name": "Base", "amount": "100"}], **BASE},
    {"contest_id": "king", "name": "King", "format": "KING", "metrics": [MONEY], **BASE},
]  # fmt: skip


def entered(deal: dict[str, Any]) -> dict[str, Any]:
    """A deal's history row as the agent writes it: contests it is in are the last measures."""
    lists = {name: each for name, each in deal.items() if name.startswith("measure_")}
    of = {name: each * (1 + len(CONTESTS)) for name, each in lists.items()}
    names = [f"contest/{one['contest_id']}/revenue" for one in CONTESTS]
    return {**deal, **of, "measure": [*deal["measure"], *names]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Served]:
    with serving.embedded(tmp_path_factory.mktemp("telling")) as served:
        warehouse = Warehouse.connect(f"http://127.0.0.1:{served.port}", *served.auth())
        with served.client() as client:
            migrate(client)
            put(client, "spm.activity", ACTIVITIES)
            put(client, "spm.deal", [entered(deal) for deal in DEALS])
        define(warehouse, 1, {**KINDS, "contests": {"contests": CONTESTS}})
        Following(warehouse).look(RUNS)
        yield served


def board_of(served: serving.Served) -> Board:
    told = about(served.client, lambda: RUNS)
    seed = WarehouseSeed(served.client)
    board = Board(RUNS, told.rules)
    ground = seed.ground()
    board.seed(ground.floor, ground.generation, board._scores, RUNS)
    board.course.seed(ground.known, *seed.contests(RUNS + timedelta(minutes=1)))
    assert told.detail is not None
    board.course.details = {name: told.detail(name) for name in ("goal", "king")}
    return board


def test_a_board_begins_with_contests_as_the_follower_left_them(served: serving.Served) -> None:
    board = board_of(served)
    view = OneContest("goal").view(board, RUNS)
    assert [(r["id"], r["rank"]) for r in view["rows"]] == [("r2", 1), ("r1", 2)]
    assert [r["score"] for r in view["rows"]] == [900, 500]
    assert {r["moved"] for r in view["rows"]} == {0}  # as they stood at the instant asked for
    assert view["rows"][1]["behind"] == 400
    assert view["contest"]["phase"] == "RUNNING"
    assert view["contest"]["rules"]["en"][0].startswith("It runs from ")
    assert view["contest"]["rules"]["de"][0].startswith("Er läuft von ")


def test_details_are_those_of_the_command(served: serving.Served) -> None:
    board = board_of(served)
    goal = OneContest("goal").view(board, RUNS)["detail"]
    assert Decimal(goal["total"]) == 1400
    assert [(g["name"], g["reached_at"] is not None) for g in goal["goal"]] == [
        ("Base", True), ("goal", True),
    ]  # fmt: skip
    king = OneContest("king").view(board, RUNS)["detail"]
    assert king["reigns"][-1]["participant"] in king["people"]


def test_a_contest_there_is_not_and_a_warehouse_that_is_away_are_told_apart(
    served: serving.Served,
) -> None:
    detail = about(served.client, lambda: RUNS).detail
    assert detail is not None
    with pytest.raises(LookupError, match="no contest is 'nothing'"):
        detail("nothing")


def test_a_final_result_reaches_the_board(served: serving.Served) -> None:
    with served.client() as client:
        put(client, "spm.applied", [
            {"topic": f"crm.{name}", "partition": 0, "epoch": 0, "offset_from": 0,
             "offset_to": 100} for name in ("calls", "meetings", "deals")
        ])  # fmt: skip
        final.finalize(client, "king", "Dana", OVER)
    known = WarehouseSeed(served.client).ground().known
    placed = {p.participant: (p.place, p.author) for p in known.results["king"]}
    assert placed == {"r2": (1, "Dana"), "r1": (2, "Dana")}
    board = board_of(served)
    assert OneContest("king").view(board, OVER)["contest"]["phase"] == "FINAL"
