"""What is sent to pages about contests: the list of them, and one as it stands."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.boards.board import Board
from connectors.boards.contests import (
    Pass,
    Phase,
    Placed,
    Row,
    frozen_at,
    is_visible,
    phase_of,
    window_of,
)
from connectors.boards.floor import hue_of, initials
from connectors.boards.view import base_of, shown_name
from schemas.contest_choices import Format, Of, Score, TeamScore
from schemas.contests import Contest
from schemas.money import minor_units

SHARE = Decimal("0.0001")
LISTED_ROWS = 3  # of each contest in the list


def contests_of(board: Board, now: datetime, *, manages: bool) -> dict[str, Any]:
    """Return the list of contests, each with who is ahead."""
    listed = []
    for contest in board.course.shown(now, manages=manages):
        rows = _rows(board, contest)
        listed.append({
            **about(board, contest, now),
            "entered": len(rows),
            "rows": rows[:LISTED_ROWS],
        })  # fmt: skip
    return {**base_of(board, now), "contests": listed}


def contest_of(board: Board, contest_id: str, now: datetime, *, manages: bool) -> dict[str, Any]:
    """Return one contest as it stands; `contest` is None where there is none to be seen."""
    base = base_of(board, now)
    contest = board.course.known.contests.get(contest_id)
    if contest is None or not is_visible(contest, manages=manages):
        return {**base, "contest": None}
    standing = board.course.standing(contest_id)
    rows = _rows(board, contest)
    return {
        **base,
        "contest": {**about(board, contest, now), **_rules(board, contest)},
        "told_at": standing.at,
        "rows": rows,
        "total": _total(contest, rows),
        "passes": [_pass(board, contest, one) for one in standing.passes],
        "detail": _detail(board, contest),
    }


def about(board: Board, contest: Contest, now: datetime) -> dict[str, Any]:
    """Return what a contest is, in short."""
    start, end = window_of(contest)
    results = board.course.known.results.get(contest.contest_id, ())
    return {
        "id": contest.contest_id,
        "name": contest.name,
        "state": contest.state,
        "hidden": contest.hidden,
        "format": contest.format,
        "of": contest.of,
        "phase": phase_of(contest, bool(results), now),
        "starts_at": start.astimezone(UTC),
        "ends_at": end.astimezone(UTC),
        "frozen_at": frozen_at(contest),
        "time_zone": contest.time_zone,
        "finalized_at": results[0].finalized_at if results else None,
        "unit": unit_of(contest),
    }


def unit_of(contest: Contest) -> dict[str, Any]:
    """Return what scores are in: PERCENT, POINTS, MONEY or VALUE."""
    currency = contest.metrics[0].currency
    averaged = contest.of is Of.TEAMS and contest.team_score is not TeamScore.SUM
    if contest.score is not Score.VALUE:
        return {"kind": contest.score, "currency": None, "averaged": averaged}
    if currency is None:
        return {"kind": "VALUE", "currency": None, "averaged": averaged}
    digits = minor_units(currency)
    return {"kind": "MONEY", "currency": currency, "minor_digits": digits, "averaged": averaged}


def _rules(board: Board, contest: Contest) -> dict[str, Any]:
    return {
        "description": contest.description,
        "rules": {
            language: lines[1:]
            for language, lines in board.rules(contest, lambda name: _called(board, name)).items()
        },
        "target": contest.target,
        "milestones": [
            {"name": m.name, "amount": m.amount}
            for m in sorted(contest.milestones, key=lambda m: m.amount)
        ],
        "winners": contest.winners,
        "minimum_score": contest.minimum_score,
        "minimum_events": contest.minimum_events,
        "prizes": [
            {"place": p.place, "amount": p.amount, "thing": p.thing,
             "currency": contest.prize_currency}
            for p in sorted(contest.prizes, key=lambda p: p.place)
        ],
    }  # fmt: skip


def _called(board: Board, name: str) -> str:
    """Return what a rep, a team or a measure is called; ids of measures say it themselves."""
    if name in board.floor.stints or name in board.floor.names:
        return shown_name(board, name)
    return board.floor.teams.get(name) or name.replace("_", " ")


def _rows(board: Board, contest: Contest) -> list[dict[str, Any]]:
    """Return participants, best first; the final result stands where there is one."""
    final = board.course.known.results.get(contest.contest_id)
    if final:
        found = [_final_row(board, contest, placed) for placed in final]
    else:
        standing = board.course.standing(contest.contest_id)
        found = [
            _row(board, contest, name, row, standing.before)
            for name, row in standing.rows.items()
        ]  # fmt: skip
    return sorted(
        found, key=lambda r: (r["rank"] is None, r["rank"] or 0, -r["score"], r["name"].casefold())
    )


def _row(
    board: Board, contest: Contest, name: str, row: Row, before: Mapping[str, int]
) -> dict[str, Any]:
    then = before.get(name, 0)
    return {
        **participant(board, contest, name),
        "rank": row.place or None,
        "tied": row.is_tied,
        "score": row.score,
        "behind": row.behind if row.place else None,
        "percent": row.percent,
        "events": row.events,
        "reached_at": row.reached_at,
        "moved": then - row.place if then and row.place else None,
        "prize": None,
    }


def _final_row(board: Board, contest: Contest, placed: Placed) -> dict[str, Any]:
    target = contest.target if contest.score is not Score.PERCENT else Decimal(1)
    prize = {"amount": placed.prize or None, "currency": placed.currency, "thing": placed.things}
    return {
        **participant(board, contest, placed.participant),
        "rank": placed.place or None,
        "tied": placed.is_tied,
        "score": placed.score,
        "behind": None,
        "percent": (placed.score / target).quantize(SHARE) if target else None,
        "events": placed.events,
        "reached_at": placed.reached_at,
        "moved": None,
        "prize": prize if placed.prize or placed.things else None,
    }


def participant(board: Board, contest: Contest, name: str) -> dict[str, Any]:
    """Return who a participant is: a rep, a team, or a team made for the contest."""
    if contest.of is Of.TEAMS:
        sides = {side.side_id: side.name for side in contest.participants.sides}
        shown = sides.get(name) or board.floor.teams.get(name, name)
        hue = sorted(sides).index(name) if name in sides else hue_of(board.floor, name)
        return {"id": name, "name": shown, "initials": initials(shown), "team": "", "hue": hue % 8}
    shown = shown_name(board, name)
    stint = board.floor.stint(name, board.today)
    team = stint.team_id if stint else ""
    return {
        "id": name,
        "name": shown,
        "initials": initials(shown),
        "team": board.floor.teams.get(team, team),
        "hue": hue_of(board.floor, team),
    }


def _pass(board: Board, contest: Contest, one: Pass) -> dict[str, Any]:
    return {
        "number": one.number,
        "who": participant(board, contest, one.participant),
        "passed": [participant(board, contest, name)["name"] for name in one.passed],
        "at": one.at,
    }


def _total(contest: Contest, rows: list[dict[str, Any]]) -> Decimal | None:
    """Return what all made together; None where scores are not added up."""
    adds = contest.of is Of.REPS or contest.team_score is TeamScore.SUM
    if contest.score is Score.PERCENT or not adds:
        return None
    return sum((row["score"] for row in rows), Decimal(0))


def _detail(board: Board, contest: Contest) -> dict[str, Any] | None:
    """Return what rows do not say, with the names of those it is about."""
    found = board.course.details.get(contest.contest_id)
    if found is None:
        return None
    mentioned = {name for match in found["matches"] for name in (match["home"], match["away"])}
    mentioned |= {name for each in found["rounds"] for name in each["out"]}
    mentioned |= {reign["participant"] for reign in found["reigns"]}
    mentioned |= {row["participant"] for row in found["table"]}
    people = {name: participant(board, contest, name) for name in sorted(mentioned - {""})}
    return {**found, "people": people}


def needs_detail(contest: Contest, phase: Phase) -> bool:
    """Return whether a contest's rows do not say all there is to show."""
    return phase is not Phase.COMING and contest.format in {
        Format.BRACKET, Format.SEASON, Format.ELIMINATION, Format.KING, Format.GOAL,
    }  # fmt: skip
