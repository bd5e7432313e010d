"""Units of formulas: what is added must be alike, what is divided loses what both sides have."""

from typing import NamedTuple

from schemas.kpis import POWERS, KpiUnit, Powers
from streams.domain.kpi_trees import (
    Constant,
    KpiError,
    Leaf,
    Minus,
    Operation,
    Reference,
    Tree,
)


class Dimension(NamedTuple):
    """What a formula comes out in; `is_whole`: counts alone, never divided."""

    powers: Powers
    is_whole: bool

    def fits(self, unit: KpiUnit) -> bool:
        """Return whether that is a unit."""
        return self.powers == POWERS[unit] and (unit is not KpiUnit.COUNT or self.is_whole)


def dimension_of(tree: Tree) -> Dimension:
    """Return what a formula comes out in.

    Raises:
        KpiError: it adds what cannot be added.
    """
    match tree:
        case Constant(value):
            return Dimension(Powers(), value.denominator == 1)
        case Leaf(wanted):
            return Dimension(POWERS[wanted.unit], wanted.unit is KpiUnit.COUNT)
        case Reference(_, of) | Minus(of):
            return dimension_of(of)
        case Operation(sign, left, right):
            return _combined(sign, dimension_of(left), dimension_of(right))


def _combined(sign: str, one: Dimension, other: Dimension) -> Dimension:
    is_whole = one.is_whole and other.is_whole
    if sign in "+-":
        if one.powers != other.powers:
            raise KpiError(sign, f"adds {_words(one)} and {_words(other)}", "add what is alike")
        return Dimension(one.powers, is_whole)
    by = 1 if sign == "*" else -1
    powers = Powers(*(a + by * b for a, b in zip(one.powers, other.powers, strict=True)))
    return Dimension(powers, is_whole and sign == "*")


def _words(dimension: Dimension) -> str:
    found = next((u.value for u in KpiUnit if dimension.fits(u)), None)
    return found or "something without a unit of its own"


def unit_words(dimension: Dimension) -> str:
    """Return the unit a formula comes out in, for people."""
    return _words(dimension)
