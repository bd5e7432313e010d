"""From what is known today to what can be drawn: the past of deals, wins and working days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from streams.domain import arriving as new
from streams.domain.forecast import DailySums, Floor, OpenCredits, OpenDeals, Seeds
from streams.domain.looks import LOOKBACK_DAYS
from streams.domain.odds import Chances, Odds
from streams.domain.periods import Span
from streams.domain.seasons import Season, common_variance, even, learned

HALF_LIFE_DAYS = 120  # a win of so long ago counts half: reps ramp up, fade and change patch
WINS_MAX = 250  # per rep, the newest; whoever has more is known well enough by these
Floats = npt.NDArray[np.float64]


class Calendar(NamedTuple):
    """Which days from `first` on are worked, 1 or 0 each."""

    first: date
    works: Floats


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of reps when a forecast is made.

    Attributes:
        day: the day it is made on; deals may still close on it.
        left: part of that working day that is still to come, 0 to 1.
        reps: rep_id, pool (team), calendar (place among calendars), since, until (on duty),
            present: part of the working days to come on which the rep is there, 0 to 1.
        wins: rep_id, created_on, on, value: what counted in the last LOOKBACK_DAYS.
        days: day, wins: of the whole company, up to three years of it.
        open_deals: deal_id, rep_id (owner), pipeline_id, stage_id, deal_type, amount, close_date,
            probability.
        credits: rep_id, deal_id, amount: of open deals, in the KPI's unit.
        calendars: from LOOKBACK_DAYS ago at least to the end of the period; the first is the
            company's.
        quarter_start: a month (1 to 12) in which a fiscal quarter begins.
    """

    day: date
    left: float
    reps: pl.DataFrame
    wins: pl.DataFrame
    days: pl.DataFrame
    open_deals: pl.DataFrame
    credits: pl.DataFrame
    calendars: Sequence[Calendar]
    quarter_start: int = 1


class Outlook(NamedTuple):
    """What can be drawn, and what it rests on."""

    floor: Floor
    chances: Chances
    wins: npt.NDArray[np.int64]


def outlook(known: Known, period: Span, odds: Odds, sequence: int, *, by_day: bool) -> Outlook:
    """Return what can be drawn for a period.

    Args:
        odds: learned from deals; what is counted by activities has no deals.
        by_day: the KPI is counted by activities: days are drawn, not wins.
    """
    reps = known.reps.with_row_index("rep")
    season, common = season_of(known)
    work = [_weighed(c, season) for c in known.calendars]
    pools = reps.get_column("pool").rank("dense").cast(pl.Int64).to_numpy() - 1
    wins = _wins(known, reps)
    exposure = _exposures(known, work, wins, known.day)
    row = reps.get_column("calendar").to_numpy().astype(np.int64)
    present = reps.get_column("present").to_numpy()
    counted = new.Reps(pools, exposure, row, present)
    ahead = _ahead(known, work, period)
    lines = _as_wins(wins, known.day)
    chances = odds.chances(known.open_deals, known.day, *period, season)
    level = _level(known, wins, work)
    arriving: new.Arriving | DailySums
    if by_day:
        tables = new.day_tables(new.Days(lines.rep, lines.value, lines.weight), counted)
        arriving = DailySums(tables, ahead[row].sum(axis=1) * present, level)
    else:
        arriving = new.arriving(lines, counted, ahead, level)
    seeds = Seeds(f"{period.start}..{period.end}", sequence)
    floor = Floor(
        reps.get_column("rep_id").to_list(),
        _open(known.open_deals, chances),
        _credits(known, reps),
        arriving,
        seeds,
        common,
    )
    return Outlook(floor, chances, np.bincount(lines.rep, minlength=len(reps)))


def season_of(known: Known) -> tuple[Season, float]:
    """Return how busy days are, and how everybody's level varies, by what the company won."""
    past = known.days.filter(pl.col("day") < known.day)
    first = past.get_column("day").min()
    company = known.calendars[0]
    if not isinstance(first, date):
        return even(known.quarter_start), 0.0
    begin = max(first, company.first)
    number = (known.day - begin).days
    at = past.select((pl.col("day") - begin).dt.total_days()).to_series().to_numpy()
    wins = np.zeros(number)
    inside = at >= 0
    np.add.at(wins, at[inside], past.get_column("wins").to_numpy()[inside])
    skipped = (begin - company.first).days
    works = company.works[skipped : skipped + number]
    season = learned(begin, wins, works, known.quarter_start)
    return season, common_variance(season, begin, wins, works)


def _weighed(calendar: Calendar, season: Season) -> Floats:
    return calendar.works * season.weights(calendar.first, len(calendar.works))


def _decay(ages: npt.NDArray[np.int64]) -> Floats:
    return np.asarray(0.5 ** (ages / HALF_LIFE_DAYS), np.float64)


