"""What is sent to pages: one period by one yardstick, as plain values."""

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import islice
from typing import Any

from connectors.boards.board import Board
from connectors.boards.floor import hue_of, initials
from connectors.boards.freshness import is_gone, state_of
from connectors.boards.held import Plan
from connectors.boards.measures import YARDSTICKS, Yardstick
from connectors.boards.periods import Period
from connectors.boards.ranking import ZERO, Standing, standings
from connectors.boards.teams import (
    EVERYBODY,
    Scope,
    entrants_of,
    heads_of,
    is_in,
    team_sums,
    teams_of,
)
from connectors.boards.ticker import Honour, Win
from connectors.boards.worn import NOTHING, on_a_lane
from schemas.definitions import UNASSIGNED
from schemas.money import minor_units

FORMER = "Former colleague"  # whose name was erased, or never given
SHARE = Decimal("0.0001")
WINS_MAX = 12  # more than any screen shows
TOTALS = {key: column for column, key in enumerate(YARDSTICKS)}


def view_of(
    board: Board, yardstick: Yardstick, period: Period, now: datetime, scope: Scope = EVERYBODY
) -> dict[str, Any]:
    """Return everything one selection of the board shows."""
    floor = board.floor
    sums = team_sums(board, period) if scope.of_teams else board.sums(period)
    column = TOTALS[yardstick.key]
    if scope.of_teams:
        ranked = teams_of(floor, scope.team)
    else:
        scored = frozenset(r for r, s in sums.items() if s.now[column])
        ranked = entrants_of(floor, scored, board.today, scope.team)
    rows = standings(
        {r: sums[r].now[column] if r in sums else ZERO for r in ranked},
        {r: sums[r].before[column] if r in sums else ZERO for r in ranked},
        order=lambda r: (floor.teams.get(r, floor.name(r)).casefold(), r),
    )
    counted = [sums[r] for r in ranked if r in sums] if scope.team else list(sums.values())
    if scope.of_teams and not scope.team:
        counted = list(board.sums(period).values())
    everything = [sum((s.now[c] for s in counted), ZERO) for c in range(len(TOTALS))]
    unassigned = ZERO
    if not scope.team and UNASSIGNED in (people := board.sums(period)):
        unassigned = people[UNASSIGNED].now[column]
    plans = _plans_of(board, period) if shows_quotas(yardstick.key, scope) else {}
    return {
        **base_of(board, now, lambda rep_id: is_in(floor, scope.team, rep_id, board.today)),
        **_chosen(board, yardstick, period, scope),
        "rows": [
            _team_row(board, row) if scope.of_teams else _row(board, row, plans.get(row.rep_id))
            for row in rows
        ],
        "totals": {key: everything[c] for key, c in TOTALS.items()},
        "unassigned": unassigned,
        "unrated": board.unrated(period) if not scope.team else {},
    }


def _chosen(board: Board, yardstick: Yardstick, period: Period, scope: Scope) -> dict[str, Any]:
    """Return what was chosen, and which teams there are to choose."""
    floor, span = board.floor, board.span(period)
    return {
        "period": {"kind": period, "start": span.start, "end": span.end},
        "yardstick": {"key": yardstick.key, "weights": yardstick.weights},
        "scope": {
            "of": "teams" if scope.of_teams else "reps",
            "team": scope.team,
            "name": floor.teams.get(scope.team, scope.team),
        },
        "teams": [
            {"id": t, "name": floor.teams[t], "depth": len(floor.lineage(t)) - 1}
            for t in sorted(floor.teams, key=lambda t: _path(board, t))
        ],
    }


def base_of(
    board: Board, now: datetime, whose: Callable[[str], bool] = lambda _: True
) -> dict[str, Any]:
    """Return what every page shows: the company, the clock, the latest wins, the sources.

    Args:
        whose: wins of which reps; left out: everybody's.
    """
    company = board.floor.company
    wins = islice((win for win in board.ticker.latest() if whose(win.rep_id)), WINS_MAX)
    return {
        "server_now": now,
        "company": {
            "name": company.name,
            "time_zone": company.time_zone,
            "currency": company.reporting_currency,
            "minor_digits": minor_units(company.reporting_currency),
        },
        "wins": [_win(board, win) for win in wins],
        "sources": sources_of(board, now),
        "changed_at": board.changed_at,
    }


