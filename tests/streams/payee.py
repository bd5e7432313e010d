"""A payee on plans of tiers: credits taken in one after the other, and the entries they make."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.definitions import Bundle, Company
from schemas.plans import Component, Plan, Plans, Tier
from streams.domain.commissions import Key, Terms, accrued, adjusted, counted, statement
from streams.domain.periods import Span
from streams.domain.plan_parts import part_of
from streams.domain.plan_sums import earned_of

DAY = date(2026, 2, 10)
UNIT = 10_000


def component(*tiers: tuple[Any, Any], name: str = "c") -> Component:
    made = tuple(Tier(since=Decimal(str(s)), rate=Decimal(str(r))) for s, r in tiers)
    return Component(component_id=name, tiers=made)


def plan(*tiers: tuple[Any, Any], **fields: Any) -> Plan:
    given = {"plan_id": "p", "name": "P", "currency": "EUR", "period": "QUARTER",
             "valid_from": date(2020, 1, 1), "components": (component(*tiers),)}  # fmt: skip
    return Plan.model_validate({**given, **fields})


def terms(*plans: Plan, first_month: int = 1) -> Terms:
    company = Company(name="T", reporting_currency="EUR", time_zone="UTC",
                      fiscal_year_start_month=first_month)  # fmt: skip
    return Terms(Bundle(company=company, plans=Plans(plans=plans)))


def credit(amount: Any = 100, day: date = DAY, **fields: Any) -> dict[str, Any]:
    value = None if amount is None else Decimal(str(amount))
    return {
        "deal_id": "d", "role": "REVENUE", "via": "owner", "deleted": False, "stage_class": "WON",
        "day": day, "amount": value or Decimal(0), "currency": "EUR", "reporting_amount": value,
        "reporting_currency": "EUR", "rate": Decimal(1), "rate_on": day, "share": Decimal(1),
        "product": "", "segment": "", "region": "", "deal_type": "NEW", "credit_sequence": 1,
        **dict.fromkeys(("acv", "margin", "units", "cancelled_on")), "cancel_reason": "NONE",
        "territory_id": "", "rep_id": "r", **fields,
    }  # fmt: skip


class Payee:
    """Credits taken in one after the other, and the entries they make."""

    def __init__(self, plans: Terms, rep_id: str = "r") -> None:
        self.plans, self.rep_id = plans, rep_id
        self.items: dict[str, Any] = {}
        self.entries: list[dict[str, Any]] = []

    @property
    def sums(self) -> dict[Any, int]:
        found: dict[Any, int] = {}
        for one in self.items.values():
            if one:
                found[one[0]] = found.get(one[0], 0) + one[1]
        return found

    def take(self, item: str, one: Mapping[str, Any]) -> None:
        before, after = self.items.get(item), counted(one)
        change: dict[Any, int] = {}
        for sign, part in ((-1, before), (1, after)):
            if part:
                change[part[0]] = change.get(part[0], 0) + sign * part[1]
        change = {held: times for held, times in change.items() if times}
        self.entries += accrued(self.plans, self.rep_id, self.sums, change, one)
        self.items[item] = after

    def revise(self, plans: Terms) -> None:
        self.entries += adjusted(self.plans, plans, self.rep_id, self.sums)
        self.plans = plans

    def totals(self) -> dict[Key, Decimal]:
        found: dict[Key, Decimal] = {}
        for e in self.entries:
            origin = Span(e["origin_start"], e["origin_end"])
            payout = Span(e["payout_start"], e["payout_end"])
            key = Key(e["plan_id"], e["component_id"], origin, payout, e["currency"])
            found[key] = found.get(key, Decimal(0)) + e["amount"]
        return {key: amount for key, amount in found.items() if amount}

    def owed(self) -> dict[Key, Decimal]:
        found = statement(self.plans, self.rep_id, self.sums)
        return {k: Decimal(e.units) / UNIT for k, e in found.items() if e.units}


def paid(total: Any, *tiers: tuple[Any, Any], currency: str = "EUR") -> Decimal:
    units = int(Decimal(str(total)) * UNIT)
    one = plan(*tiers, currency=currency)
    return Decimal(earned_of(part_of(one, one.components[0], "r"), units).rounded) / UNIT
