"""Forecasts of simulated floors, made with what was known on a day, beside what came to be."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import NamedTuple

import numpy as np
import polars as pl

from streams.domain.forecast import draws_of, probability
from streams.domain.looks import LOOKBACK_DAYS, VERSION_COLUMNS, looks_of
from streams.domain.odds import Odds
from streams.domain.outlook import Calendar, Known, outlook
from streams.domain.periods import Span
from tests.calibration.floors import FIRST, Deal, Story, is_workday

CRM = {"first": 0.3, "second": 0.45, "third": 0.7}
TEXTS = ("deal_id", "rep_id", "pipeline_id", "stage_id", "deal_type")
OPEN_COLUMNS = dict.fromkeys(TEXTS, pl.String) | {
    "amount": pl.Float64, "close_date": pl.Date, "probability": pl.Float64,
}  # fmt: skip
MOMENTS = (0.1, 0.35, 0.6, 0.85)  # of a period


class Asked(NamedTuple):
    """One forecast and its outcome."""

    kind: str
    who: str
    moment: float
    predicted: float
    linear: float
    reached: bool
    p10: float
    p90: float
    total: float
    expected: float


def asked(told: Story, periods: list[Span], draws: int) -> Iterator[Asked]:
    """Yield forecasts at several moments of several periods, of reps and of teams."""
    for period in periods:
        length = (period.end - period.start).days
        for moment in MOMENTS:
            today = period.start + timedelta(days=round(length * moment))
            yield from _asked_on(told, period, today, moment, draws)


def quarters(first: date, number: int, months: int) -> list[Span]:
    """Return consecutive periods of so many months."""
    starts = [_month(first, i * months) for i in range(number + 1)]
    return [Span(a, b) for a, b in pairwise(starts)]


def _month(first: date, ahead: int) -> date:
    month = first.year * 12 + first.month - 1 + ahead
    return date(month // 12, month % 12 + 1, 1)


def _asked_on(told: Story, period: Span, today: date, moment: float, draws: int) -> Iterator[Asked]:
    known = known_at(told, today, period.end)
    odds = Odds(looks_of(versions(told, today), today))
    floor = outlook(known, period, odds, 1, by_day=False).floor
    floor = replace(floor, draws=draws)
    mean = floor.pipeline_mean() + floor.arriving_mean()
    teams: dict[str, list[tuple[int, np.ndarray]]] = {}
    reps = {str(r.rep): r for r in told.reps}
    booked, total, usual = _booked(told, period, today)
    for places, drawn in draws_of(floor, np.arange(len(floor.rep_ids))):
        for place, ours in zip(places, drawn, strict=True):
            rep = reps[floor.rep_ids[place]]
            teams.setdefault(rep.team, []).append((rep.rep, ours))
            one = ([rep.rep], ours, float(mean[place]))
            yield _one(told, "rep", one, (booked, total, usual), (period, today, moment))
    for members in teams.values():
        drawn = np.sum([d for _, d in members], axis=0)
        who = [rep for rep, _ in members]
        yield _one(told, "team", (who, drawn, float(drawn.mean())), (booked, total, usual),
                   (period, today, moment))  # fmt: skip


def _one(told, who, one, numbers, when) -> Asked:  # type: ignore[no-untyped-def]
    members, drawn, mean = one
    booked, total, usual = (sum(n.get(m, 0.0) for m in members) for n in numbers)
    period, today, moment = when
    # What is asked of somebody hangs on their year so far, and on a manager's mood.
    mood = Random(f"{members} {period} {moment}").uniform(0.5, 1.7)
    quota = max(usual, told.kind.amount / 4) * (mood if who == "rep" else 0.75 + mood / 4)
    share = (today - period.start).days / (period.end - period.start).days
    p10, p90 = (booked + float(q) for q in np.quantile(drawn, (0.1, 0.9)))
    chance = probability(money(booked), money(quota), drawn)
    return Asked(told.kind.name, who, moment, float(chance), float(booked / share >= quota),
                 total >= quota, p10, p90, total, booked + mean)  # fmt: skip


def money(value: float) -> Decimal:
    """Return an amount to the cent."""
    return Decimal(repr(value)).quantize(Decimal("0.01"))


def _booked(told: Story, period: Span, today: date) -> tuple[dict[int, float], ...]:
    """Return per rep what is booked, what the period will have, and an average period's total."""
    booked: dict[int, float] = {}
    total: dict[int, float] = {}
    usual: dict[int, float] = {}
    year = timedelta(days=365)
    for deal in told.deals:
        if not deal.is_won or deal.on is None:
            continue
        if period.start <= deal.on < period.end:
            total[deal.rep] = total.get(deal.rep, 0.0) + deal.amount
            if deal.stands[-1].since < today:
                booked[deal.rep] = booked.get(deal.rep, 0.0) + deal.amount
        if period.start - year <= deal.on < period.start:
            part = (period.end - period.start) / year
            usual[deal.rep] = usual.get(deal.rep, 0.0) + deal.amount * part
    return booked, total, usual


