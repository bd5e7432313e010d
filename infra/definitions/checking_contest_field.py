"""Whether those who should take part in a contest exist, and are as many as its format needs."""

from collections import Counter
from collections.abc import Iterator
from typing import cast

from infra.definitions.checking_contest_metrics import KIND, Values
from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.contest_choices import Format, Of, Score, Seeding
from schemas.contests import Contest
from schemas.definitions import Roster
from streams.domain.contest_field import field
from streams.domain.contest_knockouts import rounds_of_bracket
from streams.domain.contest_seasons import PLAYOFF_ROUNDS, SEEDS
from streams.domain.contest_times import rounds

BRACKET_MAX = 256  # eight rounds; Ambition's limit, too


def check_field(path: Path, one: Contest, values: Values) -> Iterator[Finding]:
    """Yield everything wrong with who takes part in a contest whose window is right."""
    roster = cast(Roster | None, values.get("roster"))
    wrong = [*_kinds((*path, "participants"), one)]
    if roster is not None:
        wrong += _names((*path, "participants"), one, roster)
    yield from wrong
    if roster is None or wrong:
        return
    there = field(one, roster)
    names = set(there.participants)
    if not names or not there.stays:
        yield Finding(KIND, (*path, "participants"), "", "nobody takes part in the window",
                      "name teams, roles or members who are there then")  # fmt: skip
        return
    yield from _targets(path, one, names)
    yield from _seeds(path, one, names)
    yield from _needs(path, one, len(names))


def _kinds(path: Path, one: Contest) -> Iterator[Finding]:
    given = one.participants
    if given.members and (given.teams or given.roles or given.sides):
        yield Finding(KIND, (*path, "members"), "", "stands beside a rule",
                      "name members, or teams and roles, not both")  # fmt: skip
    if one.of is Of.TEAMS and (given.members or not (given.teams or given.sides)):
        yield Finding(KIND, (*path, "teams"), "", "no teams compete",
                      "name teams of the roster, or sides")  # fmt: skip
    if given.sides and (given.teams or given.roles):
        yield Finding(KIND, (*path, "sides"), "", "stands beside teams or roles of the roster",
                      "name one or the other")  # fmt: skip
    if one.of is Of.REPS and given.sides:
        yield Finding(KIND, (*path, "sides"), "", "reps compete here, not teams",
                      "write of: TEAMS, or members in place of sides")  # fmt: skip


def _names(path: Path, one: Contest, roster: Roster) -> Iterator[Finding]:
    given = one.participants
    teams = {team.team_id for team in roster.teams}
    reps = {rep.rep_id for rep in roster.reps}
    roles = {stint.role for rep in roster.reps for stint in rep.history}
    sides = ((("sides", i, "members"), m) for i, side in enumerate(given.sides)
             for m in enumerate(side.members))  # fmt: skip
    members = [*((("members",), m) for m in enumerate(given.members)), *sides]
    named: list[tuple[Path, str, set[str], str]] = [
        *((("teams", i), team, teams, "team") for i, team in enumerate(given.teams)),
        *((("roles", i), role, roles, "role") for i, role in enumerate(given.roles)),
        *((("without", i), rep, reps, "rep") for i, rep in enumerate(given.without)),
        *(((*at, i, "rep_id"), m.rep_id, reps, "rep") for at, (i, m) in members),
    ]
    for at, name, known, noun in named:
        if name not in known:
            yield Finding(KIND, (*path, *at), name, f"is no {noun} of the roster",
                          did_you_mean(name, known, f"write a {noun} of roster.yaml"))  # fmt: skip
    for i, side in enumerate(given.sides):
        before = {m.rep_id for other in given.sides[:i] for m in other.members}
        for j, member in enumerate(side.members):
            if member.rep_id in before and member.valid_from is None:
                yield Finding(KIND, (*path, "sides", i, "members", j, "rep_id"), member.rep_id,
                              "is on another side, too", "say from when and up to when, or keep"
                              " one")  # fmt: skip


