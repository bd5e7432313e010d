"""Credits of everybody in columns, added up to what F needs of each payee, as views of a plan.

What these views hold stands for the credits themselves: components, gates and payouts look at sums
of days that no payout divides, of deals one by one only where the plan does. So `paying.target_of`
gives what it gives for the credits, with a tenth of the values to look at.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

import polars as pl

from schemas.plan_choices import ClawbackMode, Measure, PlanPeriod, Whose
from schemas.plan_components import Component
from schemas.plans import Plan
from streams.domain.clawing import stands
from streams.domain.counting import ByPeriod, Counted, asked_of, days_of, period_in
from streams.domain.measuring import View, view_of
from streams.domain.periods import Span
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Credit, book, worth
from streams.domain.plan_parts import Parts
from streams.domain.weighing import MONEY, dated, factored, met, summed, valued

SCHEMA: dict[str, pl.DataType] = {
    "payee": pl.String(), "deal_id": pl.String(), "day": pl.Date(), "amount": MONEY,
    "currency": pl.String(), "reporting_amount": MONEY, "reporting_currency": pl.String(),
    "role": pl.String(), "via": pl.String(), "acv": MONEY, "margin": MONEY, "units": MONEY,
    "product": pl.String(), "segment": pl.String(), "region": pl.String(),
    "deal_type": pl.String(), "territory_id": pl.String(), "cancelled_on": pl.Date(),
    "cancel_reason": pl.String(),
}  # fmt: skip
_PERIODS = (PlanPeriod.MONTH, PlanPeriod.QUARTER, PlanPeriod.YEAR)
TOLD_EVERY = 200  # payees; a bar that moves more often costs more than it says
Known = dict[Hashable, Mapping[str, ByPeriod]]
Tell = Callable[[int, int], None]  # how many are done, and of how many


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
    known: Known | None = None,
) -> Iterator[View]:
    """Yield what a plan sees of each payee who may be paid anything, in order of rep_id.

    Args:
        credits: columns of SCHEMA: parts of won deals.
        tell: called with how many payees are done, and of how many.
        by_payout: False: enough for what is earned (`paying.lines_of`), not for when it is paid.
        known: sums of other plans over the same credits and context; takes in those of this one.
    """
    if plan.clawback.mode is not ClawbackMode.LADDER:  # each deal is looked at by itself
        yield from _one_by_one_of(plan, credits, context, tell)
        return
    shortest = _shortest(plan) if by_payout else None
    seen: pl.DataFrame | None = None
    parts, selected = Parts(plan), dict[str, Mapping[str, ByPeriod]]()
    known = {} if known is None else known
    for component in plan.components:
        key = _sums_by(plan, component, shortest)
        if key not in known:
            seen = _seen(plan, credits) if seen is None else seen
            known[key] = _selected(plan, component, seen, context, shortest)
        selected[component.component_id] = known[key]
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


def _seen(plan: Plan, credits: pl.DataFrame) -> pl.DataFrame:
    """Return the credits a plan looks at: once for all its components."""
    if plan.reps and all(c.counts.whose is Whose.OWN for c in plan.components):
        credits = credits.filter(pl.col("payee").is_in(list(plan.reps)))
    return _standing(plan, credits)


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
    found |= {rep for rep, plan_id, _ in context.opened if plan_id == plan.plan_id}
    for one in plan.guarantees:
        found |= set(one.reps or plan.reps or context.reporting.reps)
    return found & set(plan.reps) if plan.reps else found


def _sums_by(plan: Plan, component: Component, shortest: PlanPeriod | None) -> Hashable:
    """Return all of a plan that sums hang on."""
    factors = tuple(m for m in component.multipliers if m.factor is not None)
    return (
        plan.currency, plan.credit_rate_on, plan.reps, plan.clawback, days_of(plan, component),
        period_in(plan, component), component.counts, component.scope, factors,
        component.multipliers_combine, shortest,
    )  # fmt: skip


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
    days = dated(plan, meant, context, period, shortest)
    worths, rates = valued(plan, component, days, context)
    known, factors = factored(component, worths)
    spans = {day: context.span(day, period) for day in days.get_column("origin").unique()}
    for (payee, first, deal_id, cut), counted in summed(component, known, rates, factors):
        found[payee].setdefault(spans[first], []).append(Counted(deal_id, cut, *counted))
    lacking = days.filter(worths.get_column("rate").is_null())
    for payee, one in _lacking(plan, component, lacking, context):
        found[payee].setdefault(context.span(one.day, period), []).append(one)
    return found


def _meant(plan: Plan, component: Component) -> pl.Expr:
    since, until = days_of(plan, component)
    roles = [role.value for role in component.counts.roles]
    days = (pl.col("day") >= since) & (pl.col("day") < until)
    return days & pl.col("role").is_in(roles) & met(component.counts)


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


def _lacking(
    plan: Plan, component: Component, lacking: pl.DataFrame, context: Context
) -> Iterator[tuple[str, Counted]]:
    """Yield what cannot be counted, credit by credit, with what is missing."""
    for *values, anchor in lacking.select(*SCHEMA, "anchor").iter_rows():
        credit = Credit(*values)
        text = worth(credit, asked_of(component), plan.currency, anchor, context.exchanges)
        assert isinstance(text, str), "it was not counted and lacks nothing"
        yield credit.payee, Counted(credit.deal_id, credit.day, 0, 0, text)
