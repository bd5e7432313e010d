"""Who belongs to what on which day."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import NO_END, UNASSIGNED, Rep, Roster, Stint, Team
from schemas.territories import Holder, Territory
from streams.domain.hierarchy import FIRST_DAY, SubjectKind, memberships

START = date(2026, 1, 1)
SPAN = 60  # days in which things happen here
TEAMS = ("a", "b", "c", "d", "e")
REGIONS = (None, "north", "south")


def _day(offset: int) -> date:
    return START + timedelta(days=offset)


def _stints(cuts: Iterable[int], teams: Iterable[str], skips: Iterable[bool]) -> tuple[Stint, ...]:
    """Stints that never overlap, with gaps where `skips` says so; the last may have no end."""
    days = sorted(set(cuts))
    spans = zip(days, [*days[1:], None], teams, skips, strict=False)
    return tuple(
        Stint(
            valid_from=_day(since),
            valid_to=None if until is None else _day(until),
            team_id=team,
            time_zone="UTC",
        )
        for since, until, team, skipped in spans
        if not skipped
    )


@st.composite
def rosters(draw: Any) -> Roster:
    """Trees of teams and reps who move, pause, leave and come back."""
    parents = [draw(st.sampled_from([None, *TEAMS[:i]])) for i in range(len(TEAMS))]
    teams = tuple(
        Team(team_id=t, name=t, parent_team_id=p, region=draw(st.sampled_from(REGIONS)))
        for t, p in zip(TEAMS, parents, strict=True)
    )
    histories = draw(
        st.lists(
            st.builds(
                _stints,
                st.lists(st.integers(0, SPAN), min_size=1, max_size=4),
                st.lists(st.sampled_from(TEAMS), min_size=4, max_size=4),
                st.lists(st.booleans(), min_size=4, max_size=4),
            ).filter(bool),
            min_size=1,
            max_size=4,
        )
    )
    reps = tuple(Rep(rep_id=f"r{i}", history=h) for i, h in enumerate(histories))
    return Roster(teams=teams, reps=reps)


def _territory(number: int, region: str | None, cuts: tuple[int, int]) -> Territory:
    since, until = sorted(cuts)
    holder = Holder(rep_id="r0", valid_from=_day(since), valid_to=_day(until + 1))
    name = f"t{number}"
    return Territory(territory_id=name, name=name, region=region, holders=(holder,))


TERRITORIES = st.lists(
    st.tuples(st.sampled_from(REGIONS), st.tuples(st.integers(0, SPAN), st.integers(0, SPAN))),
    max_size=3,
).map(lambda drawn: [_territory(i, *one) for i, one in enumerate(drawn)])


@given(roster=rosters(), territories=TERRITORIES)
@settings(max_examples=150, deadline=None)
def test_every_day_of_every_rep_has_one_self_one_company_and_one_line_of_teams(
    roster: Roster, territories: list[Territory]
) -> None:
    found = list(memberships(roster, territories))
    parents = {t.team_id: t.parent_team_id for t in roster.teams}
    for rep in roster.reps:
        mine = [m for m in found if m.rep_id == rep.rep_id]
        for day in (_day(i) for i in range(-2, SPAN + 3)):
            on = [m for m in mine if m.valid_from <= day < m.valid_to]
            counted = Counter(m.subject_kind for m in on)
            assert counted[SubjectKind.REP] == counted[SubjectKind.COMPANY] == 1
            assert counted[SubjectKind.REGION] <= 1
            own = [s.team_id for s in rep.history if s.valid_from <= day < (s.valid_to or NO_END)]
            teams = {m.subject_id: m.is_direct for m in on if m.subject_kind is SubjectKind.TEAM}
            assert len(teams) == counted[SubjectKind.TEAM]
            assert [t for t, is_direct in teams.items() if is_direct] == own
            line, here = set(), own[0] if own else None
            while here:
                line.add(here)
                here = parents[here]
            assert teams.keys() == line


@given(roster=rosters(), territories=TERRITORIES)
@settings(max_examples=100, deadline=None)
def test_a_region_is_that_of_the_territory_held_else_of_the_team(
    roster: Roster, territories: list[Territory]
) -> None:
    found = list(memberships(roster, territories))
    teams = {t.team_id: t for t in roster.teams}
    for rep in roster.reps:
        for day in (_day(i) for i in range(-2, SPAN + 3)):
            regions = [
                m.subject_id
                for m in found
                if m.rep_id == rep.rep_id
                and m.subject_kind is SubjectKind.REGION
                and m.valid_from <= day < m.valid_to
            ]
            stint = [s for s in rep.history if s.valid_from <= day < (s.valid_to or NO_END)]
            held = [
                t.region
                for t in territories
                for h in t.holders
                if t.region and h.rep_id == rep.rep_id and h.valid_from <= day
                if day < (h.valid_to or NO_END)
            ]
            here = teams[stint[0].team_id] if stint else None
            while here and here.region is None:
                here = teams[here.parent_team_id] if here.parent_team_id else None
            of_team = [here.region] if here else []
            assert regions == ((held or of_team)[:1] if stint else [])


@given(roster=rosters())
@settings(max_examples=50, deadline=None)
def test_spans_of_one_subject_neither_touch_nor_overlap(roster: Roster) -> None:
    found = sorted(memberships(roster), key=lambda m: (m.rep_id, *m[:2], m.is_direct, m.valid_from))
    for before, after in pairwise(found):
        assert before.valid_from < before.valid_to
        if (before[:3], before.is_direct) == (after[:3], after.is_direct):
            assert before.valid_to < after.valid_from


def test_a_past_stays_with_the_team_it_was_in() -> None:
    moved = (
        Stint(valid_from=START, valid_to=_day(10), team_id="a", time_zone="UTC"),
        Stint(valid_from=_day(10), team_id="b", time_zone="UTC"),
    )
    teams = (Team(team_id="a", name="A"), Team(team_id="b", name="B"))
    roster = Roster(teams=teams, reps=(Rep(rep_id="r", history=moved),))
    assert [m[1:5] for m in memberships(roster) if m.subject_kind is SubjectKind.TEAM] == [
        ("a", "r", START, _day(10)),
        ("b", "r", _day(10), NO_END),
    ]


def test_facts_of_nobody_known_are_the_companys_too() -> None:
    found = [m for m in memberships(Roster(teams=(), reps=())) if m.rep_id == UNASSIGNED]
    assert [(m.subject_kind, m.valid_from, m.valid_to) for m in found] == [
        (SubjectKind.REP, FIRST_DAY, NO_END),
        (SubjectKind.COMPANY, FIRST_DAY, NO_END),
    ]
