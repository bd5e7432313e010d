"""Ladders: what a total earns by tiers, points or bounds, as exact fractions.

Nothing credited earns nothing, whatever the plan says of 0. A total below 0 (more credit notes than
sales) is charged at the first tier's rate, by INTERPOLATED and BONUS not at all; so a ladder whose
amounts and rates rise never falls when the total grows.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from schemas.plan_choices import Beyond, BonusPays, Boundary, Kind

AMOUNT_SCALE = 4  # amounts of credits are whole ten-thousandths
_TEXT_PLACES = 24  # more than any product of two definitions has; beyond it a fraction is told
ZERO = Fraction(0)


class Slice(NamedTuple):
    """The part of a total that lies in one tier; `up_to` None: no end.

    Attributes:
        amount: what is earned besides, however large the part.
    """

    since: Fraction
    up_to: Fraction | None
    rate: Fraction
    part: Fraction
    amount: Fraction = ZERO

    @property
    def earns(self) -> Fraction:
        """What it earns."""
        paid = self.part * self.rate
        return self.amount + paid if self.amount else paid


class Ladder(NamedTuple):
    """How a total becomes earnings.

    Attributes:
        bounds: in units of the total, rising.
        pays: for each bound a rate, of INTERPOLATED and BONUS an amount.
    """

    kind: Kind
    bounds: tuple[Fraction, ...]
    pays: tuple[Fraction, ...]
    boundary: Boundary = Boundary.LOWER
    beyond: Beyond = Beyond.LEVEL
    bonus_pays: BonusPays = BonusPays.HIGHEST

    def slices(self, total: Fraction) -> tuple[Slice, ...]:
        """Return the tiers a total meets, each with what it earns there."""
        if total == 0:
            return ()
        return _SLICED[self.kind](self, total)

    def earned(self, total: Fraction) -> Fraction:
        """Return what a total earns."""
        return sum((one.earns for one in self.slices(total)), ZERO)

    def up_to(self, at: int) -> Fraction | None:
        """Return where a tier ends; None: nowhere."""
        return self.bounds[at + 1] if at + 1 < len(self.bounds) else None

    def reached(self, total: Fraction) -> int:
        """Return the highest tier a total belongs to, -1 for none."""
        return sum(is_reached(total, bound, self.boundary) for bound in self.bounds) - 1


def is_reached(total: Fraction, bound: Fraction, boundary: Boundary) -> bool:
    """Return whether a total counts as having reached a bound."""
    return total > bound or (total == bound and boundary is Boundary.LOWER)


def _flat(ladder: Ladder, total: Fraction) -> tuple[Slice, ...]:
    return (Slice(ZERO, None, ladder.pays[0], total),)


def _marginal(ladder: Ladder, total: Fraction) -> tuple[Slice, ...]:
    """Source: marginal ("step") tiers: each rate on the part of the total within its own bounds."""
    if total < 0:
        return (Slice(ladder.bounds[0], ladder.up_to(0), ladder.pays[0], total),)
    found = []
    for at, (since, rate) in enumerate(zip(ladder.bounds, ladder.pays, strict=True)):
        if total <= since:
            break
        up_to = ladder.up_to(at)
        part = (total if up_to is None or total < up_to else up_to) - since
        found.append(Slice(since, up_to, rate, part))
    return tuple(found)


def _retroactive(ladder: Ladder, total: Fraction) -> tuple[Slice, ...]:
    """Source: whole-amount tiers: the rate of the tier reached pays from the first unit on."""
    at = ladder.reached(total)
    if at < 0 and total >= 0 and ladder.bounds[0] > 0:
        return ()
    at = max(at, 0)
    return (Slice(ladder.bounds[at], ladder.up_to(at), ladder.pays[at], total),)


def _interpolated(ladder: Ladder, total: Fraction) -> tuple[Slice, ...]:
    """Source: linear pay curves: the amount of the last point and the part of the way to the next.

    Below the first point nothing is earned.
    """
    at = sum(bound <= total for bound in ladder.bounds) - 1
    if at < 0:
        return ()
    since, up_to, amount = ladder.bounds[at], ladder.up_to(at), ladder.pays[at]
    if up_to is not None:
        slope = (ladder.pays[at + 1] - amount) / (up_to - since)
    elif ladder.beyond is Beyond.EXTENDED and at:
        slope = (amount - ladder.pays[at - 1]) / (since - ladder.bounds[at - 1])
    else:
        slope = ZERO
    return (Slice(since, up_to, slope, total - since, amount),)


def _bonus(ladder: Ladder, total: Fraction) -> tuple[Slice, ...]:
    last = ladder.reached(total) if total > 0 else -1
    every = (
        range(last + 1) if ladder.bonus_pays is BonusPays.EACH else range(max(last, 0), last + 1)
    )
    return tuple(
        Slice(ladder.bounds[at], ladder.up_to(at), ZERO, ZERO, ladder.pays[at]) for at in every
    )


_SLICED = {
    Kind.FLAT: _flat,
    Kind.MARGINAL: _marginal,
    Kind.RETROACTIVE: _retroactive,
    Kind.INTERPOLATED: _interpolated,
    Kind.BONUS: _bonus,
}


def cliffs(ladder: Ladder) -> tuple[tuple[Fraction, Fraction], ...]:
    """Return the bounds at which earnings jump, with how much the jump is."""
    found = []
    for at, bound in enumerate(ladder.bounds):
        below, above = _beside(ladder, at)
        if bound > 0 and above != below:
            found.append((bound, above - below))
    return tuple(found)


def _beside(ladder: Ladder, at: int) -> tuple[Fraction, Fraction]:
    """Return what is earned just below a bound, and on it or just above it."""
    bound, before = ladder.bounds[at], ladder.pays[at - 1] if at else ZERO
    if ladder.kind is Kind.RETROACTIVE:
        return bound * before, bound * ladder.pays[at]
    if ladder.kind is Kind.BONUS:
        adds = ladder.bonus_pays is BonusPays.EACH
        return (ZERO if adds else before), ladder.pays[at]
    if ladder.kind is Kind.INTERPOLATED and at == 0:
        return ZERO, ladder.pays[0]
    return ZERO, ZERO


def units_of(value: Decimal, scale: int = AMOUNT_SCALE) -> int:
    """Return a decimal of at most so many places as a whole number of its last place."""
    top, bottom = value.as_integer_ratio()
    whole: int = abs(top) * 10**scale // bottom
    return whole if top >= 0 else -whole


def decimal_of(units: int, scale: int = AMOUNT_SCALE) -> Decimal:
    """Return whole units as a decimal, exact whatever the context."""
    return Decimal(f"{units}E-{scale}")


def text_of(value: Fraction) -> str:
    """Return a number exactly as people write it: a decimal, else numerator/denominator.

    >>> text_of(Fraction(5, 4)), text_of(Fraction(1, 3))
    ('1.25', '1/3')
    """
    places = _places(value.denominator)
    if places is None:
        return f"{value.numerator}/{value.denominator}"
    text = f"{decimal_of(value.numerator * 10**places // value.denominator, places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _places(denominator: int) -> int | None:
    """Return how many decimals a fraction of this denominator has; None: endlessly many."""
    twos, fives = 0, 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    places = max(twos, fives)
    return places if denominator == 1 and places <= _TEXT_PLACES else None


def rises(numbers: Sequence[Fraction]) -> bool:
    """Return whether no number is smaller than the one before it."""
    return all(one <= next_one for one, next_one in pairwise(numbers))
