"""Ladders: what a total earns on marginal tiers, in whole numbers, rounded once.

Amounts are ten-thousandths, rates millionths; what they earn together is in 10**-10.
"""

from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from schemas.money import minor_units
from schemas.plans import Component

AMOUNT_SCALE, RATE_SCALE = 4, 6
PAY_SCALE = AMOUNT_SCALE + RATE_SCALE


class Slice(NamedTuple):
    """The part of a total that lies in one tier; `up_to` None: no end."""

    since: int
    up_to: int | None
    rate: int
    part: int


class Earned(NamedTuple):
    """What a total earns: `exact` in 10**-10, `rounded` in ten-thousandths."""

    credited: int
    slices: tuple[Slice, ...]
    exact: int
    rounded: int


NOTHING = Earned(0, (), 0, 0)


def earned(component: Component, currency: str, credited: int) -> Earned:
    """Return what a total of credits earns.

    Source: marginal ("step") tiers: each rate on the part of the total within its own bounds.
    """
    tiers = sorted(
        (units_of(t.since, AMOUNT_SCALE), units_of(t.rate, RATE_SCALE)) for t in component.tiers
    )
    bounds: list[tuple[int, int | None]] = [(low, high) for (low, _), (high, _) in pairwise(tiers)]
    bounds.append((tiers[-1][0], None))
    slices = tuple(
        Slice(since, up_to, rate, part)
        for (since, up_to), (_, rate) in zip(bounds, tiers, strict=True)
        if (part := (credited if up_to is None else min(credited, up_to)) - since) > 0
    )
    if credited < 0:
        slices = (Slice(*bounds[0], tiers[0][1], credited),)
    exact = sum(one.part * one.rate for one in slices)
    decimals = minor_units(currency)
    whole = _half_even(exact, 10 ** (PAY_SCALE - decimals))
    return Earned(credited, slices, exact, whole * 10 ** (AMOUNT_SCALE - decimals))


def units_of(value: Decimal, scale: int) -> int:
    """Return a decimal of at most so many places as a whole number of its last place."""
    top, bottom = value.as_integer_ratio()
    whole: int = abs(top) * 10**scale // bottom
    return whole if top >= 0 else -whole


def decimal_of(units: int, scale: int) -> Decimal:
    """Return whole units as a decimal, exact whatever the context."""
    return Decimal(f"{units}E-{scale}")


def text_of(units: int, scale: int) -> str:
    """Return whole units as people write them, without zeros at the end."""
    text = f"{decimal_of(units, scale):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _half_even(number: int, divisor: int) -> int:
    """Return number / divisor as a whole number, ties to the even one."""
    whole, rest = divmod(number, divisor)
    up = rest * 2 > divisor or (rest * 2 == divisor and whole % 2 == 1)
    return whole + up
