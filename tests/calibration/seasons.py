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

from schemas.alerts import Rule, Subject
from streams.domain.alert_signals import reading
from streams.domain.alert_states import Reading
from streams.domain.forecast import draws_of, probability
from streams.domain.looks import looks_of
from streams.domain.odds import Odds
from streams.domain.outlook import outlook
from streams.domain.periods import DAY, Span
from tests.calibration.asking import known_at, money, versions
from tests.calibration.floors import Deal, Rep, Story, is_workday
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


def seasons(
    told: Story, period: Span, rules: Sequence[Rule], draws: int, outage: Outage | None = None
) -> Iterator[Season]:
    """Yield the period of everybody who was there when it began, and of their teams.

    Args:
        draws: of each forecast.
        outage: nothing but what had been told before it is known while it lasts.
    """
    mornings = [day for day in period.each() if is_workday(day)]
    dark = outage.span if outage else Span(period.end, period.end)
    forecasts = dict(_forecasts(told, period, [d for d in mornings if d not in dark], draws))
    for seller in _sellers(told, period):
        mine = [rule for rule in rules if rule.subject == seller.subject]
        yield _season(told.kind.name, seller, period, mornings, forecasts, mine, outage)


def _season(
    kind: str,
    seller: Seller,
    period: Span,
    mornings: Sequence[date],
    forecasts: Mapping[date, Drawn],
    rules: Sequence[Rule],
    outage: Outage | None,
) -> Season:
    readings: dict[str, list[Reading]] = {rule.rule_id: [] for rule in rules}
    pace: list[float | None] = []
    basis: tuple[date, Decimal] | None = None
    for day in mornings:
        is_dark = outage is not None and day in outage.span
        told_by = outage.span.start if outage and is_dark else day
        drawn = forecasts.get(day)
        chance = None if drawn is None else drawn.chance(seller, period, day)
        watch = watch_of(seller, period, day, told_by, chance)
        before = None if basis is None else watch.at(basis[0])
        is_corrected = basis is not None and before is not None and before.actual != basis[1]
        is_late = is_dark and outage is not None and outage.is_known
        for rule in rules:
            seen = reading(rule, watch, is_late=is_late, is_corrected=is_corrected)
            readings[rule.rule_id].append(seen)
        now, past = watch.to_date[day], watch.to_date.get(day - DAY)
        pace.append(float(now.actual / now.plan) if now.plan else None)
        basis = basis if past is None else (day - DAY, past.actual)
    left = [(period.end - day).days / period.days for day in mornings]
    return Season(
        kind, seller.subject, seller.name, seller.total >= seller.quota, mornings, left, readings,
        pace,
    )  # fmt: skip


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
    for rep in reps:
        yield _seller(told, period, Subject.REP, str(rep.rep), [rep], won)
    for team in sorted({rep.team for rep in reps}):
        members = [rep for rep in reps if rep.team == team]
        yield _seller(told, period, Subject.TEAM, team, members, won)


def _seller(
    told: Story, period: Span, kind: Subject, name: str, members: Sequence[Rep], won: list[Deal]
) -> Seller:
    who = tuple(rep.rep for rep in members)
    mine = [Sale(d.on, d.stands[-1].since, money(d.amount)) for d in won if d.rep in who and d.on]
    year = timedelta(days=365)
    usual = [s.amount for s in mine if period.start - year <= s.on < period.start]
    mood = Random(f"{told.kind.name} {name} {period}").uniform(*MOOD)
    if kind is Subject.TEAM:
        mood = 0.5 + mood / 2  # what is asked of many is nearer to what they do
    least = money(told.kind.amount / 4 * len(members))
    share = Decimal(period.days) / 365
    quota = max(sum(usual, Decimal(0)) * share, least) * Decimal(repr(mood))
    total = sum((s.amount for s in mine if period.start <= s.on), Decimal(0))
    return Seller(kind, name, who, tuple(sorted(mine)), quota.quantize(Decimal("0.01")), total)
