"""What a deal would earn somebody if it closed: F with it, and F without it."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import polars as pl

from infra.definitions.showing import table
from infra.whatif.computing import NOTHING, Stand
from infra.whatif.reading import Warehouse, credits, kpis
from schemas.definitions import Bundle
from schemas.plan_choices import Measure, Scope
from schemas.plan_components import Component
from schemas.plans import Plan, Plans
from streams.domain.amounts import tier_of
from streams.domain.counting import period_in
from streams.domain.ladders import decimal_of, text_of
from streams.domain.measuring import View, measured, origins, view_of
from streams.domain.paying import line_of
from streams.domain.payouts import Line
from streams.domain.periods import Span
from streams.domain.plan_context import Context, is_on
from streams.domain.plan_credits import Credit, book, is_meant
from streams.domain.rates import RateTable

DEAL_ID = "what-if"  # no deal has it: real ones name their source
_CENT = Decimal("0.0001")


class Deal(NamedTuple):
    """A deal that might close, as a rep would be credited with it.

    Attributes:
        currency: empty for the company's.
    """

    rep_id: str
    amount: Decimal
    currency: str
    day: date
    share: Decimal = Decimal(1)
    role: str = "REVENUE"
    deal_type: str = "NEW"
    product: str = ""
    segment: str = ""
    region: str = ""
    territory_id: str = ""


class Foreseen(NamedTuple):
    """A component in the period the deal would count in.

    Attributes:
        counts: whether the deal counts for it by role, type and conditions.
        next_since: where the next tier begins, in units of what is credited; None: there is none.
        next_needs: how much more reaches it, with the deal counted.
        lacks: what is missing, so that amounts are not final.
    """

    plan_id: str
    component_id: str
    origin: Span
    currency: str
    before: Stand
    after: Stand
    counts: bool
    next_since: Fraction | None
    next_needs: Fraction | None
    lacks: tuple[str, ...]

    @property
    def earns(self) -> Decimal:
        """What the deal adds."""
        return self.after.amount - self.before.amount


def foreseen(
    warehouse: Warehouse, bundle: Bundle, plans: Plans, deal: Deal
) -> tuple[Foreseen, ...]:
    """Return what a deal would change, component by component.

    Raises:
        ValueError: it cannot be told; says why and what to do.
        Unavailable: the warehouse is away.
    """
    mine = [plan for plan in plans.plans if is_on(plan, deal.rep_id)]
    if not mine:
        raise ValueError(f"{deal.rep_id} is on no plan; add them to a plan's reps")
    context = Context.of(bundle.model_copy(update={"plans": plans}))
    given = kpis(warehouse, mine, context, bundle.company.reporting_currency)
    context = context._replace(kpis=given)
    whose = {c.counts.whose for plan in mine for c in plan.components}
    reps = sorted({r for w in whose for r in context.reporting.ever_below(deal.rep_id, w)})
    rows = credits(warehouse, reps=sorted({*reps, deal.rep_id}))
    found = of_credits(rows, bundle, mine, context, deal)
    return tuple(found)


def of_credits(
    rows: pl.DataFrame, bundle: Bundle, plans: Sequence[Plan], context: Context, deal: Deal
) -> Iterator[Foreseen]:
    """Yield the same of credits at hand."""
    held = [Credit(*row) for row in rows.iter_rows()]
    more = credited(bundle, deal)
    for plan in plans:
        without = view_of(plan, deal.rep_id, book(held), context)
        with_it = view_of(plan, deal.rep_id, book([*held, more]), context)
        for component in plan.components:
            origin = context.span(deal.day, period_in(plan, component))
            before, after = (_line(v, component, origin) for v in (without, with_it))
            stands = _stand(without, before), _stand(with_it, after)
            since, needs = _next(with_it, component, origin)
            yield Foreseen(
                plan.plan_id, component.component_id, origin,
                after.currency if after else plan.pay_currency or plan.currency, *stands,
                _counts(plan, component, more), since, needs, after.lacks if after else (),
            )  # fmt: skip


def credited(bundle: Bundle, deal: Deal) -> Credit:
    """Return the credit a deal would be, converted at the rate of its day."""
    into = bundle.company.reporting_currency
    currency = deal.currency or into
    amount = (deal.amount * deal.share).quantize(_CENT, ROUND_HALF_EVEN)
    rate = RateTable(bundle.rates.rates, into).rate(currency, deal.day)
    reported = None if rate is None else (amount * rate.rate).quantize(_CENT, ROUND_HALF_EVEN)
    return Credit(
        deal.rep_id, DEAL_ID, deal.day, amount, currency, reported, into if rate else "",
        role=deal.role, product=deal.product, segment=deal.segment, region=deal.region,
        deal_type=deal.deal_type, territory_id=deal.territory_id,
    )  # fmt: skip


def _counts(plan: Plan, component: Component, credit: Credit) -> bool:
    counts = component.counts
    is_deal = counts.measure not in (Measure.SCORE, Measure.KPI)
    return is_deal and credit.role in {r.value for r in counts.roles} and is_meant(credit, counts)


def _line(view: View, component: Component, origin: Span) -> Line | None:
    """Return a component's line of a period; None: nothing counts in it."""
    if origin not in origins(view, component):
        return None
    return line_of(view, component, origin)


