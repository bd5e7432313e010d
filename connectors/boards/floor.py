"""The floor: who is on the roster, in which team and zone, and what they are called."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from schemas.definitions import UNASSIGNED, Bundle, Company

HUES = 8  # team colours the page has
INITIALS_MAX = 2


@dataclass(frozen=True, slots=True)
class Stint:
    """Where a rep belongs from one day up to, not including, another."""

    valid_from: date
    valid_to: date
    team_id: str
    manager_id: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Floor:
    """People and teams in force.

    Attributes:
        names: rep_id -> name as shown; missing or empty after erasure.
        stints: rep_id -> stints, oldest first.
        teams: team_id -> name.
        above: team_id -> the team it belongs to; empty for none.
    """

    company: Company = field(default_factory=lambda: Bundle().company)
    names: Mapping[str, str] = field(default_factory=dict)
    stints: Mapping[str, tuple[Stint, ...]] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    above: Mapping[str, str] = field(default_factory=dict)

    def stint(self, rep_id: str, day: date) -> Stint | None:
        """Return where a rep belongs on a day; None: nowhere."""
        for stint in self.stints.get(rep_id, ()):
            if stint.valid_from <= day < stint.valid_to:
                return stint
        return None

    def zone(self, rep_id: str, day: date) -> str:
        """Return the zone in which a rep's days are cut; the company's for somebody unknown."""
        stint = self.stint(rep_id, day)
        return stint.time_zone if stint else self.company.time_zone

    def lineage(self, team_id: str) -> tuple[str, ...]:
        """Return a team and every team it belongs to, the nearest first."""
        found: list[str] = []
        while team_id and team_id not in found:
            found.append(team_id)
            team_id = self.above.get(team_id, "")
        return tuple(found)

    def below(self, team_id: str) -> tuple[str, ...]:
        """Return the teams right below one, by name; of "" those at the top."""
        found = [t for t in self.teams if self.above.get(t, "") == team_id]
        return tuple(sorted(found, key=lambda t: (self.teams[t].casefold(), t)))

    def leads(self, manager_id: str, rep_id: str, day: date) -> bool:
        """Return whether somebody stands above a rep, by however many, on a day."""
        seen: set[str] = set()
        stint = self.stint(rep_id, day)
        while stint and stint.manager_id and stint.manager_id not in seen:
            if stint.manager_id == manager_id:
                return True
            seen.add(stint.manager_id)
            stint = self.stint(stint.manager_id, day)
        return False

    def managers(self, day: date) -> frozenset[str]:
        """Return everybody somebody reports to on a day."""
        found = (self.stint(rep_id, day) for rep_id in self.stints)
        return frozenset(s.manager_id for s in found if s and s.manager_id)

    def name(self, rep_id: str) -> str:
        """Return the name as shown; the pseudonym where there is none."""
        return self.names.get(rep_id) or rep_id


def hue_of(floor: Floor, team_id: str) -> int:
    """Return the number of a team's colour: fixed as long as the list of teams is."""
    known = sorted(floor.teams)
    return known.index(team_id) % HUES if team_id in floor.teams else HUES


def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name.

    >>> initials("Maria del Carmen Núñez"), initials("Cher"), initials("rep-007")
    ('MN', 'C', 'R')
    """
    words = [w for w in name.split() if unicodedata.category(w[0]).startswith("L")]
    picked = words[:1] + words[1:][-1:]
    return "".join(w[0] for w in picked).upper()[:INITIALS_MAX] or "?"


def entrants(floor: Floor, scored: frozenset[str], day: date) -> list[str]:
    """Return who is ranked: reps on the roster that day, and everybody who has scored.

    Somebody others report to is ranked only with a score of their own. Facts without an owner
    belong to nobody and are shown beside the ranking.
    """
    managers = floor.managers(day)
    rostered = {r for r in floor.stints if floor.stint(r, day) and r not in managers}
    return sorted((rostered | scored) - {UNASSIGNED})
