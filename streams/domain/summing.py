"""Credits of everybody in columns, added up to what F needs of each payee, as views of a plan.

What these views hold stands for the credits themselves: components, gates and payouts look at sums
of days that no payout divides, of deals one by one only where the plan does. So `paying.target_of`
gives what it gives for the credits, with a tenth of the values to look at.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import polars as pl

from schemas.plan_choices import ClawbackMode, Measure, PlanPeriod, Scope, Whose
from schemas.plan_components import Component, Conditions
from schemas.plans import Plan
from streams.domain.clawing import stands
from streams.domain.measuring import (
    ByPeriod,
    Counted,
    View,
    anchored,
    asked_of,
    days_of,
    period_in,
    view_of,
)
from streams.domain.periods import Span
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Credit, Units, book, combined, worth
from streams.domain.plan_parts import Parts

MONEY = pl.Decimal(18, 4)
SCHEMA: dict[str, pl.DataType] = {
    "payee": pl.String(), "deal_id": pl.String(), "day": pl.Date(), "amount": MONEY,
    "currency": pl.String(), "reporting_amount": MONEY, "reporting_currency": pl.String(),
    "role": pl.String(), "via": pl.String(), "acv": MONEY, "margin": MONEY, "units": MONEY,
    "product": pl.String(), "segment": pl.String(), "region": pl.String(),
    "deal_type": pl.String(), "territory_id": pl.String(), "cancelled_on": pl.Date(),
    "cancel_reason": pl.String(),
}  # fmt: skip
_VALUES = ("amount", "reporting_amount", "acv", "margin", "units")
_LISTED = {"product": "products", "segment": "segments", "region": "regions",
           "deal_type": "deal_types", "territory_id": "territories"}  # fmt: skip
_VALUE_OF = {Measure.ACV: "acv", Measure.MARGIN: "margin", Measure.UNITS: "units"}
_PERIODS = (PlanPeriod.MONTH, PlanPeriod.QUARTER, PlanPeriod.YEAR)
_NARROW, _WIDE = 1 << 62, 1 << 126  # what sums of columns of 64 and 128 bits may come to
TOLD_EVERY = 200  # payees; a bar that moves more often costs more than it says
Tell = Callable[[int, int], None]  # how many are done, and of how many
_OWN = 0  # the rate of what is in the plan's currency


def columns_of(credits: Iterable[Credit]) -> pl.DataFrame:
    """Return credits as columns of SCHEMA."""
    return pl.DataFrame(list(credits), SCHEMA, orient="row")


def views(
    plan: Plan,
    credits: pl.DataFrame,
    context: Context,
    tell: Tell = lambda done, of: None,
    *,
    by_payout: bool = True,
) -> Iterator[View]:
    """Yield what a plan sees of each payee who may be paid anything, in order of rep_id.

    Args:
        credits: columns of SCHEMA: parts of won deals.
        tell: called with how many payees are done, and of how many.
        by_payout: False: enough for what is earned (`paying.lines_of`), not for when it is paid.
    """
    if plan.clawback.mode is not ClawbackMode.LADDER:  # each deal is looked at by itself
        yield from _one_by_one_of(plan, credits, context, tell)
        return
    shortest = _shortest(plan) if by_payout else None
    credits = _standing(plan, credits)
    parts, selected = Parts(plan), dict[str, Mapping[str, ByPeriod]]()
    for component in plan.components:
        selected[component.component_id] = _selected(plan, component, credits, context, shortest)
    nothing: ByPeriod = {}
    payees = sorted(_payees(plan, selected.values(), context))
    for number, payee in enumerate(payees):
        if number % TOLD_EVERY == 0:
            tell(number, len(payees))
        theirs = {name: found.get(payee, nothing) for name, found in selected.items()}
        yield View(plan, payee, context, theirs, parts, {})
    tell(len(payees), len(payees))


def _one_by_one_of(
    plan: Plan, credits: pl.DataFrame, context: Context, tell: Tell
) -> Iterator[View]:
    """Yield the same views of the credits themselves."""
    held = book(Credit(*row) for row in credits.select(*SCHEMA).iter_rows())
    above = {c.counts.whose for c in plan.components} != {Whose.OWN}
    payees = sorted(_all(plan, {*held, *(context.reporting.reps if above else ())}, context))
    for number, payee in enumerate(payees):
        if number % TOLD_EVERY == 0:
            tell(number, len(payees))
        yield view_of(plan, payee, held, context)
    tell(len(payees), len(payees))


def _standing(plan: Plan, credits: pl.DataFrame) -> pl.DataFrame:
    """Return credits without those of cancelled deals that no longer count."""
    cancelled = credits.filter(pl.col("cancelled_on").is_not_null())
    if cancelled.is_empty():
        return credits
    kept = [stands(plan, Credit(*row)) for row in cancelled.select(*SCHEMA).iter_rows()]
    return pl.concat([
        credits.filter(pl.col("cancelled_on").is_null()),
        cancelled.filter(pl.Series(kept, dtype=pl.Boolean)),
    ])  # fmt: skip


def _payees(plan: Plan, selected: Iterable[Mapping[str, ByPeriod]], context: Context) -> set[str]:
    return _all(plan, {rep_id for one in selected for rep_id in one}, context)


def _all(plan: Plan, found: set[str], context: Context) -> set[str]:
    """Return those of whom a plan sees anything and those with scores, KPIs or guarantees."""
    found = found | {rep for rep, plan_id, _ in context.rated if plan_id == plan.plan_id}
    found |= {rep_id for rep_id, _, _ in context.kpis}
    for one in plan.guarantees:
        found |= set(one.reps or plan.reps or context.reporting.reps)
    return found & set(plan.reps) if plan.reps else found


def _shortest(plan: Plan) -> PlanPeriod:
    """Return the shortest period anything of a plan is paid by; the others are made of such."""
    each = [plan.payout] if plan.payout else []
    return min([*each, *(period_in(plan, c) for c in plan.components)], key=_PERIODS.index)


def _selected(
    plan: Plan,
    component: Component,
    credits: pl.DataFrame,
    context: Context,
    shortest: PlanPeriod | None,
) -> Mapping[str, ByPeriod]:
    """Return what counts for a component, by payee and period."""
    found: dict[str, dict[Span, list[Counted]]] = defaultdict(dict)
    if component.counts.measure in (Measure.SCORE, Measure.KPI):
        return found
    period = period_in(plan, component)
    meant = _of_payees(plan, component, credits.filter(_meant(plan, component)), context)
    dated = _dated(plan, meant, context, period, shortest)
    valued, rates = _valued(plan, component, dated, context)
    factored, factors = _factored(component, valued)
    spans = {day: context.span(day, period) for day in dated.get_column("origin").unique()}
    for (payee, first, deal_id, cut), counted in _summed(component, factored, rates, factors):
        found[payee].setdefault(spans[first], []).append(Counted(deal_id, cut, *counted))
    lacking = dated.filter(valued.get_column("rate").is_null())
    for payee, one in _lacking(plan, component, lacking, context):
        found[payee].setdefault(context.span(one.day, period), []).append(one)
    return found


def _meant(plan: Plan, component: Component) -> pl.Expr:
    since, until = days_of(plan, component)
    roles = [role.value for role in component.counts.roles]
    days = (pl.col("day") >= since) & (pl.col("day") < until)
    return days & pl.col("role").is_in(roles) & _conditions(component.counts)


def _conditions(conditions: Conditions) -> pl.Expr:
    each = [
        pl.col(field).is_in(list(wanted))
        for field, listed in _LISTED.items()
        if (wanted := getattr(conditions, listed))
    ]
    return pl.all_horizontal(each) if each else pl.lit(value=True)


def _of_payees(
    plan: Plan, component: Component, credits: pl.DataFrame, context: Context
) -> pl.DataFrame:
    """Return credits once for each payee on the plan whom they count for."""
    if component.counts.whose is not Whose.OWN:
        credits = _of_managers(component.counts.whose, credits, context)
    return credits.filter(pl.col("payee").is_in(list(plan.reps))) if plan.reps else credits


def _of_managers(whose: Whose, credits: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return credits of those below, each for whoever is above on its day."""
    bounds = pl.Series(context.reporting.bounds(), dtype=pl.Date)
    at = bounds.search_sorted(credits.get_column("day"), side="right")
    stretched = credits.with_columns(pl.Series("stretch", at, pl.UInt32))
    each = stretched.group_by("payee", "stretch").agg(pl.col("day").min())
    above = [
        (rep_id, stretch, boss)
        for rep_id, stretch, day in each.iter_rows()
        for boss in context.reporting.counted_for(rep_id, day, whose)
    ]
    kinds = {"payee": pl.String(), "stretch": pl.UInt32(), "boss": pl.String()}
    bosses = pl.DataFrame(above, kinds, orient="row")
    joined = stretched.join(bosses, on=["payee", "stretch"])
    return joined.drop("payee", "stretch").rename({"boss": "payee"})


