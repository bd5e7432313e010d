"""What everybody has earned, in amounts alone: `paying.line_of` without its trace."""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.plan_components import Component
from streams.domain.clawing import is_reduced
from streams.domain.ladders import text_of
from streams.domain.measuring import View, origins
from streams.domain.paying import line_of
from streams.domain.payouts import Line, exchange_of
from streams.domain.periods import Span
from streams.domain.plan_parts import Part
from streams.domain.straight import Straight, is_by_total, straight_of

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


class Amounts:
    """What payees of one plan have earned; pieces are made for parts that many have."""

    def __init__(self, often: int = OFTEN) -> None:
        self._often = often
        self._met: dict[int, int] = {}
        self._made: dict[int, tuple[Part, Straight | None]] = {}  # the part keeps its id taken
        self._by_total: dict[str, bool] = {}

    def of(self, view: View, within: Span | None = None) -> Iterator[Amounted]:
        """Yield what a payee has earned in each period of each component.

        Args:
            within: only periods that have a day in it; None: all.
        """
        is_opened = view.is_opened  # pieces begin at 0
        for component in view.plan.components:
            name = component.component_id
            if name not in self._by_total:
                self._by_total[name] = is_by_total(component) and not is_reduced(view.plan)
            for origin in origins(view, component):
                if within is not None and not origin.within(within).days:
                    continue
                straight = None
                if self._by_total[name] and not is_opened:
                    straight = self._straight(view.part(component, origin))
                if straight is not None:
                    yield _quickly(view, component, origin, straight)
                else:
                    yield amounted(view, line_of(view, component, origin))

    def _straight(self, part: Part) -> Straight | None:
        if id(part) in self._made:
            return self._made[id(part)][1]
        self._met[id(part)] = self._met.get(id(part), 0) + 1
        if self._met[id(part)] < self._often:
            return None
        self._made[id(part)] = part, straight_of(part)
        return self._made[id(part)][1]


def _quickly(view: View, component: Component, origin: Span, straight: Straight) -> Amounted:
    counted = view.selected[component.component_id][origin]
    lacks = [one.lacks for one in counted if one.lacks]
    exchange = exchange_of(view, origin, lacks)
    paid = view.plan.pay_currency or view.plan.currency
    made, tier = straight.earned(sum(one.plain for one in counted), exchange)
    if paid != view.plan.currency and exchange is None:
        made = 0  # better nothing than one currency for another
    return Amounted(
        component.component_id, origin, paid, made, tier, _since(straight.part, tier), bool(lacks)
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
