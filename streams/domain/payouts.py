"""When what was earned is paid: caps of payouts, what they carry on, and guarantees."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.definitions import NO_END
from schemas.plan_choices import Anchor, CapPer, Excess, PlanPeriod
from schemas.plan_components import Component
from schemas.plans import Guarantee
from streams.domain.counting import period_in
from streams.domain.earning import Earned, Exchange, Step, rounded
from streams.domain.ladders import ZERO, decimal_of, text_of, units_of
from streams.domain.measuring import View
from streams.domain.periods import Span
from streams.domain.plan_parts import cap_of


class Instalment(NamedTuple):
    """What a payout period pays of a line, in the line's currency."""

    payout: Span
    amount: Decimal


class Line(NamedTuple):
    """One component of one origin period.

    Attributes:
        component_id: or the guarantee's id.
        instalments: when it is paid; they add up to `amount`, unless a cap of payouts takes away.
        lacks: what is missing, so that the amount is not final.
        is_clawback: what a cancelled deal takes back, below 0.
    """

    plan_id: str
    component_id: str
    origin: Span
    currency: str
    earned: Earned
    instalments: tuple[Instalment, ...]
    lacks: tuple[str, ...] = ()
    is_clawback: bool = False

    @property
    def amount(self) -> Decimal:
        """What is earned, rounded."""
        return decimal_of(self.earned.rounded)


def exchange_of(view: View, origin: Span, lacks: list[str]) -> Exchange | None:
    """Return the rate into the pay currency; None: it is the plan's, or there is none (lacks)."""
    base, quote = view.plan.currency, view.plan.pay_currency
    if quote in (None, base):
        return None
    is_start = view.plan.pay_rate_on is Anchor.PERIOD_START
    day = origin.start if is_start else origin.end - timedelta(days=1)
    found = view.context.exchanges.rate(base, quote, day)
    if found is None:
        lacks.append(f"no rate from {base} to {quote} on or before {day}")
        return None
    return Exchange(quote, found.rate, str(found.on))


def capped(view: View, component: Component, lines: Sequence[Line]) -> list[Line]:
    """Return a component's lines as paid under a cap of payouts, or one that carries: oldest first.

    What a period owes back makes room for more. What is still carried at the end of all days is
    never paid.
    """
    cap = component.cap
    is_in_line = cap is None or (cap.per is CapPer.PERIOD and cap.excess is Excess.LOST)
    if cap is None or is_in_line or cap.per is CapPer.TRANSACTION or not lines:
        return list(lines)
    due: dict[Span, list[tuple[int, Decimal]]] = defaultdict(list)
    for at, line in enumerate(lines):
        for one in line.instalments:
            due[one.payout].append((at, one.amount))
    paid: list[list[Instalment]] = [[] for _ in lines]
    waiting: list[tuple[int, Decimal]] = []
    payout = min(due, default=None)
    while payout is not None and payout.start < NO_END and (due or waiting):
        now = sorted([*waiting, *due.pop(payout, [])])
        room = _room(view, component, lines[now[-1][0] if now else 0], payout)
        waiting = []
        for at, amount in now:
            pays = min(amount, max(room, Decimal(0)))
            room -= pays
            if pays:
                paid[at].append(Instalment(payout, pays))
            if amount > pays and cap.excess is Excess.CARRIED:
                waiting.append((at, amount - pays))
        payout = view.context.span(payout.end, payout_period(view, component))
    return [line._replace(instalments=tuple(each)) for line, each in zip(lines, paid, strict=True)]


def payout_period(view: View, component: Component) -> PlanPeriod:
    """Return how often a component is paid out."""
    return view.plan.payout or period_in(view.plan, component)


def _room(view: View, component: Component, line: Line, payout: Span) -> Decimal:
    """Return the cap in the currency that is paid."""
    part = view.part(component, line.origin)
    most, exchange = cap_of(part), exchange_of(view, payout, [])
    if most is None:
        return Decimal("Infinity")
    rate, currency = (exchange.rate, exchange.currency) if exchange else (1, part.currency)
    return decimal_of(rounded(most * rate, currency, part.rounding))


def guaranteed(
    view: View, lines: Sequence[Line], as_of: date | None, closed: date | None = None
) -> list[Line]:
    """Return what guarantees add to payouts that fall short of them.

    Args:
        as_of: for payout periods begun by then; None: for those that pay anything.
        closed: without as_of, for those that end by then, too.
    """
    plan = view.plan
    found: list[Line] = []
    for one in plan.guarantees:
        if one.reps and view.payee not in one.reps:
            continue
        window = Span(one.valid_from, one.valid_to)
        known = {i.payout for line in lines for i in line.instalments}
        for payout in view.context.spans(window, plan.payout or plan.period):
            is_due = payout in known or (closed is not None and payout.end <= closed)
            if as_of is not None:
                is_due = payout.start <= as_of
            if payout.start in window and is_due:
                found += _topped_up(view, one, payout, (*lines, *found))
    return found


def _topped_up(view: View, guarantee: Guarantee, payout: Span, lines: Iterable[Line]) -> list[Line]:
    plan, lacks = view.plan, list[str]()
    exchange = exchange_of(view, payout, lacks)
    if lacks:
        return []
    rate, currency = (exchange.rate, exchange.currency) if exchange else (1, plan.currency)
    wanted = rounded(Fraction(guarantee.amount) * rate, currency, plan.rounding)
    every = (i.amount for line in lines for i in line.instalments if i.payout == payout)
    paid = units_of(sum(every, Decimal(0)))
    short = wanted - paid
    if short <= 0:
        return []
    exact = Fraction(decimal_of(short))
    least = f"{text_of(Fraction(guarantee.amount))} {plan.currency}"
    text = f"{least} guaranteed, {text_of(Fraction(decimal_of(paid)))} paid"
    made = Earned(ZERO, (), (Step("guarantee", text, exact),), exact, short)
    once = (Instalment(payout, decimal_of(short)),)
    return [Line(plan.plan_id, guarantee.guarantee_id, payout, currency, made, once)]
