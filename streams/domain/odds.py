"""What open deals are worth so far: how often such deals were won, and how far close dates slip.

Both are learned from how deals stood in the past: every week of it is looked at as today is, and
what became of the deals that were open then is counted. So a stage in which lost deals linger, or a
close date long past, counts for what it turned out to mean, whatever the CRM says of it.

Few deals never give a chance of 0 or 1: each share is drawn towards that of a wider cell, as by a
Beta prior that is worth PRIOR_DEALS deals; the widest is drawn towards the CRM's own probability.
"""

from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from streams.domain.looks import grown, with_lead
from streams.domain.seasons import Season

PRIOR_DEALS = 10.0  # what the wider cell weighs beside the deals of a narrower one
CHANCE_MIN = 0.005  # no open deal is certain, whatever the CRM or a few deals say
PRIOR_REPS = 5.0  # as many reps who do not differ are taken for granted
PRIOR_SLIPS = 8.0  # the same for close dates
DAYS_AHEAD = 800  # no period ends later, seen from today
HALF = 0.5  # chance of a deal of which nobody says anything
# Slips in days of deals that were won, until there are own ones: dates slip rather than come early.
# An assumption, and a wide one; it weighs as much as PRIOR_SLIPS deals.
ASSUMED_SLIPS = np.array([-30, -14, -7, -3, 0, 0, 2, 5, 10, 16, 25, 35, 50, 70, 100, 150])
SIZES = (0.5, 0.85)  # quantiles of amounts in a pipeline: large deals take longer and fail oftener
Floats = npt.NDArray[np.float64]


class Chances(NamedTuple):
    """What becomes of open deals, in the order in which they were asked for.

    Attributes:
        win: chance of being won, ever.
        inside: chance that a win falls before the end of the period.
        cell: name of what each chance was learned from: deals of one cell are wrong together.
        deals: closed deals that `win` rests on.
        slips: won deals that `inside` rests on.
    """

    win: Floats
    inside: Floats
    cell: list[str]
    deals: npt.NDArray[np.int64]
    slips: npt.NDArray[np.int64]


