"""Formulas in normal form: one sum of products divided by another, and what must not be 0 for it.

The form holds no operation but the last division, so that numbers stay whole until there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from schemas.kpis import KpiUnit
from streams.domain.kpi_trees import (
    Constant,
    KpiError,
    Leaf,
    Minus,
    Operation,
    Reference,
    Tree,
    Wanted,
)

Term = tuple[Wanted, ...]  # what is multiplied, in order; none: a number alone
Polynomial = Mapping[Term, Fraction]  # term -> how often it is taken
FACTORS_MAX = 12  # of one product; a velocity has five
TERMS_MAX = 200  # of one sum of products, written out
DIGITS_MAX = 66  # numbers of 256 bits hold 76; ten are the places of the result
# How many digits go before the point of what formulas are made of. 10**18 of a currency is more
# than there is.
_DIGITS = {KpiUnit.COUNT: 12, KpiUnit.MONEY: 18, KpiUnit.SECONDS: 13, KpiUnit.DAYS: 12}


class Quotient(NamedTuple):
    """A formula in normal form; empty where `below` or one of `guards` is 0."""

    above: Polynomial
    below: Polynomial
    guards: tuple[Polynomial, ...] = ()


class Whole(NamedTuple):
    """The same with whole numbers before the terms."""

    above: Mapping[Term, int]
    below: Mapping[Term, int]
    guards: tuple[Mapping[Term, int], ...]


ONE: Polynomial = {(): Fraction(1)}


def quotient(tree: Tree) -> Quotient:
    """Return a formula in normal form.

    Raises:
        KpiError: written out it is longer than can be computed.
    """
    match tree:
        case Constant(value):
            return Quotient({(): value} if value else {}, ONE)
        case Leaf(wanted):
            return Quotient({(wanted,): Fraction(1)}, ONE, _guards_of(wanted))
        case Reference(_, of):
            return quotient(of)
        case Minus(of):
            found = quotient(of)
            return found._replace(above=_times(found.above, {(): Fraction(-1)}))
        case Operation(sign, left, right):
            return _combined(sign, quotient(left), quotient(right))


def presence(wanted: Wanted) -> Wanted:
    """Return how many values or entries there are of what may be nothing."""
    return wanted._replace(statistic="count", unit=KpiUnit.COUNT)


def is_optional(wanted: Wanted) -> bool:
    """Return whether it may be nothing, which is not 0."""
    return wanted.statistic in ("median", "p90") or wanted.name == "quota"


def _guards_of(wanted: Wanted) -> tuple[Polynomial, ...]:
    return ({(presence(wanted),): Fraction(1)},) if is_optional(wanted) else ()


def _combined(sign: str, one: Quotient, other: Quotient) -> Quotient:
    guards = (*one.guards, *other.guards)
    if sign == "/":
        if other.below != ONE:
            guards = (*guards, other.below)
        above, below = _times(one.above, other.below), _times(one.below, other.above)
        return Quotient(above, below, guards)
    if sign == "*":
        return Quotient(_times(one.above, other.above), _times(one.below, other.below), guards)
    if one.below == other.below:
        return Quotient(_plus(one.above, other.above, sign), one.below, guards)
    return Quotient(
        _plus(_times(one.above, other.below), _times(other.above, one.below), sign),
        _times(one.below, other.below),
        guards,
    )


def _plus(one: Polynomial, other: Polynomial, sign: str) -> Polynomial:
    found = defaultdict[Term, Fraction](Fraction, one)
    for term, factor in other.items():
        found[term] += factor if sign == "+" else -factor
    return _kept(found)


def _times(one: Polynomial, other: Polynomial) -> Polynomial:
    found = defaultdict[Term, Fraction](Fraction)
    for left, factor in one.items():
        for right, by in other.items():
            found[tuple(sorted((*left, *right)))] += factor * by
    return _kept(found)


def _kept(found: Mapping[Term, Fraction]) -> Polynomial:
    kept = {term: factor for term, factor in found.items() if factor}
    if len(kept) > TERMS_MAX or any(len(term) > FACTORS_MAX for term in kept):
        raise KpiError("formula", "multiplies more than can be computed exactly",
                       "multiply fewer sums with each other")  # fmt: skip
    return kept


def scale_of(wanted: Wanted) -> int:
    """Return by how much something wanted is multiplied to be a whole number."""
    if wanted.statistic == "median":
        return 20_000  # halfway between two ten-thousandths
    return 10_000 if wanted.unit is KpiUnit.MONEY or wanted.statistic == "p90" else 1


def whole(found: Quotient) -> Whole:
    """Return the form over whole multiples of what is wanted, with whole numbers before terms."""
    above, below = _scaled(found.above), _scaled(found.below)
    factors = [*above.values(), *below.values()]
    common = lcm(*(f.denominator for f in factors))
    shared = gcd(*(int(f * common) for f in factors)) or 1
    by = Fraction(common, shared)
    guards = tuple(_integers(_scaled(guard)) for guard in dict_once(found.guards))
    return Whole(
        {t: int(f * by) for t, f in above.items()},
        {t: int(f * by) for t, f in below.items()},
        guards,
    )


def dict_once(guards: Iterable[Polynomial]) -> list[Polynomial]:
    """Return polynomials without repeats."""
    kept: list[Polynomial] = []
    for guard in guards:
        if guard not in kept:
            kept.append(guard)
    return kept


def _integers(guard: Polynomial) -> dict[Term, int]:
    common = lcm(*(f.denominator for f in guard.values()))
    return {term: int(factor * common) for term, factor in guard.items()}


def _scaled(polynomial: Polynomial) -> dict[Term, Fraction]:
    found = {}
    for term, factor in polynomial.items():
        by = 1
        for wanted in term:
            by *= scale_of(wanted)
        found[term] = factor / by
    return found


def digits_of(found: Whole) -> int:
    """Return how many digits the largest number on the way may have."""
    every = (found.above, found.below, *found.guards)
    return max((_digits(polynomial) for polynomial in every if polynomial), default=1)


def _digits(polynomial: Mapping[Term, int]) -> int:
    longest = max(
        len(str(abs(factor))) + sum(_DIGITS[w.unit] + len(str(scale_of(w))) - 1 for w in term)
        for term, factor in polynomial.items()
    )
    return longest + len(str(len(polynomial)))
