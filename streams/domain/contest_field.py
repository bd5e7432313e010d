"""Who takes part in a contest, and from which day to which: by team, role, name or side. Pure.

What a rep does counts for whom the rep belonged to on its day: who moves leaves it to the old team.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from schemas.contest_choices import Of
from schemas.contest_parts import Member
from schemas.contests import Contest
from schemas.definitions import NO_END, Roster
from streams.domain.contest_times import days
from streams.domain.hierarchy import FIRST_DAY, lineages
from streams.domain.periods import Span


class Stay(NamedTuple):
    """Days on which a rep takes part, and for whom: the rep, a team or a side."""

    participant: str
    rep_id: str
    span: Span


class Field(NamedTuple):
    """Everybody in a contest.

    Attributes:
        participants: who competes, whether anybody is there or not.
        stays: rep -> when they take part, and for whom.
        span: local days of the contest.
    """

    participants: tuple[str, ...]
    stays: Mapping[str, tuple[Stay, ...]]
    span: Span

    def of(self, rep_id: str, day: date) -> str | None:
        """Return for whom a rep counts on a day; None: for nobody."""
        return next((s.participant for s in self.stays.get(rep_id, ()) if day in s.span), None)

    def heads(self, participant: str) -> Fraction:
        """Return how many people a participant is; who is there half of the days is a half."""
        there = sum(
            stay.span.days
            for stays in self.stays.values()
            for stay in stays
            if stay.participant == participant
        )
        return Fraction(there, self.span.days)


def field(contest: Contest, roster: Roster) -> Field:
    """Return who takes part in a contest under a roster."""
    span = Span(*days(contest))
    out = set(contest.participants.without)
    stays: dict[str, tuple[Stay, ...]] = {}
    for stay in _stays(contest, roster):
        inside = stay.span.within(span)
        if stay.rep_id not in out and inside.days > 0:
            stays[stay.rep_id] = (*stays.get(stay.rep_id, ()), stay._replace(span=inside))
    ordered = {rep_id: tuple(sorted(each, key=_begins)) for rep_id, each in stays.items()}
    return Field(_participants(contest, ordered), ordered, span)


def _participants(contest: Contest, stays: Mapping[str, tuple[Stay, ...]]) -> tuple[str, ...]:
    given = contest.participants
    if contest.of is Of.TEAMS:
        return tuple(sorted((*given.teams, *(side.side_id for side in given.sides))))
    return tuple(sorted({stay.participant for each in stays.values() for stay in each}))


def _stays(contest: Contest, roster: Roster) -> Iterator[Stay]:
    given = contest.participants
    is_of_teams = contest.of is Of.TEAMS
    for side in given.sides:
        yield from _named(side.members, side.side_id)
    if given.members:
        yield from _named(given.members, "")
    elif not given.sides:
        yield from _by_rule(contest, roster, is_of_teams)


def _named(members: Iterable[Member], side_id: str) -> Iterator[Stay]:
    for one in members:
        span = Span(one.valid_from or FIRST_DAY, one.valid_to or NO_END)
        yield Stay(side_id or one.rep_id, one.rep_id, span)


def _by_rule(contest: Contest, roster: Roster, is_of_teams: bool) -> Iterator[Stay]:
    given, above = contest.participants, lineages(roster)
    for rep in roster.reps:
        for stint in rep.history:
            if given.roles and stint.role not in given.roles:
                continue
            line = above.get(stint.team_id, (stint.team_id,))
            mine = next((team for team in line if team in given.teams), None)
            if given.teams and mine is None:
                continue
            span = Span(stint.valid_from, stint.valid_to or NO_END)
            yield Stay(str(mine) if is_of_teams else rep.rep_id, rep.rep_id, span)


def _begins(stay: Stay) -> date:
    return stay.span.start
