"""A board tells what was sold; what somebody is paid it tells them and who may know, alone."""

import re
from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from connectors.boards import card_seed, contest_seed, seed
from connectors.boards.asking import may_stay, selection_of
from connectors.boards.board import Board
from connectors.boards.floor import Floor, Stint
from connectors.boards.held import Earned, Held
from connectors.boards.selections import Card
from connectors.boards.stream import HEARD
from schemas.definitions import Company
from schemas.principals import Principal, Role
from schemas.topics import CREDITS
from tests.connectors.boards.ground import utc

PAY = re.compile(r"commission|credit|dispute|payroll|payout|draw|plan", re.IGNORECASE)
NOON = utc("2026-11-18T12:00:00")


def tables_of(module: Any) -> set[str]:
    texts = {name: text for name, text in vars(module).items() if isinstance(text, str)}
    asked = {name: sql for name, sql in texts.items() if "FROM" in sql}
    return {t for sql in asked.values() for t in re.findall(r"FROM (spm[.\w]*)", sql)}


def test_what_a_board_begins_with_holds_no_pay() -> None:
    tables = tables_of(seed) | tables_of(contest_seed)
    assert tables == {
        "spm.kpi_rep_day", "spm.warehouse", "spm.definition", "spm.person", "spm.team",
        "spm.roster", "spm.source_progress", "spm.contest_standing", "spm.contest_result",
    }  # fmt: skip
    assert not [table for table in tables if PAY.search(table)]
    assert "kind = 'company'" in seed.COMPANY
    assert "kind = 'contests'" in contest_seed.DEFINED  # nor any other kind of definitions
    assert CREDITS.name not in HEARD


def test_only_scorecards_ask_for_earnings_and_for_nobody_but_those_named() -> None:
    assert tables_of(card_seed) == {"spm_bi.attainment_current", "spm_bi.commission_balance"}
    asked: list[tuple[str, Any]] = []

    def rows(sql: str, parameters: Any) -> list[tuple[Any, ...]]:
        asked.append((sql, parameters))
        return []

    def read(reps: Collection[str], paid: Collection[str]) -> Any:
        asked.clear()
        return card_seed.cards(rows, reps, paid, NOON.date(), NOON)

    assert read({"a", "b"}, set())["a"].earned is None
    assert [sql for sql, _ in asked] == [card_seed.QUOTAS]
    assert read({"a", "b"}, {"b"})["b"].earned == ()
    assert asked[1] == (card_seed.EARNED, {"reps": ["b"], "today": NOON.date()})


def a_board() -> Board:
    """Dana leads Max, Max leads Ana; Eve is elsewhere."""

    def stint(manager: str) -> tuple[Stint, ...]:
        return (Stint(date(2020, 1, 1), date(2199, 1, 1), "west", manager, "UTC"),)

    above = {"dana": "", "max": "dana", "ana": "max", "eve": ""}
    board = Board(NOON)
    board.floor = Floor(
        Company(name="A", reporting_currency="EUR", time_zone="UTC"),
        {rep: rep.title() for rep in above}, {rep: stint(m) for rep, m in above.items()},
        {"west": "West"},
    )  # fmt: skip
    return board


@pytest.mark.parametrize(
    ("role", "rep_id", "whose", "card", "pay"),
    [
        (Role.REP, "ana", "ana", True, True),
        (Role.REP, "ana", "max", False, False),
        (Role.REP, "max", "ana", False, False),  # who leads without the role sees nothing
        (Role.MANAGER, "dana", "ana", True, True),
        (Role.MANAGER, "max", "dana", False, False),
        (Role.MANAGER, "eve", "ana", False, False),
        (Role.MANAGER, None, "ana", False, False),
        (Role.FINANCE, None, "ana", True, True),
        (Role.ANALYST, None, "ana", True, False),
        (Role.DISPLAY, None, "ana", False, False),
    ],
)
def test_a_scorecard_is_for_its_rep_and_for_those_who_lead_them(
    role: Role, rep_id: str | None, whose: str, card: bool, pay: bool
) -> None:
    who = Principal("x", role, rep_id=rep_id)
    found = selection_of(QueryParams({"show": "card", "rep": whose}), who, a_board())
    assert isinstance(found, Card) == card
    if isinstance(found, Card):
        assert found == Card(whose, pay)
        assert may_stay(found, who, a_board())
    else:
        assert found.status_code == 403


def test_whoever_loses_the_right_is_sent_away() -> None:
    board, card = a_board(), Card("ana", with_pay=True)
    assert may_stay(card, Principal("x", Role.MANAGER, rep_id="max"), board)
    assert not may_stay(card, Principal("x", Role.MANAGER, rep_id="eve"), board)
    assert not may_stay(card, Principal("x", Role.ANALYST), board)  # the card without the pay
    assert not may_stay(card, None, board)


def test_earnings_are_in_a_card_with_pay_alone() -> None:
    board = a_board()
    board.seed(board.floor, 1, board._scores, NOON)
    day = NOON.date()
    earned = Earned("plan", "base", day, day + timedelta(30), "EUR", Decimal("1234.56"))
    board.cards = {"ana": Held((), (earned,), NOON)}
    told = Card("ana", with_pay=True).view(board, NOON)
    assert [row["amount"] for row in told["earned"]] == [Decimal("1234.56")]
    assert "1234" not in str(Card("ana").view(board, NOON))
