"""What rules of alerts read of simulated reps and teams, each morning of a period of known outcome.

Read in the morning, what the plan asks through yesterday stands against what came in through
yesterday: during the day sales come in and nothing more is asked, so this is a day's worst reading.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import NamedTuple

import numpy as np

from infra.alerting.reading import DEALS_DAYS
from schemas.alerts import Rule, Signal, Subject
from streams.domain.alert_signals import ToDate, Watch, reading
from streams.domain.alert_states import Reading
from streams.domain.forecast import draws_of, probability
from streams.domain.looks import looks_of
from streams.domain.odds import Odds
from streams.domain.outlook import outlook
from streams.domain.periods import DAY, Span
from streams.domain.workdays import EVERYWHERE
from tests.calibration.asking import _money, _versions, known_at
from tests.calibration.floors import Deal, Rep, Story, is_workday

MOOD = (0.6, 1.4)  # a quota over what is usual: about half of it is reached by chance
LEARN_DAYS = 7  # how deals end does not change overnight
KEPT_DAYS = 24  # calendar days a watch remembers; the longest window is ten business days


class Outage(NamedTuple):
    """Mornings on which nothing new has been heard, and it is known that nothing was."""

    since: date
    until: date


class Season(NamedTuple):
    """One subject's period: what every rule read each business morning, and how it ended.

    Attributes:
        readings: rule -> one reading each morning.
        pace: what linear pace reads: actual over what the plan asked; None before it asks anything.
    """

    kind: str
    subject: str
    name: str
    reached: bool
    attained: float
    mornings: Sequence[date]
    left: Sequence[float]
    readings: Mapping[str, Sequence[Reading]]
    pace: Sequence[float | None]


class _Subject(NamedTuple):
    """Whose period is watched, with the sales that count: told on, closed on, amount."""

    subject: Subject
    name: str
    members: tuple[int, ...]
    sales: tuple[tuple[date, date, Decimal], ...]
    quota: Decimal
    total: Decimal


def seasons(
    told: Story, period: Span, rules: Sequence[Rule], draws: int, outage: Outage | None = None
) -> Iterator[Season]:
    """Yield the period of everybody who was there when it began, and of their teams.

    Args:
        draws: of each forecast.
        outage: when the source was away; nothing but what it had told before is known then.
    """
    mornings = [day for day in period.each() if is_workday(day)]
    plan = list(accumulate(int(is_workday(day)) for day in period.each()))
    chances = _chances(told, period, mornings, draws, outage)
    for subject in _subjects(told, period):
        yield _season(told.kind.name, subject, period, mornings, plan, chances, rules, outage)


def _season(kind, subject, period, mornings, plan, chances, rules, outage) -> Season:  # type: ignore[no-untyped-def]
    readings: dict[str, list[Reading]] = {rule.rule_id: [] for rule in rules}
    pace: list[float | None] = []
    basis: tuple[date, Decimal] | None = None
    for day in mornings:
        is_late = outage is not None and outage.since <= day < outage.until
        told_by = outage.since if outage and is_late else day
        watch = _watch(subject, period, day, told_by, plan, chances.get(day))
        now = None if basis is None else watch.at(basis[0])
        is_corrected = now is not None and basis is not None and now.actual != basis[1]
        for rule in rules:
            readings[rule.rule_id].append(
                reading(rule, watch, is_late=is_late, is_corrected=is_corrected)
                if rule.subject is subject.subject
                else Reading(None, day)
            )
        stands = watch.to_date[day]
        pace.append(float(stands.actual / stands.plan) if stands.plan else None)
        past = watch.to_date.get(day - DAY)
        basis = basis if past is None else (day - DAY, past.actual)
    left = [(period.end - day).days / period.days for day in mornings]
    return Season(
        kind, subject.subject, subject.name, subject.total >= subject.quota,
        float(subject.total / subject.quota), mornings, left, readings, pace,
    )  # fmt: skip


def _watch(subject, period, day, told_by, plan, chances) -> Watch:  # type: ignore[no-untyped-def]
    known = [(on, amount) for told, on, amount in subject.sales if told < told_by]
    first = max(period.start, day - timedelta(days=KEPT_DAYS))
    days = [on for on, _ in known]
    sums = [Decimal(0), *accumulate(amount for _, amount in known)]
    base = sums[bisect_left(days, period.start)]
    workdays = plan[-1]
    to_date = {}
    for n in range((day - first).days + 1):
        at = first + timedelta(days=n)
        actual = sums[bisect_left(days, at + DAY)] - base
        # The day itself is no part of the plan until it is over.
        passed = (min(at, day - DAY) - period.start).days
        asked = subject.quota * (plan[passed] if passed >= 0 else 0) / workdays
        to_date[at] = ToDate(actual, asked.quantize(Decimal("0.0001")))
    # The usual deal is of whole months, as the service reads it.
    since = day - timedelta(days=DEALS_DAYS)
    since = since if since.day == 1 else (since.replace(day=1) + timedelta(days=32)).replace(day=1)
    number = len(known) - bisect_left(days, since)
    size = (sums[-1] - sums[bisect_left(days, since)]) / number if number else None
    chance = None if chances is None else chances(subject)
    return Watch(
        subject.subject, subject.name, "revenue", "EUR", period, day, to_date, EVERYWHERE,
        size, chance,
    )  # fmt: skip


def _subjects(told: Story, period: Span) -> Iterator[_Subject]:
    reps = [rep for rep in told.reps if rep.since < period.start]
    won = [deal for deal in told.deals if deal.is_won and deal.on and deal.on < period.end]
    for rep in reps:
        yield _subject(told, period, Subject.REP, str(rep.rep), [rep], won)
    for team in sorted({rep.team for rep in reps}):
        members = [rep for rep in reps if rep.team == team]
        yield _subject(told, period, Subject.TEAM, team, members, won)


def _subject(
    told: Story, period: Span, kind: Subject, name: str, members: Sequence[Rep], won: list[Deal]
) -> _Subject:
    who = {rep.rep for rep in members}
    mine = [(d.stands[-1].since, d.on, _money(d.amount)) for d in won if d.rep in who and d.on]
    sales = tuple(sorted(mine, key=lambda sale: (sale[1], sale[0])))
    year = timedelta(days=365)
    usual = sum((a for _, on, a in sales if period.start - year <= on < period.start), Decimal(0))
    part = Decimal(repr(period.days / 365))
    mood = Random(f"{told.kind.name} {name} {period}").uniform(*MOOD)
    if kind is Subject.TEAM:
        mood = 0.5 + mood / 2  # what is asked of many is nearer to what they do
    least = _money(told.kind.amount / 4 * len(members))
    quota = max(usual * part, least) * Decimal(repr(mood))
    total = sum((a for _, on, a in sales if period.start <= on), Decimal(0))
    return _Subject(
        kind, name, tuple(sorted(who)), sales, quota.quantize(Decimal("0.01")), total
    )  # fmt: skip


def _chances(told, period, mornings, draws, outage):  # type: ignore[no-untyped-def]
    """Return by morning how to tell the chance of a subject; none while the source is away."""
    found = {}
    odds = None
    for number, day in enumerate(mornings):
        if outage and outage.since <= day < outage.until:
            continue
        if odds is None or number % (LEARN_DAYS * 5 // 7) == 0:
            odds = Odds(looks_of(_versions(told, day), day))
        floor = outlook(known_at(told, day, period.end), period, odds, 1, by_day=False).floor
        floor = replace(floor, draws=draws)
        drawn: dict[str, np.ndarray] = {}
        for places, ours in draws_of(floor, np.arange(len(floor.rep_ids))):
            drawn |= {floor.rep_ids[p]: one for p, one in zip(places, ours, strict=True)}
        found[day] = _chance(period, day, drawn)
    return found


def _chance(period: Span, day: date, drawn: Mapping[str, np.ndarray]):  # type: ignore[no-untyped-def]
    def chance(subject: _Subject) -> Decimal | None:
        mine = [drawn[str(rep)] for rep in subject.members if str(rep) in drawn]
        if not mine:
            return None
        booked = sum(
            (a for told, on, a in subject.sales if told < day and period.start <= on), Decimal(0)
        )
        return Decimal(str(probability(booked, subject.quota, np.sum(mine, axis=0))))

    return chance


def is_money_rule(rule: Rule) -> bool:
    """Return whether a rule reads a quota, which is all that a simulated floor has."""
    return rule.signal is not Signal.KPI
