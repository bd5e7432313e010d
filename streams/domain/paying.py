"""F(credits, plan, context) -> what a payee is to be paid, line by line, with its full trace.

A line is one component and origin period: rounded once, so the differences of lines telescope in
any order of arrival. Where payouts are shorter than the period, each is the difference of two
rounded prefixes by day, and they add up to the line.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from schemas.plan_components import Component
from schemas.plans import Plan
from streams.domain.clawbacks import clawbacks
from streams.domain.clawing import is_reduced
from streams.domain.earning import Earned, Exchange, earned, less
from streams.domain.ladders import decimal_of
from streams.domain.measuring import View, measured, origins, view_of
from streams.domain.payouts import (
    Instalment,
    Line,
    capped,
    exchange_of,
    guaranteed,
    payout_period,
)
from streams.domain.periods import Span
from streams.domain.plan_context import Context, is_on
from streams.domain.plan_credits import Book
from streams.domain.plan_parts import Part


class Target(NamedTuple):
    """All that a plan pays somebody."""

    payee: str
    plan_id: str
    lines: tuple[Line, ...]

    @property
    def amount(self) -> Decimal:
        """What is earned in all, rounded line by line; of one plan that is one currency."""
        return sum((line.amount for line in self.lines), Decimal(0))

    def paid(self, payout: Span) -> Decimal:
        """Return what one payout period pays."""
        every = (i for line in self.lines for i in line.instalments)
        return sum((i.amount for i in every if i.payout == payout), Decimal(0))


def target(
    plan: Plan, payee: str, book: Book, context: Context, as_of: date | None = None
) -> Target:
    """Return what a plan pays a payee for credits.

    Args:
        book: credits of everybody whose credits may count: the payee's, for overrides those below.
        as_of: guarantees count for payout periods begun by then; None: for those that pay anything.
    """
    if not is_on(plan, payee):
        return Target(payee, plan.plan_id, ())
    return target_of(view_of(plan, payee, book, context), as_of)


def target_of(view: View, as_of: date | None = None) -> Target:
    """Return what a plan pays a payee on what it sees."""
    made = lines(view, view.plan.components)
    made += guaranteed(view, made, as_of)
    return Target(view.payee, view.plan.plan_id, tuple(made))


def lines(view: View, components: Iterable[Component]) -> list[Line]:
    """Return what some components of a plan pay and take back, before guarantees."""
    found: list[Line] = []
    for component in components:
        made = [_line(view, component, origin) for origin in origins(view, component)]
        made += list(clawbacks(view, component, made))
        found += capped(view, component, made)
    return found


def lines_of(view: View) -> Iterator[Line]:
    """Yield what components earn a payee, without when it is paid: no payouts, no guarantees."""
    for component in view.plan.components:
        for origin in origins(view, component):
            yield line_of(view, component, origin)


def line_of(view: View, component: Component, origin: Span) -> Line:
    """Return what a component earns a payee in a period, without when it is paid."""
    return _line(view, component, origin, is_paid=False)


def _line(view: View, component: Component, origin: Span, *, is_paid: bool = True) -> Line:
    lacks: list[str] = []
    plan, part = view.plan, view.part(component, origin)
    paid = plan.pay_currency or plan.currency
    exchange = exchange_of(view, origin, lacks)
    if part.ladder is None:
        lacks.append(f"no quota or variable for {component.component_id} of {origin.start}")
    whole = _earned(view, part, origin, exchange, lacks)
    if paid == plan.currency or exchange is not None:
        instalments = _instalments(view, part, origin, whole, exchange) if is_paid else ()
    else:  # better nothing than one currency for another
        whole, instalments = whole._replace(rounded=0), ()
    told = tuple(sorted(set(lacks)))
    return Line(
        plan.plan_id, component.component_id, origin, paid, whole, instalments, told
    )  # fmt: skip


def _instalments(
    view: View, part: Part, origin: Span, whole: Earned, exchange: Exchange | None
) -> tuple[Instalment, ...]:
    """Return when a line is paid: by the days of its credits, what is known late with the last."""
    component = part.component
    payouts = view.context.spans(origin, payout_period(view, component))
    found, so_far = [], 0
    for payout in payouts:
        now = whole.rounded
        if payout != payouts[-1]:
            earlier = view._replace(until=payout.end)
            now = _earned(earlier, part, origin, exchange, []).rounded
        if now != so_far:
            found.append(Instalment(payout, decimal_of(now - so_far)))
        so_far = now
    return tuple(found)


def _earned(
    view: View, part: Part, origin: Span, exchange: Exchange | None, lacks: list[str]
) -> Earned:
    """Return what a component earns of a period, less what its attainment earned elsewhere."""
    component = part.component
    whole = _climbed(view, part, origin, exchange, lacks)
    opened = view.opened(component).get(origin)
    if not opened:
        return whole
    old = view._replace(keeps=lambda credit: False)
    return less(whole, opened, earned(part, measured(old, component, origin, []), exchange))


def _climbed(
    view: View, part: Part, origin: Span, exchange: Exchange | None, lacks: list[str]
) -> Earned:
    """Return what a component earns of a period; of what reduces attainment, stretch by stretch.

    What was earned before a day from which a deal no longer counts stays; what comes later is the
    difference it makes on a ladder without that deal.
    """
    component = part.component
    if not is_reduced(view.plan):
        return earned(part, measured(view, component, origin, lacks), exchange)
    end = min(view.until or origin.end, origin.end)
    cuts = [day for day in view.reductions() if origin.start < day < end]
    so_far, last = 0, None
    for since, until in pairwise([origin.start, *cuts, view.until]):
        assert since is not None
        here = view.without_gone(since)
        now = earned(part, measured(here._replace(until=until), component, origin, lacks), exchange)
        if last is not None:
            before = measured(here._replace(until=since), component, origin, [])
            so_far -= earned(part, before, exchange).rounded
        so_far, last = so_far + now.rounded, now
    assert last is not None
    return last._replace(rounded=so_far)
