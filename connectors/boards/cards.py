"""A rep's scorecard: what they did today, how they stand against quota, what they have earned.

Numbers of today are the board's own and live. Quotas and earnings are read while somebody looks.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.boards.board import Board
from connectors.boards.contests import Phase, is_visible, phase_of
from connectors.boards.floor import hue_of, initials
from connectors.boards.held import Held, Quota
from connectors.boards.measures import YARDSTICKS
from connectors.boards.periods import Period
from connectors.boards.view import base_of, shown_name, view_of
from connectors.boards.worn import NOTHING, on_a_card
from schemas.contest_choices import Of
from schemas.money import minor_units


def card_of(board: Board, rep_id: str, now: datetime, *, with_pay: bool) -> dict[str, Any]:
    """Return everything a scorecard shows; `rep` is None for somebody who is not on the roster."""
    base = base_of(board, now, lambda winner: winner == rep_id)
    if rep_id not in board.floor.stints:
        return {**base, "rep": None}
    held = board.cards.get(rep_id)
    return {
        **base,
        "rep": _rep(board, rep_id),
        "today": _sums(board, rep_id, Period.TODAY),
        "month": _sums(board, rep_id, Period.MONTH),
        "places": [_place(board, rep_id, key, now) for key in ("revenue", "points")],
        "quotas": None if held is None else [_quota(quota) for quota in held.quotas],
        "earned": _pay(held) if with_pay else None,
        "may_see_pay": with_pay,
        "read_at": held.read_at if held else None,
        "worn": on_a_card(board.worn.get(rep_id, NOTHING)),
        "contests": list(_contests(board, rep_id, now)),
    }


def _rep(board: Board, rep_id: str) -> dict[str, Any]:
    stint = board.floor.stint(rep_id, board.today)
    name, team = shown_name(board, rep_id), stint.team_id if stint else ""
    return {
        "id": rep_id,
        "name": name,
        "initials": initials(name),
        "team": board.floor.teams.get(team, team),
        "hue": hue_of(board.floor, team),
    }


def _sums(board: Board, rep_id: str, period: Period) -> dict[str, Decimal]:
    now = board.sums(period)[rep_id].now
    return dict(zip(YARDSTICKS, now, strict=True))


def _place(board: Board, rep_id: str, key: str, now: datetime) -> dict[str, Any]:
    """Return the rep's place this month; a rank of None: not ranked."""
    rows = view_of(board, YARDSTICKS[key], Period.MONTH, now)["rows"]
    mine = next((row for row in rows if row["id"] == rep_id), None)
    return {
        "key": key,
        "of": len(rows),
        "rank": mine["rank"] if mine else None,
        "tied": bool(mine and mine["tied"]),
        "to_next": mine["to_next"] if mine else None,
        "moved": mine["moved"] if mine else None,
    }


def _quota(quota: Quota) -> dict[str, Any]:
    digits = minor_units(quota.currency) if quota.currency else 0
    return {**quota._asdict(), "minor_digits": digits}


def _pay(held: Held | None) -> list[dict[str, Any]] | None:
    if held is None or held.earned is None:
        return None
    return [{**e._asdict(), "minor_digits": minor_units(e.currency)} for e in held.earned]


def _contests(board: Board, rep_id: str, now: datetime) -> Iterable[Mapping[str, Any]]:
    """Yield contests that run and have a row of the rep."""
    for name, contest in board.course.known.contests.items():
        is_final = name in board.course.known.results
        runs = phase_of(contest, is_final, now) in (Phase.RUNNING, Phase.GRACE)
        row = board.course.standing(name).rows.get(rep_id)
        if row and runs and contest.of is Of.REPS and is_visible(contest, manages=False):
            yield {"id": name, "name": contest.name, "rank": row.place or None,
                   "tied": row.is_tied, "of": len(board.course.standing(name).rows)}  # fmt: skip
