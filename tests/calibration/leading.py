"""Reps whose revenue comes of meetings weeks before, and what too few meetings foretell.

A meeting becomes a deal by chance, a deal closes weeks later, if at all. Effort comes and goes in
spells; meetings of weeks before the period pay in it, too. Quotas are what the plan's meetings
bring on average, times a mood that the rule knows nothing of.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from statistics import median
from typing import NamedTuple

from infra.alerting.indicators import ALWAYS
from schemas.alerts import Rule
from streams.domain.alert_signals import ToDate, Watch, reading
from streams.domain.alert_states import Key, State, Transition, Watched, step
from streams.domain.periods import DAY, Span
from streams.domain.workdays import EVERYWHERE
from tests.calibration.floors import is_workday
from tests.calibration.watched import IN_TIME

PERIOD = Span(date(2026, 1, 1), date(2026, 4, 1))
BEFORE = 120  # days of meetings that may pay in the period
PLANNED = 1.6  # meetings a business day, as scorecards ask for
TO_DEAL, CLOSE_DAYS, AMOUNT = 0.22, 28.0, 6_000.0  # chance, days until it closes, what it brings
SPELL_DAYS = 20  # business days, on average, until effort is another
EFFORTS = (0.25, 0.5, 0.8, 1.0, 1.0, 1.1, 1.2)
MOOD = (0.6, 1.4)
LOOK_MINUTES = 5
OUTAGES = (10, 20, 30, 90, 240, 900)  # minutes
OUTAGE_CHANCE = 1 / 600  # at each look


class Quarter(NamedTuple):
    """A rep's quarter.

    Attributes:
        began: what was left of it when alerts began, as far as a quarter of it still was.
    """

    began: tuple[float, ...]
    is_missed: bool


class Foretold(NamedTuple):
    """What the rule foretold of quarters.

    Attributes:
        base: part of all quarters that were missed.
        recall: part of the missed with an alert while a quarter of the period was left.
        precision: part of the quarters with such an alert that were missed.
        lead: part of the period that was left when it first began; the median.
    """

    quarters: int
    base: float
    recall: float
    precision: float
    lead: float


def foretold(rule: Rule, seed: int, reps: int) -> Foretold:
    """Return what a rule on activity foretells of so many reps' quarters."""
    some = [_quarter(rule, Random(f"{seed} {rep}")) for rep in range(reps)]
    missed = [one for one in some if one.is_missed]
    told = [one for one in some if one.began]
    hits = [one for one in told if one.is_missed]
    leads = [max(one.began) for one in hits]
    return Foretold(len(some), len(missed) / len(some), len(hits) / (len(missed) or 1),
                    len(hits) / (len(told) or 1), median(leads) if leads else 0.0)  # fmt: skip


def _quarter(rule: Rule, dice: Random) -> Quarter:
    first = PERIOD.start - timedelta(days=BEFORE)
    meetings = dict(_meetings(Span(first, PERIOD.end), dice))
    revenue = sum(_brings(day, count, dice) for day, count in meetings.items())
    days = sum(map(is_workday, PERIOD.each()))
    quota = PLANNED * TO_DEAL * AMOUNT * days * dice.uniform(*MOOD)
    return Quarter(tuple(_told(rule, meetings)), revenue < quota)


def _meetings(span: Span, dice: Random) -> Iterator[tuple[date, int]]:
    effort = dice.choice(EFFORTS)
    for day in filter(is_workday, span.each()):
        if dice.random() < 1 / SPELL_DAYS:
            effort = dice.choice(EFFORTS)
        yield day, sum(dice.random() < PLANNED * effort / 4 for _ in range(4))


def _brings(day: date, meetings: int, dice: Random) -> float:
    """Return what meetings of a day bring in the period."""
    total = 0.0
    for _ in range(meetings):
        closes = day + timedelta(days=round(CLOSE_DAYS * dice.lognormvariate(-0.1, 0.45)))
        if dice.random() < TO_DEAL and closes in PERIOD:
            total += AMOUNT * dice.lognormvariate(-0.125, 0.5)
    return total


def _told(rule: Rule, meetings: dict[date, int]) -> Iterator[float]:
    """Yield what was left of the period when alerts began, down to a quarter of it."""
    days = list(Span(min(meetings), PERIOD.end).each())
    done = accumulate(Decimal(meetings.get(day, 0)) for day in days)
    asked = accumulate(Decimal(str(PLANNED)) if is_workday(d) else Decimal(0) for d in days)
    # Today asks for nothing yet.
    due = [Decimal(0), *asked]
    to_date = {day: ToDate(a, b) for day, a, b in zip(days, done, due, strict=False)}
    held = Watched()
    key = Key(rule.rule_id, "REP", "r", "meetings_held", "", date(1970, 1, 1))
    for day in filter(is_workday, PERIOD.each()):
        around = Span(day - timedelta(days=40), day + DAY)
        watch = Watch("REP", "r", "meetings_held", "", around, day, to_date, EVERYWHERE)
        at = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
        seen = reading(rule, watch, is_late=False, is_corrected=False)
        held, made = step(rule, key, held, seen, at)
        left = (PERIOD.end - day).days / PERIOD.days
        if left >= IN_TIME:
            yield from (left for one in made if one.begins)


class Heard(NamedTuple):
    """What was heard of a source's outages.

    Attributes:
        outages: longer than the rule's bound.
        heard: of these.
        delay: minutes from the bound to the alert; the most.
        false: alerts while the source spoke as always.
        unknown: looks at which an alert that fired before was UNKNOWN.
        repeated: times it was told anew, or that it had ended.
    """

    outages: int
    heard: int
    delay: int
    false: int
    unknown: int
    repeated: int


def silences(rule: Rule, other: Rule, late_after: int, seed: int, days: int) -> Heard:
    """Return what a rule on freshness hears of a source that speaks every few minutes.

    Looked at every five minutes. Hiccups of up to half an hour are a source's ordinary life.

    Args:
        other: a rule whose value is bad all the time.
        late_after: minutes after which nothing but freshness claims anything.
    """
    dice, said, until = Random(seed), 0, -1
    source, fires = Watched(), Watched()
    outages = heard = delay = false = unknown = repeated = 0
    for minute in range(0, days * 1440, LOOK_MINUTES):
        if minute > until and dice.random() < OUTAGE_CHANCE:
            length = dice.choice(OUTAGES)
            until = minute + length
            outages += length > rule.enter + LOOK_MINUTES
        said = minute if minute > until else said
        old = minute - said
        source, made = _looked(rule, source, minute, old, is_late=False)
        for one in made:
            heard += one.begins and old >= rule.enter
            false += one.begins and old < rule.enter
            delay = max(delay, old - int(rule.enter)) if one.begins else delay
        fires, made = _looked(other, fires, minute, int(other.enter) + 1, is_late=old > late_after)
        unknown += fires.state is State.UNKNOWN
        repeated += sum(one.is_news for one in made)
    return Heard(outages, heard, delay, false, unknown, repeated - 1)


def _looked(
    rule: Rule, held: Watched, minute: int, value: int, *, is_late: bool
) -> tuple[Watched, list[Transition]]:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    day = at.date()
    watch = Watch(rule.subject, "x", "", "", Span(day, day + DAY), day, {}, ALWAYS,
                  measured=Decimal(value), of=Decimal(100))  # fmt: skip
    seen = reading(rule, watch, is_late=is_late, is_corrected=False)
    key = Key(rule.rule_id, rule.subject, "x", "", "", date(1970, 1, 1))
    return step(rule, key, held, seen, at)