def _targets(path: Path, one: Contest, names: set[str]) -> Iterator[Finding]:
    twice = Counter(t.participant for t in one.targets)
    for i, target in enumerate(one.targets):
        at: Path = (*path, "targets", i, "participant")
        if target.participant not in names:
            yield Finding(KIND, at, target.participant, "does not take part",
                          did_you_mean(target.participant, names, "remove it"))  # fmt: skip
        elif twice[target.participant] > 1:
            yield Finding(KIND, at, target.participant, "has more than one target", "keep one")
    missing = names - set(twice)
    asks = one.score is Score.PERCENT or one.format is Format.RACE
    if asks and missing and not one.target and not one.quota_target:
        yield Finding(KIND, (*path, "targets"), "", f"{', '.join(sorted(missing)[:5])} have none",
                      "add their targets, or a target for all")  # fmt: skip


def _seeds(path: Path, one: Contest, names: set[str]) -> Iterator[Finding]:
    if one.format not in (Format.BRACKET, Format.SEASON):
        return
    if one.seeding is None:
        yield Finding(KIND, (*path, "seeding"), "", "is missing",
                      "write LISTED with seeds, or DRAWN with a draw_seed")  # fmt: skip
    elif one.seeding is Seeding.DRAWN and one.draw_seed is None:
        yield Finding(KIND, (*path, "draw_seed"), "", "is missing: a draw must be done once",
                      "write any number; it is kept with the contest")  # fmt: skip
    elif one.seeding is Seeding.LISTED:
        listed = Counter(seed.participant for seed in one.seeds)
        wrong = [n for n in listed if n not in names or listed[n] > 1]
        places = {seed.place for seed in one.seeds}
        if wrong or set(listed) != names or places != set(range(1, len(one.seeds) + 1)):
            said = ", ".join(sorted({*wrong, *(names - set(listed))})[:5])
            yield Finding(KIND, (*path, "seeds"), said, "is not everybody who takes part, once",
                          f"give each of {len(names)} a place from 1 on")  # fmt: skip


def _needs(path: Path, one: Contest, many: int) -> Iterator[Finding]:
    count = len(rounds(one))
    if one.format in (Format.RACE, Format.GOAL) and not (
        one.target or (one.format is Format.RACE and (one.targets or one.quota_target))
    ):
        yield Finding(KIND, (*path, "target"), "", "is missing", f"a {one.format} is towards one")
    if one.format is Format.DUEL and many != 2:
        yield Finding(KIND, (*path, "participants"), str(many), "are not two",
                      "name two, or choose another format")  # fmt: skip
    if one.format is Format.BRACKET:
        if not 2 <= many <= BRACKET_MAX:
            yield Finding(KIND, (*path, "participants"), str(many),
                          f"a bracket has 2 to {BRACKET_MAX}", "name fewer")  # fmt: skip
        elif (wanted := rounds_of_bracket(many)) > count:
            yield _too_short(path, one, count, wanted)
    if one.format is Format.SEASON:
        wanted = 1 + (PLAYOFF_ROUNDS if one.playoffs else 0)
        if many < SEEDS:
            yield Finding(KIND, (*path, "participants"), str(many),
                          f"a season has {SEEDS} at least", "name more")  # fmt: skip
        elif count < wanted:
            yield _too_short(path, one, count, wanted)
    if one.format is Format.ELIMINATION and count * one.drop < many - 1:
        left = many - count * one.drop
        yield Finding(KIND, (*path, "drop"), str(one.drop),
                      f"leaves {left} of {many} after {count} rounds",
                      "drop more, or make rounds shorter, if one should be left",
                      Severity.WARNING)  # fmt: skip
    if one.prizes and max(p.place for p in one.prizes) > many:
        yield Finding(KIND, (*path, "prizes"), "", f"there are more places than the {many} who"
                      " take part", "remove what nobody can win", Severity.WARNING)  # fmt: skip


def _too_short(path: Path, one: Contest, count: int, wanted: int) -> Finding:
    return Finding(KIND, (*path, "round_days"), str(one.round_days),
                   f"makes {count} rounds where {wanted} are needed",
                   "end the contest later, or make rounds shorter")  # fmt: skip
