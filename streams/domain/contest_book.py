"""What everybody made, kept by day: of what did not change nothing is added up again. Pure.

A day of a participant is one part of a sum. How high the sum rose within it says whether a score
was reached there, so that one day alone is gone through for the instant. Days follow each other in
time, whichever clocks cut them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from schemas.contest_choices import TeamScore
from streams.domain.contest_counting import ZERO
from streams.domain.contest_scores import Step, Tally, Terms, part_of, rounded, score_of
from streams.domain.contest_timeline import Reign, Throne, reigns, ruled
from streams.domain.contest_times import Millis, Window

_DAY_MS = 86_400_000
_BY_TIME = attrgetter("at", "event_id", "metric_id")


class Part(NamedTuple):
    """Some of what a participant made, in the order of time; never empty.

    Attributes:
        peak: the highest that the sum was after any of its instants.
    """

    steps: Sequence[Step]
    total: Decimal
    peak: Decimal
    events: frozenset[str]
    reps: frozenset[str]

    def of(self, window: Window) -> "Part | None":
        """Return what of it lies in a window; None: nothing."""
        if self.steps[0].at >= window.start and self.steps[-1].at < window.end:
            return self
        return part([step for step in self.steps if step.at in window])


def part(made: Iterable[Step]) -> Part | None:
    """Return steps as a part of a sum; None: there are none."""
    ordered = sorted(made, key=_BY_TIME)
    if not ordered:
        return None
    total, peak = ZERO, None
    for at, step in enumerate(ordered, 1):
        total += step.amount
        is_last = at == len(ordered) or ordered[at].at != step.at  # what is equal in time is one
        if is_last and (peak is None or total > peak):
            peak = total
    return Part(ordered, total, total if peak is None else peak,
                frozenset([s.event_id for s in ordered]),
                frozenset([s.rep_id for s in ordered]))  # fmt: skip


class Line:
    """What one participant made. It never changes: who makes more has another one."""

    def __init__(self, participant: str, parts: Iterable[Part], terms: Terms) -> None:
        self._name, self._terms = participant, terms
        self._parts = sorted(parts, key=lambda p: p.steps[0].at)
        self._known: dict[Window, Tally] = {}

    def tally(self, window: Window) -> Tally:
        """Return what there is of a window."""
        if window not in self._known:
            self._known[window] = self._tally([p for each in self._parts if (p := each.of(window))])
        return self._known[window]

    def total(self) -> Decimal:
        """Return the sum of all."""
        return sum((p.total for p in self._parts), ZERO)

    def reached(self, score: Decimal) -> Millis | None:
        """Return when a score was reached first; None: never."""
        return self._first(self._parts, score)

    def _tally(self, parts: Sequence[Part]) -> Tally:
        terms, name = self._terms, self._name
        total = sum((p.total for p in parts), ZERO)
        reps = frozenset[str]().union(*(p.reps for p in parts))
        score = score_of(name, total, len(reps), terms) if parts else ZERO
        target = terms.targets.get(name)
        percent = score if terms.is_percent else part_of(score, target)
        return Tally(
            name, score, percent if target is not None else None, self._first(parts, score),
            len(frozenset[str]().union(*(p.events for p in parts))),
            rounded(terms.heads.get(name, Fraction(1))), len(reps),
        )  # fmt: skip

    def _first(self, parts: Iterable[Part], score: Decimal) -> Millis | None:
        so_far, seen = ZERO, set[str]()
        for one in parts:
            # More contributors make less of the same sum: then its peak says nothing.
            is_plain = self._terms.team_score is not TeamScore.CONTRIBUTORS or one.reps <= seen
            if not is_plain or self._score(so_far + one.peak, seen) >= score:
                at = self._within(one, so_far, set(seen), score)
                if at is not None:
                    return at
            so_far += one.total
            seen |= one.reps
        return None

    def _within(self, one: Part, so_far: Decimal, seen: set[str], score: Decimal) -> Millis | None:
        for at, same in groupby(one.steps, key=attrgetter("at")):
            for step in same:
                so_far += step.amount
                seen.add(step.rep_id)
            if self._score(so_far, seen) >= score:
                return int(at)
        return None

    def _score(self, total: Decimal, reps: set[str]) -> Decimal:
        return score_of(self._name, total, len(reps), self._terms)


class Book:
    """What everybody made, by day, and what follows from it as long as it stays."""

    def __init__(self, participants: Sequence[str], terms: Terms) -> None:
        self.participants, self.terms = tuple(participants), terms
        self._made: dict[str, dict[int, dict[str, Sequence[Step]]]] = {n: {} for n in participants}
        self._parts: dict[tuple[str, int], Part | None] = {}
        self._lines: dict[str, Line] = {}
        self._days: dict[int, Part | None] = {}  # what all made on a day
        self._thrones: list[tuple[int, Throne]] = []

    def put(self, participant: str, day: int, rep_id: str, made: Sequence[Step]) -> None:
        """Put down what a rep made for a participant on a day, in place of what stood there.

        Args:
            day: days are numbers that rise with time.
        """
        self._made[participant].setdefault(day, {})[rep_id] = made
        self._parts.pop((participant, day), None)
        self._lines.pop(participant, None)
        self._days.pop(day, None)
        del self._thrones[bisect_left(self._thrones, day, key=lambda each: each[0]) :]

    def __len__(self) -> int:
        """Return how many steps there are."""
        return sum(1 for _ in self.steps())

    def steps(self) -> Iterator[Step]:
        """Yield every step."""
        for days in self._made.values():
            for reps in days.values():
                yield from chain.from_iterable(reps.values())

    def line(self, participant: str) -> Line:
        """Return what a participant made."""
        if participant not in self._lines:
            parts = [self._part(participant, day) for day in self._made[participant]]
            self._lines[participant] = Line(participant, filter(None, parts), self.terms)
        return self._lines[participant]

    def everybody(self) -> Line:
        """Return what all made together, added up without heads and targets."""
        days = {day for days in self._made.values() for day in days}
        return Line("", filter(None, map(self._day, days)), Terms())

    def reigns(self, window: Window) -> list[Reign]:
        """Return who was in the lead when, from a window's start to its end."""
        throne = Throne()
        for day in sorted({day for days in self._made.values() for day in days}):
            known = bisect_left(self._thrones, day, key=lambda each: each[0])
            made = self._day(day)
            if made is not None and made.steps[-1].at >= window.end:
                throne = ruled(throne, [s for s in made.steps if s.at < window.end], self.terms,
                               window)  # fmt: skip
                break
            if known == len(self._thrones):
                following = ruled(throne, made.steps if made else (), self.terms, window)
                self._thrones.append((day, following))
            throne = self._thrones[known][1]
        return reigns(throne, window)

    def _part(self, participant: str, day: int) -> Part | None:
        if (participant, day) not in self._parts:
            made = chain.from_iterable(self._made[participant][day].values())
            self._parts[participant, day] = part(made)
        return self._parts[participant, day]

    def _day(self, day: int) -> Part | None:
        if day not in self._days:
            there = [name for name, days in self._made.items() if day in days]
            parts = filter(None, (self._part(name, day) for name in there))
            self._days[day] = part(chain.from_iterable(p.steps for p in parts))
        return self._days[day]


def book(made: Iterable[Step], participants: Sequence[str], terms: Terms) -> Book:
    """Return a book of steps; of those who are no participants nothing is kept."""
    found, names = Book(participants, terms), set(participants)
    by_day: dict[tuple[str, int], list[Step]] = {}
    for step in made:
        if step.participant in names:
            by_day.setdefault((step.participant, step.at // _DAY_MS), []).append(step)
    for (participant, day), mine in by_day.items():
        found.put(participant, day, "", mine)
    return found
