"""Commissions: what credits earn under plans of marginal tiers, to the minor unit.

What a payee has earned in a component and origin period is F(x): each tier's rate on the part of x
that lies between its bound and the next one's, rounded once, half-even. x is the sum of what counts
there. What lies below 0 (more credit notes than sales) is charged at the first tier's rate, so F
never falls when x grows. An entry is round F with a change minus round F without it; so entries
telescope, whatever the order in which changes arrive.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.definitions import NO_END, UNASSIGNED, Bundle
from schemas.money import minor_units
from schemas.plans import Plan, PlanPeriod
from streams.domain.ladders import (
    AMOUNT_SCALE,
    NOTHING,
    PAY_SCALE,
    RATE_SCALE,
    Earned,
    decimal_of,
    earned,
    text_of,
    units_of,
)

ACCRUAL, ADJUSTMENT = "ACCRUAL", "ADJUSTMENT"
FORMULA = (
    "after.rounded - before.rounded; rounded = the sum of part x rate over the tiers, "
    "rounded once, half-even"
)
_MONTHS = {PlanPeriod.MONTH: 1, PlanPeriod.QUARTER: 3, PlanPeriod.YEAR: 12}

Bucket = tuple[str, date]  # reporting currency and day of a credit
Sums = Mapping[Bucket, int]  # what counts for one payee, in ten-thousandths


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

    def differs(self, other: "Terms") -> bool:
        """Return whether anything may be earned differently under the other."""
        return (self.plans, self.first_month) != (other.plans, other.first_month)

    def of(self, rep_id: str) -> Iterator[Plan]:
        """Yield the plans a payee is on. Credits of nobody known are paid once somebody is."""
        if rep_id == UNASSIGNED:
            return iter(())
        return (plan for plan in self.plans if not plan.reps or rep_id in plan.reps)


def counted(credit: Mapping[str, Any]) -> tuple[Bucket, int] | None:
    """Return where a credit counts and how much: its REVENUE from a won deal, as it is reported.

    None: it counts nothing. So does a credit without an exchange rate; once the rate is known it is
    credited again, with an amount.
    """
    amount = credit["reporting_amount"]
    if credit["deleted"] or amount is None:
        return None
    if credit["stage_class"] != "WON" or credit["role"] != "REVENUE":
        return None
    return (credit["reporting_currency"], credit["day"]), units_of(amount, AMOUNT_SCALE)


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
    for plan in terms.of(rep_id):
        touched = {origin_of(day, plan.period, terms.first_month)
                   for code, day in change if _pays(plan, code, day)}  # fmt: skip
        for origin in sorted(touched):
            before = _credited(plan, origin, sums)
            after = before + _credited(plan, origin, change)
            for part in plan.components:
                key = Key(plan.plan_id, part.component_id, origin, plan.currency)
                was, now = (earned(part, plan.currency, x) for x in (before, after))
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
    for plan in terms.of(rep_id):
        origins = {origin_of(day, plan.period, terms.first_month)
                   for code, day in sums if _pays(plan, code, day)}  # fmt: skip
        for origin in origins:
            credited = _credited(plan, origin, sums)
            for part in plan.components:
                key = Key(plan.plan_id, part.component_id, origin, plan.currency)
                found[key] = earned(part, plan.currency, credited)
    return found


def _pays(plan: Plan, currency: str, day: date) -> bool:
    return currency == plan.currency and plan.valid_from <= day < (plan.valid_to or NO_END)


def _credited(plan: Plan, origin: Span, sums: Sums) -> int:
    return sum(
        units
        for (currency, day), units in sums.items()
        if origin.start <= day < origin.end and _pays(plan, currency, day)
    )


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
        "before": _told(before),
        "after": _told(after),
    }
    if credit is not None:
        trace["credit"] = _told_credit(credit)
    yield {
        "plan_id": key.plan_id,
        "component_id": key.component_id,
        "origin_start": key.origin.start,
        "origin_end": key.origin.end,
        "posted_start": key.origin.start,
        "kind": kind,
        "currency": key.currency,
        "amount": decimal_of(amount, AMOUNT_SCALE),
        "deal_id": credit["deal_id"] if credit else "",
        "role": credit["role"] if credit else "",
        "via": credit["via"] if credit else "",
        "before": decimal_of(before.credited, AMOUNT_SCALE),
        "after": decimal_of(after.credited, AMOUNT_SCALE),
        "trace": json.dumps(trace, ensure_ascii=False, separators=(",", ":")),
    }


def _told(one: Earned) -> dict[str, Any]:
    return {
        "credited": text_of(one.credited, AMOUNT_SCALE),
        "tiers": [
            {
                "since": text_of(s.since, AMOUNT_SCALE),
                "up_to": None if s.up_to is None else text_of(s.up_to, AMOUNT_SCALE),
                "rate": text_of(s.rate, RATE_SCALE),
                "part": text_of(s.part, AMOUNT_SCALE),
                "earns": text_of(s.part * s.rate, PAY_SCALE),
            }
            for s in one.slices
        ],
        "earned": text_of(one.exact, PAY_SCALE),
        "rounded": text_of(one.rounded, AMOUNT_SCALE),
    }


def _told_credit(credit: Mapping[str, Any]) -> dict[str, Any]:
    names = ("amount", "currency", "rate", "rate_on", "reporting_amount", "reporting_currency",
             "share", "day", "stage_class", "deleted", "credit_sequence")  # fmt: skip
    told: dict[str, Any] = {name: _plain(credit[name]) for name in names}
    if credit["reporting_amount"] is None:
        told["counts"] = "nothing: no exchange rate is known on or before its day"
    elif counted(credit) is None:
        told["counts"] = "nothing: deleted, not won, or no revenue"
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, date) else value
