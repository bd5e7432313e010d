"""Brackets and seasons, said a second time: who meets whom, and what comes of it.

Said in another way than the agents do: a bracket is folded in the middle round by round, and who
meets whom in a season is arithmetic of places instead of a ring that goes round.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import NamedTuple

from infra.reconcile.contest_courses import SCORE, Made
from infra.reconcile.contest_ladders import Expected, key_of
from infra.reconcile.contest_rules import Spec

_NOBODY = "stand-in"  # plays whoever has no opponent
_FOUR = SCORE // 10**4  # means are rounded to the ten-thousandth
_FINALISTS = 4
Groups = list[list[str]]
Rounds = Sequence[Mapping[str, Made]]


class Met(NamedTuple):
    """Everybody in a contest of meetings.

    Attributes:
        line: participants in the order of their seeds.
        rounds: what everybody made in each round.
        over: how many rounds are over.
        late: what everybody made in the last two rounds together.
    """

    one: Spec
    line: Sequence[str]
    rounds: Rounds
    over: int
    late: Mapping[str, Made]

    def winner(self, number: int, pair: Sequence[str]) -> str:
        """Return who of two goes on from a round (from 0); of equal ones who was seeded first."""
        made = self.rounds[number]
        return min(pair, key=lambda n: (key_of(self.one, n, made[n]), self.line.index(n)))


def seeded(one: Spec) -> list[str]:
    """Return participants in the order in which they enter."""
    contest = one.contest
    if contest.get("seeding") == "DRAWN":
        start = f"{contest['draw_seed']}:{contest['contest_id']}:"
        lots = {name: sha256((start + name).encode()).digest() for name in one.participants}
        return sorted(lots, key=lambda name: lots[name])
    listed = {seed["participant"]: int(seed["place"]) for seed in contest.get("seeds", ())}
    return sorted(one.participants, key=lambda name: (name not in listed, listed.get(name), name))


def places(met: Met, whole: Mapping[str, Made]) -> dict[str, Expected]:
    """Return how everybody should stand.

    Args:
        whole: what everybody made in all.
    """
    groups = _bracket(met) if met.one.format == "BRACKET" else _season(met)
    found: dict[str, Expected] = {}
    for group in groups:
        place = len(found) + 1
        found |= {name: Expected(whole[name], place, len(group) > 1) for name in group}
    return found


def _bracket(met: Met) -> Groups:
    many = len(met.line)
    left: list[str | None] = [*met.line, *[None] * ((1 << (many - 1).bit_length()) - many)]
    groups: Groups = []
    for number in range(met.over):
        if len(left) <= 1:
            break
        half = len(left) // 2
        pairs = [(left[at], left[-1 - at]) for at in range(half)]
        left = [met.winner(number, [name for name in pair if name]) for pair in pairs]
        out = [name for pair in pairs for name in pair if name and name not in left]
        groups.insert(0, out)
    return [[name for name in left if name], *(group for group in groups if group)]


def _season(met: Met) -> Groups:
    has_playoffs = bool(met.one.contest.get("playoffs", True))
    regular = len(met.rounds) - (2 if has_playoffs else 0)
    worth = {name: (0, 0) for name in met.line}  # half wins, and all that was made
    for number in range(min(regular, met.over)):
        made = met.rounds[number]
        for name, other in opponents(met.line, number):
            won = _won(met, made, name, other)
            worth[name] = (worth[name][0] + won, worth[name][1] + made[name].score)
    table = sorted(met.line, key=lambda name: [-each for each in worth[name]])  # seeds part ties
    if not has_playoffs or met.over < regular:
        return _alike(table, worth)
    score = {name: met.late[name].score for name in table[_FINALISTS:]}
    behind = sorted(score, key=lambda name: -score[name])
    return [*_finals(met, table[:_FINALISTS], regular), *_alike(behind, score)]


def opponents(line: Sequence[str], number: int) -> Iterator[tuple[str, str | None]]:
    """Yield whom everybody meets in a round (from 0); None: a stand-in.

    All but the first sit around a table with a number of chairs that is odd. Two of them meet in
    the round for which their chairs add up to what it asks for, and who would then meet themselves
    meets the first.

    >>> [sorted(p for p in opponents("abc", n) if p[1]) for n in (0, 1)]
    [[('b', 'c'), ('c', 'b')], [('a', 'c'), ('c', 'a')]]
    """
    first, *others = line
    chairs = len(others) + len(line) % 2
    seated = dict(enumerate(others))
    asked = (-2 - 2 * number) % chairs
    for chair in range(chairs):
        other = (asked - chair) % chairs
        mine = seated.get(chair)
        if other == chair:
            yield first, mine
        if mine:
            yield mine, first if other == chair else seated.get(other)


def _won(met: Met, made: Mapping[str, Made], name: str, other: str | None) -> int:
    """Return 2 for a win, 1 for a tie."""
    mine = key_of(met.one, name, made[name])
    if other is None:
        others = [each.score for n, each in made.items() if n != name]
        mean = round(Fraction(sum(others), len(others) * _FOUR)) * _FOUR
        theirs = key_of(met.one, _NOBODY, Made(mean))
    else:
        theirs = key_of(met.one, other, made[other])
    return 2 if mine < theirs else 1 if mine == theirs else 0


def _alike(ordered: Sequence[str], worth: Mapping[str, object]) -> Groups:
    """Return groups of those who are worth the same."""
    groups: Groups = []
    for name in ordered:
        if groups and worth[groups[-1][0]] == worth[name]:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _finals(met: Met, best: Sequence[str], number: int) -> Groups:
    if met.over <= number:
        return [list(best)]
    seeds = met._replace(line=best)
    semis = [(best[0], best[3]), (best[1], best[2])]
    first = [seeds.winner(number, pair) for pair in semis]
    groups: Groups = []
    for pair in (first, [name for name in best if name not in first]):
        if met.over <= number + 1:
            groups.append(pair)
        else:
            winner = seeds.winner(number + 1, pair)
            groups += [[winner], [name for name in pair if name != winner]]
    return groups
