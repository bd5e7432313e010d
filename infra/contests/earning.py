"""Badges, streaks and levels of reps, computed when they are asked for.

Every award follows from what history says now and has one id for ever. So nothing is given twice,
and what a correction takes back is simply no longer there: nothing has to remember it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from infra.alerting.working import Working
from infra.contests import reading
from schemas.contest_choices import Score
from schemas.contest_parts import Metric
from schemas.contests import Contests, Level
from schemas.definitions import NO_END, UNASSIGNED, Bundle
from streams.domain.contest_badges import Award, awards, level_of, points_of
from streams.domain.contest_counting import Contribution, Event, contributions
from streams.domain.contest_streaks import Run, runs
from streams.domain.periods import DAY, Span


class Earned(NamedTuple):
    """What a rep has earned.

    Attributes:
        awards: badges, newest first; those of others are not among them.
        streaks: streak_id -> how it stands.
        points: of which levels are made; None: there are no levels.
        level: None: below the first.
        next: the level above; None: there is none.
    """

    rep_id: str
    awards: tuple[Award, ...]
    streaks: Mapping[str, Run]
    points: Decimal | None
    level: Level | None
    next: Level | None


def earned(client: Any, bundle: Bundle, reps: Collection[str], now: datetime) -> dict[str, Earned]:
    """Return what some reps have earned, by what is known now.

    A record has one holder among all reps, so everybody's events are read. Days and periods are
    those of the company's clocks.
    """
    given, zone = bundle.contests, bundle.company.time_zone
    today = now.astimezone(ZoneInfo(zone)).date()
    read = Reading(client, bundle, today)
    held: dict[str, list[Award]] = defaultdict(list)
    for badge in given.badges:
        made = read.made(badge.metric, badge.valid_from, badge.valid_to)
        for award in awards(badge, made, bundle.company):
            held[award.rep_id].append(award)
    streaks: dict[str, dict[str, Run]] = {rep_id: {} for rep_id in reps}
    for streak in given.streaks:
        made = [c for c in read.made(streak.metric, streak.valid_from, streak.valid_to)
                if c.rep_id in streaks]  # fmt: skip
        working = Working(bundle, Span(streak.valid_from, today + DAY))
        calendars = {rep_id: working.of("REP", rep_id) for rep_id in reps}
        for rep_id, run in runs(streak, made, calendars, today, bundle.company).items():
            streaks[rep_id][streak.streak_id] = run
    points = points_of(read.points(given)) if given.levels else None
    return {
        rep_id: _earned(rep_id, held[rep_id], streaks[rep_id], points, given.levels)
        for rep_id in reps
    }


def _earned(
    rep_id: str, held: Iterable[Award], streaks: Mapping[str, Run],
    points: Mapping[str, Decimal] | None, levels: Sequence[Level],
) -> Earned:  # fmt: skip
    newest = tuple(sorted(held, key=lambda a: (-a.at, a.award_id)))
    if points is None:
        return Earned(rep_id, newest, streaks, None, None, None)
    mine = points.get(rep_id, Decimal(0))
    above = [level for level in levels if level.points > mine]
    following = min(above, key=lambda level: (level.points, level.level_id), default=None)
    return Earned(rep_id, newest, streaks, mine, level_of(mine, levels), following)


class Reading:
    """Events by measure, each read once."""

    def __init__(self, client: Any, bundle: Bundle, today: date) -> None:
        self._client, self._bundle = client, bundle
        self._zone, self._until = bundle.company.time_zone, today + DAY
        given = bundle.contests
        since: dict[str, date] = {}
        spans = [(badge.metric, badge.valid_from) for badge in given.badges]
        spans += [(streak.metric, streak.valid_from) for streak in given.streaks]
        if given.levels and given.levels_from:
            spans += [(metric, given.levels_from) for metric in given.level_metrics]
        for metric, first in spans:
            since[metric.kpi] = min(first, since.get(metric.kpi, first))
        self._since = since
        self._events: dict[str, list[Event]] = {}

    def made(self, metric: Metric, first: date, last: date | None) -> list[Contribution]:
        """Return what counts of a metric, from one day up to, not including, another."""
        valid = Span(first, min(last or NO_END, self._until))
        made = contributions(self._of(metric.kpi), [metric], Score.VALUE, self._zone)
        return [one for one in made if one.day in valid]

    def points(self, given: Contests) -> list[Contribution]:
        """Return what makes the points of levels."""
        first = given.levels_from or self._until
        events = [e for metric in {m.kpi for m in given.level_metrics} for e in self._of(metric)]
        made = contributions(events, given.level_metrics, Score.POINTS, self._zone)
        return [one for one in made if first <= one.day < self._until]

    def _of(self, kpi: str) -> list[Event]:
        if kpi not in self._events:
            span = self._since[kpi], self._until
            found = reading.events_of(self._client, self._bundle, [kpi], span, self._zone)
            self._events[kpi] = [event for event in found if event.rep_id != UNASSIGNED]
        return self._events[kpi]
