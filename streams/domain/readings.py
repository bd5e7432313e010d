"""Readings: what a KPI comes to, from the values of what it needs, exactly.

Numbers are fractions until the end; the result is rounded once, half-even, to ten places.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from schemas.kpis import WhenEmpty
from streams.domain.kpi_trees import (
    Computed,
    Constant,
    Leaf,
    Minus,
    Operation,
    Reference,
    Tree,
    Wanted,
)

PLACES = 10
_LAST = Decimal(1).scaleb(-PLACES)
Values = Mapping[Wanted, Fraction | None]  # None: nothing is there, which is not 0


class Step(NamedTuple):
    """One step on the way to a result."""

    what: str
    value: Decimal | None


class Reading(NamedTuple):
    """What a KPI comes to.

    Attributes:
        value: None: empty; what that means says its definition.
        numerator: of a formula that is a quotient what is divided, else the value.
        denominator: of a quotient what it is divided by; None for any other formula.
        steps: what was wanted and every KPI on the way, in the order of the formula.
    """

    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    steps: tuple[Step, ...]


def reading(computed: Computed, values: Values) -> Reading:
    """Return what a KPI comes to.

    Raises:
        KeyError: something it needs is missing.
    """
    steps: dict[str, Decimal | None] = {}
    tree = computed.tree
    if isinstance(tree, Operation) and tree.sign == "/":
        top, bottom = _value(tree.left, values, steps), _value(tree.right, values, steps)
        found = _quotient(top, bottom)
    else:
        top = found = _value(tree, values, steps)
        bottom = None
    if found is None and computed.kpi.when_empty is WhenEmpty.ZERO:
        found = Fraction(0)
    return Reading(
        rounded(found), rounded(top), rounded(bottom), tuple(Step(*s) for s in steps.items())
    )


def rounded(value: Fraction | None) -> Decimal | None:
    """Return a fraction rounded half-even to ten places.

    >>> rounded(Fraction(1, 3))
    Decimal('0.3333333333')
    """
    if value is None:
        return None
    whole = round(value * 10**PLACES)  # to even, and exact
    return Decimal(whole).scaleb(-PLACES) if abs(whole) < 10**27 else _long(whole)


def _long(whole: int) -> Decimal:
    with localcontext(prec=90):
        return Decimal(whole).scaleb(-PLACES).quantize(_LAST, ROUND_HALF_EVEN)


def median(values: Sequence[Decimal]) -> Fraction | None:
    """Return the middle value, of an even number halfway between the two in the middle.

    None: there are none.

    >>> median([Decimal(3), Decimal(1), Decimal(2), Decimal(10)])
    Fraction(5, 2)
    """
    ordered, count = sorted(values), len(values)
    if not count:
        return None
    return (Fraction(ordered[(count - 1) // 2]) + Fraction(ordered[count // 2])) / 2


def p90(values: Sequence[Decimal]) -> Fraction | None:
    """Return the smallest value that nine in ten do not exceed: the ceil(0.9 n)-th.

    None: there are none. Source: nearest-rank percentile.

    >>> p90([Decimal(n) for n in range(1, 11)])
    Fraction(9, 1)
    """
    ordered = sorted(values)
    return Fraction(ordered[-(-9 * len(ordered) // 10) - 1]) if ordered else None


def _value(tree: Tree, values: Values, steps: dict[str, Decimal | None]) -> Fraction | None:
    match tree:
        case Constant(value):
            return value
        case Leaf(wanted):
            found = values[wanted]
            steps[str(wanted)] = rounded(found)
            return found
        case Reference(kpi_id, of):
            found = _value(of, values, steps)
            steps[kpi_id] = rounded(found)
            return found
        case Minus(of):
            found = _value(of, values, steps)
            return None if found is None else -found
        case Operation(sign, left, right):
            return _done(sign, _value(left, values, steps), _value(right, values, steps))


def _done(sign: str, one: Fraction | None, other: Fraction | None) -> Fraction | None:
    if one is None or other is None:
        return None
    if sign == "+":
        return one + other
    if sign == "-":
        return one - other
    return one * other if sign == "*" else _quotient(one, other)


def _quotient(top: Fraction | None, bottom: Fraction | None) -> Fraction | None:
    return None if top is None or not bottom else top / bottom
