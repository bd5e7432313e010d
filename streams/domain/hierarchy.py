"""Who belonged to what when: reps, the teams above them, regions and the company.

The twin of the table spm.membership. Spans are half-open days. Teams are a tree without dates of
its own; what has dates is who was in which of them, so a rep's past stays with the team of then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

import polars as pl

from schemas.definitions import COMPANY_ID, NO_END, UNASSIGNED, Roster, Stint
from schemas.territories import Territory

FIRST_DAY = date(1970, 1, 1)


class SubjectKind(StrEnum):
    """What numbers are told of."""

    REP = "REP"
    TEAM = "TEAM"
    REGION = "REGION"
    COMPANY = "COMPANY"


class Membership(NamedTuple):
    """One subject a rep belongs to, from a day up to, not including, another.

    Attributes:
        is_direct: the subject is the rep's own team, region, self or company; False for the teams
            above the own one.
    """

    subject_kind: SubjectKind
    subject_id: str
    rep_id: str
    valid_from: date
    valid_to: date
    is_direct: bool = True


class _Span(NamedTuple):
    valid_from: date
    valid_to: date
    subject_id: str
    is_direct: bool = True


def memberships(roster: Roster, territories: Sequence[Territory] = ()) -> Iterator[Membership]:
    """Yield what each rep belongs to, ordered by rep.

    Everybody is themselves and of the company on every day, those nobody knows (unassigned) too,
    so that no fact is lost from the company's sum. They are in the team of their stint, the teams
    above it, and in one region at most: that of the territory they hold on the day, else that of
    their team. Outside their stints they are in no team and no region.
    """
    above, regions = lineages(roster), _regions_of_teams(roster)
    held = _held(territories)
    for rep_id, history in sorted(
        [(UNASSIGNED, ()), *((rep.rep_id, rep.history) for rep in roster.reps)]
    ):
        yield Membership(SubjectKind.REP, rep_id, rep_id, FIRST_DAY, NO_END)
        yield Membership(SubjectKind.COMPANY, COMPANY_ID, rep_id, FIRST_DAY, NO_END)
        teams = (span for stint in history for span in _teams(stint, above))
        yield from _members(SubjectKind.TEAM, rep_id, teams)
        if regions or held:
            spans = (s for t in history for s in _in_regions(t, held.get(rep_id, ()), regions))
            yield from _members(SubjectKind.REGION, rep_id, spans)


def member_rows(roster: Roster, territories: Sequence[Territory] = ()) -> pl.DataFrame:
    """Return memberships as columns, named as Membership's fields."""
    kinds = dict(
        zip(Membership._fields, [pl.String] * 3 + [pl.Date] * 2 + [pl.Boolean], strict=True)
    )
    columns = zip(*memberships(roster, territories), strict=True)
    return pl.DataFrame(dict(zip(kinds, map(list, columns), strict=True)), kinds)


def team_lines(members: pl.DataFrame) -> pl.DataFrame:
    """Return each rep's own teams from first to last: rep_id, since and team_id as arrays.

    The first begins with FIRST_DAY and each lasts until the next, so the last one that began on or
    before a day is the team of that day; empty is none.

    Args:
        members: as `member_rows` returns them.
    """
    own = members.filter((pl.col("subject_kind") == SubjectKind.TEAM) & pl.col("is_direct"))
    begins = own.select("rep_id", since="valid_from", team_id="subject_id")
    ends = own.select("rep_id", since="valid_to", team_id=pl.lit(""))
    first = members.select(pl.col("rep_id").unique()).with_columns(
        since=pl.lit(FIRST_DAY), team_id=pl.lit("")
    )
    # Where one ends as another begins, the one that begins counts.
    every = pl.concat([begins, ends, first]).sort("rep_id", "since", "team_id")
    last = every.unique(["rep_id", "since"], keep="last", maintain_order=True)
    return last.group_by("rep_id", maintain_order=True).agg("since", "team_id")


def lineages(roster: Roster) -> dict[str, tuple[str, ...]]:
    """Return every team with the teams above it, itself first; a circle ends where it closes."""
    parents = {team.team_id: team.parent_team_id for team in roster.teams}
    return {team: _line(team, parents) for team in parents}


def region_of(territory_id: str, territories: Mapping[str, Territory]) -> str | None:
    """Return the region of a territory: its own, else that of the nearest above; None for none."""
    parents = {key: each.parent_territory_id for key, each in territories.items()}
    line = _line(territory_id, parents)
    return next((territories[key].region for key in line if territories[key].region), None)


def end_of(span: Stint) -> date:
    """Return the first day behind a stint."""
    return span.valid_to or NO_END


def _line(start: str, parents: Mapping[str, str | None]) -> tuple[str, ...]:
    line: list[str] = []
    here: str | None = start
    while here is not None and here in parents and here not in line:
        line.append(here)
        here = parents[here]
    return tuple(line)


def _regions_of_teams(roster: Roster) -> dict[str, str]:
    own = {team.team_id: team.region for team in roster.teams if team.region}
    found = {
        team: next((own[t] for t in line if t in own), None)
        for team, line in lineages(roster).items()
    }
    return {team: region for team, region in found.items() if region}


def _held(territories: Sequence[Territory]) -> dict[str, tuple[_Span, ...]]:
    """Return the regions reps have by the territories they hold."""
    by_id = {each.territory_id: each for each in territories}
    held: dict[str, tuple[_Span, ...]] = {}
    for territory in sorted(territories, key=lambda t: t.territory_id):
        region = region_of(territory.territory_id, by_id)
        for one in territory.holders if region else ():
            span = _Span(one.valid_from, one.valid_to or NO_END, str(region))
            held[one.rep_id] = (*held.get(one.rep_id, ()), span)
    return held


def _teams(stint: Stint, above: Mapping[str, Sequence[str]]) -> Iterator[_Span]:
    for team_id in above.get(stint.team_id, ()):
        yield _Span(stint.valid_from, end_of(stint), team_id, team_id == stint.team_id)


def _in_regions(
    stint: Stint, held: Sequence[_Span], of_teams: Mapping[str, str]
) -> Iterator[_Span]:
    """Yield the regions of one stint; the first territory held on a day decides."""
    ends = {day for span in held for day in span[:2]}
    first, last = stint.valid_from, end_of(stint)
    cuts = [first, *sorted(day for day in ends if first < day < last), last]
    for since, until in pairwise(cuts):
        on = (s.subject_id for s in held if s.valid_from <= since < s.valid_to)
        if region := next(on, of_teams.get(stint.team_id)):
            yield _Span(since, until, region)


def _members(kind: SubjectKind, rep_id: str, spans: Iterable[_Span]) -> Iterator[Membership]:
    """Yield spans as memberships; those that touch and say the same become one."""
    for (subject_id, is_direct), same in groupby(sorted(spans, key=_by_subject), itemgetter(2, 3)):
        whole: list[tuple[date, date]] = []
        for since, until, *_ in same:
            if whole and since <= whole[-1][1]:
                whole[-1] = (whole[-1][0], max(until, whole[-1][1]))
            else:
                whole.append((since, until))
        for since, until in whole:
            yield Membership(kind, subject_id, rep_id, since, until, is_direct)


def _by_subject(span: _Span) -> tuple[str, bool, date]:
    return span.subject_id, span.is_direct, span.valid_from
