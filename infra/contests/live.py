"""Contests as they stand, kept up to date: what changed is read again, by rep and day.

What a rep did on a day counts by itself, cap included; so a rep's day is read again whenever any of
its records was, and everything else is kept, sums of days included. Standings follow from it by the
same pure rules that count afresh.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from infra.contests import reading
from infra.contests.standing import by_formula, is_lower_better, standing
from schemas.contests import Contest
from schemas.definitions import Bundle
from streams.domain.contest_book import Book
from streams.domain.contest_counting import Contribution
from streams.domain.contest_field import Field, field
from streams.domain.contest_measures import measure_of
from streams.domain.contest_results import Result, counted, of_book, terms_of
from streams.domain.contest_scores import steps
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
        self.is_lower_better = is_lower_better(bundle, contest)
        self.is_by_formula = by_formula(bundle, contest)
        self.measures = frozenset(measure_of(contest, m) for m in contest.metrics)
        self._terms = terms_of(contest, self._field, targets(contest, self._field, bundle))
        self._book = Book(self._field.participants, self._terms)
        self._sums: Mapping[Day, Sum] | None = None

    @property
    def events(self) -> int:
        """How many facts that count are held."""
        return len(self._book)

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
            self._book = Book(self._field.participants, self._terms)
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
                self._book.put(mine, day[1].toordinal(), day[0], steps(made, self._field))

    def standing(self, client: Any, now: datetime) -> Result:
        """Return the contest as it stands."""
        if self.is_by_formula:
            return standing(client, self._bundle, self.contest, now)
        return of_book(self.contest, self._book, millis(now), is_lower_better=self.is_lower_better)
