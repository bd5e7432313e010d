"""Acts of payroll in the order they take effect, and the entries they make. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeVar

from schemas.definitions import Bundle
from schemas.payroll import (
    Forgiveness,
    ManualEntry,
    Opening,
    Payroll,
    PeriodAct,
    PeriodStep,
    closed_before,
)
from streams.domain.drawing import Drawn, forgiven
from streams.domain.pay_balances import (
    EARNED,
    ELIGIBLE,
    FORGIVENESS,
    MANUAL,
    OPENING,
    PAID,
    RELEASED,
    Balances,
    Item,
)
from streams.domain.pay_periods import in_order, span_of
from streams.domain.pay_run import Deals, Desk, Made, People
from streams.domain.periods import Span

T = TypeVar("T", Opening, ManualEntry, Forgiveness)


class Acts(NamedTuple):
    """What one revision of payroll adds that makes entries."""

    openings: tuple[Opening, ...] = ()
    manual: tuple[ManualEntry, ...] = ()
    forgiven: tuple[Forgiveness, ...] = ()
    periods: tuple[PeriodAct, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.openings or self.manual or self.forgiven or self.periods)


def new_acts(before: Payroll, after: Payroll) -> Acts:
    """Return what is approved, closed or paid in a revision and was not in the one before."""
    steps = (PeriodStep.CLOSED, PeriodStep.PAID)
    done = {(a.step, span_of(a)) for a in before.periods}
    return Acts(
        _approved(before.openings, after.openings, "opening_id"),
        _approved(before.manual, after.manual, "manual_id"),
        _approved(before.forgiven, after.forgiven, "forgiveness_id"),
        tuple(
            act
            for act in in_order(after.periods)
            if act.step in steps and (act.step, span_of(act)) not in done
        ),
    )


def _approved(before: tuple[T, ...], after: tuple[T, ...], name: str) -> tuple[T, ...]:
    old = {getattr(one, name) for one in before if one.approved_by}
    new = (one for one in after if one.approved_by and getattr(one, name) not in old)
    return tuple(sorted(new, key=lambda one: str(getattr(one, name))))


def run(bundle: Bundle, before: Payroll, balances: Balances, deals: Deals) -> list[Made]:
    """Return the entries that a revision of payroll makes; balances move with them.

    Args:
        bundle: the definitions in force at the revision.
        before: payroll as it was below it.
        balances: of the ledger below the revision's cut.
        deals: of the credits below it.
    """
    acts = new_acts(before, bundle.payroll)
    desk = Desk(bundle, balances, deals)
    closed = closed_before(before.periods)
    made: list[Made] = []
    for opening in acts.openings:
        made += _opened(desk, opening)
    for manual in acts.manual:
        made += _manual(desk, manual, closed)
    for debt in acts.forgiven:
        made += _forgiven(desk, debt, closed)
    for act in acts.periods:
        is_close = act.step is PeriodStep.CLOSED
        made += desk.closed(span_of(act)) if is_close else desk.paid(span_of(act))
    return made


def _opened(desk: Desk, one: Opening) -> Iterator[Made]:
    origin = desk.plan_span(one.plan_id, one.component_id, one.day)
    item = Item(one.rep_id, one.plan_id, one.component_id, origin, one.currency)
    if one.deal_id:
        item = item._replace(deal_id=one.deal_id)
    elif not one.debt:
        item = item._replace(apart=OPENING, named=one.opening_id)
    balances: Mapping[str, Decimal] = {ELIGIBLE: one.paid, RELEASED: one.paid, PAID: one.paid}
    if one.debt:
        balances = {RELEASED: one.debt, PAID: one.debt}
    elif not one.deal_id:
        balances = {EARNED: one.earned, **balances}
    people = People(one.reason, one.by, one.approved_by)
    for state, amount in balances.items():
        told = Drawn(state, OPENING, amount, "taken over from another system")
        yield from desk.make(item, OPENING, origin, told, people)


def _manual(desk: Desk, one: ManualEntry, closed: date | None) -> Iterator[Made]:
    plan_id, component_id = one.plan_id or "", one.component_id or one.manual_id
    day = one.origin_start or one.at.date()
    span = _posted(desk, plan_id, component_id, day, closed)
    origin = desk.calendar.span(day, desk.calendar.payroll)
    item = Item(one.rep_id, plan_id, component_id, origin, one.currency, one.deal_id or "",
                MANUAL, one.manual_id)  # fmt: skip
    told = Drawn(EARNED, MANUAL, one.amount, "as written")
    yield from desk.make(item, MANUAL, span, told, People(one.reason, one.by, one.approved_by))


def _forgiven(desk: Desk, one: Forgiveness, closed: date | None) -> Iterator[Made]:
    plan = desk.plans.get(one.plan_id)
    if plan is None:  # the lint refuses it; a plan that is taken away later leaves the debt
        return
    span = _posted(desk, one.plan_id, one.draw_id, one.at.date(), closed)
    item = Item(one.rep_id, one.plan_id, one.draw_id, span, plan.pay_currency or plan.currency)
    debt = desk.debt(item)
    amount = debt if one.amount is None else min(one.amount, debt)
    people = People(one.reason, one.by, one.approved_by)
    for told in forgiven(max(amount, Decimal(0)), "debt that is let go"):
        yield from desk.make(item, FORGIVENESS, span, told, people)


def _posted(desk: Desk, plan_id: str, component_id: str, day: date, closed: date | None) -> Span:
    length = desk.calendar.length(desk.plans.get(plan_id), component_id, MANUAL)
    return desk.calendar.open_span(length or desk.calendar.payroll, day, closed)
