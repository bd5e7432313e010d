"""Whether attainment taken over counts where it says: what no ladder could honour is refused."""

from collections.abc import Iterator, Mapping
from typing import cast

from infra.definitions.problems import Finding, did_you_mean
from schemas.defining import Definition
from schemas.definitions import Company
from schemas.payroll import Opening, Payroll
from schemas.plan_choices import CapPer, Excess, Measure, Scope
from schemas.plan_components import Component
from schemas.plans import Plan, Plans
from streams.domain.counting import days_of
from streams.domain.plan_context import is_on
from streams.domain.taking_over import origin_span

Values = Mapping[str, Definition]
Wrong = tuple[str, str, str]  # field, what is wrong, remedy
_AS_FACTS = "leave `credited` out and take the deals over as facts, with deal_id and `paid`"


def check(payroll: Payroll, values: Values) -> Iterator[Finding]:
    """Yield the openings whose `credited` would count for nothing, or for the wrong thing."""
    known = cast(Plans | None, values.get("plans"))
    company = cast(Company | None, values.get("company"))
    plans = {plan.plan_id: plan for plan in known.plans} if known else {}
    for i, one in enumerate(payroll.openings):
        plan = plans.get(one.plan_id)
        if one.credited and plan is not None:
            for field, wrong, remedy in _wrong(one, plan, company):
                value = str(getattr(one, field))
                yield Finding("payroll", ("openings", i, field), value, wrong, remedy)


def _wrong(one: Opening, plan: Plan, company: Company | None) -> Iterator[Wrong]:
    if one.deal_id:
        yield ("credited", "is given for a deal, which counts by its own credits",
               "leave `credited` out, or deal_id for a sum")  # fmt: skip
        return
    names = [c.component_id for c in plan.components]
    if one.component_id not in names:
        yield ("component_id", f"is no component of plan {plan.plan_id}: no ladder begins there",
               did_you_mean(one.component_id, names, "write a component of the plan"))  # fmt: skip
        return
    component = plan.components[names.index(one.component_id)]
    if not is_on(plan, one.rep_id):
        yield "rep_id", f"is not on plan {plan.plan_id}", "add them to the plan's reps"
    since, until = days_of(plan, component)
    if not since <= one.day < until:
        yield ("day", f"lies outside the component's days, {since} up to {until}",
               "write a day on which it counts")  # fmt: skip
    yield from _unfit(component)
    if company is not None:
        yield from _guaranteed(one, plan, component, company)


def _unfit(component: Component) -> Iterator[Wrong]:
    if component.counts.measure in (Measure.SCORE, Measure.KPI):
        yield ("credited", f"is given for a component that pays by {component.counts.measure}",
               "leave `credited` out")  # fmt: skip
    if component.scope is Scope.TRANSACTION:
        yield ("credited", "is given for a component whose every deal climbs by itself",
               "leave `credited` out: no deal climbs from what others attained")  # fmt: skip
    cap = component.cap
    if cap is not None and (cap.per is CapPer.PAYOUT or cap.excess is not Excess.LOST):
        yield ("credited", "is given for a component whose cap goes by payouts or carries on",
               _AS_FACTS)  # fmt: skip


def _guaranteed(one: Opening, plan: Plan, part: Component, company: Company) -> Iterator[Wrong]:
    """Yield guarantees that would top up what the other system paid."""
    start = origin_span(plan, part, one, company).start
    for least in plan.guarantees:
        is_theirs = not least.reps or one.rep_id in least.reps
        if is_theirs and least.valid_from <= one.day and least.valid_to > start:
            yield ("day", f"lies in what guarantee {least.guarantee_id} covers, which would top up "
                   "what the other system has paid",
                   "begin the guarantee after the other system's last day, and write that day; or "
                   + _AS_FACTS)  # fmt: skip
