"""What a component earns on what was measured: ladder, gates, factors, floor, cap, one rounding.

Everything up to the rounding is exact. F depends on the set of credits alone, so any order of
arrival gives the same, and the difference of two rounded values telescopes.
"""

from fractions import Fraction
from typing import NamedTuple

from schemas.money import half_even, minor_units
from schemas.plan_choices import (
    Bounds,
    CapPer,
    Combined,
    Excess,
    GatePays,
    Rounding,
)
from schemas.plan_components import Gate
from streams.domain.ladders import AMOUNT_SCALE, ZERO, Slice, decimal_of, is_reached, text_of
from streams.domain.plan_parts import ONE, Part, cap_of


class Amount(NamedTuple):
    """One total that climbs the ladder: as it is, and times the factors of conditions."""

    name: str
    plain: Fraction
    weighed: Fraction


class Total(NamedTuple):
    """What was measured for a component.

    Attributes:
        credited: all that counts, without factors.
        amounts: what climbs the ladder: one total, or one of each deal.
        gates: what stands at each gate, in its bounds; None: its quota is not known.
        attained: by which attainment each multiplier with steps goes; None: no quota.
    """

    credited: Fraction
    amounts: tuple[Amount, ...]
    gates: tuple[Fraction | None, ...] = ()
    attained: tuple[Fraction | None, ...] = ()


class Exchange(NamedTuple):
    """Units of the pay currency for one of the plan's, and the day the rate is dated."""

    currency: str
    rate: Fraction
    on: str


class Step(NamedTuple):
    """One thing that happened to what was earned, in words, and what was left."""

    what: str
    text: str
    result: Fraction


class Climbed(NamedTuple):
    """What one amount earned on the ladder."""

    amount: Amount
    slices: tuple[Slice, ...]
    earns: Fraction


class Earned(NamedTuple):
    """What a component earns: `exact` in its currency, `rounded` in ten-thousandths.

    Attributes:
        climbed: each total with its slices.
        steps: what happened after the ladder, in order.
    """

    credited: Fraction
    climbed: tuple[Climbed, ...]
    steps: tuple[Step, ...]
    exact: Fraction
    rounded: int

    @property
    def slices(self) -> tuple[Slice, ...]:
        """All slices of all totals."""
        return tuple(s for one in self.climbed for s in one.slices)


NOTHING = Earned(ZERO, (), (), ZERO, 0)


def of_total(part: Part, credited: Fraction) -> Total:
    """Return a total that gates and steps go by, too: all that a component of sums needs."""
    quota = Fraction(part.quota) if part.quota else None
    by = None if quota is None else credited / quota
    gates = tuple(credited if g.bounds is Bounds.AMOUNT else by for g in part.component.gates)
    attained = tuple(by for m in part.component.multipliers if m.steps)
    return Total(credited, (Amount("", credited, credited),), gates, attained)


def earned(part: Part, total: Total, exchange: Exchange | None = None) -> Earned:
    """Return what a component earns on what was measured.

    Args:
        exchange: into the currency that is paid; None: it is the plan's.
    """
    if part.ladder is None:
        return NOTHING._replace(credited=total.credited)
    factors = tuple(_factors(part, total))
    climbed = tuple(_climbed(part, one, factors) for one in total.amounts)
    exact = climbed[0].earns if len(climbed) == 1 else sum((one.earns for one in climbed), ZERO)
    steps: list[Step] = []
    for gate, stands in zip(part.component.gates, total.gates, strict=True):
        exact = _gated(part, gate, stands, exact, steps)
    for name, factor in factors:
        exact = _multiplied(part, name, factor, exact, steps)
    exact = _bounded(part, total.credited, exact, steps)
    return finished(part, Earned(total.credited, climbed, tuple(steps), exact, 0), exchange)


def finished(part: Part, one: Earned, exchange: Exchange | None) -> Earned:
    """Return earnings converted and rounded, once, to the minor unit of what is paid."""
    currency, steps, paid = part.currency, one.steps, one.exact
    if exchange is not None:
        currency, paid = exchange.currency, one.exact * exchange.rate
        text = f"x {text_of(exchange.rate)} {exchange.currency} for 1 {part.currency}"
        steps = (*steps, Step("exchange", f"{text}, rate of {exchange.on}", paid))
    return one._replace(steps=steps, rounded=rounded(paid, currency, part.rounding))


