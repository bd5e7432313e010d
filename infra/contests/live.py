"""Contests as they stand, kept up to date: what changed is read again, by rep and day.

What a rep did on a day counts by itself, cap included; so a rep's day is read again whenever any of
its records was, and everything else is kept. Standings are computed anew from all of it by the same
pure rules that count afresh.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

from infra.contests import reading
from infra.contests.standing import by_formula, is_lower_better, standing
from schemas.contests import Contest
from schemas.definitions import Bundle
from streams.domain.contest_counting import Contribution
from streams.domain.contest_field import Field, field
from streams.domain.contest_measures import measure_of
from streams.domain.contest_results import (
    BY_SCORE,
    Result,
    counted,
    of_steps,
    of_tallies,
    terms_of,
)
from streams.domain.contest_scores import Step, Tally, steps, tallies
from streams.domain.contest_targets import targets
from streams.domain.contest_times import millis

Day = tuple[str, date]  # a rep, and a day of the contest's clocks
READ_AT_ONCE = 2_000  # days of reps that one statement names


class Sum(NamedTuple):
    """What the totals of a contest say of a rep's day; another one means: read the day again."""

    value: Decimal
    positions: int


class Live:
    """One contest under one revision of the definitions."""

    def __init__(self, bundle: Bundle, contest: Contest) -> None:
        self.contest, self._bundle = contest, bundle
        self._field: Field = field(contest, bundle.roster)
        self._targets = targets(contest, self._field, bundle)
        self.is_lower_better = is_lower_better(bundle, contest)
        self.is_by_formula = by_formula(bundle, contest)
        self.measures = frozenset(measure_of(contest, m) for m in contest.metrics)
        self._terms = terms_of(contest, self._field, self._targets)
        self._made: dict[str, dict[Day, list[Step]]] = {n: {} for n in self._field.participants}
        self._tallies: dict[str, Tally] = {}  # of those whose steps are as they were
        self._sums: Mapping[Day, Sum] | None = None

    @property
    def events(self) -> int:
        """How many facts that count are held."""
        return sum(len(made) for days in self._made.values() for made in days.values())

    def takes_part(self, rep_id: str) -> bool:
        """Return whether a rep takes part on any day."""
        return rep_id in self._field.stays

    def differing(self, sums: Mapping[Day, Sum]) -> set[Day] | None:
        """Return the days of which totals say something else than before; None: all, at first."""
        known, self._sums = self._sums, sums
        if known is None:
            return None
        return {day for day in {*known, *sums} if known.get(day) != sums.get(day)}

    def read(self, client: Any, days: Collection[Day] | None) -> None:
        """Read days of reps again; None: everything."""
        if self.is_by_formula:
            return
        if days is None:
            self._made = {name: {} for name in self._made}
            self._tallies = {}
            self._keep(client, None)
            return
        mine = sorted(day for day in days if self.takes_part(day[0]))
        for first in range(0, len(mine), READ_AT_ONCE):
            self._keep(client, mine[first : first + READ_AT_ONCE])

    def _keep(self, client: Any, days: Collection[Day] | None) -> None:
        events = reading.entered(client, self._bundle, self.contest, days)
        found: dict[Day, list[Contribution]] = {day: [] for day in days or ()}
        for one in counted(self.contest, events):
            if days is None or (one.rep_id, one.day) in found:
                found.setdefault((one.rep_id, one.day), []).append(one)
        for day, made in found.items():
            mine = self._field.of(*day)
            if mine is not None:
                self._made[mine][day] = steps(made, self._field)
                self._tallies.pop(mine, None)

    def standing(self, client: Any, now: datetime) -> Result:
        """Return the contest as it stands."""
        if self.is_by_formula:
            return standing(client, self._bundle, self.contest, now)
        if self.contest.format in BY_SCORE:
            for name, days in self._made.items():
                if name not in self._tallies:
                    made = chain.from_iterable(days.values())
                    self._tallies |= tallies(made, (name,), self._terms)
            return of_tallies(self.contest, self._terms, self._tallies.values(), millis(now),
                              is_lower_better=self.is_lower_better)  # fmt: skip
        every = (made for days in self._made.values() for made in days.values())
        ordered = sorted(chain.from_iterable(every), key=attrgetter("at", "event_id", "metric_id"))
        return of_steps(self.contest, self._field, ordered, millis(now), targets=self._targets,
                        is_lower_better=self.is_lower_better)  # fmt: skip
