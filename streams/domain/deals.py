"""Deals: what counts when one is created, won or lost, and whose revenue it is."""

from typing import NamedTuple

import numpy as np
import polars as pl

from schemas.frames import beside, constant, in_lists, only, picked, rows_at
from streams.domain.crediting import PARTED, REVENUE, credited, divided_lines, payees_of
from streams.domain.deal_days import days_of, instants_of
from streams.domain.manual_credits import ManualCredits
from streams.domain.measures import UNIT, Rule, View, count
from streams.domain.overriding import Overriders
from streams.domain.rates import RateTable
from streams.domain.resolving import Resolver
from streams.domain.territories import READ, CreditRules
from streams.domain.zones import Days

MONEY = pl.Decimal(18, 4)
_WON = pl.col("stage_class") == "WON"
_LOST = pl.col("stage_class") == "LOST"
_HAS_WORTH = (pl.col("op") == "SET") & pl.col("amount").is_not_null()
# What contests may ask of a deal, beside each line of its revenue.
CONTEST_READ = ("product", "segment", "region", "deal_type", "lead_source", "source")
_UNITS = pl.col("amount").cast(MONEY).to_physical().cast(pl.Int64)  # ten-thousandths
_USED = ("rate", "rate_on", "reporting_currency")
# What of a deal decides the day of its payees, and what contests ask of them.
_OF_PAYEES = (
    "stage_class", "created_at", "won_at", "lost_at", "occurred_at", "close_date", *CONTEST_READ,
)  # fmt: skip

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
    "cycle_days": Rule(
        "deal",
        pl.when((pl.col("op") == "SET") & _WON).then(pl.col("cycle_days") * UNIT),
        "owner",
        "won",
        "Days from the day a deal was created to the day it was won, the first one not counted, "
        "on the day it was won, for its owner. A deal that the source says was won before it was "
        "created took none.",
    ),
    "won_valued": Rule(
        "deal",
        count(_WON & pl.col("worth").is_not_null()),
        "owner",
        "won",
        "Won deals that have an amount in the reporting currency: what the amounts of won deals "
        "are divided by.",
    ),
    "won_amount": Rule(
        "deal",
        pl.when(_WON).then(pl.col("worth")),
        "owner",
        "won",
        "Whole amounts of won deals in the reporting currency, for their owner; splits do not "
        "matter. A deal without an amount or a rate is not in it.",
        "into",
    ),
    "lost_amount": Rule(
        "deal",
        pl.when(_LOST).then(pl.col("worth")),
        "owner",
        "lost",
        "Whole amounts of lost deals in the reporting currency, at the latest rate dated on or "
        "before the day the deal was lost, for their owner.",
        "into",
    ),
    "revenue_won": Rule(
        "deal",
        pl.col("amount"),
        "payee",
        "won",
        "Amounts of won deals in the deal's currency, by REVENUE splits, else the owner's.",
        "currency",
    ),
    "revenue_won_reporting": Rule(
        "deal",
        pl.col("reporting_amount"),
        "payee",
        "won",
        "The same in the reporting currency, at the latest rate dated on or before the day the "
        "deal was won. A deal without a rate is not in it.",
        "reporting_currency",
    ),
}


def _decimal(name: str, scale: int) -> pl.Expr:
    """Return whole units of a scale as a decimal."""
    units = pl.col(name).cast(pl.Decimal(38, scale))
    return units / pl.lit(10**scale)


# Lines of payees as arrays of the deal they are of.
_CREDITS = {
    "credit_rep_id": pl.col("rep_id"),
    "credit_role": pl.col("role"),
    "credit_via": pl.col("via"),
    "credit_share": _decimal("share", 6).cast(pl.Decimal(9, 6)),
    "credit_day": pl.col("day"),
    "credit_amount": _decimal("amount", 4).cast(MONEY),
    "credit_reporting_amount": _decimal("reporting_amount", 4).cast(MONEY),
    **{f"credit_{name}": _decimal(name, 4).cast(MONEY) for name in PARTED},
    "credit_territory_id": pl.col("territory_id"),
}


class Priced(NamedTuple):
    """Deals as rules see them, and what their history says of them.

    Attributes:
        columns: per deal rep_id, day, the rate used (null: none, or not won) and its date, the
            currency it leads to, and who is credited with what.
    """

    views: tuple[View, ...]
    columns: pl.DataFrame


class Crediting(NamedTuple):
    """Who is credited besides owners and splits."""

    rules: CreditRules
    manual: ManualCredits
    overriders: Overriders


def priced(
    frame: pl.DataFrame, resolver: Resolver, rates: RateTable, crediting: Crediting
) -> Priced:
    """Return deals with their parties, days and credited amounts."""
    owner = resolver.reps(frame.get_column("source"), frame.get_column("owner_id"))
    days, at = days_of(frame, owner, resolver), instants_of(frame, resolver)
    day = _main_day(frame, days)
    converted = _converted(frame, day, rates)
    valued = _valued(frame, days, converted.get_column("converted"), rates)
    whole = View(valued, pl.Series("row", np.arange(len(frame))), {"owner": owner}, days, at)
    used = _of_won(frame, converted)
    lines = _payees(frame, _ruled(frame, day, crediting.rules), resolver)
    lines = crediting.manual.over(lines, frame.get_column("entity_id"), day)
    payees = _parts(frame, used, lines)
    rows = payees.get_column("row")
    theirs = rows_at(only(frame, _OF_PAYEES), rows.to_numpy())
    payee = payees.get_column("rep").to_numpy()
    payee_day = _main_day(theirs, days_of(theirs, payee, resolver))
    is_won = theirs.get_column("stage_class") == "WON"
    these = np.flatnonzero((is_won & (payees.get_column("role") == REVENUE)).to_numpy())
    of = picked(rows, these)
    won, dated = (each[of.to_numpy()] for each in at["won"])
    asked = rows_at(only(theirs, CONTEST_READ), these).get_columns()
    revenue = View(beside(rows_at(payees, these), *asked), of, {"payee": payee[these]},
                   {"won": payee_day[these]}, {"won": (won, dated)})  # fmt: skip
    named = payees.with_columns(picked(resolver.names, payee), _dates("day", payee_day))
    if crediting.overriders:
        named = pl.concat([named, crediting.overriders.lines(named, is_won)])
    columns = [picked(resolver.names, owner), _dates("day", day), *only(used, _USED).get_columns()]
    return Priced((whole, revenue), pl.DataFrame(columns).hstack(_arrays(named, len(frame))))


