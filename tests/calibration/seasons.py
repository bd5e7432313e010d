"""What rules of alerts read of simulated reps and teams, each morning of a period of known outcome.

Read in the morning, what the plan asks through yesterday stands against what came in through
yesterday: during the day sales come in and nothing more is asked, so this is a day's worst reading.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.alerts import Rule, Signal, Subject
from streams.domain.alert_signals import reading
from streams.domain.alert_states import Reading
from streams.domain.forecast import draws_of, probability
from streams.domain.looks import looks_of
from streams.domain.odds import Odds
from streams.domain.outlook import outlook
from streams.domain.periods import DAY, Span
from tests.calibration.asking import known_at, money, versions
from tests.calibration.floors import Story, is_workday
from tests.calibration.standing import Sale, Seller, watch_of

MOOD = (0.6, 1.4)  # a quota over what is usual: about half of them are reached
LEARN_MORNINGS = 5  # how deals end does not change overnight


class Outage(NamedTuple):
    """Mornings on which nothing new has been heard.

    Attributes:
        is_known: the source said how far it is, so that its silence shows.
    """

    span: Span
    is_known: bool = True


class Season(NamedTuple):
    """One subject's period: what every rule read each business morning, and how it ended.

    Attributes:
        left: part of the period that is left, by morning.
        readings: rule -> one reading each morning.
        pace: what linear pace reads: actual over what the plan asked; None before it asks anything.
    """

    kind: str
    subject: str
    name: str
    is_reached: bool
    mornings: Sequence[date]
    left: Sequence[float]
    readings: Mapping[str, Sequence[Reading]]
    pace: Sequence[float | None]


class Drawn(NamedTuple):
    """What may still come in, as a forecast of a morning draws it, by rep."""

    by_rep: Mapping[str, npt.NDArray[np.float64]]

    def chance(self, seller: Seller, period: Span, day: date) -> Decimal | None:
        """Return the chance that a subject reaches its quota; None: nobody forecasts it."""
        mine = [self.by_rep[str(rep)] for rep in seller.members if str(rep) in self.by_rep]
        if not mine:
            return None
        booked = [s.amount for s in seller.sales if s.told < day and period.start <= s.on]
        return probability(sum(booked, Decimal(0)), seller.quota, np.sum(mine, axis=0))


class _Time(NamedTuple):
    """A period, its business mornings with what was forecast on them, and when data was late."""

    period: Span
    mornings: Sequence[date]
    forecasts: Mapping[date, Drawn]
    outage: Outage | None

    def told_by(self, day: date) -> date:
        """Return the day before which everything is known on a morning."""
        return self.outage.span.start if self.outage and self.is_dark(day) else day

    def is_dark(self, day: date) -> bool:
        """Return whether the source is away."""
        return self.outage is not None and day in self.outage.span

    def is_late(self, day: date) -> bool:
        """Return whether it is known to be away."""
        return self.outage is not None and self.outage.is_known and self.is_dark(day)


def seasons(
    told: Story, period: Span, rules: Sequence[Rule], draws: int, outage: Outage | None = None
) -> Iterator[Season]:
    """Yield the period of everybody who was there when it began, and of their teams.

    Args:
        draws: of each forecast.
        outage: nothing but what had been told before it is known while it lasts.
    """
    mornings = [day for day in period.each() if is_workday(day)]
    time = _Time(period, mornings, {}, outage)
    lit = [day for day in mornings if not time.is_dark(day)]
    if any(rule.signal is Signal.HIT_PROBABILITY for rule in rules):
        time = time._replace(forecasts=dict(_forecasts(told, period, lit, draws)))
    for seller in _sellers(told, period):
        yield _season(
            told.kind.name, seller, time, [r for r in rules if r.subject == seller.subject]
        )


def _season(kind: str, seller: Seller, time: _Time, rules: Sequence[Rule]) -> Season:
    readings: dict[str, list[Reading]] = {rule.rule_id: [] for rule in rules}
    pace: list[float | None] = []
    basis: tuple[date, Decimal] | None = None
    for day in time.mornings:
        drawn = time.forecasts.get(day)
        chance = None if drawn is None else drawn.chance(seller, time.period, day)
        watch = watch_of(seller, time.period, day, time.told_by(day), chance)
        before = None if basis is None else watch.at(basis[0])
        is_corrected = basis is not None and before is not None and before.actual != basis[1]
        for rule in rules:
            seen = reading(rule, watch, is_late=time.is_late(day), is_corrected=is_corrected)
            readings[rule.rule_id].append(seen)
        now, past = watch.to_date[day], watch.to_date.get(day - DAY)
        pace.append(float(now.actual / now.plan) if now.plan else None)
        basis = basis if past is None else (day - DAY, past.actual)
    left = [(time.period.end - day).days / time.period.days for day in time.mornings]
    is_reached = seller.total >= seller.quota
    return Season(
        kind, seller.subject, seller.name, is_reached, time.mornings, left, readings, pace
    )


def _forecasts(
    told: Story, period: Span, mornings: Sequence[date], draws: int
) -> Iterator[tuple[date, Drawn]]:
    odds = None
    for number, day in enumerate(mornings):
        if odds is None or number % LEARN_MORNINGS == 0:
            odds = Odds(looks_of(versions(told, day), day))
        floor = outlook(known_at(told, day, period.end), period, odds, 1, by_day=False).floor
        floor = replace(floor, draws=draws)
        drawn: dict[str, npt.NDArray[np.float64]] = {}
        for places, ours in draws_of(floor, np.arange(len(floor.rep_ids))):
            drawn |= {floor.rep_ids[p]: one for p, one in zip(places, ours, strict=True)}
        yield day, Drawn(drawn)


def _sellers(told: Story, period: Span) -> Iterator[Seller]:
    reps = [rep for rep in told.reps if rep.since < period.start]
    won = [deal for deal in told.deals if deal.is_won and deal.on and deal.on < period.end]
    groups = [(Subject.REP, str(rep.rep), (rep,)) for rep in reps]
    for team in sorted({rep.team for rep in reps}):
        groups.append((Subject.TEAM, team, tuple(rep for rep in reps if rep.team == team)))
    for kind, name, members in groups:
        who = tuple(rep.rep for rep in members)
        sales = sorted(
            Sale(d.on, d.stands[-1].since, money(d.amount)) for d in won if d.rep in who and d.on
        )
        quota = _quota(told, period, (kind, name), sales, len(who))
        total = sum((sale.amount for sale in sales if period.start <= sale.on), Decimal(0))
        yield Seller(kind, name, who, tuple(sales), quota, total)


def _quota(
    told: Story, period: Span, who: tuple[Subject, str], sales: Sequence[Sale], members: int
) -> Decimal:
    year = timedelta(days=365)
    usual = [s.amount for s in sales if period.start - year <= s.on < period.start]
    kind, name = who
    mood = Random(f"{told.kind.name} {name} {period}").uniform(*MOOD)
    if kind is Subject.TEAM:
        mood = 0.5 + mood / 2  # what is asked of many is nearer to what they do
    least = money(told.kind.amount / 4 * members)
    share = Decimal(period.days) / 365
    quota = max(sum(usual, Decimal(0)) * share, least) * Decimal(repr(mood))
    return quota.quantize(Decimal("0.01"))
