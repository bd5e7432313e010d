"""What credits in columns count: their period, value, rate and factors, and sums of those."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import polars as pl

from schemas.plan_choices import Measure, PlanPeriod, Scope
from schemas.plan_components import Component, Conditions
from schemas.plans import Plan
from streams.domain.counting import anchored, asked_of
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Units, combined

MONEY = pl.Decimal(18, 4)
_LISTED = {"product": "products", "segment": "segments", "region": "regions",
           "deal_type": "deal_types", "territory_id": "territories"}  # fmt: skip
_VALUE_OF = {Measure.ACV: "acv", Measure.MARGIN: "margin", Measure.UNITS: "units"}
_NARROW, _WIDE = 1 << 62, 1 << 126  # what sums of columns of 64 and 128 bits may come to
_OWN = 0  # the rate of what is in the plan's currency


def met(conditions: Conditions) -> pl.Expr:
    """Return whether a credit meets every condition."""
    each = [
        pl.col(field).is_in(list(wanted))
        for field, listed in _LISTED.items()
        if (wanted := getattr(conditions, listed))
    ]
    return pl.all_horizontal(each) if each else pl.lit(value=True)


def dated(
    plan: Plan,
    credits: pl.DataFrame,
    context: Context,
    period: PlanPeriod,
    shortest: PlanPeriod | None,
) -> pl.DataFrame:
    """Return credits with the period they count in, `cut` (its part) and the day of the rate."""
    table = []
    for day in credits.get_column("day").unique():
        origin = context.span(day, period)
        cut = context.span(day, shortest).start if shortest else origin.start
        table.append((day, origin.start, cut, anchored(plan.credit_rate_on, day, origin)))
    kinds = dict.fromkeys(("day", "origin", "cut", "anchor"), pl.Date())
    days = pl.DataFrame(table, kinds, orient="row")
    return credits.join(days, on="day", how="left", maintain_order="left")


def valued(
    plan: Plan, component: Component, credits: pl.DataFrame, context: Context
) -> tuple[pl.DataFrame, Sequence[Fraction]]:
    """Return credits with value and rate (null: something lacks), and what rates stand for."""
    measure, rates = asked_of(component), [Fraction(1)]
    value = _units(_VALUE_OF.get(measure, "amount"))
    if measure is Measure.UNITS:
        rate: pl.Expr = pl.when(value.is_not_null()).then(pl.lit(_OWN, pl.UInt32))
        return credits.with_columns(value.alias("value"), rate.alias("rate")), rates
    own = pl.col("currency") == plan.currency
    pairs = credits.filter(~own).select("currency", "anchor").unique().sort("currency", "anchor")
    table = []
    for currency, day in pairs.iter_rows():
        found = context.exchanges.rate(currency, plan.currency, day)
        if found is not None:
            table.append((currency, day, len(rates)))
            rates.append(found.rate)
    kinds = {"currency": pl.String(), "anchor": pl.Date(), "at": pl.UInt32()}
    by_pair = pl.DataFrame(table, kinds, orient="row")
    joined = credits.join(by_pair, on=["currency", "anchor"], how="left", maintain_order="left")
    rate = pl.when(own).then(pl.lit(_OWN, pl.UInt32)).otherwise(pl.col("at"))
    rate = pl.when(value.is_not_null()).then(rate)
    if measure is Measure.AMOUNT:  # as it was reported, where that is what is asked
        is_reported = (
            (pl.col("reporting_currency") == plan.currency)
            & (pl.col("anchor") == pl.col("day"))
            & pl.col("reporting_amount").is_not_null()
        )
        rate = pl.when(is_reported).then(pl.lit(_OWN, pl.UInt32)).otherwise(rate)
        value = pl.when(is_reported).then(_units("reporting_amount")).otherwise(value)
    return joined.with_columns(value.alias("value"), rate.alias("rate")), rates


def _units(name: str) -> pl.Expr:
    return pl.col(name).cast(MONEY).to_physical().cast(pl.Int64)


def factored(
    component: Component, credits: pl.DataFrame
) -> tuple[pl.DataFrame, Sequence[Fraction]]:
    """Return credits with which factors of conditions they meet, and what those come to."""
    some = [m for m in component.multipliers if m.factor is not None]
    if not some:
        factors: Sequence[Fraction] = ()
        return credits.with_columns(pl.lit(0, pl.UInt32).alias("factor")), factors
    bits = [
        pl.when(met(m.when) if m.when else pl.lit(value=True)).then(1 << n).otherwise(0)
        for n, m in enumerate(some)
    ]
    marked = credits.with_columns(pl.sum_horizontal(bits).cast(pl.UInt32).alias("mask"))
    masks = marked.get_column("mask").unique().sort()
    factors = [
        combined(component, [Fraction(m.factor or 0) for n, m in enumerate(some) if mask >> n & 1])
        for mask in masks
    ]
    at = marked.get_column("mask").replace_strict(
        masks, pl.Series(range(len(masks)), dtype=pl.UInt32), return_dtype=pl.UInt32
    )
    return marked.with_columns(at.alias("factor")), factors


def summed(
    component: Component, credits: pl.DataFrame, rates: Sequence[Fraction],
    factors: Sequence[Fraction],
) -> Iterator[tuple[tuple[Any, ...], tuple[Units, Units]]]:  # fmt: skip
    """Yield payee, origin, deal and cut, and what counts there: without and with factors."""
    by_deal = component.scope is Scope.TRANSACTION or component.counts.measure is Measure.DEALS
    deal: Any = pl.col("deal_id") if by_deal else pl.lit("").alias("deal_id")
    keys = ["payee", "origin", "deal_id", "cut"]
    of_rate, by_rate = _whole(rates)
    of_factor, by_factor = _whole(factors or [Fraction(1)])
    counts = credits.filter(pl.col("rate").is_not_null()).select(
        *keys[:2], deal, "cut", "rate", "factor", "value"
    )
    most = counts.select(pl.col("value").abs().max()).item() or 0
    largest = most * max(by_rate) * max(by_factor) * len(counts)
    if largest < _WIDE:
        kind = pl.Int64() if largest < _NARROW else pl.Int128()
        rows = _grouped(
            counts, keys, pl.Series(by_rate, dtype=kind), pl.Series(by_factor, dtype=kind)
        )
    else:
        rows = _one_by_one(counts, by_rate, by_factor)
    for *key, plain, weighed in rows:
        yield tuple(key), (_over(plain, of_rate), _over(weighed, of_rate * of_factor))


def _grouped(
    counts: pl.DataFrame, keys: Sequence[str], by_rate: pl.Series, by_factor: pl.Series
) -> Iterator[tuple[Any, ...]]:
    """Yield the keys of each group with its sums, in parts of common denominators."""
    plain = counts.get_column("value").cast(by_rate.dtype)
    if len(by_rate) > 1:
        plain *= by_rate.gather(counts.get_column("rate"))
    weighed = plain * by_factor.gather(counts.get_column("factor"))
    parts = counts.select(*keys, plain.alias("plain"), weighed.alias("weighed"))
    yield from parts.group_by(keys).agg(pl.col("plain", "weighed").sum()).iter_rows()


def _one_by_one(
    counts: pl.DataFrame, by_rate: Sequence[int], by_factor: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    """Yield the same where sums may be longer than any column holds."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for *key, rate, factor, value in counts.iter_rows():
        plain = value * by_rate[rate]
        found = sums.setdefault(tuple(key), [0, 0])
        found[0] += plain
        found[1] += plain * by_factor[factor]
    for where, both in sums.items():
        yield *where, *both


def _whole(numbers: Sequence[Fraction]) -> tuple[int, Sequence[int]]:
    """Return the least common denominator of numbers, and how many of its parts each is."""
    common = lcm(*(number.denominator for number in numbers))
    return common, [int(number * common) for number in numbers]


def _over(above: int, below: int) -> Units:
    return Fraction(above, below) if above % below else above // below
