"""Whether teams and stints make sense: parents and managers exist, nothing overlaps or circles."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from itertools import pairwise

from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.definitions import NO_END, UNASSIGNED, Roster, Stint

_Above = Mapping[str, str | None]


def check(roster: Roster) -> Iterator[Finding]:
    """Yield everything wrong within a roster."""
    if not roster.reps:
        yield Finding("roster", ("reps",), "", "names nobody",
                      "add a rep; who has left keeps a stint with valid_to")  # fmt: skip
    yield from _teams(roster)
    yield from _reps(roster)
    yield from _manager_cycles(roster)


def _teams(roster: Roster) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, team in enumerate(roster.teams):
        if team.team_id in first:
            yield _twice(("teams", i, "team_id"), team.team_id, first[team.team_id])
        first.setdefault(team.team_id, i)
    for i, team in enumerate(roster.teams):
        if team.parent_team_id:
            yield from _known(("teams", i, "parent_team_id"), team.parent_team_id, first)
    above = {t.team_id: t.parent_team_id for t in roster.teams}
    for members in cycles(above):
        at = min(first[m] for m in members)
        yield Finding("roster", ("teams", at, "parent_team_id"), " > ".join(members),
                      "goes round in a circle", "let one of them have no parent team")  # fmt: skip


def _reps(roster: Roster) -> Iterator[Finding]:
    teams = {t.team_id for t in roster.teams}
    reps: dict[str, int] = {}
    for i, rep in enumerate(roster.reps):
        if rep.rep_id in reps:
            yield _twice(("reps", i, "rep_id"), rep.rep_id, reps[rep.rep_id])
        reps.setdefault(rep.rep_id, i)
        if rep.rep_id == UNASSIGNED:
            yield Finding("roster", ("reps", i, "rep_id"), rep.rep_id,
                          "stands for facts nobody owns", "choose another rep_id")  # fmt: skip
    for i, rep in enumerate(roster.reps):
        yield from _history(("reps", i, "history"), rep.history)
        for j, stint in enumerate(rep.history):
            path: Path = ("reps", i, "history", j)
            yield from _known((*path, "team_id"), stint.team_id, teams)
            if stint.manager_id:
                manager = reps.get(stint.manager_id)
                if manager is None:
                    yield Finding("roster", (*path, "manager_id"), stint.manager_id,
                                  "is no rep of this roster",
                                  did_you_mean(stint.manager_id, reps, "add the manager as a rep")
                                  )  # fmt: skip
                elif not _covers(roster.reps[manager].history, stint):
                    yield Finding("roster", (*path, "manager_id"), stint.manager_id,
                                  "is not on the roster in all of this stint",
                                  "end the stint where the manager's ends, and name who follows",
                                  Severity.WARNING)  # fmt: skip


def _history(path: Path, history: tuple[Stint, ...]) -> Iterator[Finding]:
    for j, stint in enumerate(history):
        if stint.valid_to and stint.valid_to <= stint.valid_from:
            yield Finding("roster", (*path, j, "valid_to"), str(stint.valid_to),
                          f"is not after valid_from {stint.valid_from}",
                          "name the first day no longer in the stint")  # fmt: skip
    order = sorted(range(len(history)), key=lambda j: (history[j].valid_from, j))
    for before, after in pairwise(order):
        end, start = end_of(history[before]), history[after].valid_from
        if end > start:
            yield Finding("roster", (*path, after, "valid_from"), str(start),
                          f"overlaps the stint from {history[before].valid_from},"
                          + (" which has no end" if end == NO_END else f" which ends {end}"),
                          f"end that one with valid_to: {start}")  # fmt: skip


def end_of(stint: Stint) -> date:
    """Return the first day behind a stint."""
    return stint.valid_to or NO_END


def _covers(history: tuple[Stint, ...], wanted: Stint) -> bool:
    """Return whether somebody is on the roster throughout a stint of somebody else."""
    reached = wanted.valid_from
    for stint in sorted(history, key=lambda s: s.valid_from):
        if stint.valid_from <= reached < end_of(stint):
            reached = end_of(stint)
    return reached >= end_of(wanted)


def _manager_cycles(roster: Roster) -> Iterator[Finding]:
    """Yield each circle of managers once, on the first day it exists."""
    at = {rep.rep_id: i for i, rep in enumerate(roster.reps)}
    told: set[frozenset[str]] = set()
    for day in _suspicious_days(roster):
        above: dict[str, str | None] = {}
        for rep in roster.reps:
            for stint in rep.history:
                if stint.valid_from <= day < end_of(stint):
                    above[rep.rep_id] = stint.manager_id
        for members in cycles(above):
            if frozenset(members) not in told:
                told.add(frozenset(members))
                i = at[members[0]]
                j = next(j for j, s in enumerate(roster.reps[i].history)
                         if s.valid_from <= day < end_of(s))  # fmt: skip
                yield Finding("roster", ("reps", i, "history", j, "manager_id"),
                              " > ".join(members), f"goes round in a circle on {day}",
                              "let one of them have another manager or none")  # fmt: skip


def _suspicious_days(roster: Roster) -> list[date]:
    """Return the days on which a circle may begin; none if there is no circle in all of time."""
    ever: dict[str, set[str]] = {}
    for rep in roster.reps:
        ever.setdefault(rep.rep_id, set()).update(s.manager_id for s in rep.history if s.manager_id)
    left = dict(ever)
    while True:  # take away whoever has no manager left; what remains leads into a circle
        free = [who for who, managers in left.items() if not managers & left.keys()]
        if not free:
            break
        for who in free:
            del left[who]
    return sorted({s.valid_from for r in roster.reps if r.rep_id in left for s in r.history})


def cycles(above: _Above) -> list[tuple[str, ...]]:
    """Return every circle in a relation in which each has at most one above.

    >>> cycles({"a": "b", "b": "a", "c": "a"})
    [('a', 'b')]
    """
    done: set[str] = set()
    found = []
    for start in above:
        trail: list[str] = []
        here: str | None = start
        while here is not None and here in above and here not in done:
            done.add(here)
            trail.append(here)
            here = above[here]
        if here is not None and here in trail:
            found.append(tuple(trail[trail.index(here) :]))
    return found


def _known(path: Path, team_id: str, teams: Collection[str]) -> Iterator[Finding]:
    if team_id not in teams:
        yield Finding("roster", path, team_id, "is no team that exists",
                      did_you_mean(team_id, teams, "add it to teams"))  # fmt: skip


def _twice(path: Path, value: str, first: int) -> Finding:
    return Finding("roster", path, value, f"stands already in entry {first}, counted from 0",
                   "keep one; a rep's moves are stints of one history")  # fmt: skip