class Odds:
    """What the past says, ready to be asked for the deals that are open now."""

    def __init__(self, looks: pl.DataFrame) -> None:
        """Learn.

        Args:
            looks: lines of `looks.looks_of`.
        """
        self._sizes = looks.group_by("pipeline_id").agg(
            *(pl.col("amount").quantile(q).alias(f"size_{q}") for q in SIZES)
        )
        known = grown(self._sized(looks).filter(pl.col("won").is_not_null()))
        stage = ["pipeline_id", "stage_id"]
        levels = (stage, [*stage, "late"], [*stage, "late", "size"],
                  [*stage, "late", "size", "deal_type"])  # fmt: skip
        self._shares = [(keys, _shares(known, keys)) for keys in levels]
        won = known.filter(pl.col("won") & pl.col("slip").is_not_null())
        self.deals = known.get_column("deal_id").n_unique()
        self._skills = self._learned_skills(known)
        self._slips = [(keys, _slips(won, keys))
                       for keys in (["all"], stage, [*stage, "lead"], [*stage, "lead", "size"])
                       ]  # fmt: skip

    def chances(
        self, deals: pl.DataFrame, today: date, start: date, end: date, season: Season
    ) -> Chances:
        """Return the chances of open deals.

        Args:
            deals: rep_id (owner), pipeline_id, stage_id, deal_type, close_date, amount and
                probability: the CRM's own.
            today: a deal may still close today, and not before.
            start: first day of the period.
            end: first day behind it.
        """
        asked = self._sized(with_lead(deals, pl.lit(today)))
        own = asked.select(pl.col("probability").cast(pl.Float64).fill_null(HALF)).to_series()
        win, seen = self._won(asked, np.clip(own.to_numpy(), CHANCE_MIN, 1 - CHANCE_MIN))
        skill = asked.join(self._skills, on="rep_id", how="left", maintain_order="left")
        offset = skill.get_column("skill").fill_null(0.0).to_numpy()
        win = 1 / (1 + (1 - win) / win * np.exp(-offset))
        keys = self._shares[-1][0]
        cell = asked.select(pl.concat_str(keys, separator="|")).to_series()
        ahead = season.weights(today, DAYS_AHEAD)
        begin, behind = max(0, (start - today).days), (end - today).days
        inside, slips = self._inside(asked, begin, behind, ahead)
        return Chances(win, inside, cell.to_list(), seen, slips)

    def _won(self, asked: pl.DataFrame, prior: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return each deal's chance in anybody's hands, and the number of deals it rests on."""
        win, seen, above = prior, np.zeros(len(asked), np.int64), prior
        for keys, shares in self._shares:
            there = asked.join(shares, on=keys, how="left", maintain_order="left")
            count = there.get_column("deals").fill_null(0).to_numpy()
            share = np.where(count > 0, there.get_column("share").fill_null(0.0).to_numpy(), above)
            # What a cell says beyond the wider one, of which it is a part: said twice, the same
            # deals would weigh twice.
            win = win + (share - above) * count / (count + PRIOR_DEALS)
            above = share
            seen = np.where(count > 0, count, seen)
        win = np.clip(win, CHANCE_MIN, 1 - CHANCE_MIN)
        return win, seen

    def _learned_skills(self, known: pl.DataFrame) -> pl.DataFrame:
        """Return by how much each rep's log-odds differ from everybody's, drawn towards 0.

        One step of Newton's method from 0, each deal counted once; the prior's variance is what
        reps differ by beyond chance (method of moments).
        """
        win, _ = self._won(known, np.full(len(known), HALF))
        per_deal = (
            known.with_columns(pl.Series("chance", win, pl.Float64))
            .group_by("rep_id", "deal_id")
            .agg((pl.col("won").cast(pl.Float64) - pl.col("chance")).mean().alias("off"),
                 (pl.col("chance") * (1 - pl.col("chance"))).mean().alias("weight"))
            .group_by("rep_id")
            .agg(pl.col("off").sum(), pl.col("weight").sum())
        )  # fmt: skip
        off, weight = (per_deal.get_column(name).to_numpy() for name in ("off", "weight"))
        square = float((weight**2).sum()) * (1 + PRIOR_REPS / max(len(weight), 1))
        variance = max(0.0, float((off**2 - weight).sum())) / max(square, 1e-9)
        skill = np.clip(off / (weight + 1 / max(variance, 1e-6)), -2, 2)
        skills = per_deal.select("rep_id", pl.Series("skill", skill, pl.Float64))
        return skills.with_columns(pl.col("skill") + self._shift(known, win, skills))

    def _shift(self, known: pl.DataFrame, win: Floats, skills: pl.DataFrame) -> float:
        """Return what is added to all skills so that what is expected stays what was seen."""
        mine = known.join(skills, on="rep_id", maintain_order="left").get_column("skill").to_numpy()
        chance = 1 / (1 + (1 - win) / win * np.exp(-mine))
        won = known.get_column("won").cast(pl.Float64).to_numpy()
        # Looks at one deal say one thing: together they weigh as the deals do.
        deals = self.deals / max(len(known), 1)
        off, weight = ((won - chance).sum() * deals, (chance * (1 - chance)).sum() * deals)
        return float(off / (weight + PRIOR_DEALS))

    def _sized(self, deals: pl.DataFrame) -> pl.DataFrame:
        size = pl.sum_horizontal(pl.col("amount") > pl.col(f"size_{q}") for q in SIZES)
        return deals.join(
            self._sizes, on="pipeline_id", how="left", maintain_order="left"
        ).with_columns(size.fill_null(0).cast(pl.Int8).alias("size"))

    def _inside(
        self, asked: pl.DataFrame, begin: int, end: int, ahead: Floats
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        if end <= begin:
            return np.zeros(len(asked)), np.zeros(len(asked), np.int64)
        lead = asked.get_column("lead_days").fill_null(0).to_numpy().astype(np.float64)
        inside = _share_inside(ASSUMED_SLIPS, lead, (begin, end), ahead)[0]
        rest = np.zeros(len(asked), np.int64)
        for keys, pools in self._slips:
            cells = asked.select(pl.concat_str(keys, separator="|")).to_series()
            for cell in cells.unique():
                if cell not in pools:
                    continue
                at = (cells == cell).to_numpy()
                slips, deals = pools[cell]
                share, left = _share_inside(slips, lead[at], (begin, end), ahead)
                count = deals * left / len(slips)
                inside[at] = (share * count + PRIOR_SLIPS * inside[at]) / (count + PRIOR_SLIPS)
                rest[at] = np.round(count)
        return inside, rest


def _shares(known: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return won shares by key: of the weeks that deals were there, but worth no more than deals.

    A deal that lingers is found open more often, which is what an open deal of today was, too.
    """
    return known.group_by(keys).agg(
        pl.col("won").mean().cast(pl.Float64).alias("share"),
        pl.col("deal_id").n_unique().cast(pl.Int64).alias("deals"),
    )


def _slips(won: pl.DataFrame, keys: list[str]) -> dict[str, tuple[Floats, int]]:
    cell = pl.concat_str(keys, separator="|").alias("cell")
    return {
        str(name): (slips.sort().to_numpy().astype(np.float64), deals)
        for name, slips, deals in won.group_by(cell)
        .agg(pl.col("slip"), pl.col("deal_id").n_unique().alias("deals"))
        .iter_rows()
        for slips in [pl.Series(slips)]
    }


def _share_inside(
    slips: npt.NDArray[np.generic], lead: Floats, period: tuple[int, int], ahead: Floats
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return which part of the slips that are still possible ends in the period, and their number.

    A deal that is later than all of them may close on any day of a year to come.

    Args:
        slips: ascending.
        lead: days from today to the close date.
        period: days from today to its first day, and to the first behind it.
        ahead: how busy each day from today on is: a busy day sees more deals closed.
    """
    share, left = np.empty(len(lead)), np.empty(len(lead), np.int64)
    begin, end = (min(day, DAYS_AHEAD) for day in period)
    for value in np.unique(lead):
        days = (slips[np.searchsorted(slips, -value, "left") :] + value).astype(np.int64)
        at = lead == value
        left[at] = len(days)
        busy = ahead[np.minimum(days, DAYS_AHEAD - 1)]
        within = busy[(days >= begin) & (days < end)].sum()
        share[at] = within / busy.sum() if len(days) else min(1.0, (end - begin) / 365)
    return share, left
