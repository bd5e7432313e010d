"""Who passed whom, and when; who was in the lead, and for how long. Pure."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from streams.domain.contest_scores import Step, Terms, course
from streams.domain.contest_times import Millis, Window

ZERO = Decimal(0)


class Pass(NamedTuple):
    """Somebody's score went above another's."""

    at: Millis
    participant: str
    passed: str
    score: Decimal
    passed_score: Decimal


class Reign(NamedTuple):
    """A time in the lead, from one instant up to, not including, another."""

    participant: str
    start: Millis
    end: Millis


def passes(made: Sequence[Step], terms: Terms) -> list[Pass]:
    """Return everybody who went past somebody that had scored, in order of time.

    Who falls back because something was taken out passes nobody, and is not passed: that is silent.
    """
    scores: dict[str, Decimal] = {}
    ordered: list[tuple[Decimal, str]] = []
    found: list[Pass] = []
    for at, changes in _instants(made, terms):
        now = dict(changes)
        for name, score in changes:
            for before, other in _overtaken(name, score, scores.get(name), ordered):
                if score > now.get(other, before):  # who moved at the same instant may be ahead
                    found.append(Pass(at, name, other, score, now.get(other, before)))
        for name, score in changes:
            if name in scores:
                del ordered[bisect_left(ordered, (scores[name], name))]
            scores[name] = score
            insort(ordered, (score, name))
    return found


def reigns(made: Sequence[Step], terms: Terms, window: Window) -> list[Reign]:
    """Return who was in the lead when; who reached the lead keeps it until somebody is above.

    Of several who get there at one instant the first by name is taken.
    """
    scores: dict[str, Decimal] = {}
    king, since, found = "", window.start, []
    for at, changes in _instants(made, terms):
        scores.update(changes)
        best = max(scores.values())
        if king and scores[king] == best:
            continue
        following = min(name for name, score in scores.items() if score == best) if best > 0 else ""
        if following == king:
            continue
        if king and at > since:
            found.append(Reign(king, since, at))
        king, since = following, at
    if king and window.end > since:
        found.append(Reign(king, since, window.end))
    return found


def _overtaken(
    name: str, score: Decimal, before: Decimal | None, ordered: Sequence[tuple[Decimal, str]]
) -> Sequence[tuple[Decimal, str]]:
    """Return who had scored, no less than somebody had before and less than they have now."""
    low = 0 if before is None else bisect_left(ordered, (before, ""))
    between = ordered[low : bisect_left(ordered, (score, ""))]
    return [each for each in between if each[1] != name and each[0] > 0]


def _instants(
    made: Iterable[Step], terms: Terms
) -> Iterator[tuple[Millis, list[tuple[str, Decimal]]]]:
    """Yield every instant with the scores it changed, in order."""
    by_name: dict[str, list[Step]] = {}
    for step in made:
        by_name.setdefault(step.participant, []).append(step)
    lines = ([(at, name, score) for at, score in course(mine, terms)]
             for name, mine in sorted(by_name.items()))  # fmt: skip
    for at, same in groupby(merge(*lines), key=itemgetter(0)):
        yield at, [(name, score) for _, name, score in same]
