"""Who passed whom, and when; who was in the lead, and for how long. Pure."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from heapq import merge
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from streams.domain.contest_scores import Step, Terms, course, score_of
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


class Throne(NamedTuple):
    """Who is in the lead after some time, and what decides who will be.

    Attributes:
        king: empty: nobody.
        since: when the reign began; None: nobody has reigned yet.
        over: reigns that ended.
    """

    totals: Mapping[str, Decimal] = {}
    reps: Mapping[str, frozenset[str]] = {}
    scores: Mapping[str, Decimal] = {}
    king: str = ""
    since: Millis | None = None
    over: tuple[Reign, ...] = ()


def ruled(throne: Throne, made: Iterable[Step], terms: Terms, window: Window) -> Throne:
    """Return who is in the lead after more steps, which come in the order of time.

    Who reached the lead keeps it until somebody is above. Of several who get there at one instant
    the first by name is taken.
    """
    totals, reps, scores = dict(throne.totals), dict(throne.reps), dict(throne.scores)
    king, over = throne.king, list(throne.over)
    since = window.start if throne.since is None else throne.since
    best = max(scores.values(), default=ZERO)
    for at, same in groupby(made, key=attrgetter("at")):
        touched = _added(same, totals, reps)
        fell = False
        for name in touched:
            before = scores.get(name, ZERO)
            scores[name] = score_of(name, totals[name], len(reps[name]), terms)
            fell |= before == best and scores[name] < before
            best = max(best, scores[name])
        if fell or best <= 0:
            best = max(scores.values())
        if king and scores[king] == best:
            continue
        following = min(name for name, score in scores.items() if score == best) if best > 0 else ""
        if following == king:
            continue
        if king and at > since:
            over.append(Reign(king, since, at))
        king, since = following, at
    return Throne(totals, reps, scores, king, since, tuple(over))


def reigns(throne: Throne, window: Window) -> list[Reign]:
    """Return who was in the lead when, up to the end of a window."""
    found = list(throne.over)
    if throne.king and throne.since is not None and window.end > throne.since:
        found.append(Reign(throne.king, throne.since, window.end))
    return found


def _added(
    same: Iterable[Step], totals: dict[str, Decimal], reps: dict[str, frozenset[str]]
) -> set[str]:
    """Return who made the steps of one instant, once they are added."""
    touched = set()
    for step in same:
        name = step.participant
        totals[name] = totals.get(name, ZERO) + step.amount
        if step.rep_id not in reps.get(name, ()):
            reps[name] = reps.get(name, frozenset()) | {step.rep_id}
        touched.add(name)
    return touched


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
