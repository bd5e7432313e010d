"""Deals: what counts when one is created, won or lost, and whose revenue it is."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from schemas.definitions import WonDay
from streams.domain.activities import millis
from streams.domain.crediting import REVENUE, credited, shares_of
from streams.domain.measures import Rule, View, count
from streams.domain.rates import Applied, RateTable, converted
from streams.domain.resolving import Reps, Resolver
from streams.domain.zones import Days

_WON = pl.col("stage_class") == "WON"
_LOST = pl.col("stage_class") == "LOST"
_EPOCH = date(1970, 1, 1).toordinal()

RULES: dict[str, Rule] = {
    "deals_created": Rule(
        "deal",
        count(pl.lit(value=True)),
        "owner",
        "created",
        "Deals on the day they were created in their source, for their owner.",
    ),
    "deals_won": Rule(
        "deal",
        count(_WON),
        "owner",
        "won",
        "Deals that are won, on the day they were won, for their owner. Splits share revenue, "
        "not the count.",
    ),
    "deals_lost": Rule(
        "deal",
        count(_LOST),
        "owner",
        "lost",
        "Deals that are lost, on the day they were lost, for their owner.",
    ),
    "revenue_won": Rule(
        "deal",
        pl.col("amount").to_physical(),
        "payee",
        "won",
        "Amounts of won deals in the deal's currency, by REVENUE splits, else the owner's.",
        "currency",
    ),
    "revenue_won_reporting": Rule(
        "deal",
        pl.col("reporting_amount").to_physical(),
        "payee",
        "won",
        "The same in the reporting currency, at the latest rate dated on or before the day the "
        "deal was won. A deal without a rate is not in it.",
        "reporting_currency",
    ),
}
_PAYEES = {
    "row": pl.Int64(),
    "source": pl.String(),
    "user": pl.String(),
    "role": pl.String(),
    "via": pl.String(),
    "share": pl.Decimal(9, 6),
    "currency": pl.String(),
    "amount": pl.Decimal(18, 4),
    "reporting_currency": pl.String(),
    "reporting_amount": pl.Decimal(18, 4),
}
# Lines of payees as arrays of the deal they are of.
_CREDITS = {
    "credit_rep_id": "rep_id",
    "credit_role": "role",
    "credit_via": "via",
    "credit_share": "share",
    "credit_day": "day",
    "credit_amount": "amount",
    "credit_reporting_amount": "reporting_amount",
}


class Priced(NamedTuple):
    """Deals as rules see them, and what their history says of them.

    Attributes:
        columns: per deal rep_id, day, the rate used (null: none, or not won) and its date, the
            currency it leads to, and who is credited with what.
    """

    views: tuple[View, ...]
    columns: pl.DataFrame


def priced(frame: pl.DataFrame, resolver: Resolver, rates: RateTable) -> Priced:
    """Return deals with their parties, days and credited amounts."""
    sources = frame.get_column("source")
    owner = resolver.reps(sources, frame.get_column("owner_id"))
    days = _days(frame, owner, resolver)
    whole = View(frame, pl.Series("row", np.arange(len(frame))), {"owner": owner}, days)
    payees, applied = _payees(frame, days["won"], rates)
    rows = payees.get_column("row")
    payee = resolver.reps(payees.get_column("source"), payees.get_column("user"))
    theirs = frame[rows.to_numpy()]
    payee_day = _main_day(theirs, _days(theirs, payee, resolver))
    is_revenue = theirs.select(_WON).to_series() & (payees.get_column("role") == REVENUE)
    kept = is_revenue.arg_true()
    at = kept.to_numpy()
    revenue = View(payees[at], rows.gather(kept), {"payee": payee[at]}, {"won": payee_day[at]})
    columns = pl.DataFrame(
        [
            resolver.names.gather(owner),
            _dates("day", _main_day(frame, days)),
            pl.Series("rate", [a and a.rate for a in applied], pl.Decimal(20, 10)),
            pl.Series("rate_on", [a and a.on for a in applied], pl.Date),
            pl.Series(
                "reporting_currency",
                [rates.reporting_currency if a else "" for a in applied],
                pl.String,
            ),
        ]
    )
    named = payees.with_columns(resolver.names.gather(payee), _dates("day", payee_day))
    return Priced((whole, revenue), columns.hstack(_arrays(named, len(frame))))


def _days(frame: pl.DataFrame, reps: Reps, resolver: Resolver) -> dict[str, Days]:
    return {
        "created": resolver.days(reps, millis(frame.get_column("created_at"))),
        "won": won_days(frame, reps, resolver),
        "lost": _lost_days(frame, reps, resolver),
    }


def _main_day(frame: pl.DataFrame, days: dict[str, Days]) -> Days:
    """Return the day a deal was won or lost on, of an open one the day it was created on."""
    stage = frame.get_column("stage_class")
    is_won, is_lost = (stage == "WON").to_numpy(), (stage == "LOST").to_numpy()
    return np.where(is_won, days["won"], np.where(is_lost, days["lost"], days["created"]))


def _dates(name: str, days: Days) -> pl.Series:
    return pl.Series(name, days, pl.Int32).cast(pl.Date)


def _arrays(payees: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return lines of payees, ordered by row, as arrays of each of `count` deals."""
    lines = payees.select("row", **_CREDITS)
    grouped = lines.group_by("row", maintain_order=True).agg(pl.all())
    every = pl.DataFrame({"row": pl.int_range(count, dtype=pl.Int64, eager=True)})
    found = every.join(grouped, on="row", how="left", maintain_order="left").drop("row")
    return found.with_columns(
        pl.col(name).fill_null(pl.Series([[]], dtype=kind)) for name, kind in found.schema.items()
    )


