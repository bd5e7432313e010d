"""Commissions as they accrue: what credits earn under plans, to the minor unit, entry by entry.

What a payee has earned in a component and origin period is F(x), x being the sum of what counts
there, rounded once. An entry is round F with a change minus round F without it; so entries
telescope, whatever the order in which changes arrive.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.definitions import UNASSIGNED, Bundle
from schemas.money import minor_units
from schemas.plan_components import Component
from schemas.plans import Plan, PlanPeriod
from streams.domain.earning import NOTHING, Earned
from streams.domain.ladders import AMOUNT_SCALE, decimal_of
from streams.domain.plan_parts import Part, part_of
from streams.domain.plan_sums import (
    Bucket,
    Reason,
    Selector,
    Sums,
    counted,
    earned_of,
    not_by_sums,
    plan_not_by_sums,
)
from streams.domain.plan_trace import told

__all__ = ["Bucket", "Key", "Span", "Sums", "Terms", "accrued", "adjusted", "counted", "statement"]

ACCRUAL, ADJUSTMENT = "ACCRUAL", "ADJUSTMENT"
EARNED = "EARNED"  # the balance that entries of credits move
FORMULA = (
    "after.rounded - before.rounded; rounded = what the tiers earn, then the steps in their order, "
    "rounded once, half-even"
)
_MONTHS = {PlanPeriod.MONTH: 1, PlanPeriod.QUARTER: 3, PlanPeriod.YEAR: 12}


class Span(NamedTuple):
    """Days from the first one up to, not including, another."""

    start: date
    end: date


class Key(NamedTuple):
    """What is rounded by itself and adds up by itself, for one payee."""

    plan_id: str
    component_id: str
    origin: Span
    currency: str


class Terms:
    """The plans of one revision of the definitions."""

    def __init__(self, bundle: Bundle) -> None:
        self.plans = bundle.plans.plans
        self.first_month = bundle.company.fiscal_year_start_month
        ids = [plan.plan_id for plan in self.plans]
        keys = [(p.plan_id, c.component_id) for p in self.plans for c in p.components]
        # Two of one name would post under one entry id, and one of them would vanish.
        if len(set(ids)) < len(ids) or len(set(keys)) < len(keys):
            raise ValueError("two plans, or two components of a plan, have the same id")
        for plan in self.plans:
            _refuse(plan, "", plan_not_by_sums(plan, bundle.company))
            for component in plan.components:
                _refuse(plan, f", component {component.component_id}", not_by_sums(component))
        self.selectors = {
            (plan.plan_id, part.component_id): Selector.of(plan, part)
            for plan in self.plans
            for part in plan.components
        }
        self._parts: dict[tuple[str, str, str], Part] = {}

    def differs(self, other: "Terms") -> bool:
        """Return whether anything may be earned differently under the other."""
        return (self.plans, self.first_month) != (other.plans, other.first_month)

    def of(self, rep_id: str) -> Iterator[tuple[Plan, Component, Selector, Part]]:
        """Yield what a payee is on. Credits of nobody known are paid once somebody is."""
        if rep_id == UNASSIGNED:
            return
        for plan in self.plans:
            if plan.reps and rep_id not in plan.reps:
                continue
            for component in plan.components:
                key = (plan.plan_id, component.component_id)
                yield plan, component, self.selectors[key], self._part(plan, component, rep_id)

    def origins(
        self, plan: Plan, component: Component, selector: Selector, sums: Sums
    ) -> set[Span]:
        """Return the periods in which anything counts for a component."""
        period = component.period or plan.period
        days = {bucket.day for bucket in sums if selector.takes(bucket)}
        return {origin_of(day, period, self.first_month) for day in days}

    def _part(self, plan: Plan, component: Component, rep_id: str) -> Part:
        is_own = any(one.rep_id == rep_id for one in plan.individual)
        key = (plan.plan_id, component.component_id, rep_id if is_own else "")
        if key not in self._parts:
            self._parts[key] = part_of(plan, component, rep_id)
        return self._parts[key]


def _refuse(plan: Plan, where: str, reasons: Iterator[Reason]) -> None:
    for _, what in reasons:  # paid by half of what it says, it would be paid wrongly
        raise ValueError(
            f"plan {plan.plan_id}{where}: {what} cannot accrue; "
            "`pacesetter definitions check` says where"
        )


def origin_of(day: date, period: PlanPeriod, first_month: int) -> Span:
    """Return the period a day lies in; quarters and years are those of the fiscal year.

    >>> origin_of(date(2026, 1, 31), PlanPeriod.QUARTER, 2)
    Span(start=datetime.date(2025, 11, 1), end=datetime.date(2026, 2, 1))
    """
    months = _MONTHS[period]
    since = day.year * 12 + day.month - 1
    start = since - (since - (first_month - 1)) % months
    return Span(*(date(month // 12, month % 12 + 1, 1) for month in (start, start + months)))


def accrued(
    terms: Terms, rep_id: str, sums: Sums, change: Sums, credit: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what a credit adds: entries of the ledger.

    Args:
        sums: what counts for the payee without the credit.
        change: what the credit changes in it.
        credit: the credit as it is now, for the entries to name.
    """
    entries: list[dict[str, Any]] = []
    for plan, component, selector, part in terms.of(rep_id):
        for origin in sorted(terms.origins(plan, component, selector, change)):
            before = selector.credited(sums, *origin)
            after = before + selector.credited(change, *origin)
            key = Key(plan.plan_id, component.component_id, origin, plan.currency)
            was, now = (earned_of(part, x) for x in (before, after))
            entries.extend(_entry(ACCRUAL, key, was, now, credit))
    return entries


