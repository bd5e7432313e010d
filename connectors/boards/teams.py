"""Teams on a board: whom a selection ranks, and what teams have made.

A team's total is what everybody made on the days they belonged to it or to a team below it; so who
changes teams takes nothing along. Teams of one level are ranked against each other: none holds
another one's total.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from connectors.boards.board import Board
from connectors.boards.floor import Floor, entrants
from connectors.boards.periods import Period
from connectors.boards.tallies import NOTHING, Sums, Values, plus


class Scope(NamedTuple):
    """Whom a board ranks.

    Attributes:
        of_teams: teams; otherwise reps.
        team: only what is below this one; empty: the whole company.
    """

    of_teams: bool = False
    team: str = ""


EVERYBODY = Scope()


def teams_of(floor: Floor, team: str) -> tuple[str, ...]:
    """Return the teams to rank: those right below one; of a company with one root, below that."""
    found = floor.below(team)
    while len(found) == 1 and floor.below(found[0]):
        found = floor.below(found[0])
    return found


def entrants_of(floor: Floor, scored: frozenset[str], day: date, team: str) -> tuple[str, ...]:
    """Return the reps to rank, of a team and all teams below it, or of the company."""
    every = entrants(floor, scored, day)
    return tuple(r for r in every if is_in(floor, team, r, day))


def heads_of(floor: Floor, team: str, day: date) -> int:
    """Return how many people belong to a team, and to teams below it, on a day."""
    return sum(is_in(floor, team, rep_id, day) for rep_id in floor.stints)


def is_in(floor: Floor, team: str, rep_id: str, day: date) -> bool:
    """Return whether somebody belongs to a team, or to one below it, on a day; all do to ""."""
    return not team or team in _teams(floor, rep_id, day)


def team_sums(board: Board, period: Period) -> Mapping[str, Sums]:
    """Return every team's totals in a period, those of teams below it included."""
    found: dict[str, tuple[Values, Values]] = {t: (NOTHING, NOTHING) for t in board.floor.teams}
    for sums in board.sums(period).values():
        for direct, (now, before) in sums.by_team.items():
            for team in board.floor.lineage(direct):
                if team in found:
                    was = found[team]
                    found[team] = plus(was[0], now), plus(was[1], before)
    return {team: Sums(now, before, {}) for team, (now, before) in found.items()}


def _teams(floor: Floor, rep_id: str, day: date) -> tuple[str, ...]:
    stint = floor.stint(rep_id, day)
    return floor.lineage(stint.team_id) if stint else ()
