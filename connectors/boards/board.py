"""The board: everything a page shows, computed once for all viewers. Time is an argument.

Invariants: a total is the sum of the newest partials (scores.py); a view depends on nothing but
partials, floor, progress and the clock, so it can be thrown away and computed again at any time.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from connectors.boards.about import NOTHING, Rules
from connectors.boards.contests import Course
from connectors.boards.floor import Floor
from connectors.boards.freshness import Progress, newer
from connectors.boards.held import Held, Plan
from connectors.boards.measures import MEASURES
from connectors.boards.periods import Period, Span, first_day, span_of, today_in
from connectors.boards.scores import Partial, Scores, Totals
from connectors.boards.tallies import Spans, Sums, Tallies, added
from connectors.boards.ticker import RINGS_PER_HOUR, WON, Ticker, news_of
from connectors.boards.worn import Worn

_MEASURES = frozenset(MEASURES)
DAY = timedelta(days=1)


class Board:
    """State of one board."""

    def __init__(
        self, now: datetime, rules: Rules = NOTHING.rules, rings_per_hour: int = RINGS_PER_HOUR
    ) -> None:
        """Begin empty.

        Args:
            rules: what gives a contest's rules in words.
            rings_per_hour: how many wins are celebrated; the others are told in the ticker alone.
        """
        self.floor = Floor()
        self.generation = 0
        self.ticker = Ticker(rings_per_hour)
        self.course = Course()
        self.cards: Mapping[str, Held] = {}  # of reps whose card somebody looks at
        self.plans: Mapping[str, tuple[Plan, ...]] = {}  # read while somebody looks at revenue
        self.worn: Mapping[str, Worn] = {}
        self.rules: Rules = rules
        self.progress: dict[str, Progress] = {}
        self.changed_at = now
        self.today: date = now.date()
        self._scores = Scores(self.today, _MEASURES)
        self._todays: dict[str, date] = {}
        self._tallies = self._new_tallies()

    def seed(self, floor: Floor, generation: int, scores: Scores, now: datetime) -> None:
        """Begin again from stored totals. Wins already shown stay; none is told from a seed."""
        self.floor, self.generation, self._scores = floor, generation, scores
        self._roll(now)

    def apply(self, partials: list[Partial], now: datetime) -> bool:
        """Return whether a message of one rep changed a total; wins go to the ticker."""
        changes = [c for c in map(self._scores.apply, partials) if c]
        if not changes:
            return False
        rep_id = changes[0].rep_id
        self.changed_at = now
        today = self.today_of(rep_id)
        currency = self.floor.company.reporting_currency
        for day, of_day in groupby(sorted(changes, key=lambda c: c.day), key=lambda c: c.day):
            self._tallies.move(rep_id, day)
            totals = self._scores.days_of(rep_id)[day]
            if news := news_of(of_day, totals, today, currency):
                self.ticker.add(_key(rep_id, day, totals), rep_id, news, now)
        return True

    def follows(self, partials: Iterable[Partial]) -> bool:
        """Return whether partials continue the logs known here; if not, seed again."""
        return not any(self._scores.opens_epoch(p) for p in partials)

    def note(self, progress: Progress) -> None:
        """Take in what a source says about itself."""
        self.progress[progress.source] = newer(self.progress.get(progress.source), progress)

    def refloor(self, floor: Floor, now: datetime) -> bool:
        """Return whether the totals held still reach back far enough under a changed roster."""
        self.floor = floor
        self._roll(now)
        return self._scores.first_day <= first_day(self.today, floor.company)

    def tick(self, now: datetime) -> bool:
        """Return whether somebody's day has ended since the last tick."""
        if self._zones(now) == self._todays:
            return False
        self._roll(now)
        return True

    def today_of(self, rep_id: str) -> date:
        """Return today's date where a rep is."""
        return self._todays.get(self.floor.zone(rep_id, self.today), self.today)

    def span(self, period: Period) -> Span:
        """Return the days of a period as the company sees it."""
        return span_of(period, self.today, self.floor.company)

    def sums(self, period: Period) -> Mapping[str, Sums]:
        """Return everybody's totals in a period, facts without an owner included."""
        everybody = {*self._scores.reps(), *self.floor.stints}
        return {rep_id: self._tallies.of(rep_id, period) for rep_id in everybody}

    def unrated(self, period: Period) -> dict[str, Decimal]:
        """Return amounts of a period, by currency, that are not in anybody's revenue."""
        return added(self._tallies.of(rep_id, period).unrated for rep_id in self._scores.reps())

    @property
    def partials_held(self) -> int:
        """Return how many partials are in memory."""
        return len(self._scores)

    def _roll(self, now: datetime) -> None:
        today = today_in(self.floor.company.time_zone, now)
        if today > self.today:
            self.course.new_day()
        self.today = today
        self._todays = self._zones(now)
        wanted = first_day(self.today, self.floor.company)
        if wanted > self._scores.first_day:
            self._scores.forget_before(wanted)
        self._tallies = self._new_tallies()

    def _zones(self, now: datetime) -> dict[str, date]:
        zones = {s.time_zone for stints in self.floor.stints.values() for s in stints}
        return {z: today_in(z, now) for z in zones | {self.floor.company.time_zone}}

    def _span_of(self, rep_id: str, period: Period) -> Span:
        if period is Period.TODAY:
            today = self.today_of(rep_id)
            return Span(today, today + DAY)
        return self.span(period)

    def _spans_of(self, rep_id: str, period: Period) -> Spans:
        today = self.today_of(rep_id)
        span = self._span_of(rep_id, period)
        since = today - DAY if period is Period.TODAY else span.start
        return span, Span(since, min(today, span.end))

    def _new_tallies(self) -> Tallies:
        return Tallies(self.floor, self._scores.days_of, self._spans_of)


def _key(rep_id: str, day: date, totals: Totals) -> tuple[object, ...]:
    """Return what tells a win apart: the deal that made it so many that day.

    So a deal that is lost and won again, or a replay, does not ring a second time.
    """
    counted = totals.get(WON)
    return rep_id, day, counted if counted is not None else tuple(sorted(totals.items()))


def scored(partials: Iterable[Partial], since: date) -> Scores:
    """Return the totals of a board from a day on."""
    scores = Scores(since, _MEASURES)
    for partial in partials:
        scores.apply(partial)
    return scores


def as_json(value: Any) -> Any:
    """Return a value as the page reads it: decimals and instants as text, never as floats."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, date):  # datetime is one too
        return value.isoformat()
    raise TypeError(f"{value!r} has no form on the wire")
