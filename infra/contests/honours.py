"""What everybody has earned, as boards celebrate it: each with a key that never changes."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.boards.ticker import Given, Honour, InARow
from infra.alerting.working import Working
from infra.contests.earning import Reading
from schemas.contests import Contests, Streak
from schemas.definitions import Bundle
from streams.domain.contest_badges import awards, period
from streams.domain.contest_counting import ZERO, Contribution
from streams.domain.contest_streaks import run
from streams.domain.contest_times import Millis, midnight, moment
from streams.domain.periods import DAY, Span

STREAK_EVERY = 5  # every fifth in a row is worth a word on the wall


def given(client: Any, bundle: Bundle, now: datetime) -> Given:
    """Return everything that is earned, by what is known now."""
    held = bundle.contests
    names = ([f"badge:{b.badge_id}" for b in held.badges]
             + [f"streak:{s.streak_id}" for s in held.streaks]
             + [f"level:{level.level_id}" for level in held.levels])  # fmt: skip
    if not names:
        return Given(frozenset(), ())
    today = now.astimezone(ZoneInfo(bundle.company.time_zone)).date()
    read = Reading(client, bundle, today)
    found = [*_badges(read, bundle), *_levels(read, held)]
    streaks: list[InARow] = []
    for streak in held.streaks:
        working = Working(bundle, Span(streak.valid_from, today + DAY))
        made: dict[str, list[Contribution]] = {}
        for one in read.made(streak.metric, streak.valid_from, streak.valid_to):
            made.setdefault(one.rep_id, []).append(one)
        for rep_id, mine in made.items():
            told = run(streak, mine, working.of("REP", rep_id), today, bundle.company)
            if told.shown:
                streaks.append(InARow(rep_id, streak.name, told.shown))
            if told.since is not None:
                began = midnight(told.since, bundle.company.time_zone)
                at = _made_at(streak, mine, bundle), began
                found += _of_streak(streak, rep_id, told.current, at)
    return Given(frozenset(names), tuple(found), tuple(streaks))


def _badges(read: Reading, bundle: Bundle) -> Iterator[Honour]:
    for badge in bundle.contests.badges:
        made = read.made(badge.metric, badge.valid_from, badge.valid_to)
        for one in awards(badge, made, bundle.company):
            yield Honour(f"badge:{one.award_id}", f"badge:{badge.badge_id}", "BADGE", one.rep_id,
                         badge.name, 1, moment(one.at))  # fmt: skip


def _levels(read: Reading, held: Contests) -> Iterator[Honour]:
    points: dict[str, Decimal] = {}
    reached: dict[tuple[str, str], Millis] = {}
    for one in read.points(held) if held.levels else ():
        points[one.rep_id] = points.get(one.rep_id, ZERO) + one.amount
        for level in sorted(held.levels, key=lambda each: each.points):
            if points[one.rep_id] >= level.points:
                reached.setdefault((one.rep_id, level.level_id), one.at)
    names = {level.level_id: level for level in held.levels}
    for (rep_id, level_id), at in reached.items():
        if points[rep_id] >= names[level_id].points:
            yield Honour(f"level:{rep_id}:{level_id}", f"level:{level_id}", "LEVEL", rep_id,
                         names[level_id].name, 1, moment(at))  # fmt: skip


def _of_streak(
    streak: Streak, rep_id: str, current: int, at: tuple[Millis, Millis]
) -> Iterator[Honour]:
    """Yield every fifth of a streak; `at`: when its last period was made, and its first."""
    last, began = at
    for many in range(STREAK_EVERY, current + 1, STREAK_EVERY):
        when = moment(last if many == current else began)
        name = f"streak:{streak.streak_id}"
        yield Honour(f"{name}:{rep_id}:{began}:{many}", name, "STREAK", rep_id, streak.name, many,
                     when)  # fmt: skip


def _made_at(streak: Streak, mine: list[Contribution], bundle: Bundle) -> Millis:
    """Return when the newest period that is made was made."""
    totals: dict[Any, Decimal] = {}
    newest = 0
    for one in mine:  # in the order of time
        start = period(one.day, streak.every, bundle.company).start
        before = totals.get(start, ZERO)
        totals[start] = before + one.value
        if before < streak.at_least <= totals[start]:
            newest = one.at
    return newest
