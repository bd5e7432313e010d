"""A component as it is for one payee and period: with their quota, variable and ladder."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.plan_choices import Boundary, Bounds, Kind, Pays, Rounding, VariableFor
from schemas.plan_components import Component
from schemas.plans import Individual, Plan
from streams.domain.ladders import ZERO, Ladder

ONE = Fraction(1)


class Part(NamedTuple):
    """A component as it is for one payee and period.

    Attributes:
        ladder: None without the quota or variable it needs.
    """

    component: Component
    currency: str
    boundary: Boundary
    rounding: Rounding
    quota: Decimal | None
    variable: Fraction | None
    ladder: Ladder | None


def part_of(
    plan: Plan,
    component: Component,
    rep_id: str,
    quota: Decimal | None = None,
    share: Fraction = ONE,
    *,
    own: Sequence[Individual] | None = None,
) -> Part:
    """Return a component with a payee's own quota and variable.

    Args:
        quota: what is asked of the payee by the KPI the component names.
        share: for which part of the period's days.
        own: what the plan says of the payee alone; None: look for it.
    """
    if own is None:
        own = [one for one in plan.individual if one.rep_id == rep_id]
    own_quota, variable = component.quota or quota, component.variable
    # What names the component goes before what is for all of them.
    for one in sorted(own, key=lambda each: each.component_id is not None):
        if one.component_id in (None, component.component_id):
            own_quota = one.quota or own_quota
            variable = one.variable or variable
    is_part = component.variable_for is VariableFor.DAYS_ASKED and own_quota is quota
    of_days = None if variable is None else Fraction(variable) * (share if is_part else ONE)
    boundary = component.boundary or plan.boundary
    ladder = ladder_of(component, boundary, own_quota, of_days)
    return Part(component, plan.currency, boundary, plan.rounding, own_quota, of_days, ladder)


class Parts:
    """The components of a plan as they are for its payees; what is alike is made once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._own: dict[str, list[Individual]] = defaultdict(list)
        for one in plan.individual:
            self._own[one.rep_id].append(one)
        self._made: dict[tuple[str, str, Decimal | None, Fraction], Part] = {}
        self._common: dict[str, Part] = {}  # of those of whom nothing else is said

    def of(
        self, component: Component, payee: str, quota: Decimal | None = None, share: Fraction = ONE
    ) -> Part:
        """Return `part_of` these."""
        own = self._own.get(payee, ())
        name = component.component_id
        if not own and quota is None:
            if name not in self._common:
                self._common[name] = part_of(self._plan, component, payee, own=own)
            return self._common[name]
        key = (name, payee if own else "", quota, share)
        found = self._made.get(key)
        if found is None:
            found = part_of(self._plan, component, payee, quota, share, own=own)
            self._made[key] = found
        return found


def ladder_of(
    component: Component, boundary: Boundary, quota: Decimal | None, variable: Fraction | None
) -> Ladder | None:
    """Return a component's ladder in units of its measure; None: a quota or variable is missing."""
    by_quota = component.bounds is Bounds.ATTAINMENT
    of_variable = component.pays is Pays.VARIABLE
    is_amount = component.kind in (Kind.INTERPOLATED, Kind.BONUS)
    if (by_quota or (of_variable and not is_amount)) and not quota:
        return None
    if of_variable and not variable:
        return None
    unit = Fraction(quota) if by_quota and quota else ONE
    worth = ONE
    if of_variable and variable:
        worth = (
            Fraction(variable) if is_amount or not quota else Fraction(variable) / Fraction(quota)
        )
    if component.kind is Kind.FLAT:
        return Ladder(component.kind, (ZERO,), (Fraction(component.rate or 0) * worth,))
    tiers = sorted(component.tiers, key=lambda tier: tier.since)
    return Ladder(
        component.kind,
        tuple(Fraction(t.since) * unit for t in tiers),
        tuple(Fraction((t.amount if is_amount else t.rate) or 0) * worth for t in tiers),
        boundary,
        component.beyond,
        component.bonus_pays,
    )


def cap_of(part: Part) -> Fraction | None:
    """Return the most a component pays; None: no end, or no variable to take it of."""
    cap = part.component.cap
    if cap is None:
        return None
    if cap.amount is not None:
        return Fraction(cap.amount)
    known = cap.of_variable is not None and part.variable is not None
    return Fraction(cap.of_variable or 0) * (part.variable or ZERO) if known else None
