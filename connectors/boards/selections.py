"""What a viewer chose to see. Who chose the same thing is sent the same bytes.

No tuples: a contest and a card of one name would be equal, and one be sent as the other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.boards.board import Board
from connectors.boards.cards import card_of
from connectors.boards.contest_view import contest_of, contests_of
from connectors.boards.measures import YARDSTICKS
from connectors.boards.periods import Period
from connectors.boards.teams import EVERYBODY, Scope
from connectors.boards.view import view_of


@dataclass(frozen=True, slots=True)
class Ranking:
    """Reps or teams by one yardstick in one period."""

    period: Period = Period.MONTH
    key: str = "revenue"
    scope: Scope = EVERYBODY

    def view(self, board: Board, now: datetime) -> dict[str, Any]:
        """Return what is sent."""
        return {"kind": "ranking", **view_of(board, YARDSTICKS[self.key], self.period, now,
                                             self.scope)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ContestList:
    """All contests; drafts and hidden ones only for those who manage."""

    manages: bool = False

    def view(self, board: Board, now: datetime) -> dict[str, Any]:
        """Return what is sent."""
        return {"kind": "contests", **contests_of(board, now, manages=self.manages)}


@dataclass(frozen=True, slots=True)
class OneContest:
    """One contest."""

    contest_id: str
    manages: bool = False

    def view(self, board: Board, now: datetime) -> dict[str, Any]:
        """Return what is sent."""
        shown = contest_of(board, self.contest_id, now, manages=self.manages)
        return {"kind": "contest", **shown}


@dataclass(frozen=True, slots=True)
class Card:
    """A rep's own numbers; what they earn only for those who may see pay."""

    rep_id: str
    with_pay: bool = False

    def view(self, board: Board, now: datetime) -> dict[str, Any]:
        """Return what is sent."""
        return {"kind": "card", **card_of(board, self.rep_id, now, with_pay=self.with_pay)}


Selection = Ranking | ContestList | OneContest | Card
