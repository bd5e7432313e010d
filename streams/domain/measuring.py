"""What is measured for a component of one payee in a period: totals, and what gates look at."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.plan_choices import Basis, Bounds, Measure, Scope
from schemas.plan_components import Component
from schemas.plans import Plan
from streams.domain.clawing import is_gone, reductions
from streams.domain.counting import ByPeriod, Counted, period_in, selected
from streams.domain.earning import Amount, Total
from streams.domain.ladders import AMOUNT_SCALE, ZERO
from streams.domain.periods import Span
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Book, Credit, Units
from streams.domain.plan_parts import Part, Parts

_UNIT = 10**AMOUNT_SCALE


class ByDeal(NamedTuple):
    """What each deal counts in a period, as it is and times its factors; what is missing."""

    deals: Mapping[str, tuple[Units, Units]]
    lacks: tuple[str, ...]


class View(NamedTuple):
    """One payee under one plan.

    Attributes:
        selected: what counts, by component and its period.
        parts: components as they are for payees.
        known: what was added up before.
        until: what counts on this day and later is left out; None: nothing is.
        keeps: whether a credit counts here at all; None: each does.
    """

    plan: Plan
    payee: str
    context: Context
    selected: Mapping[str, ByPeriod]
    parts: Parts
    known: "dict[tuple[str, Span, date | None], ByDeal]"
    until: date | None = None
    keeps: Callable[[Credit], bool] | None = None

    @property
    def is_opened(self) -> bool:
        """Whether a ladder of the payee begins with what another system left."""
        return any(self.opened(component) for component in self.plan.components)

    def opened(self, component: Component) -> Mapping[Span, int]:
        """Return what was attained in another system, by period, in ten-thousandths."""
        key = (self.payee, self.plan.plan_id, component.component_id)
        return self.context.opened.get(key, {})

    def component(self, component_id: str) -> Component:
        """Return a component of the plan."""
        return next(c for c in self.plan.components if c.component_id == component_id)

    def counted(self, component: Component, span: Span) -> Iterator[Counted]:
        """Yield what counts for a component in some of its periods."""
        found = self.selected[component.component_id]
        for period in self.context.spans(span, period_in(self.plan, component)):
            for one in found.get(period, ()):
                if (self.until is None or one.day < self.until) and (
                    self.keeps is None or (one.credit is not None and self.keeps(one.credit))
                ):
                    yield one

    def credits(self, component: Component, span: Span) -> Iterator[Credit]:
        """Yield the credits that count for a component in some of its periods."""
        return (one.credit for one in self.counted(component, span) if one.credit is not None)

    def reductions(self) -> list[date]:
        """Return the days from which credits climb without some other deal, in order."""
        every = (c for one in self.selected.values() for some in one.values() for c in some)
        return list(reductions(self.plan, (c.credit for c in every if c.credit is not None)))

    def without_gone(self, day: date) -> "View":
        """Return what is left once what was taken back by a day is out."""
        plan, keeps = self.plan, self.keeps
        return self._replace(
            keeps=lambda c: (keeps is None or keeps(c)) and not is_gone(plan, c, day)
        )

    def part(self, component: Component, span: Span) -> Part:
        """Return a component as it is for the payee in a period."""
        kpi = component.quota_kpi
        asked = self.context.quota(self.payee, kpi, span) if kpi else None
        if asked is None:
            return self.parts.of(component, self.payee)
        return self.parts.of(component, self.payee, *asked)


def view_of(
    plan: Plan, payee: str, book: Book, context: Context, only: Collection[str] = ()
) -> View:
    """Return what a plan sees of a payee's credits and, for overrides, of those below.

    Args:
        only: components to see anything for; none: all of them.
    """
    counted = {
        c.component_id: selected(plan, c, payee, book, context)
        for c in plan.components
        if not only or c.component_id in only
    }
    return View(plan, payee, context, counted, Parts(plan), {})


def origins(view: View, component: Component) -> list[Span]:
    """Return the periods in which there is anything to compute, in order."""
    context, plan = view.context, view.plan
    period = period_in(plan, component)
    if component.counts.measure is Measure.SCORE:
        mine = (view.payee, plan.plan_id, component.component_id)
        return sorted({context.span(day, period) for day in context.rated.get(mine, ())})
    if component.counts.measure is Measure.KPI:
        kpi = (view.payee, component.counts.kpi)
        spans = {span for *whose, span in context.kpis if tuple(whose) == kpi}
        return sorted(s for s in spans if s == context.span(s.start, period))
    return sorted({*view.selected[component.component_id], *view.opened(component)})


def measured(view: View, component: Component, origin: Span, lacks: list[str]) -> Total:
    """Return what is measured for a component in a period.

    Args:
        lacks: takes in what is missing, in words.
    """
    amounts = tuple(_amounts(view, component, origin, lacks))
    credited = amounts[0].plain if len(amounts) == 1 else sum((a.plain for a in amounts), ZERO)
    gates = at_gates(view, component, origin, lacks)
    attained = []
    for one in component.multipliers:
        if one.steps:
            of = view.component(one.component_id) if one.component_id else component
            value = _looked_at(view, of, one.basis, origin, lacks)
            attained.append(_over(value, _asked(view, of, one.basis, origin), of, lacks))
    return Total(credited, amounts, tuple(gates), tuple(attained))


def at_gates(
    view: View, component: Component, origin: Span, lacks: list[str]
) -> list[Fraction | None]:
    """Return what stands at each gate, in its bounds; None: its quota is not known."""
    found = []
    for gate in component.gates:
        of = view.component(gate.component_id) if gate.component_id else component
        value = _looked_at(view, of, gate.basis, origin, lacks)
        asked = _asked(view, of, gate.basis, origin) if gate.bounds is Bounds.ATTAINMENT else 1
        found.append(_over(value, asked, of, lacks))
    return found


def _amounts(view: View, component: Component, origin: Span, lacks: list[str]) -> Iterator[Amount]:
    measure = component.counts.measure
    if measure in (Measure.SCORE, Measure.KPI):
        is_whole = view.until is None or view.until >= origin.end
        value = _given(view, component, origin, lacks) if is_whole else ZERO
        yield Amount("", value, value)
        return
    deals = _by_deal(view, component, origin, lacks)
    if component.scope is Scope.TRANSACTION:
        yield from (_amount(name, *deals[name]) for name in sorted(deals))
        return
    every = deals.values()
    yield _amount("", sum(plain for plain, _ in every), sum(weighed for _, weighed in every))


def _by_deal(
    view: View, component: Component, origin: Span, lacks: list[str]
) -> Mapping[str, tuple[Units, Units]]:
    key = (component.component_id, origin, view.until)
    found = view.known.get(key) if view.keeps is None else _added(view, component, origin)
    if found is None:
        found = view.known[key] = _added(view, component, origin)
    lacks += found.lacks
    return found.deals


def _added(view: View, component: Component, origin: Span) -> ByDeal:
    deals, lacks = dict[str, tuple[Units, Units]](), []
    for one in view.counted(component, origin):
        if one.lacks:
            lacks.append(one.lacks)
            continue
        plain, weighed = deals.get(one.deal_id, (0, 0))
        deals[one.deal_id] = plain + one.plain, weighed + one.weighed
    if component.counts.measure is Measure.DEALS:
        deals = {
            name: (_UNIT, _UNIT * Fraction(weighed, plain))
            for name, (plain, weighed) in deals.items()
            if plain > 0
        }
    if opened := view.opened(component).get(origin):
        plain, weighed = deals.get("", (0, 0))  # where sums of several deals stand, too
        deals = {**deals, "": (plain + opened, weighed + opened)}
    return ByDeal(deals, tuple(lacks))


def _amount(name: str, plain: Units, weighed: Units) -> Amount:
    whole = Fraction(plain, _UNIT)
    return Amount(name, whole, whole if weighed == plain else Fraction(weighed, _UNIT))


def _given(view: View, component: Component, origin: Span, lacks: list[str]) -> Fraction:
    """Return a score or the value of a KPI; what is not there yet counts 0."""
    context, counts = view.context, component.counts
    if counts.measure is Measure.KPI:
        value = context.kpis.get((view.payee, counts.kpi or "", origin))
        if value is None:
            lacks.append(f"no value of {counts.kpi} for {_told(origin)}")
        return Fraction(value or 0)
    total = ZERO
    for goal in component.objectives:
        key = (view.payee, view.plan.plan_id, component.component_id, goal.objective_id)
        score = context.scores.get((*key, origin.start))
        if score is None:
            lacks.append(f"no score of {goal.objective_id} for {_told(origin)}")
        total += Fraction(goal.weight) * Fraction(score or 0)
    return total


def _looked_at(
    view: View, component: Component, basis: Basis, origin: Span, lacks: list[str]
) -> Fraction:
    """Return what a gate or multiplier sees of a component."""
    span = view.context.looked_at(origin, basis)
    each = view.context.spans(span, period_in(view.plan, component))
    if component.counts.measure in (Measure.SCORE, Measure.KPI):
        given = (one.plain for p in each for one in _amounts(view, component, p, lacks))
        return sum(given, ZERO)
    deals = (_by_deal(view, component, period, lacks) for period in each)
    return Fraction(sum(plain for found in deals for plain, _ in found.values()), _UNIT)


def _asked(view: View, component: Component, basis: Basis, origin: Span) -> Decimal | None:
    """Return the quota of the days looked at; periods without one ask for nothing."""
    span = view.context.looked_at(origin, basis)
    each = view.context.spans(span, period_in(view.plan, component))
    quotas = [quota for p in each if (quota := view.part(component, p).quota)]
    return sum(quotas, Decimal(0)) if quotas else None


def _over(
    value: Fraction, asked: Decimal | int | None, of: Component, lacks: list[str]
) -> Fraction | None:
    if asked is None:
        lacks.append(f"no quota for {of.component_id}")
        return None
    return value / Fraction(asked)


def _told(span: Span) -> str:
    return f"{span.start} up to {span.end}"