def less(whole: Earned, opened: int, old: Earned) -> Earned:
    """Return earnings without those that another system paid, which come to `old` by the plan.

    Args:
        opened: the attainment taken over, in ten-thousandths.
    """
    units = whole.rounded - old.rounded
    text = (
        f"attainment taken over: {text_of(Fraction(decimal_of(opened)))}, "
        f"which comes to {text_of(Fraction(decimal_of(old.rounded)))} and is not earned again"
    )
    steps = (*whole.steps, Step("opening", text, Fraction(decimal_of(units))))
    return whole._replace(steps=steps, exact=whole.exact - old.exact, rounded=units)


def rounded(exact: Fraction, currency: str, rounding: Rounding = Rounding.HALF_EVEN) -> int:
    """Return an amount in whole minor units of a currency, in ten-thousandths.

    >>> rounded(Fraction("0.125"), "EUR"), rounded(Fraction("0.125"), "EUR", Rounding.HALF_UP)
    (1200, 1300)
    """
    return rounded_parts(exact.numerator, exact.denominator, currency, rounding)


def rounded_parts(top: int, bottom: int, currency: str, rounding: Rounding) -> int:
    """Return a quotient of whole numbers in whole minor units, in ten-thousandths."""
    decimals = minor_units(currency)
    top *= 10**decimals
    if rounding is Rounding.HALF_UP:
        whole = (2 * abs(top) + bottom) // (2 * bottom)
        whole = whole if top >= 0 else -whole
    else:
        whole = half_even(top, bottom)
    paid: int = whole * 10 ** (AMOUNT_SCALE - decimals)
    return paid


def _factors(part: Part, total: Total) -> "list[tuple[str, Fraction]]":
    found = []
    by_steps = (m for m in part.component.multipliers if m.steps)
    for multiplier, attained in zip(by_steps, total.attained, strict=True):
        factor = ONE
        for step in sorted(multiplier.steps, key=lambda s: s.since):
            if attained is not None and is_reached(attained, Fraction(step.since), part.boundary):
                factor = Fraction(step.factor)
        found.append((multiplier.multiplier_id, factor))
    return found


def _climbed(part: Part, one: Amount, factors: "tuple[tuple[str, Fraction], ...]") -> Climbed:
    assert part.ladder is not None
    if part.component.multipliers_combine is Combined.ADD:
        more = sum((factor - 1 for _, factor in factors), ZERO)
        one = one._replace(weighed=one.weighed + more * one.plain)
    slices = part.ladder.slices(one.weighed)
    earns = sum((s.earns for s in slices), ZERO)
    most = cap_of(part)
    if most is not None and part.component.cap and part.component.cap.per is CapPer.TRANSACTION:
        earns = min(earns, most)
    return Climbed(one, slices, earns)


def _gated(
    part: Part, gate: Gate, stands: Fraction | None, exact: Fraction, steps: list[Step]
) -> Fraction:
    bound, ladder = Fraction(gate.since), part.ladder
    assert ladder is not None
    told = "unknown" if stands is None else text_of(stands)
    name = f"{gate.bounds.value.lower()} {told} against {text_of(bound)}"
    if stands is None or not is_reached(stands, bound, part.boundary):
        steps.append(Step("gate", f"{name}: not reached", ZERO))
        return ZERO
    if gate.pays is GatePays.ABOVE:
        below = bound * Fraction(part.quota or 0) if gate.bounds is Bounds.ATTAINMENT else bound
        exact = exact - ladder.earned(below)
    steps.append(Step("gate", f"{name}: {gate.pays.value.lower()}", exact))
    return exact


def _multiplied(
    part: Part, name: str, factor: Fraction, exact: Fraction, steps: list[Step]
) -> Fraction:
    if part.component.multipliers_combine is Combined.ADD:
        steps.append(Step("multiplier", f"{name}: {text_of(factor)}, added up above", exact))
        return exact
    steps.append(Step("multiplier", f"{name}: x {text_of(factor)}", exact * factor))
    return exact * factor


def _bounded(part: Part, credited: Fraction, exact: Fraction, steps: list[Step]) -> Fraction:
    least = part.component.floor
    if least is not None and credited > 0 and exact < Fraction(least):
        exact = Fraction(least)
        steps.append(Step("floor", f"at least {text_of(exact)}", exact))
    cap, most = part.component.cap, cap_of(part)
    is_whole = cap is not None and cap.per is CapPer.PERIOD and cap.excess is Excess.LOST
    if is_whole and most is not None and exact > most:
        steps.append(Step("cap", f"{text_of(exact - most)} above the cap is lost", most))
        exact = most
    return exact