def _path(board: Board, team_id: str) -> tuple[str, ...]:
    floor = board.floor
    return tuple(floor.teams.get(t, t).casefold() for t in reversed(floor.lineage(team_id)))


def sources_of(board: Board, now: datetime) -> list[dict[str, Any]]:
    """Return how each source looks, by name."""
    return [
        {
            "source": p.source,
            "state": state_of(p, now, board.changed_at),
            "complete_through": p.complete_through,
            "observed_at": p.observed_at,
            "detail": p.detail,
        }
        for p in sorted(board.progress.values(), key=lambda p: p.source)
        if not is_gone(p, now)
    ]


def shows_quotas(key: str, scope: Scope) -> bool:
    """Return whether lanes show quotas: of reps, by revenue."""
    return key == "revenue" and not scope.of_teams


def _plans_of(board: Board, period: Period) -> dict[str, Plan]:
    """Return the quotas of just the days that are shown."""
    span = board.span(period)
    return {
        rep_id: plan
        for rep_id, plans in board.plans.items()
        for plan in plans
        if (plan.period_start, plan.period_end) == span and plan.quota > 0
    }


def _quota(plan: Plan, value: Decimal) -> dict[str, Any]:
    attained = (value / plan.quota).quantize(SHARE, ROUND_HALF_EVEN)
    return {"amount": plan.quota, "due": plan.due, "attained": attained}


def _row(board: Board, row: Standing, plan: Plan | None) -> dict[str, Any]:
    floor = board.floor
    stint = floor.stint(row.rep_id, board.today)
    name = shown_name(board, row.rep_id)
    team_id = stint.team_id if stint else ""
    return {
        "id": row.rep_id,
        "name": name,
        "initials": initials(name),
        "team": floor.teams.get(team_id, team_id),
        "hue": hue_of(floor, team_id),
        "rank": row.rank,
        "tied": row.tied,
        "value": row.value,
        "to_next": row.to_next,
        "moved": row.moved,
        "quota": _quota(plan, row.value) if plan else None,
        "worn": on_a_lane(board.worn.get(row.rep_id, NOTHING)),
    }


def _team_row(board: Board, row: Standing) -> dict[str, Any]:
    name = board.floor.teams.get(row.rep_id, row.rep_id)
    return {
        "id": row.rep_id,
        "name": name,
        "initials": initials(name),
        "team": "",
        "people": heads_of(board.floor, row.rep_id, board.today),
        "hue": hue_of(board.floor, row.rep_id),
        "rank": row.rank,
        "tied": row.tied,
        "value": row.value,
        "to_next": row.to_next,
        "moved": row.moved,
    }


def _win(board: Board, win: Win) -> dict[str, Any]:
    name = shown_name(board, win.rep_id)
    stint = board.floor.stint(win.rep_id, board.today)
    return {
        "number": win.number,
        "id": win.rep_id,
        "name": name,
        "initials": initials(name),
        "hue": hue_of(board.floor, stint.team_id if stint else ""),
        "deals": win.deals,
        "rings": win.rings,
        "amount": win.amount,
        "currency": win.currency,
        "honour": _honour(win.honour),
        "at": win.at,
    }


def _honour(honour: Honour | None) -> dict[str, Any] | None:
    return honour and {"kind": honour.kind, "name": honour.name, "many": honour.many}


def shown_name(board: Board, rep_id: str) -> str:
    """Return the name to show; a person whose name was emptied is not called by a pseudonym."""
    name = board.floor.names.get(rep_id)
    if name:
        return name
    if rep_id == UNASSIGNED:
        return "Unassigned"
    return FORMER if name == "" else rep_id
