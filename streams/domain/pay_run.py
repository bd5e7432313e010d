"""A pay run: what acts of payroll make of the balances below them. Pure.

What an act makes is a function of the ledger below its cut, of credits below it and of the acts up
to it; so it may be made again at any time and is the same. Acts of one revision follow each other:
openings, manual entries, debts let go, closes, payments.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.definitions import NO_END, Bundle
from schemas.payroll import Hold
from schemas.plan_components import Component
from schemas.plans import Plan
from streams.domain.drawing import Drawn, Payee, drawn
from streams.domain.eligibility import Billing, eligible_of, eligible_share, pooled_share
from streams.domain.pay_balances import (
    ELIGIBLE,
    NOTHING,
    PAID,
    PAYOUT,
    RELEASE,
    RELEASED,
    Balances,
    Item,
    Moved,
)
from streams.domain.pay_calendar import Calendar
from streams.domain.periods import DAY, Span
from streams.domain.plan_context import is_on

Deals = Mapping[tuple[str, str], Billing]  # payee and deal -> what is known of it


class People(NamedTuple):
    """Who is answerable for an entry; empty for what is computed."""

    reason: str = ""
    author: str = ""
    approver: str = ""


COMPUTED = People()


class Made(NamedTuple):
    """An entry that a pay run makes.

    Attributes:
        posted: the payout period it falls due in and is posted in.
        before: the balance it moves, before it.
        formula: how its amount came to be, in words.
    """

    item: Item
    state: str
    kind: str
    posted: Span
    amount: Decimal
    before: Decimal
    formula: str
    people: People = COMPUTED

    @property
    def moved(self) -> Moved:
        """What it moves."""
        return Moved(self.item, self.state, self.kind, self.posted, self.amount)


class Desk:
    """Balances as acts change them, with the definitions in force at the acts."""

    def __init__(self, bundle: Bundle, balances: Balances, deals: Deals) -> None:
        self.bundle, self.balances, self.deals = bundle, balances, deals
        self.plans = {plan.plan_id: plan for plan in bundle.plans.plans}
        self.calendar = Calendar(bundle)
        self._stints = {rep.rep_id: rep.history for rep in bundle.roster.reps}
        self.holds = [hold for hold in bundle.payroll.holds if hold.released_at is None]

    def plan_span(self, plan_id: str, component_id: str, day: date) -> Span:
        """Return the period of a component that a day lies in."""
        plan = self.plans.get(plan_id)
        own = (
            next((c for c in plan.components if c.component_id == component_id), None)
            if plan
            else None
        )
        length = (
            own.period if own and own.period else plan.period if plan else self.calendar.payroll
        )
        return self.calendar.span(day, length)

    def make(
        self, item: Item, kind: str, span: Span, one: Drawn, people: People = COMPUTED
    ) -> Iterator[Made]:
        """Yield an entry, if it moves anything, and let it move the balances."""
        if one.amount == 0:
            return
        before = self.balances.of(item, one.state)
        made = Made(item, one.state, kind, span, one.amount, before, one.formula, people)
        self.balances.add(made.moved)
        yield made

    def closed(self, period: Span) -> Iterator[Made]:
        """Yield what closing a payroll period makes eligible, releases and draws."""
        for until in self.calendar.payouts(period):
            before = {item: self.balances.of(item, RELEASED) for item in self.balances.items()}
            for item in self.balances.items():
                if self.is_paid_out(item, until, period.end):
                    yield from self._released(item, until)
            yield from self._drawn(until, before)

    def paid(self, period: Span) -> Iterator[Made]:
        """Yield the payments of a closed period: all that is released and not paid, per payee.

        Who owes more than is released is paid nothing; it is set off in the next period.
        """
        owed: dict[tuple[str, str], list[tuple[Item, Decimal]]] = defaultdict(list)
        for item in self.balances.items():
            due = self.balances.released(item, period.end) - self.balances.of(item, PAID)
            if due:
                owed[item.rep_id, item.currency].append((item, due))
        for some in owed.values():
            if sum((due for _, due in some), NOTHING) > 0:
                for item, due in some:
                    told = Drawn(PAID, PAYOUT, due, "released - paid")
                    yield from self.make(item, PAYOUT, period, told)

    def is_paid_out(self, item: Item, until: date, end: date) -> bool:
        """Return whether an item is paid on a payout day; what no plan knows, when all closes."""
        if self._is_draw(item):
            return False
        length = self.calendar.length(self.plans.get(item.plan_id), item.component_id, item.apart)
        return until == end if length is None else self.calendar.ends(length, until)

    def _released(self, item: Item, until: date) -> Iterator[Made]:
        target, told = self._eligible(item, until)
        period = self.calendar.payout(self.plans.get(item.plan_id), item, until)
        was = self.balances.of(item, ELIGIBLE)
        if target > was and self._is_held(item):
            target = was
        yield from self.make(item, ELIGIBLE, period, Drawn(ELIGIBLE, ELIGIBLE, target - was, told))
        due = self.balances.of(item, ELIGIBLE) - self.balances.of(item, RELEASED)
        told = "eligible - released, when the period closed"
        yield from self.make(item, RELEASE, period, Drawn(RELEASED, RELEASE, due, told))

    def _eligible(self, item: Item, until: date) -> tuple[Decimal, str]:
        due = self.balances.due(item, until)
        share = self._share(item, until)
        found = eligible_of(item, due, share, self.balances.opened(item))
        return found, f"{due:f} earned x {share} eligible, less what was eligible before"

    def _share(self, item: Item, until: date) -> Fraction:
        component = self._component(item)
        if item.apart or component is None:
            return Fraction(1)
        if item.deal_id:
            deal = self.deals.get((item.rep_id, item.deal_id))
            return eligible_share(component.eligible, deal, until)
        alike = (
            other
            for other in self.balances.alike(item)
            if other.deal_id and not other.apart and other._replace(deal_id="") == item
        )
        return pooled_share(
            (self.balances.due(each, until), self._share(each, until)) for each in alike
        )

    def _component(self, item: Item) -> Component | None:
        plan = self.plans.get(item.plan_id)
        parts = plan.components if plan else ()
        return next((c for c in parts if c.component_id == item.component_id), None)

    def _is_draw(self, item: Item) -> bool:
        plan = self.plans.get(item.plan_id)
        return plan is not None and any(d.draw_id == item.component_id for d in plan.draws)

    def _is_held(self, item: Item) -> bool:
        return any(_holds(hold, item.rep_id, item.deal_id) for hold in self.holds)

    def _drawn(self, until: date, before: Mapping[Item, Decimal]) -> Iterator[Made]:
        earned: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        for item in self.balances.items():
            change = self.balances.of(item, RELEASED) - before.get(item, NOTHING)
            earned[item.rep_id, item.plan_id, item.currency] += change
        for plan in self.bundle.plans.plans:
            length = plan.payout or plan.period
            if plan.draws and self.calendar.ends(length, until):
                span = self.calendar.span(until - DAY, length)
                for rep_id in self._payees(plan):
                    key = (rep_id, plan.plan_id, plan.pay_currency or plan.currency)
                    yield from self._draws(plan, rep_id, span, earned[key])

    def _payees(self, plan: Plan) -> list[str]:
        """Return who may draw, or owes: who left is no longer on the roster, but may owe still."""
        there = {rep.rep_id for rep in self.bundle.roster.reps if is_on(plan, rep.rep_id)}
        ids = {draw.draw_id for draw in plan.draws}
        owing = {i.rep_id for i in self.balances.items()
                 if i.plan_id == plan.plan_id and i.component_id in ids}  # fmt: skip
        return sorted(there | owing)

    def _draws(self, plan: Plan, rep_id: str, span: Span, earned: Decimal) -> Iterator[Made]:
        if any(_holds(hold, rep_id, "") for hold in self.holds):
            return
        currency = plan.pay_currency or plan.currency
        for draw in plan.draws:
            item = Item(rep_id, plan.plan_id, draw.draw_id, span, currency)
            may = not draw.reps or rep_id in draw.reps
            payee = Payee(
                earned,
                self.debt(item),
                may and self._is_there(rep_id, span.end - DAY),
                may and self._is_there(rep_id, span.end),
            )
            for one in drawn(draw, span, payee, currency):
                yield from self.make(item, one.kind, span, one)
                earned += one.amount if one.state == RELEASED else NOTHING

    def debt(self, item: Item) -> Decimal:
        """Return what a payee owes of a draw, whenever it was drawn."""
        mine = (one for one in self.balances.alike(item) if one.currency == item.currency)
        return sum((self.balances.debt(one) for one in mine), NOTHING)

    def _is_there(self, rep_id: str, day: date) -> bool:
        stints = self._stints.get(rep_id, ())
        return any(one.valid_from <= day < (one.valid_to or NO_END) for one in stints)


def _holds(hold: Hold, rep_id: str, deal_id: str) -> bool:
    return hold.rep_id in (None, rep_id) and hold.deal_id in (None, deal_id)