def _converted(frame: pl.DataFrame, day: Days, rates: RateTable) -> pl.DataFrame:
    """Return what deals are worth that are won or lost, in the reporting currency."""
    closed = frame.select("currency", pl.when((_WON | _LOST) & _HAS_WORTH).then(_UNITS))
    return rates.converted(beside(closed, pl.Series("day", day, pl.Int32)))


def _of_won(frame: pl.DataFrame, converted: pl.DataFrame) -> pl.DataFrame:
    """Return the same with nothing for deals that are not won."""
    is_won = pl.lit(frame.get_column("stage_class") == "WON")
    nothing = {"reporting_currency": pl.lit("")}
    return converted.select(
        pl.when(is_won).then(name).otherwise(nothing.get(name)).alias(name)
        for name in converted.columns
    )


def _valued(
    frame: pl.DataFrame, days: dict[str, Days], worth: pl.Series, rates: RateTable
) -> pl.DataFrame:
    """Return deals with `worth` when closed, in the currency `into`, and `cycle_days` when won."""
    into = constant("into", rates.reporting_currency, pl.String(), len(frame))
    cycle = pl.Series("cycle_days", np.maximum(days["won"] - days["created"], 0), pl.Int64)
    return beside(frame, worth.alias("worth"), into, cycle)


def _main_day(frame: pl.DataFrame, days: dict[str, Days]) -> Days:
    """Return the day a deal was won or lost on, of an open one the day it was created on."""
    stage = frame.get_column("stage_class")
    is_won, is_lost = (stage == "WON").to_numpy(), (stage == "LOST").to_numpy()
    return np.where(is_won, days["won"], np.where(is_lost, days["lost"], days["created"]))


def _dates(name: str, days: Days) -> pl.Series:
    return pl.Series(name, days, pl.Int32).cast(pl.Date)


def _arrays(payees: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return lines of payees, ordered by row, as arrays of each of `count` deals."""
    row = payees.get_column("row").to_numpy()
    lines = payees.select(**_CREDITS)
    if (np.diff(row) < 0).any():  # overriders come behind all
        order = np.argsort(row, kind="stable")
        row, lines = row[order], rows_at(lines, order)
    return in_lists(lines, np.bincount(row, minlength=count))


def _ruled(frame: pl.DataFrame, day: Days, rules: CreditRules) -> pl.DataFrame | None:
    """Return who is credited by rules: deals that are worth anything and have no splits."""
    if not rules:
        return None
    is_open = _HAS_WORTH & (pl.col("splits").list.len().fill_null(0) == 0)
    at = frame.select(is_open.arg_true()).to_series()
    rows = at.cast(pl.Int64).alias("row")
    asked = frame.select("owner_id", *READ)[at.to_numpy()].with_columns(rows)
    return rules.payees(asked, day[at.to_numpy()])


def _payees(frame: pl.DataFrame, ruled: pl.DataFrame | None, resolver: Resolver) -> pl.DataFrame:
    """Return a line for each payee of each deal that is worth anything, ordered by deal.

    `rep` says whose a line is: the rep a rule names, else the user's.
    """
    rows = pl.Series("row", np.arange(len(frame)))
    payees = payees_of(
        frame.select(rows, "owner_id", "splits").filter(frame.select(_HAS_WORTH).to_series()),
        ruled,
    )
    sources = frame.get_column("source").gather(payees.get_column("row"))
    by_user = pl.Series("rep", resolver.reps(sources, payees.get_column("user")), pl.Int64)
    named = pl.col("rep") if "rep" in payees.columns else pl.lit(None, pl.Int64)
    return payees.with_columns(pl.coalesce(named, by_user).alias("rep"))


def _parts(frame: pl.DataFrame, converted: pl.DataFrame, payees: pl.DataFrame) -> pl.DataFrame:
    """Return lines of payees with what each of them is worth."""
    at = payees.get_column("row").to_numpy()
    into = rows_at(only(converted, ("reporting_currency", "converted")), at)
    own = picked(frame.get_column("territory_id"), at).fill_null("").alias("territory_id")
    by_rule = pl.col("territory") if "territory" in payees.columns else pl.lit(None, pl.String)
    parts = frame.select(
        *(pl.col(name).cast(MONEY).to_physical() for name in PARTED), "currency", _UNITS
    )
    theirs, divided = rows_at(parts, at), divided_lines(payees)
    return payees.with_columns(
        pl.coalesce(by_rule, own).alias("territory_id"),
        *(credited(payees, divided, theirs[name]).alias(name) for name in PARTED),
        theirs["currency"],
        credited(payees, divided, theirs["amount"]).alias("amount"),
        into["reporting_currency"],
        credited(payees, divided, into["converted"]).alias("reporting_amount"),
    )
