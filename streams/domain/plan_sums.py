"""Components of which F needs nothing but sums of credits: those that accrue live.

A bucket is all that decides whether a credit counts for such a component; what counts in one adds
up. Everything else a plan can say is computed from the credits themselves (paying.py), and is
refused where plans are put in force.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from schemas.definitions import NO_END, Company
from schemas.plan_choices import Anchor, Basis, CapPer, Excess, Measure, Rounding, Scope, Whose
from schemas.plan_components import Component
from schemas.plans import Plan
from streams.domain.earning import Earned, earned, of_total
from streams.domain.ladders import AMOUNT_SCALE, units_of
from streams.domain.plan_parts import Part

_SCALE = 10**AMOUNT_SCALE


class Bucket(NamedTuple):
    """Where a credit counts: its reporting currency, its day, and what conditions ask of it."""

    currency: str
    day: date
    role: str
    product: str
    segment: str
    region: str
    deal_type: str


Sums = Mapping[Bucket, int]  # what counts for one payee, in ten-thousandths


def counted(credit: Mapping[str, Any]) -> tuple[Bucket, int] | None:
    """Return where a credit counts and how much: a part of a won deal, as it is reported.

    None: it counts nothing. So does a credit without an exchange rate; once the rate is known it is
    credited again, with an amount.
    """
    amount = credit["reporting_amount"]
    if credit["deleted"] or amount is None or credit["stage_class"] != "WON":
        return None
    bucket = Bucket(
        credit["reporting_currency"], credit["day"], credit["role"], credit["product"],
        credit["segment"], credit["region"], credit["deal_type"],
    )  # fmt: skip
    return bucket, units_of(amount)


class Selector(NamedTuple):
    """Which buckets count for a component."""

    currency: str
    since: date
    until: date
    roles: frozenset[str]
    wanted: tuple[tuple[int, frozenset[str]], ...]

    @classmethod
    def of(cls, plan: Plan, component: Component) -> "Selector":
        """Return the selector of a component."""
        counts = component.counts
        lists = (counts.products, counts.segments, counts.regions, counts.deal_types)
        first = Bucket._fields.index("product")
        return cls(
            plan.currency,
            max(plan.valid_from, component.valid_from or plan.valid_from),
            min(plan.valid_to or NO_END, component.valid_to or NO_END),
            frozenset(role.value for role in counts.roles),
            tuple((first + n, frozenset(some)) for n, some in enumerate(lists) if some),
        )

    def takes(self, bucket: Bucket) -> bool:
        """Return whether what is in a bucket counts."""
        return (
            bucket.currency == self.currency
            and self.since <= bucket.day < self.until
            and bucket.role in self.roles
            and all(bucket[at] in some for at, some in self.wanted)
        )

    def credited(self, sums: Sums, start: date, end: date) -> int:
        """Return what counts from one day up to another."""
        return sum(
            units
            for bucket, units in sums.items()
            if start <= bucket[1] < end and self.takes(bucket)
        )


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
    if company is not None and company.fiscal_weeks is not None:
        yield ("period",), "fiscal years of whole weeks"