def known_at(told: Story, today: date, end: date) -> Known:
    """Return what was known in the morning of a day."""
    first = min(today - timedelta(days=LOOKBACK_DAYS + 7), FIRST)
    days = (end - first).days + 400
    works = np.array([is_workday(first + timedelta(days=i)) for i in range(days)], np.float64)
    seen = [d for d in told.deals if d.stands[0].since < today]
    ended = [d for d in seen if d.is_won and d.on and d.stands[-1].since < today]
    still = [(d, s) for d in seen if (s := _stand(d, today)).stage_class == "OPEN"]
    reps = [r for r in told.reps if r.since < today]
    won_on = Counter(d.on for d in ended)
    return Known(
        today,
        1.0,
        pl.DataFrame(
            {"rep_id": [str(r.rep) for r in reps], "pool": [r.team for r in reps],
             "calendar": [0] * len(reps), "since": [r.since for r in reps],
             "until": [date(2199, 12, 31)] * len(reps), "present": [1.0] * len(reps)}
        ),
        pl.DataFrame(
            [(str(d.rep), d.created, d.on, d.amount) for d in ended],
            {"rep_id": pl.String, "created_on": pl.Date, "on": pl.Date, "value": pl.Float64},
            orient="row",
        ),
        pl.DataFrame(sorted(won_on.items()), {"day": pl.Date, "wins": pl.Int64}, orient="row"),
        pl.DataFrame(
            [(d.deal_id, str(d.rep), "all", s.stage, "NEW", d.amount, s.close_date,
              min(0.99, CRM[s.stage] * told.kind.told)) for d, s in still],
            OPEN_COLUMNS,
            orient="row",
        ),
        pl.DataFrame(
            [(str(d.rep), d.deal_id, d.amount) for d, _ in still],
            {"rep_id": pl.String, "deal_id": pl.String, "amount": pl.Float64}, orient="row",
        ),
        [Calendar(first, works)],
    )  # fmt: skip


def _stand(deal: Deal, today: date):  # type: ignore[no-untyped-def]
    return [s for s in deal.stands if s.since < today][-1]


def versions(told: Story, today: date) -> pl.DataFrame:
    """Return all deals as they stood, known in the morning of a day."""
    first = today - timedelta(days=LOOKBACK_DAYS)
    rows = [
        (
            d.deal_id,
            str(d.rep),
            s.since,
            "all",
            s.stage,
            "NEW",
            d.amount,
            s.stage_class,
            s.close_date,
        )
        for d in told.deals
        if d.stands[0].since < today and (d.on is None or d.stands[-1].since >= first)
        for s in d.stands
        if s.since < today
    ]
    made = pl.DataFrame(rows, VERSION_COLUMNS, orient="row")
    return made.unique(["deal_id", "since"], keep="last", maintain_order=True)
