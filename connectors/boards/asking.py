"""From an address to a selection: what is asked for, and whether this viewer may see it."""

from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse

from connectors.boards.access import manages, may_see_card, may_see_pay
from connectors.boards.board import Board
from connectors.boards.door import refusal
from connectors.boards.measures import YARDSTICKS
from connectors.boards.periods import Period
from connectors.boards.selections import Card, ContestList, OneContest, Ranking, Selection
from connectors.boards.teams import Scope
from schemas.principals import Principal

OF = {"reps": False, "teams": True}
TEXT_MAX = 100  # of a name in an address; ids are shorter


def selection_of(asked: QueryParams, who: Principal, board: Board) -> Selection | JSONResponse:
    """Return what is asked for, or the answer for somebody who may not see it."""
    match asked.get("show", "ranking"):
        case "ranking":
            return _ranking(asked)
        case "contests":
            return ContestList(manages(who))
        case "contest":
            return OneContest(asked.get("id", "")[:TEXT_MAX], manages(who))
        case "card":
            return _card(asked, who, board)
        case other:
            return refusal(
                400, f"{other[:TEXT_MAX]} is nothing to show", "ranking, contests, contest or card"
            )


def may_stay(selection: Selection, who: Principal | None, board: Board) -> bool:
    """Return whether a viewer may go on looking at what they were let in for."""
    match selection:
        case _ if who is None:
            return False
        case ContestList(is_manager) | OneContest(_, is_manager):
            return is_manager == manages(who)
        case Card(rep_id, with_pay):
            stays = may_see_card(who, rep_id, board)
            return stays and with_pay == may_see_pay(who, rep_id, board)
        case _:
            return True


def _ranking(asked: QueryParams) -> Selection | JSONResponse:
    try:
        period = Period(asked.get("period", Period.MONTH))
        key = YARDSTICKS[asked.get("by", "revenue")].key
        of_teams = OF[asked.get("of", "reps")]
    except (ValueError, KeyError) as error:
        return refusal(
            400,
            f"{error} is no selection",
            f"period is one of {', '.join(Period)}; by is one of {', '.join(YARDSTICKS)};"
            f" of is one of {', '.join(OF)}",
        )
    return Ranking(period, key, Scope(of_teams, asked.get("team", "")[:TEXT_MAX]))


def _card(asked: QueryParams, who: Principal, board: Board) -> Selection | JSONResponse:
    rep_id = (asked.get("rep") or who.rep_id or "")[:TEXT_MAX]
    if not rep_id:
        return refusal(
            400,
            "you are no rep, and none is named",
            "name one of those you lead: /card?rep=r-17",
        )
    if not may_see_card(who, rep_id, board):
        return refusal(
            403, f"the scorecard of {rep_id} is not for you", "it is for them and who leads them"
        )
    return Card(rep_id, may_see_pay(who, rep_id, board))
