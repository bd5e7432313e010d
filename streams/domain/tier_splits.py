"""What one entry of the ledger says of itself: its part of each tier, and whether its sums hold.

An entry is what is earned with its cause less what is earned without it. Taken tier by tier that
difference is what the cause earned in each tier; what gates, factors, floors and caps make of it,
and the one rounding, are the rest. Everything is read from the entry's own trace.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from streams.domain.ladders import text_of

ZERO = Fraction(0)
_EXCHANGE = "exchange"  # the step that turns the plan's currency into that of pay
_TierKey = tuple[str, Fraction, Fraction | None, Fraction]


class TierPart(NamedTuple):
    """What a cause adds within one tier; `up_to` None: no end.

    Attributes:
        deal_id: whose ladder, where each deal climbs its own; empty: the period's.
        part: of what is measured.
        amount: earned besides, however large the part.
    """

    deal_id: str
    since: Fraction
    up_to: Fraction | None
    rate: Fraction
    part: Fraction
    amount: Fraction
    earns: Fraction


class Split(NamedTuple):
    """An entry taken apart: tiers, then, exchange, rounding and elsewhere add up to its amount.

    Attributes:
        then: what steps behind the tiers add: gates, factors, floor, cap.
        exchange: what the pay currency has more units than the plan's.
        elsewhere: what the same cause posts in other payout periods, or takes back in an entry of
            its own; taken off here.
        steps: all of those steps in words, as they are with the cause.
        taken_back: what the cause lets be taken back of deals that are cancelled, in words.
    """

    tiers: tuple[TierPart, ...] = ()
    then: Fraction = ZERO
    exchange: Fraction = ZERO
    rounding: Fraction = ZERO
    elsewhere: Fraction = ZERO
    steps: tuple[str, ...] = ()
    taken_back: tuple[str, ...] = ()


def split_of(trace: Mapping[str, Any], amount: Decimal) -> Split:
    """Return an entry's amount by tier; of what no plan computed, how it came about at most."""
    before, after = trace.get("before"), trace.get("after")
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return Split(steps=(str(trace["formula"]),) if trace.get("formula") else ())
    was, now = _tiers(before), _tiers(after)
    parts = tuple(
        part
        for key in sorted(was.keys() | now.keys(), key=_order)
        if _is_something(part := _difference(key, was.get(key, _NOTHING), now.get(key, _NOTHING)))
    )
    exact = _number(after["earned"]) - _number(before["earned"])
    paid = _paid(after) - _paid(before)
    rounded = _number(after["rounded"]) - _number(before["rounded"])
    in_tiers = sum((part.earns for part in parts), ZERO)
    steps = tuple(str(step["says"]) for step in after.get("steps", ()))
    return Split(
        parts,
        exact - in_tiers,
        paid - exact,
        rounded - paid,
        Fraction(amount) - rounded,
        steps,
        tuple(
            text for text in after.get("taken_back", ()) if text not in before.get("taken_back", ())
        ),
    )


def faults(
    trace: Mapping[str, Any], amount: Decimal, *, by_stretches: bool = False
) -> Iterator[str]:
    """Yield where a trace's own arithmetic does not hold, in words; nothing where it checks.

    Args:
        by_stretches: the plan lets deals that went reduce attainment: what is rounded is then the
            sum of several stretches of the period, of which the trace tells the last.
    """
    for side in ("before", "after"):
        told = trace.get(side)
        if isinstance(told, Mapping):
            yield from (f"{side}: {fault}" for fault in _faults(told, trace, by_stretches))
        else:
            yield f"{side}: the trace does not say how it was computed"
            return
    before, after = trace["before"], trace["after"]
    owed = _owed(after) - _owed(before)
    is_parted = "taken_back" in before or "taken_back" in after
    if owed != Fraction(amount) and not is_parted:
        yield f"the amount is {amount:f} where after less before is {text_of(owed)}"


def _owed(told: Mapping[str, Any]) -> Fraction:
    """Return what falls due in the entry's payout period: all of it, unless the trace says less."""
    return _number(told.get("of_this_payout", told["rounded"]))


def _faults(told: Mapping[str, Any], trace: Mapping[str, Any], by_stretches: bool) -> Iterator[str]:
    earned = ZERO
    for name, each in _ladders(told):
        where = f"deal {name}, " if name else ""
        for tier in each.get("tiers", ()):
            earns = _number(tier["part"]) * _number(tier["rate"]) + _flat(tier)
            if earns != _number(tier["earns"]):
                said, since = tier["earns"], tier["since"]
                yield f"{where}tier from {since} earns {text_of(earns)}, not {said}"
            earned += earns
    steps = [step for step in told.get("steps", ()) if step["step"] != _EXCHANGE]
    left = _number(steps[-1]["leaves"]) if steps else earned
    is_part = "other_deals" in told  # of which the trace tells the entry's own
    is_capped = bool(told.get("deals")) and left > _number(told["earned"])  # each deal by its cap
    if left != _number(told["earned"]) and not (is_part or is_capped):
        yield f"tiers and steps leave {text_of(left)}, not {told['earned']}"
    off = abs(_number(told["rounded"]) - _paid(told))
    if not by_stretches and off * 2 > Fraction(1, 10 ** int(trace.get("decimals", 2))):
        yield f"{text_of(_paid(told))} does not round to {told['rounded']}"


def _paid(told: Mapping[str, Any]) -> Fraction:
    """Return what is rounded: what is earned, in the pay currency."""
    steps = told.get("steps", ())
    return _number(
        steps[-1]["leaves"] if steps and steps[-1]["step"] == _EXCHANGE else told["earned"]
    )


_Values = tuple[Fraction, Fraction, Fraction]  # part, amount, earns
_NOTHING: _Values = (ZERO, ZERO, ZERO)


def _tiers(told: Mapping[str, Any]) -> dict[_TierKey, _Values]:
    found: dict[_TierKey, _Values] = {}
    for name, each in _ladders(told):
        for tier in each.get("tiers", ()):
            up_to = None if tier["up_to"] is None else _number(tier["up_to"])
            key = (name, _number(tier["since"]), up_to, _number(tier["rate"]))
            part, amount, earns = found.get(key, _NOTHING)
            found[key] = (
                part + _number(tier["part"]),
                amount + _flat(tier),
                earns + _number(tier["earns"]),
            )
    return found


def _ladders(told: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each ladder that was climbed: the period's, or one of each deal."""
    if deals := told.get("deals"):
        yield from ((str(deal["deal_id"]), deal) for deal in deals)
    else:
        yield "", told


def _difference(key: _TierKey, was: _Values, now: _Values) -> TierPart:
    part, amount, earns = (b - a for a, b in zip(was, now, strict=True))
    return TierPart(*key, part, amount, earns)


def _is_something(one: TierPart) -> bool:
    return bool(one.part or one.amount or one.earns)


def _order(key: _TierKey) -> tuple[str, Fraction, Fraction, Fraction]:
    deal, since, up_to, rate = key
    return deal, since, Fraction(-1) if up_to is None else up_to, rate


def _flat(tier: Mapping[str, Any]) -> Fraction:
    return _number(tier.get("amount", "0"))


def _number(text: Any) -> Fraction:
    return Fraction(str(text))
