"""Eligibility and draws in plain words."""

from decimal import Decimal

from schemas.plan_components import Component
from schemas.plan_pay import Draw, DrawKind, EligibleBy
from schemas.plans import Plan

_BY = {
    EligibleBy.INVOICED: "as far as the deal is invoiced",
    EligibleBy.CASH: "as far as the customer has paid the deal",
}


def eligible_words(one: Component) -> str:
    """Return when a component's earnings are eligible for pay; empty: once they are earned."""
    rule = one.eligible
    if rule.by is EligibleBy.DATES:
        parts = sorted(rule.parts, key=lambda part: part.days)
        told = ", ".join(f"{_percent(p.share)} {p.days} days after the deal" for p in parts)
        return f"Eligible for pay: {told}."
    return f"Eligible for pay {_BY[rule.by]}." if rule.by in _BY else ""


def draw_words(plan: Plan, one: Draw) -> str:
    """Return what a draw pays and how it is paid back."""
    payout = (plan.payout or plan.period).lower()
    money = f"{one.amount.normalize():,f} {plan.pay_currency or plan.currency}"
    whom = ", ".join(one.reps) or "everybody on the plan"
    until = f" up to {one.valid_to}" if one.valid_to else " on"
    if one.kind is DrawKind.ADVANCE:
        first = f"before every {payout} {money} are advanced to {whom}"
    else:
        first = f"every {payout} pays {money} at least to {whom}"
    return f"{one.draw_id} (draw): {first}, from {one.valid_from}{until}. {_back(one)}"


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"


def _back(one: Draw) -> str:
    if not one.recoverable:
        return "It is never paid back."
    share = "all" if one.recover_rate == 1 else _percent(one.recover_rate)
    above = "of" if one.kind is DrawKind.ADVANCE else "above the draw of"
    since = f" from {one.recover_from}" if one.recover_from else ""
    limit = f" The debt is {one.limit.normalize():,f} at most." if one.limit else ""
    end = "is let go" if one.forgive_at_end else "stays owed"
    return (
        f"It is paid back by {share} {above} later earnings{since}; debt left at its end {end}."
        f"{limit}"
    )