def _dated(
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


def _valued(
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


def _factored(
    component: Component, credits: pl.DataFrame
) -> tuple[pl.DataFrame, Sequence[Fraction]]:
    """Return credits with which factors of conditions they meet, and what those come to."""
    some = [m for m in component.multipliers if m.factor is not None]
    if not some:
        factors: Sequence[Fraction] = ()
        return credits.with_columns(pl.lit(0, pl.UInt32).alias("factor")), factors
    bits = [
        pl.when(_conditions(m.when) if m.when else pl.lit(value=True)).then(1 << n).otherwise(0)
        for n, m in enumerate(some)
    ]
    met = credits.with_columns(pl.sum_horizontal(bits).cast(pl.UInt32).alias("mask"))
    masks = met.get_column("mask").unique().sort()
    factors = [
        combined(component, [Fraction(m.factor or 0) for n, m in enumerate(some) if mask >> n & 1])
        for mask in masks
    ]
    at = met.get_column("mask").replace_strict(
        masks, pl.Series(range(len(masks)), dtype=pl.UInt32), return_dtype=pl.UInt32
    )
    return met.with_columns(at.alias("factor")), factors


def _summed(
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


def _lacking(
    plan: Plan, component: Component, lacking: pl.DataFrame, context: Context
) -> Iterator[tuple[str, Counted]]:
    """Yield what cannot be counted, credit by credit, with what is missing."""
    for *values, anchor in lacking.select(*SCHEMA, "anchor").iter_rows():
        credit = Credit(*values)
        text = worth(credit, asked_of(component), plan.currency, anchor, context.exchanges)
        assert isinstance(text, str), "it was not counted and lacks nothing"
        yield credit.payee, Counted(credit.deal_id, credit.day, 0, 0, text)