def won_days(frame: pl.DataFrame, reps: Reps, resolver: Resolver) -> Days:
    """Return the day each deal counts as won, in the zones of these reps.

    It is the day of `won_at`, else the close date, else the day of `occurred_at`; the close date
    goes first if the company says so.
    """
    at = frame.select(pl.coalesce("won_at", "occurred_at")).to_series()
    by_date = pl.col("close_date").is_not_null()
    if resolver.bundle.company.won_day is WonDay.WON_AT:
        by_date = by_date & pl.col("won_at").is_null()
    return _with_dates(frame, by_date, resolver.days(reps, millis(at)))


def _lost_days(frame: pl.DataFrame, reps: Reps, resolver: Resolver) -> Days:
    at = frame.select(pl.coalesce("lost_at", "occurred_at")).to_series()
    by_date = pl.col("close_date").is_not_null() & pl.col("lost_at").is_null()
    return _with_dates(frame, by_date, resolver.days(reps, millis(at)))


def _with_dates(frame: pl.DataFrame, by_date: pl.Expr, days: Days) -> Days:
    found = frame.select(
        pl.when(by_date).then(pl.col("close_date").cast(pl.Int32)).otherwise(pl.Series(days))
    )
    return found.to_series().to_numpy()


def _payees(
    frame: pl.DataFrame, won: Days, rates: RateTable
) -> tuple[pl.DataFrame, list[Applied | None]]:
    """Return a line for each payee of each deal, and the rate used for each won deal."""
    applied: list[Applied | None] = [None] * len(frame)
    lines: list[tuple[Any, ...]] = []
    deals = (
        frame.with_columns(pl.Series("won_day", won))
        .with_row_index("row")
        .filter(pl.col("amount").is_not_null() & (pl.col("op") == "SET"))
        .select("row", "won_day", "source", "owner_id", "currency", "amount", "splits", _WON)
    )
    for row, won_day, source, owner_id, currency, amount, splits, is_won in deals.iter_rows():
        found = rates.rate(currency, date.fromordinal(won_day + _EPOCH)) if is_won else None
        applied[row] = found
        shares = shares_of(owner_id, splits)
        parts = credited(amount, shares)
        reported: Sequence[Decimal | None] = [None] * len(shares)
        if found:
            reported = credited(converted(amount, found), shares)
        into = rates.reporting_currency if found else ""
        for (user, role, via, share), part, reporting in zip(shares, parts, reported, strict=True):
            lines.append((row, source, user, role, via, share, currency, part, into, reporting))
    return pl.DataFrame(lines, schema=_PAYEES, orient="row"), applied
