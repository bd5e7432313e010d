"""Access: what a role may look at, beside the boards that everybody sees."""

from datetime import datetime

from connectors.boards.board import Board
from connectors.boards.contests import Phase, phase_of
from schemas.contest_choices import State
from schemas.principals import Principal, Role

MANAGES = frozenset({Role.MANAGER, Role.SERVICE})  # sees hidden contests, sends screens to work
_ALL_CARDS = frozenset({Role.FINANCE, Role.ANALYST, Role.SERVICE})
_ALL_PAY = frozenset({Role.FINANCE, Role.SERVICE})


def manages(principal: Principal) -> bool:
    """Return whether somebody sees drafts and hidden contests, and may pair screens."""
    return principal.role in MANAGES


def runs_for_all(board: Board, now: datetime, *, manages: bool) -> list[str]:
    """Return the contests somebody may see that run now; the one that ends first leads."""
    return [
        c.contest_id
        for c in board.course.shown(now, manages=manages)
        if c.state is State.OPEN
        and phase_of(c, c.contest_id in board.course.known.results, now) is Phase.RUNNING
    ]


def may_see_card(principal: Principal, rep_id: str, board: Board) -> bool:
    """Return whether somebody may look at a rep's scorecard: their own, or of those below them."""
    return principal.role in _ALL_CARDS or _is_theirs(principal, rep_id, board)


def may_see_pay(principal: Principal, rep_id: str, board: Board) -> bool:
    """Return whether somebody may see what a rep has earned."""
    return principal.role in _ALL_PAY or _is_theirs(principal, rep_id, board)


def _is_theirs(principal: Principal, rep_id: str, board: Board) -> bool:
    if principal.role not in (Role.REP, Role.MANAGER) or principal.rep_id is None:
        return False
    if principal.rep_id == rep_id:
        return True
    if principal.role is not Role.MANAGER:
        return False
    return board.floor.leads(principal.rep_id, rep_id, board.today)
