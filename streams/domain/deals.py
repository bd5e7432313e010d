"""Deals: what counts when one is created, won or lost, and whose revenue it is."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from schemas.definitions import WonDay
from streams.domain.activities import millis
from streams.domain.crediting import divided, revenue_shares
from streams.domain.measures import UNIT, Rule, View, count
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
        pl.col("credited"),
        "payee",
        "won",
        "Amounts of won deals in the deal's currency, by REVENUE splits, else the owner's.",
        "currency",
    ),
    "revenue_won_reporting": Rule(
        "deal",
        pl.col("credited_reporting"),
        "payee",
        "won",
        "The same in the reporting currency, at the latest rate dated on or before the day the "
        "deal was won. A deal without a rate is not in it.",
        "reporting_currency",
    ),
}
_PAYEES = {
    "row": pl.Int64(),
    "user": pl.String(),
    "source": pl.String(),
    "currency": pl.String(),
    "credited": pl.Int64(),
    "reporting_currency": pl.String(),
    "credited_reporting": pl.Int64(),
}


class Priced(NamedTuple):
    """Deals as rules see them, and the rate used for each (null: none, or not won)."""

    views: tuple[View, ...]
    rate: pl.Series
    rate_on: pl.Series


def priced(frame: pl.DataFrame, resolver: Resolver, rates: RateTable) -> Priced:
    """Return deals with their parties, days and credited amounts."""
    sources = frame.get_column("source")
    owner = resolver.reps(sources, frame.get_column("owner_id"))
    won = won_days(frame, owner, resolver)
    days = {
        "created": resolver.days(owner, millis(frame.get_column("created_at"))),
        "won": won,
        "lost": _lost_days(frame, owner, resolver),
    }
    whole = View(frame, pl.Series("row", np.arange(len(frame))), {"owner": owner}, days)
    payees, applied = _payees(frame, won, rates)
    rows = payees.get_column("row")
    payee = resolver.reps(payees.get_column("source"), payees.get_column("user"))
    payee_days = {"won": won_days(frame[rows.to_numpy()], payee, resolver)}
    return Priced(
        (whole, View(payees, rows, {"payee": payee}, payee_days)),
        pl.Series("rate", [a and a.rate for a in applied], pl.Decimal(20, 10)),
        pl.Series("rate_on", [a and a.on for a in applied], pl.Date),
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
    """Return a line for each payee of each won deal, and the rate used for each deal."""
    applied: list[Applied | None] = [None] * len(frame)
    lines: list[tuple[Any, ...]] = []
    is_worth = _WON & pl.col("amount").is_not_null() & (pl.col("op") == "SET")
    deals = (
        frame.with_columns(pl.Series("won_day", won))
        .with_row_index("row")
        .filter(is_worth)
        .select("row", "won_day", "source", "owner_id", "currency", "amount", "splits")
    )
    for row, won_day, source, owner_id, currency, amount, splits in deals.iter_rows():
        found = rates.rate(currency, date.fromordinal(won_day + _EPOCH))
        applied[row] = found
        users, shares = zip(*revenue_shares(owner_id, splits), strict=True)
        parts = divided(amount, shares)
        reported = divided(converted(amount, found), shares) if found else None
        for i, user in enumerate(users):
            reporting = None if reported is None else _units(reported[i])
            lines.append(
                (row, user, source, currency, _units(parts[i]), rates.reporting_currency, reporting)
            )
    return pl.DataFrame(lines, schema=_PAYEES, orient="row"), applied


def _units(amount: Decimal) -> int:
    return int(amount * UNIT)
