"""Deals: when one was created, won and lost, by instant or by date, and on which day that is."""

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.definitions import WonDay
from streams.domain.activities import millis
from streams.domain.resolving import Reps, Resolver
from streams.domain.zones import Days, Millis

_WON_INSTANT = pl.coalesce("won_at", "occurred_at")
_LOST_INSTANT = pl.coalesce("lost_at", "occurred_at")
_LOST_BY_DATE = pl.col("close_date").is_not_null() & pl.col("lost_at").is_null()


def days_of(frame: pl.DataFrame, reps: Reps, resolver: Resolver) -> dict[str, Days]:
    """Return the days deals were created, won and lost on, in the zones of these reps."""
    return {
        "created": resolver.days(reps, millis(frame.get_column("created_at"))),
        "won": won_days(frame, reps, resolver),
        "lost": _lost_days(frame, reps, resolver),
    }


def won_days(frame: pl.DataFrame, reps: Reps, resolver: Resolver) -> Days:
    """Return the day each deal counts as won, in the zones of these reps.

    It is the day of `won_at`, else the close date, else the day of `occurred_at`; the close date
    goes first if the company says so.
    """
    at = frame.select(_WON_INSTANT).to_series()
    return _with_dates(frame, _won_by_date(resolver), resolver.days(reps, millis(at)))


def _lost_days(frame: pl.DataFrame, reps: Reps, resolver: Resolver) -> Days:
    at = frame.select(_LOST_INSTANT).to_series()
    return _with_dates(frame, _LOST_BY_DATE, resolver.days(reps, millis(at)))


def _won_by_date(resolver: Resolver) -> pl.Expr:
    by_date = pl.col("close_date").is_not_null()
    if resolver.bundle.company.won_day is WonDay.WON_AT:
        by_date = by_date & pl.col("won_at").is_null()
    return by_date


def instants_of(
    frame: pl.DataFrame, resolver: Resolver
) -> dict[str, tuple[Millis, npt.NDArray[np.bool_]]]:
    """Return when deals were created, won and lost, and which go by a date instead."""
    found = frame.select(
        created="created_at", won=_WON_INSTANT, lost=_LOST_INSTANT,
        created_by=pl.lit(value=False), won_by=_won_by_date(resolver), lost_by=_LOST_BY_DATE,
    )  # fmt: skip
    return {
        name: (millis(found.get_column(name)), found.get_column(f"{name}_by").to_numpy())
        for name in ("created", "won", "lost")
    }


def _with_dates(frame: pl.DataFrame, by_date: pl.Expr, days: Days) -> Days:
    found = frame.select(
        pl.when(by_date).then(pl.col("close_date").cast(pl.Int32)).otherwise(pl.Series(days))
    )
    return found.to_series().to_numpy()
