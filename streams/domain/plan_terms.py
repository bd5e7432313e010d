"""The plans of one revision of the definitions, ready for credits as they come in.

A component of sums is computed from one sum; for all others of a plan the payee's credits are gone
through (paying.py). Both give what F gives; only the time they take differs.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from schemas.definitions import UNASSIGNED, Bundle, Company
from schemas.payroll import closed_through
from schemas.plan_choices import (
    Anchor,
    Basis,
    CapPer,
    ClawbackMode,
    Excess,
    Measure,
    PlanPeriod,
    Whose,
)
from schemas.plan_components import Component
from schemas.plans import Plan
from schemas.quotas import PeriodKind
from streams.domain.periods import Span, kind_of, period_of
from streams.domain.plan_context import Context, is_on
from streams.domain.plan_parts import Part, part_of
from streams.domain.plan_sums import Selector, Sums, is_by_sums
from streams.domain.taking_over import opened_ids, opened_of

_MONTHS = {PlanPeriod.MONTH: 1, PlanPeriod.QUARTER: 3, PlanPeriod.YEAR: 12}


class General(NamedTuple):
    """What of a plan is computed from the credits themselves.

    Attributes:
        components: those, in the plan's order.
        seen: ids of these and of all that their gates and multipliers look at; none: all.
        reach: credits of one of these periods decide nothing of other ones; None: they may.
    """

    plan: Plan
    components: tuple[Component, ...]
    seen: frozenset[str]
    reach: PlanPeriod | None


class Terms:
    """The plans of one revision of the definitions.

    Raises:
        ValueError: two plans, or two components of a plan, have the same id, or one measures a KPI.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.plans = bundle.plans.plans
        self.company = bundle.company
        self._bundle = bundle
        _refuse_repeated(self.plans)
        self.selectors: dict[tuple[str, str], Selector] = {}
        self._by_sums: dict[str, tuple[Component, ...]] = {}
        self._general: dict[str, General] = {}
        opened = opened_ids(bundle.payroll)
        for plan in self.plans:
            fast = tuple(c for c in plan.components if is_fast(plan, c, bundle.company, opened))
            slow = tuple(c for c in plan.components if c not in fast)
            self._by_sums[plan.plan_id] = fast
            if slow:
                self._general[plan.plan_id] = _general(plan, slow)
            for c in fast:
                self.selectors[plan.plan_id, c.component_id] = Selector.of(plan, c)
        self.closed = closed_through(bundle)
        self._parts: dict[tuple[str, str, str], Part] = {}
        self._decides = (
            self.plans,
            bundle.company,
            opened_of(bundle),
            *_decides(bundle, self._general.values()),
        )

    def differs(self, other: "Terms") -> bool:
        """Return whether anything may be earned differently under the other."""
        return self._decides != other._decides

    @cached_property
    def context(self) -> Context:
        """What plans read besides credits."""
        return Context.of(self._bundle)

    @property
    def is_general(self) -> bool:
        """Whether anything is computed from the credits themselves."""
        return bool(self._general)

    def general_ids(self) -> set[tuple[str, str]]:
        """Return the plans and components, and guarantees, of which that is so."""
        every = self._general.values()
        slow = {(one.plan.plan_id, c.component_id) for one in every for c in one.components}
        return slow | {(p.plan_id, g.guarantee_id) for p in self.plans for g in p.guarantees}

    def by_sums(self, rep_id: str) -> Iterator[tuple[Plan, Component, Selector, Part]]:
        """Yield what of a payee's plans is computed from sums.

        Credits of nobody known are paid once somebody is.
        """
        for plan in self._of(rep_id):
            for component in self._by_sums[plan.plan_id]:
                key = (plan.plan_id, component.component_id)
                yield plan, component, self.selectors[key], self._part(plan, component, rep_id)

    def general(self, rep_id: str) -> Iterator[General]:
        """Yield what of a payee's plans is computed from the credits themselves."""
        for plan in self._of(rep_id):
            if plan.plan_id in self._general:
                yield self._general[plan.plan_id]

    def posted(self, payout: Span) -> Span:
        """Return the period in which something is posted that falls due in a payout period.

        It is the same unless that is closed; then the first of its length that is not.
        """
        if self.closed is None or payout.end > self.closed:
            return payout
        # A period of another calendar than today's is no period any more: the next month takes it.
        length = kind_of(payout, self.company) or PeriodKind.MONTH
        return period_of(self.closed, length, self.company)

    def origins(
        self, plan: Plan, component: Component, selector: Selector, sums: Sums
    ) -> set[Span]:
        """Return the periods in which anything counts for a component of sums."""
        period = component.period or plan.period
        days = {held.credit.day for held in sums if selector.takes(held)}
        return {origin_of(day, period, self.company.fiscal_year_start_month) for day in days}

    def named(self) -> set[str]:
        """Return reps who may be paid without any credit: by scores or guarantees."""
        found = {score.rep_id for score in self._bundle.plans.scores}
        for plan in self.plans:
            for one in plan.guarantees:
                everybody = (rep.rep_id for rep in self._bundle.roster.reps)
                found |= set(one.reps or plan.reps or everybody)
        return found

    def _of(self, rep_id: str) -> Iterator[Plan]:
        if rep_id != UNASSIGNED:
            yield from (plan for plan in self.plans if is_on(plan, rep_id))

    def _part(self, plan: Plan, component: Component, rep_id: str) -> Part:
        is_own = any(one.rep_id == rep_id for one in plan.individual)
        key = (plan.plan_id, component.component_id, rep_id if is_own else "")
        if key not in self._parts:
            self._parts[key] = part_of(plan, component, rep_id)
        return self._parts[key]


