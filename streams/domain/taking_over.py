"""Attainment that another system left: where a payee's ladder begins in a period."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from schemas.definitions import Bundle, Company
from schemas.payroll import Opening, Payroll
from schemas.plan_components import Component
from schemas.plans import Plan
from schemas.quotas import PeriodKind
from streams.domain.ladders import units_of
from streams.domain.periods import Span, period_of

Opened = Mapping[tuple[str, str, str], Mapping[Span, int]]  # rep, plan, component; ten-thousandths


def attaining(payroll: Payroll) -> Iterator[Opening]:
    """Yield the approved openings that say where a ladder begins."""
    return (one for one in payroll.openings if one.approved_by and one.credited)


def opened_of(bundle: Bundle) -> Opened:
    """Return what was attained elsewhere, by payee, plan and component, and its period."""
    parts: dict[tuple[str, str], tuple[Plan, Component]] = {
        (plan.plan_id, part.component_id): (plan, part)
        for plan in bundle.plans.plans
        for part in plan.components
    }
    found: dict[tuple[str, str, str], dict[Span, int]] = defaultdict(lambda: defaultdict(int))
    for one in attaining(bundle.payroll):
        if known := parts.get((one.plan_id, one.component_id)):
            span = origin_span(*known, one, bundle.company)
            found[one.rep_id, one.plan_id, one.component_id][span] += units_of(one.credited)
    return {key: dict(spans) for key, spans in found.items()}


def origin_span(plan: Plan, component: Component, one: Opening, company: Company) -> Span:
    """Return the component's period that an opening belongs to."""
    return period_of(one.day, PeriodKind((component.period or plan.period).value), company)


def opened_ids(payroll: Payroll) -> frozenset[tuple[str, str]]:
    """Return the plans and components of which anybody's ladder begins above 0."""
    return frozenset((one.plan_id, one.component_id) for one in attaining(payroll))
