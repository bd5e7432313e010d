"""What is sent to pages: one period by one yardstick, as plain values."""

from datetime import datetime
from typing import Any

from connectors.boards.board import Board
from connectors.boards.floor import entrants, hue_of, initials
from connectors.boards.freshness import is_gone, state_of
from connectors.boards.measures import YARDSTICKS, Yardstick
from connectors.boards.periods import Period
from connectors.boards.ranking import ZERO, Standing, standings
from connectors.boards.ticker import Win
from schemas.definitions import UNASSIGNED
from schemas.money import minor_units

FORMER = "Former colleague"  # whose name was erased, or never given
TOTALS = {key: column for column, key in enumerate(YARDSTICKS)}


def view_of(board: Board, yardstick: Yardstick, period: Period, now: datetime) -> dict[str, Any]:
    """Return everything one selection of the board shows."""
    sums = board.sums(period)
    column = TOTALS[yardstick.key]
    scored = frozenset(r for r, s in sums.items() if s.now[column])
    ranked = entrants(board.floor, scored, board.today)
    rows = standings(
        {r: sums[r].now[column] for r in ranked},
        {r: sums[r].before[column] for r in ranked},
        order=lambda r: (board.floor.name(r).casefold(), r),
    )
    everything = [sum((s.now[c] for s in sums.values()), ZERO) for c in range(len(TOTALS))]
    company = board.floor.company
    span = board.span(period)
    return {
        "server_now": now,
        "company": {
            "name": company.name,
            "time_zone": company.time_zone,
            "currency": company.reporting_currency,
            "minor_digits": minor_units(company.reporting_currency),
        },
        "period": {"kind": period, "start": span.start, "end": span.end},
        "yardstick": {"key": yardstick.key, "weights": yardstick.weights},
        "rows": [_row(board, row) for row in rows],
        "totals": {key: everything[c] for key, c in TOTALS.items()},
        "unassigned": sums[UNASSIGNED].now[column] if UNASSIGNED in sums else ZERO,
        "unrated": board.unrated(period),
        "wins": [_win(board, win) for win in board.ticker.latest()],
        "sources": sources_of(board, now),
        "changed_at": board.changed_at,
    }


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


def _row(board: Board, row: Standing) -> dict[str, Any]:
    floor = board.floor
    stint = floor.stint(row.rep_id, board.today)
    name = _shown(board, row.rep_id)
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
    }


def _win(board: Board, win: Win) -> dict[str, Any]:
    name = _shown(board, win.rep_id)
    stint = board.floor.stint(win.rep_id, board.today)
    return {
        "number": win.number,
        "id": win.rep_id,
        "name": name,
        "initials": initials(name),
        "hue": hue_of(board.floor, stint.team_id if stint else ""),
        "deals": win.deals,
        "amount": win.amount,
        "currency": win.currency,
        "at": win.at,
    }


def _shown(board: Board, rep_id: str) -> str:
    """Return the name to show; a person whose name was emptied is not called by a pseudonym."""
    name = board.floor.names.get(rep_id)
    if name:
        return name
    if rep_id == UNASSIGNED:
        return "Unassigned"
    return FORMER if name == "" else rep_id