def is_fast(
    plan: Plan, component: Component, company: Company, opened: Collection[tuple[str, str]]
) -> bool:
    """Return whether a component is computed from sums; under guarantees all of a plan counts.

    Args:
        opened: plans and components of which somebody's ladder begins above 0.
    """
    is_alone = not plan.guarantees and (plan.plan_id, component.component_id) not in opened
    return is_alone and is_by_sums(plan, component, company)


def origin_of(day: date, period: PlanPeriod, first_month: int) -> Span:
    """Return the period a day lies in; quarters and years are those of the fiscal year.

    >>> origin_of(date(2026, 1, 31), PlanPeriod.QUARTER, 2)
    Span(start=datetime.date(2025, 11, 1), end=datetime.date(2026, 2, 1))
    """
    months = _MONTHS[period]
    since = day.year * 12 + day.month - 1
    start = since - (since - (first_month - 1)) % months
    return Span(*(date(month // 12, month % 12 + 1, 1) for month in (start, start + months)))


def _refuse_repeated(plans: Iterable[Plan]) -> None:
    every = list(plans)
    ids = [plan.plan_id for plan in every]
    keys = [(p.plan_id, c.component_id) for p in every for c in p.components]
    # Two of one name would post under one entry id, and one of them would vanish.
    if len(set(ids)) < len(ids) or len(set(keys)) < len(keys):
        raise ValueError("two plans, or two components of a plan, have the same id")
    for plan in every:
        for component in plan.components:
            if component.counts.measure is Measure.KPI:  # paid as 0, it would be paid wrongly
                raise ValueError(
                    f"plan {plan.plan_id}, component {component.component_id}: values of KPIs are "
                    "not among the credits, so they cannot accrue; "
                    "`pacesetter definitions check` says where"
                )


def _general(plan: Plan, slow: tuple[Component, ...]) -> General:
    seen = {c.component_id for c in slow}
    for component in slow:
        seen |= {gate.component_id for gate in component.gates if gate.component_id}
        seen |= {one.component_id for one in component.multipliers if one.component_id}
    return General(plan, slow, frozenset(seen), _reach(plan, slow))


def _reach(plan: Plan, slow: tuple[Component, ...]) -> PlanPeriod | None:
    caps = [c.cap for c in slow if c.cap is not None]
    if any(cap.excess is Excess.CARRIED for cap in caps):
        return None
    # What is taken back falls due in another period and makes room there below a cap or guarantee.
    is_bounded = bool(plan.guarantees) or any(cap.per is CapPer.PAYOUT for cap in caps)
    if is_bounded and plan.clawback.mode is not ClawbackMode.LADDER:
        return None
    bases = {gate.basis for c in slow for gate in c.gates}
    bases |= {one.basis for c in slow for one in c.multipliers}
    if bases - {Basis.PERIOD}:
        return PlanPeriod.YEAR
    every = [plan.period, plan.payout or plan.period]
    every += [c.period for c in plan.components if c.period]
    return max(every, key=lambda period: _MONTHS[period])


def _decides(bundle: Bundle, some: Iterable[General]) -> Iterator[Any]:
    """Yield the definitions besides plans and company on which something depends."""
    general = list(some)
    every = [c for one in general for c in one.components]
    money = (Measure.ACV, Measure.MARGIN)
    if any(_reads_rates(one.plan, bundle.company) for one in general) or any(
        c.counts.measure in money for c in every
    ):
        yield bundle.rates
    by_quota = any(c.quota_kpi is not None for one in general for c in one.plan.components)
    if by_quota:
        yield bundle.quotas, bundle.calendars, bundle.leave
    if by_quota or any(c.counts.whose is not Whose.OWN for c in every):
        yield bundle.roster
    if any(c.counts.measure is Measure.SCORE for c in every):
        yield bundle.plans.scores
    if any(one.plan.guarantees for one in general):  # a closed period tops up what it did not pay
        yield bundle.roster, closed_through(bundle)


def _reads_rates(plan: Plan, company: Company) -> bool:
    return (
        plan.currency != company.reporting_currency
        or plan.pay_currency not in (None, plan.currency)
        or plan.credit_rate_on is not Anchor.EVENT
    )