def _stand(view: View, line: Line | None) -> Stand:
    return Stand(line.amount, *tier_of(view, line), bool(line.lacks)) if line else Stand()


def _next(
    view: View, component: Component, origin: Span
) -> tuple[Fraction | None, Fraction | None]:
    """Return where the next tier begins and how much more reaches it."""
    ladder = view.part(component, origin).ladder
    if ladder is None or component.scope is Scope.TRANSACTION:
        return None, None
    total = sum((one.weighed for one in measured(view, component, origin, []).amounts), Fraction(0))
    bounds = ladder.bounds[ladder.reached(total) + 1 :]
    return (bounds[0], bounds[0] - total) if bounds else (None, None)


def text(deal: Deal, found: Sequence[Foreseen]) -> str:
    """Return it for people."""
    told = f"{deal.amount:,f} {deal.currency}".strip()
    head = f"If {deal.rep_id} closes {told} on {deal.day}"
    sums: dict[str, Decimal] = {}
    for one in found:
        sums[one.currency] = sums.get(one.currency, NOTHING) + one.earns
    earns = ", ".join(f"{amount:+,.2f} {currency}" for currency, amount in sums.items())
    rows = [
        (f.plan_id, f.component_id, f"{f.origin.start} up to {f.origin.end}",
         f"{f.before.amount:,.2f}", f"{f.after.amount:,.2f}", f"{f.earns:+,.2f}", f.currency,
         _tiers(f), _needs(f)) for f in found
    ]  # fmt: skip
    header = ("PLAN", "COMPONENT", "PERIOD", "NOW", "WITH IT", "EARNS", "", "TIER", "NEXT TIER")
    lacks = sorted({text for one in found for text in one.lacks})
    missing = ["", "Not final, for these are missing:", *(f"  {text}" for text in lacks)]
    return "\n".join([f"{head}: {earns}", "", table(header, rows), *(missing if lacks else [])])


def as_plain(one: Foreseen) -> dict[str, Any]:
    """Return it for programs; money as text."""
    return {
        "plan_id": one.plan_id, "component_id": one.component_id,
        "origin_start": str(one.origin.start), "origin_end": str(one.origin.end),
        "currency": one.currency, "counts": one.counts,
        "before": f"{one.before.amount:f}", "after": f"{one.after.amount:f}",
        "earns": f"{one.earns:f}", "tier_before": one.before.tier, "tier_after": one.after.tier,
        "next_since": None if one.next_since is None else text_of(one.next_since),
        "next_needs": None if one.next_needs is None else text_of(one.next_needs),
        "lacks": list(one.lacks),
    }  # fmt: skip


def _tiers(one: Foreseen) -> str:
    if not one.counts:
        return "does not count"
    before, after = one.before.tier, one.after.tier
    return str(after or "") if before == after else f"{before or 'none'} -> {after}"


def _needs(one: Foreseen) -> str:
    if one.next_needs is None or one.next_since is None:
        return ""
    units = int(one.next_needs * 10_000)
    return f"{decimal_of(units):,.2f} more, at {text_of(one.next_since)}"
