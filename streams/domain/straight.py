"""F of sums as straight pieces of whole numbers: what a component earns on a total, without trace.

Between the bounds of tiers, gates and steps what is earned is a straight line of the total. The
pieces are taken from `earning.earned` itself, at three totals each; what is not straight is not
computed here. So ten thousand payees of one plan cost ten thousand multiplications.
"""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import NamedTuple

from schemas.plan_choices import Basis, Bounds, CapPer, Combined, Excess, GatePays, Measure, Scope
from schemas.plan_components import Component
from streams.domain.earning import Exchange, earned, of_total, rounded_parts
from streams.domain.ladders import AMOUNT_SCALE, ZERO
from streams.domain.plan_credits import Units
from streams.domain.plan_parts import Part, cap_of

_UNIT = 10**AMOUNT_SCALE
_Line = tuple[Fraction, Fraction, int]  # at 0, per ten-thousandth, tier


class Piece(NamedTuple):
    """A straight line over totals, and the tier it lies in: its number from 1, 0 for none."""

    base: int
    rise: int
    tier: int


class Straight(NamedTuple):
    """What a component earns on any total of ten-thousandths.

    Attributes:
        bounds: totals times `scale`, rising; `points` is what is earned on them.
        between: before the first, between each two, behind the last.
        below: what base and rise are divided by.
    """

    part: Part
    scale: int
    bounds: tuple[int, ...]
    points: tuple[Piece, ...]
    between: tuple[Piece, ...]
    below: int
    floor: Fraction | None
    cap: Fraction | None

    def earned(
        self, total: Units, exchange: Exchange | None = None, *, is_open: bool = True
    ) -> tuple[int, int]:
        """Return what a total earns, rounded, and the tier it reaches.

        Args:
            is_open: whether gates that hang on more than the total let it through.
        """
        above, parts = total.numerator, total.denominator
        at = bisect_left(self.bounds, above * self.scale, key=lambda bound: bound * parts)
        on = at < len(self.bounds) and self.bounds[at] * parts == above * self.scale
        piece = self.points[at] if on else self.between[at]
        top, bottom = piece.base * parts + piece.rise * above, self.below * parts
        if not is_open:
            top, bottom = 0, 1
        if self.floor is not None and above > 0 and _is_less(top, bottom, self.floor):
            top, bottom = self.floor.as_integer_ratio()
        if self.cap is not None and not _is_less(top, bottom, self.cap):
            top, bottom = self.cap.as_integer_ratio()
        currency = self.part.currency
        if exchange is not None:
            top, bottom = top * exchange.rate.numerator, bottom * exchange.rate.denominator
            currency = exchange.currency
        return rounded_parts(top, bottom, currency, self.part.rounding), piece.tier


def _is_less(top: int, bottom: int, than: Fraction) -> bool:
    return top * than.denominator < than.numerator * bottom


def is_by_total(component: Component) -> bool:
    """Return whether what a component earns hangs on its own total of a period alone."""
    looks = [(g.component_id, g.basis) for g in component.gates]
    looks += [(m.component_id, m.basis) for m in component.multipliers]
    cap = component.cap
    return (
        component.scope is Scope.PERIOD
        and component.counts.measure in (Measure.AMOUNT, Measure.ACV, Measure.MARGIN, Measure.UNITS)
        and all(of is None and basis is Basis.PERIOD for of, basis in looks)
        and all(m.factor is None for m in component.multipliers)
        and (not component.multipliers or component.multipliers_combine is Combined.MULTIPLY)
        and (cap is None or cap.per is not CapPer.TRANSACTION)
    )


def without_gates(component: Component) -> Component:
    """Return a component as it is once its gates are cleared."""
    return component.model_copy(update={"gates": ()})


def is_gated_total(component: Component) -> bool:
    """Return whether the same holds but for gates that let everything through or nothing."""
    return all(g.pays is GatePays.FROM_FIRST for g in component.gates) and is_by_total(
        without_gates(component)
    )


def straight_of(part: Part) -> Straight | None:
    """Return a component of which `is_by_total` holds in pieces; None: it is not made of such."""
    component, ladder = part.component, part.ladder
    if ladder is None or not is_by_total(component):
        return None
    bare = part._replace(component=component.model_copy(update={"floor": None, "cap": None}))
    bounds = sorted({ZERO, *ladder.bounds, *_looked_at(part)})
    points = [_line(bare, (bound, bound, bound)) for bound in bounds]
    spans = [(bounds[0] - 3, bounds[0]), *pairwise(bounds), (bounds[-1], bounds[-1] + 3)]
    lines = [
        _line(bare, tuple(since + (until - since) * n / 4 for n in (1, 2, 3)))
        for since, until in spans
    ]
    found = [line for line in (*points, *lines) if line is not None]
    if len(found) < len(points) + len(lines):
        return None
    below = lcm(*(x.denominator for line in found for x in line[:2]))
    pieces = [Piece(int(base * below), int(rise * below), tier) for base, rise, tier in found]
    scale = lcm(*(bound.denominator for bound in bounds))
    cap = component.cap
    is_whole = cap is not None and cap.per is CapPer.PERIOD and cap.excess is Excess.LOST
    return Straight(
        part, scale, tuple(int(bound * scale * _UNIT) for bound in bounds),
        tuple(pieces[: len(points)]), tuple(pieces[len(points) :]), below,
        Fraction(component.floor) if component.floor is not None else None,
        cap_of(part) if is_whole else None,
    )  # fmt: skip


def _looked_at(part: Part) -> list[Fraction]:
    """Return the totals at which a gate is cleared or a step is reached."""
    quota = Fraction(part.quota or 0)
    gates = [
        Fraction(gate.since) * (quota if gate.bounds is Bounds.ATTAINMENT else 1)
        for gate in part.component.gates
    ]
    steps = [step.since for one in part.component.multipliers for step in one.steps]
    return [*gates, *(Fraction(since) * quota for since in steps)]


def _line(part: Part, totals: Sequence[Fraction]) -> _Line | None:
    """Return the line through what three totals earn; None: there is none."""
    made = [earned(part, of_total(part, total)) for total in totals]
    (one, other, last), (first, middle, end) = (m.exact for m in made), totals
    rise = (last - one) / (end - first) if end != first else ZERO
    if other != one + rise * (middle - first):
        return None
    ladder, slices = part.ladder, made[1].slices
    is_tier = bool(part.component.tiers) and ladder is not None and slices
    tier = ladder.bounds.index(slices[-1].since) + 1 if is_tier and ladder else 0
    return one - rise * first, rise / _UNIT, tier