def _wins(known: Known, reps: pl.DataFrame) -> pl.DataFrame:
    """Return the newest wins of the reps who are asked for, with their ages and cycles in days."""
    since = known.day - timedelta(days=LOOKBACK_DAYS)
    return (
        known.wins.filter((pl.col("on") < known.day) & (pl.col("on") >= since))
        .join(reps.select("rep_id", "rep"), on="rep_id")
        .sort("rep", "on")
        .group_by("rep", maintain_order=True)
        .tail(WINS_MAX)
        .with_columns(
            (pl.lit(known.day) - pl.col("on")).dt.total_days().alias("age"),
            (pl.col("on") - pl.col("created_on")).dt.total_days().clip(0).alias("cycle"),
        )
    )


def _as_wins(wins: pl.DataFrame, today: date) -> new.Wins:
    age = wins.get_column("age").to_numpy()
    return new.Wins(
        wins.get_column("rep").cast(pl.Int64).to_numpy(),
        wins.get_column("value").cast(pl.Float64).to_numpy(),
        wins.get_column("cycle").cast(pl.Int64).to_numpy(),
        _decay(age),
    )


def _spans(known: Known, wins: pl.DataFrame) -> tuple[npt.NDArray[np.int64], ...]:
    """Return from which day to which (days before today) each rep's wins were looked at."""
    capped = (
        wins.group_by("rep").agg(pl.len().alias("n"), pl.col("age").max())
        .filter(pl.col("n") >= WINS_MAX)
    )  # fmt: skip
    today = pl.lit(known.day)
    ages = known.reps.select(
        (today - pl.col("since")).dt.total_days().clip(0, LOOKBACK_DAYS).alias("since"),
        (today - pl.col("until")).dt.total_days().clip(0, LOOKBACK_DAYS).alias("until"),
    )
    since = ages.get_column("since").to_numpy().copy()
    at = capped.get_column("rep").to_numpy()
    since[at] = np.minimum(since[at], capped.get_column("age").to_numpy())
    return since, np.minimum(ages.get_column("until").to_numpy(), since)


def _exposures(known: Known, work: Sequence[Floats], wins: pl.DataFrame, today: date) -> Floats:
    """Return the working days of each rep's past, weighted as wins are."""
    since, until = _spans(known, wins)
    row = known.reps.get_column("calendar").to_numpy()
    exposure = np.zeros(len(known.reps))
    for i, (calendar, works) in enumerate(zip(known.calendars, work, strict=True)):
        past = works[: (today - calendar.first).days][::-1][:LOOKBACK_DAYS]
        ages = np.arange(1, len(past) + 1)
        total = np.concatenate([[0.0], np.cumsum(past * _decay(ages))])
        mine = row == i
        ends = np.minimum(since[mine], len(past)), np.minimum(until[mine], len(past))
        exposure[mine] = total[ends[0]] - total[ends[1]]
    return exposure


def _ahead(known: Known, work: Sequence[Floats], period: Span) -> Floats:
    """Return a row per calendar: how much of an average working day each day to come is."""
    begin = max(known.day, period.start)
    length = max(0, (period.end - begin).days)
    rows = np.zeros((len(work), length))
    for i, (calendar, works) in enumerate(zip(known.calendars, work, strict=True)):
        at = (begin - calendar.first).days
        found = works[at : at + length]
        rows[i, : len(found)] = found
    if length and begin == known.day:
        rows[:, 0] *= known.left
    return rows


def _level(known: Known, wins: pl.DataFrame, work: Sequence[Floats]) -> float:
    """Return how much reps' rates vary from one four weeks to the next."""
    span = new.WEEKS_PER_LEVEL * 7
    spells = LOOKBACK_DAYS // span
    counts = np.zeros((len(known.reps), spells))
    spell = (wins.get_column("age").to_numpy() - 1) // span
    inside = spell < spells
    np.add.at(counts, (wins.get_column("rep").to_numpy()[inside], spell[inside]), 1.0)
    since, until = _spans(known, wins)
    row = known.reps.get_column("calendar").to_numpy()
    exposure = np.zeros_like(counts)
    edges = np.arange(spells + 1) * span
    for i, (calendar, works) in enumerate(zip(known.calendars, work, strict=True)):
        past = works[: (known.day - calendar.first).days][::-1][:LOOKBACK_DAYS]
        total = np.concatenate([[0.0], np.cumsum(past)])
        mine = row == i
        ends = np.clip(edges[None, :], until[mine, None], since[mine, None])
        exposure[mine] = np.diff(total[np.minimum(ends, len(past))], axis=1)
    return new.level_variance(counts, exposure)


def _open(deals: pl.DataFrame, chances: Chances) -> OpenDeals:
    return OpenDeals(
        deals.get_column("deal_id").to_list(), chances.win, chances.inside, chances.cell,
        chances.deals,
    )  # fmt: skip


def _credits(known: Known, reps: pl.DataFrame) -> OpenCredits:
    deals = known.open_deals.select("deal_id").with_row_index("deal")
    lines = (
        known.credits.join(reps.select("rep_id", "rep"), on="rep_id")
        .join(deals, on="deal_id")
        .sort("rep", "deal")
    )
    return OpenCredits(
        lines.get_column("rep").cast(pl.Int64).to_numpy(),
        lines.get_column("deal").cast(pl.Int64).to_numpy(),
        lines.get_column("amount").cast(pl.Float64).to_numpy(),
    )