def adjusted(old: Terms, new: Terms, rep_id: str, sums: Sums) -> list[dict[str, Any]]:
    """Return what a revision of the definitions adds for a payee: entries of the ledger."""
    was, now = statement(old, rep_id, sums), statement(new, rep_id, sums)
    return [
        entry
        for key in sorted(was.keys() | now.keys())
        for entry in _entry(ADJUSTMENT, key, was.get(key, NOTHING), now.get(key, NOTHING), None)
    ]


def statement(terms: Terms, rep_id: str, sums: Sums) -> dict[Key, Earned]:
    """Return what a payee has earned in all."""
    found = {}
    for plan, component, selector, part in terms.of(rep_id):
        for origin in terms.origins(plan, component, selector, sums):
            key = Key(plan.plan_id, component.component_id, origin, plan.currency)
            found[key] = earned_of(part, selector.credited(sums, *origin))
    return found


def _entry(
    kind: str, key: Key, before: Earned, after: Earned, credit: Mapping[str, Any] | None
) -> Iterator[dict[str, Any]]:
    amount = after.rounded - before.rounded
    if amount == 0:
        return
    decimals = minor_units(key.currency)
    trace = {
        "formula": FORMULA,
        "decimals": decimals,
        "before": told(before),
        "after": told(after),
    }
    if credit is not None:
        trace["credit"] = _told_credit(credit)
    yield {
        "plan_id": key.plan_id,
        "component_id": key.component_id,
        "origin_start": key.origin.start,
        "origin_end": key.origin.end,
        "payout_start": key.origin.start,
        "payout_end": key.origin.end,
        "posted_start": key.origin.start,
        "posted_end": key.origin.end,
        "state": EARNED,
        "kind": kind,
        "currency": key.currency,
        "amount": decimal_of(amount),
        "deal_id": credit["deal_id"] if credit else "",
        "role": credit["role"] if credit else "",
        "via": credit["via"] if credit else "",
        "before": _credited(before),
        "after": _credited(after),
        "trace": json.dumps(trace, ensure_ascii=False, separators=(",", ":")),
        "reason": "",
        "author": "",
        "approver": "",
    }


def _credited(one: Earned) -> Decimal:
    return decimal_of(int(one.credited * 10**AMOUNT_SCALE))  # a sum of whole ten-thousandths


def _told_credit(credit: Mapping[str, Any]) -> dict[str, Any]:
    names = ("amount", "currency", "rate", "rate_on", "reporting_amount", "reporting_currency",
             "share", "day", "stage_class", "deleted", "credit_sequence")  # fmt: skip
    told: dict[str, Any] = {name: _plain(credit[name]) for name in names}
    if credit["reporting_amount"] is None:
        told["counts"] = "nothing: no exchange rate is known on or before its day"
    elif counted(credit) is None:
        told["counts"] = "nothing: deleted, or not won"
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, date) else value
