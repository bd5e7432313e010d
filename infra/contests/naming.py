"""What those who take part in contests are called."""

from collections.abc import Callable

from infra.definitions.showing import named
from infra.definitions.stored import Stored
from schemas.contests import Contest
from schemas.definitions import Bundle


def names_of(stored: Stored, bundle: Bundle, *more: Contest) -> Callable[[str], str]:
    """Return what gives names to reps, teams, sides of contests, and measures.

    Args:
        more: contests that are not in force.
    """
    people = stored.people()
    groups = {m.measure: m.label for m in bundle.measures.measures}
    groups |= {k.kpi_id: k.name for k in bundle.kpis.kpis}
    groups |= {t.team_id: t.name for t in bundle.roster.teams}
    every = (*bundle.contests.contests, *more)
    groups |= {s.side_id: s.name for c in every for s in c.participants.sides}
    return lambda name: groups.get(name) or named(name, people)
