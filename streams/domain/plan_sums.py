"""Components of which F needs nothing but one sum of credits: what accrues fastest.

Everything else a plan can say is computed from the credits themselves (paying.py). What this page
tells apart is proven in SQL by `pacesetter reconcile`; the rest is computed afresh by the domain.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from schemas.definitions import NO_END, Company
from schemas.plan_choices import Anchor, Basis, CapPer, Excess, Measure, Rounding, Scope, Whose
from schemas.plan_components import Component
from schemas.plans import Clawback, Plan
from streams.domain.earning import Earned, earned, of_total
from streams.domain.ladders import AMOUNT_SCALE, units_of
from streams.domain.plan_credits import Credit, credit_of
from streams.domain.plan_parts import Part

_SCALE = 10**AMOUNT_SCALE


class Facets(NamedTuple):
    """What decides whether a credit counts for a component of sums, besides its day."""

    currency: str
    role: str
    product: str
    segment: str
    region: str
    deal_type: str


class Held(NamedTuple):
    """A credit as books hold it: the whole of it, and what components of sums need of it.

    Attributes:
        units: its reporting amount in ten-thousandths; None: it counts for none of them, without
            an exchange rate or cancelled.
    """

    credit: Credit
    units: int | None
    day: date
    facets: Facets


Sums = Mapping[Held, int]  # how often each counts for a payee: once; of a change -1 or 1


def counted(row: Mapping[str, Any]) -> tuple[Held, int] | None:
    """Return what a row of a credit's history brings into the books; None: nothing.

    A credit without an exchange rate is kept: plans may count units of it, or the deal itself.
    """
    credit = credit_of(row)
    if credit is None:
        return None
    amount = credit.reporting_amount
    units = None if amount is None or credit.cancelled_on is not None else units_of(amount)
    facets = Facets(
        credit.reporting_currency, credit.role, credit.product, credit.segment, credit.region,
        credit.deal_type,
    )  # fmt: skip
    return Held(credit, units, credit.day, facets), 1


class Selector(NamedTuple):
    """Which credits count for a component.

    Attributes:
        known: facets that were looked at before, and whether they are wanted.
    """

    currency: str
    since: date
    until: date
    roles: frozenset[str]
    wanted: tuple[tuple[int, frozenset[str]], ...]
    known: dict[Facets, bool]

    @classmethod
    def of(cls, plan: Plan, component: Component) -> "Selector":
        """Return the selector of a component."""
        counts = component.counts
        lists = (counts.products, counts.segments, counts.regions, counts.deal_types)
        first = Facets._fields.index("product")
        return cls(
            plan.currency,
            max(plan.valid_from, component.valid_from or plan.valid_from),
            min(plan.valid_to or NO_END, component.valid_to or NO_END),
            frozenset(role.value for role in counts.roles),
            tuple((first + n, frozenset(some)) for n, some in enumerate(lists) if some),
            {},
        )

    def takes(self, held: Held) -> bool:
        """Return whether a credit counts."""
        is_there = held.units is not None and self.since <= held.day < self.until
        return is_there and self.wants(held.facets)

    def wants(self, facets: Facets) -> bool:
        """Return whether credits of these facets count."""
        if facets not in self.known:
            self.known[facets] = (
                facets.currency == self.currency
                and facets.role in self.roles
                and all(facets[at] in some for at, some in self.wanted)
            )
        return self.known[facets]

    def credited(self, sums: Sums, start: date, end: date) -> int:
        """Return what counts from one day up to another, in ten-thousandths."""
        first, last, known, total = max(start, self.since), min(end, self.until), self.known, 0
        for (_, units, day, facets), times in sums.items():  # as often as there are credits
            if units is not None and first <= day < last:
                takes = known[facets] if facets in known else self.wants(facets)
                total += units * times if takes else 0
        return total


def earned_of(part: Part, units: int) -> Earned:
    """Return what a component earns on a sum of credits, in ten-thousandths."""
    return earned(part, of_total(part, Fraction(units, _SCALE)))


Reason = tuple[tuple[str | int, ...], str]  # where it stands, and what it asks for


def not_by_sums(component: Component) -> Iterator[Reason]:
    """Yield where a component asks for more than sums of credits, and what that is."""
    counts = component.counts
    if counts.measure is not Measure.AMOUNT:
        yield ("counts", "measure"), f"measure {counts.measure.value}"
    if counts.whose is not Whose.OWN:
        yield ("counts", "whose"), "credits of others (overrides)"
    if counts.territories:
        yield ("counts", "territories"), "conditions on territories"
    if component.scope is not Scope.PERIOD:
        yield ("scope",), "a ladder for each transaction"
    if component.quota_kpi is not None:
        yield ("quota_kpi",), "quotas of quotas.yaml"
    for n, multiplier in enumerate(component.multipliers):
        is_by_sum = multiplier.component_id is None and multiplier.basis is Basis.PERIOD
        if multiplier.factor is not None or not is_by_sum:
            yield ("multipliers", n), "multipliers other than by its own attainment"
    for n, gate in enumerate(component.gates):
        if gate.component_id is not None or gate.basis is not Basis.PERIOD:
            yield ("gates", n), "gates other than on its own credits of the period"
    cap = component.cap
    if cap is not None and (cap.per is not CapPer.PERIOD or cap.excess is not Excess.LOST):
        yield ("cap",), "caps of payouts or transactions, and excess that is carried"


def plan_not_by_sums(plan: Plan, company: Company | None) -> Iterator[Reason]:
    """Yield where a plan asks for more, whatever its components are."""
    periods = {component.period or plan.period for component in plan.components}
    if plan.payout is not None and periods != {plan.payout}:
        yield ("payout",), "payouts apart from the period"
    if plan.pay_currency not in (None, plan.currency):
        yield ("pay_currency",), "a pay currency"
    if plan.credit_rate_on is not Anchor.EVENT:
        yield ("credit_rate_on",), "credits at another rate than that of their day"
    if plan.rounding is not Rounding.HALF_EVEN:
        yield ("rounding",), f"rounding {plan.rounding.value}"
    if plan.guarantees:
        yield ("guarantees",), "guarantees"
    if plan.clawback != Clawback():
        yield ("clawback",), "clawbacks other than by the ladder"
    if company is not None and company.reporting_currency != plan.currency:
        yield ("currency",), "another currency than the one deals are reported in"
    if company is not None and company.fiscal_weeks is not None:
        yield ("period",), "fiscal years of whole weeks"


def is_by_sums(plan: Plan, component: Component, company: Company) -> bool:
    """Return whether a component needs nothing but sums, in a plan of which all else allows it."""
    return not any(plan_not_by_sums(plan, company)) and not any(not_by_sums(component))
