"""One run: every forecast that is due, as rows of the table."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from infra.forecasting import reading
from infra.forecasting.reading import Kpi, Warehouse
from infra.forecasting.subjects import Crew, Job, Subject, crew, jobs
from schemas.definitions import UNASSIGNED, Bundle
from schemas.money import SCALE, minor_units
from streams.domain.forecast import MODEL, draws_of, outcome
from streams.domain.looks import looks_of
from streams.domain.odds import Odds
from streams.domain.outlook import Known, Outlook, outlook
from streams.domain.periods import Span, fiscal_year_of
from streams.domain.rates import RateTable

# The working day in the company's zone, of which what is left still counts as time to sell.
OPENS_HOUR, CLOSES_HOUR = 9, 18
QUARTERS = 4  # it counts in quarters: forecasts need not move by the minute
KEY = ("kpi", "currency", "period_start", "period_end", "subject_kind", "subject_id")
Floats = npt.NDArray[np.float64]


class Clock(NamedTuple):
    """When a run is: today in the company's zone, and how much of its working day is left."""

    now: datetime
    today: date
    left: float


def clock_of(now: datetime, bundle: Bundle) -> Clock:
    """Return what an aware instant is for a company."""
    local = now.astimezone(ZoneInfo(bundle.company.time_zone))
    passed = (local.hour + local.minute / 60 - OPENS_HOUR) / (CLOSES_HOUR - OPENS_HOUR)
    left = 1 - min(1.0, max(0.0, passed))
    return Clock(now, local.date(), round(left * QUARTERS) / QUARTERS)


@dataclass(slots=True)
class Learned:
    """What was learned today, kept until tomorrow, other definitions or another past.

    Attributes:
        days: with a hash of the wins they were read with.
    """

    key: tuple[date, int, int] | None = None
    odds: Odds | None = None
    days: dict[Kpi, tuple[bytes, pl.DataFrame]] = field(default_factory=dict)
    made: dict[tuple[Kpi, Span], tuple[bytes, list[dict[str, Any]]]] = field(default_factory=dict)


class Made(NamedTuple):
    """What one run made.

    Attributes:
        drawn: KPIs and periods that were drawn; the others had the inputs of the run before.
    """

    rows: list[dict[str, Any]]
    subjects: int
    drawn: int


def run(warehouse: Warehouse, bundle: Bundle, clock: Clock, learned: Learned) -> Made:
    """Return every forecast that is due now.

    Raises:
        Unavailable: the warehouse cannot answer now.
    """
    _learn(warehouse, bundle, clock, learned)
    due = jobs(bundle, clock.today)
    rates = RateTable(bundle.rates.rates, bundle.company.reporting_currency)
    deals = _valued(reading.open_deals(warehouse), rates, clock.today) if due else pl.DataFrame()
    crews: dict[tuple[date, date], Crew] = {}
    rows: list[dict[str, Any]] = []
    drawn = 0
    for job in due:
        if job.period not in crews:
            crews[job.period] = crew(bundle, job.period, clock.today)
        people = crews[job.period]
        known = _known(warehouse, job, people, deals, clock=clock, bundle=bundle, learned=learned)
        assert learned.odds is not None
        booked = reading.booked(warehouse, job.kpi, job.period, people.movers)
        inputs = _digest((known.wins, known.days, known.open_deals, known.credits, booked), clock)
        before, rows_then = learned.made.get((job.kpi, job.period), (b"", []))
        if inputs == before:
            rows.extend(rows_then)
            continue
        drawn += 1
        ahead = outlook(known, job.period, learned.odds, bundle.sequence,
                        by_day=not job.kpi.of_deals)  # fmt: skip
        common = _common(job, clock, bundle.sequence, ahead.floor.draws)
        fresh = list(_rows(job, people, ahead, booked_of(booked, people), common))
        learned.made[job.kpi, job.period] = (inputs, fresh)
        rows.extend(fresh)
    return Made(rows, len({(r["subject_kind"], r["subject_id"]) for r in rows}), drawn)


def _digest(frames: Sequence[pl.DataFrame], clock: Clock) -> bytes:
    """Return a hash of what a forecast is drawn from, beside what was learned."""
    found = blake2b(repr((clock.today, clock.left)).encode())
    for frame in frames:
        body = io.BytesIO()
        frame.write_ipc(body)
        found.update(body.getbuffer())
    return found.digest()


def _learn(warehouse: Warehouse, bundle: Bundle, clock: Clock, learned: Learned) -> None:
    key = clock.today, bundle.sequence, reading.past(warehouse, clock.today)
    if learned.key == key:
        return
    past = reading.versions(warehouse, clock.today)
    rates = RateTable(bundle.rates.rates, bundle.company.reporting_currency)
    learned.odds = Odds(looks_of(_valued(past, rates, clock.today), clock.today))
    learned.days.clear()
    learned.made.clear()
    learned.key = key


def _valued(deals: pl.DataFrame, rates: RateTable, today: date) -> pl.DataFrame:
    """Return deals with `rate` to the reporting currency, and amounts in it: sizes are compared."""
    codes = deals.get_column("currency").unique().to_list()
    known = {c: float(found.rate) for c in codes if (found := rates.rate(c, today))}
    rate = pl.col("currency").replace_strict(known, default=None, return_dtype=pl.Float64)
    return deals.with_columns(rate.alias("rate")).with_columns(
        pl.col("amount") * pl.col("rate").fill_null(1.0)
    )


