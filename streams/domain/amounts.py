"""What everybody has earned, in amounts alone: `paying.line_of` without its trace."""

from collections.abc import Iterator
from enum import Enum, auto
from fractions import Fraction
from typing import NamedTuple

from schemas.plan_components import Component
from schemas.plans import Plan
from streams.domain.clawing import is_reduced
from streams.domain.ladders import is_reached, text_of
from streams.domain.measuring import View, at_gates, origins
from streams.domain.paying import line_of
from streams.domain.payouts import Line, exchange_of
from streams.domain.periods import Span
from streams.domain.plan_parts import Part
from streams.domain.straight import (
    Straight,
    is_by_total,
    is_gated_total,
    straight_of,
    without_gates,
)

OFTEN = 40  # payees of one part, from which on pieces cost less than they save


class Amounted(NamedTuple):
    """A line without its trace.

    Attributes:
        rounded: in ten-thousandths of the currency.
        tier: number of the highest tier reached, from 1; 0: none, or no single total.
        since: where it begins, in units of what is credited.
        lacks: whether anything is missing, so that it is not final.
    """

    component_id: str
    origin: Span
    currency: str
    rounded: int
    tier: int
    since: str
    lacks: bool


class _Way(Enum):
    """How a component is computed."""

    BY_TOTAL = auto()  # in pieces, by its own total alone
    GATED = auto()  # the same, but for gates that are looked at beside it
    PLAINLY = auto()


class Amounts:
    """What payees of one plan have earned; pieces are made for parts that many have."""

    def __init__(self, often: int = OFTEN) -> None:
        self._often = often
        self._met: dict[int, int] = {}
        self._made: dict[int, tuple[Part, Straight | None]] = {}  # the part keeps its id taken
        self._ways: dict[str, _Way] = {}
        self._since: dict[tuple[int, int], str] = {}

    def of(self, view: View, within: Span | None = None) -> Iterator[Amounted]:
        """Yield what a payee has earned in each period of each component.

        Args:
            within: only periods that have a day in it; None: all.
        """
        is_opened = bool(view.context.opened) and view.is_opened  # pieces begin at 0
        for component in view.plan.components:
            way = _Way.PLAINLY if is_opened else self._way(view, component)
            for origin in origins(view, component):
                if within is not None and not (
                    origin.start < within.end and within.start < origin.end
                ):
                    continue
                straight = None
                if way is not _Way.PLAINLY:
                    straight = self._straight(view.part(component, origin), way)
                if straight is not None:
                    yield self._quickly(view, component, origin, straight)
                else:
                    yield amounted(view, line_of(view, component, origin))

    def _way(self, view: View, component: Component) -> _Way:
        name = component.component_id
        if name not in self._ways:
            self._ways[name] = _way_of(view.plan, component)
        return self._ways[name]

    def _straight(self, part: Part, way: _Way) -> Straight | None:
        if id(part) in self._made:
            return self._made[id(part)][1]
        self._met[id(part)] = self._met.get(id(part), 0) + 1
        if self._met[id(part)] < self._often:
            return None
        bare = part
        if way is _Way.GATED:
            bare = part._replace(component=without_gates(part.component))
        self._made[id(part)] = part, straight_of(bare)
        return self._made[id(part)][1]

    def _quickly(
        self, view: View, component: Component, origin: Span, straight: Straight
    ) -> Amounted:
        counted = view.selected[component.component_id][origin]
        lacks = [one.lacks for one in counted if one.lacks]
        exchange = exchange_of(view, origin, lacks)
        paid = view.plan.pay_currency or view.plan.currency
        is_open = self._ways[component.component_id] is _Way.BY_TOTAL or _is_open(
            view, component, origin, lacks, straight.part
        )
        total = sum(one.plain for one in counted)
        made, tier = straight.earned(total, exchange, is_open=is_open)
        if paid != view.plan.currency and exchange is None:
            made = 0  # better nothing than one currency for another
        key = (id(straight), tier)
        if key not in self._since:
            self._since[key] = _since(straight.part, tier)
        name = component.component_id
        return Amounted(name, origin, paid, made, tier, self._since[key], bool(lacks))


def _way_of(plan: Plan, component: Component) -> _Way:
    if is_reduced(plan):
        return _Way.PLAINLY
    if is_by_total(component):
        return _Way.BY_TOTAL
    return _Way.GATED if is_gated_total(component) else _Way.PLAINLY


def _is_open(view: View, component: Component, origin: Span, lacks: list[str], part: Part) -> bool:
    """Return whether all gates of a component are cleared; `lacks` takes in what is missing."""
    stands = at_gates(view, component, origin, lacks)
    return all(
        value is not None and is_reached(value, Fraction(gate.since), part.boundary)
        for gate, value in zip(component.gates, stands, strict=True)
    )


def amounted(view: View, line: Line) -> Amounted:
    """Return a line without its trace."""
    tier, since = tier_of(view, line)
    return Amounted(
        line.component_id, line.origin, line.currency, line.earned.rounded, tier, since,
        bool(line.lacks),
    )  # fmt: skip


def tier_of(view: View, line: Line) -> tuple[int, str]:
    """Return the number of the highest tier a line reached, from 1, and where it begins."""
    climbed = line.earned.climbed
    component = next((c for c in view.plan.components if c.component_id == line.component_id), None)
    if component is None or len(climbed) != 1 or climbed[0].amount.name:
        return 0, ""
    part = view.part(component, line.origin)
    slices = climbed[0].slices
    if part.ladder is None or not component.tiers or not slices:
        return 0, ""
    tier = part.ladder.bounds.index(slices[-1].since) + 1
    return tier, _since(part, tier)


def _since(part: Part, tier: int) -> str:
    return text_of(part.ladder.bounds[tier - 1]) if tier and part.ladder else ""
