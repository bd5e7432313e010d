"""How something was earned, as plain text: tier slices, rates, factors, gates, caps, rounding."""

from fractions import Fraction
from typing import Any

from streams.domain.earning import Amount, Climbed, Earned
from streams.domain.ladders import Slice, decimal_of, text_of
from streams.domain.payouts import Line


def told(one: Earned) -> dict[str, Any]:
    """Return what was earned and how: what counts, each tier, each step behind, the result."""
    is_one = len(one.climbed) == 1 and not one.climbed[0].amount.name
    made: dict[str, Any] = {"credited": text_of(one.credited)}
    if is_one:
        made |= _climbed(one.climbed[0])
    else:
        made["tiers"] = []
        if one.climbed:
            made["deals"] = [{"deal_id": c.amount.name, **_climbed(c)} for c in one.climbed]
    if one.steps:
        made["steps"] = [
            {"step": s.what, "says": s.text, "leaves": text_of(s.result)} for s in one.steps
        ]
    return made | {"earned": text_of(one.exact), "rounded": _units(one.rounded)}


def told_line(line: Line) -> dict[str, Any]:
    """Return a line with its trace, payouts and what is missing."""
    return {
        "plan_id": line.plan_id,
        "component_id": line.component_id,
        "origin_start": str(line.origin.start),
        "origin_end": str(line.origin.end),
        "currency": line.currency,
        "amount": f"{line.amount:f}",
        "payouts": [
            {"start": str(i.payout.start), "end": str(i.payout.end), "amount": f"{i.amount:f}"}
            for i in line.instalments
        ],
        "lacks": list(line.lacks),
        "trace": told(line.earned),
    }


def _climbed(one: Climbed) -> dict[str, Any]:
    made: dict[str, Any] = _weighed(one.amount)
    return made | {"tiers": [_slice(s) for s in one.slices]}


def _weighed(amount: Amount) -> dict[str, Any]:
    if not amount.name and amount.plain == amount.weighed:
        return {}
    if amount.plain == amount.weighed:
        return {"counts": text_of(amount.plain)}
    return {"counts": text_of(amount.plain), "with_factors": text_of(amount.weighed)}


def _slice(one: Slice) -> dict[str, Any]:
    made: dict[str, Any] = {
        "since": text_of(one.since),
        "up_to": None if one.up_to is None else text_of(one.up_to),
        "rate": text_of(one.rate),
        "part": text_of(one.part),
    }
    if one.amount:
        made["amount"] = text_of(one.amount)
    return made | {"earns": text_of(one.earns)}


def _units(units: int) -> str:
    return text_of(Fraction(decimal_of(units)))