def _known(
    warehouse: Warehouse,
    job: Job,
    people: Crew,
    deals: pl.DataFrame,
    *,
    clock: Clock,
    bundle: Bundle,
    learned: Learned,
) -> Known:
    wins = reading.wins(warehouse, job.kpi, clock.today)
    mark = _digest((wins,), clock)
    if learned.days.get(job.kpi, (b"", None))[0] != mark:
        learned.days[job.kpi] = mark, reading.days(warehouse, job.kpi, clock.today)
    mine = deals if job.kpi.of_deals else deals.clear()
    return Known(
        clock.today,
        clock.left,
        people.reps,
        wins,
        learned.days[job.kpi][1],
        mine,
        _credits(mine, job.kpi),
        people.calendars,
        fiscal_year_of(clock.today, bundle.company).months[0].start.month,
    )


def _credits(deals: pl.DataFrame, kpi: Kpi) -> pl.DataFrame:
    """Return who gets what of open deals, in the KPI's unit; nothing where no rate is known."""
    if kpi.rule == "deals_won":
        return deals.select("rep_id", "deal_id", pl.lit(1.0).alias("amount"))
    lines = (
        deals.select("deal_id", "currency", "rate", "credit_rep_id", "credit_role",
                     "credit_amount")
        .explode("credit_rep_id", "credit_role", "credit_amount")
        .filter(pl.col("credit_role") == "REVENUE")
    )  # fmt: skip
    if kpi.rule == "revenue_won_reporting":
        lines = lines.with_columns(pl.col("credit_amount") * pl.col("rate")).drop_nulls("rate")
    else:
        lines = lines.filter(pl.col("currency") == kpi.currency)
    return lines.select(pl.col("credit_rep_id").alias("rep_id"), "deal_id",
                        pl.col("credit_amount").alias("amount"))  # fmt: skip


def booked_of(found: pl.DataFrame, people: Crew) -> dict[Subject, Decimal]:
    """Return what is booked for each subject, each day with the groups its rep was in then."""
    of_groups = (
        found.join(people.booking, on="rep_id")
        .filter((pl.col("valid_from") <= pl.col("day")) & (pl.col("day") < pl.col("valid_to")))
        .group_by("kind", "id")
        .agg(pl.col("value").sum())
    )
    return {(kind, id_): value for kind, id_, value in of_groups.iter_rows()}


def _rows(
    job: Job,
    people: Crew,
    ahead: Outlook,
    booked: Mapping[Subject, Decimal],
    common: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    floor = ahead.floor
    means = np.stack([floor.pipeline_mean(), floor.arriving_mean()])
    groups = {s: p for s, p in people.groups.items() if s[0] != "REP"}
    sums = {s: np.zeros(floor.draws) for s in groups}
    inside: dict[int, list[Subject]] = {}
    for subject, places in groups.items():
        for place in places:
            inside.setdefault(int(place), []).append(subject)

    def row(subject: Subject, places: Sequence[int] | np.ndarray, drawn: Floats) -> dict[str, Any]:
        quota = job.quotas.get(subject)
        found = outcome(
            booked.get(subject, Decimal(0)), quota.amount if quota else None, drawn,
            (float(means[0, places].sum()), float(means[1, places].sum())), _scale(job.kpi),
        )  # fmt: skip
        return {**common, "subject_kind": subject[0], "subject_id": subject[1],
                "quota": quota.amount if quota else None, **found._asdict(),
                "seed": floor.seeds.of("rep", subject[1]) if subject[0] == "REP" else 0,
                **_evidence(ahead, places)}  # fmt: skip

    for places, drawn in draws_of(floor, np.arange(len(floor.rep_ids))):
        for place, ours in zip(places.tolist(), drawn, strict=True):
            for subject in inside.get(place, ()):
                sums[subject] += ours
            if floor.rep_ids[place] != UNASSIGNED:
                yield row(("REP", floor.rep_ids[place]), [place], ours)
    for subject, places in groups.items():
        yield row(subject, places, sums[subject])


def _common(job: Job, clock: Clock, sequence: int, draws: int) -> dict[str, Any]:
    return {
        "kpi": job.kpi.name, "currency": job.kpi.currency, "period_start": job.period.start,
        "period_end": job.period.end, "day": clock.today, "as_of": clock.now, "draws": draws,
        "model": MODEL, "sequence": sequence, "withdrawn": False,
    }  # fmt: skip


def _scale(kpi: Kpi) -> Decimal:
    return Decimal(1).scaleb(-minor_units(kpi.currency)) if kpi.currency else SCALE


def _evidence(ahead: Outlook, places: Sequence[int] | np.ndarray) -> dict[str, int]:
    credits = ahead.floor.credits
    first = np.searchsorted(credits.rep, places, "left")
    last = np.searchsorted(credits.rep, places, "right")
    lines = [credits.deal[a:b] for a, b in zip(first, last, strict=True)]
    deals = np.unique(np.concatenate(lines)) if lines else np.array([], np.int64)
    return {
        "open_deals": len(deals),
        "closed_deals": int(ahead.chances.deals[deals].min()) if len(deals) else 0,
        "wins": int(ahead.wins[places].sum()),
    }
