"""What cancelled deals take back by themselves: what each earned when it came, in event order.

A deal earned the difference of two prefixes: everything up to it, with it and without it, in the
order of days and not of arrival. It is taken back where the cancellation falls due, of the origin
period it was earned in.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from schemas.plan_components import Component
from streams.domain.clawing import event_of, is_gone, is_reduced, share_of, taken_back
from streams.domain.earning import Earned, Exchange, Step, earned, rounded
from streams.domain.ladders import ZERO, decimal_of, text_of
from streams.domain.measuring import View, measured
from streams.domain.payouts import Instalment, Line, exchange_of, payout_period
from streams.domain.plan_credits import Credit


def clawbacks(view: View, component: Component, lines: Sequence[Line]) -> Iterator[Line]:
    """Yield what is taken back of a component's lines."""
    for line in lines:
        exchange = exchange_of(view, line.origin, [])
        if not line.instalments and not line.earned.rounded:
            continue
        for credit in taken_back(view.plan, view.credits(component, line.origin)):
            made = _taken_back(view, component, line, credit, exchange)
            if made is not None:
                yield made


def attributed(
    view: View, component: Component, line: Line, credit: Credit, exchange: Exchange | None
) -> int:
    """Return what a credit earned when it came, in ten-thousandths of what is paid."""
    plan, part, at = view.plan, view.part(component, line.origin), event_of(credit)
    reduces = is_reduced(plan)

    def below(other: Credit) -> bool:
        is_there = not (reduces and is_gone(plan, other, credit.day))
        return is_there and event_of(other) < at

    def upto(other: Credit) -> bool:
        return other is credit or below(other)

    without, with_it = (
        earned(part, measured(view._replace(keeps=k), component, line.origin, []), exchange)
        for k in (below, upto)
    )
    return with_it.rounded - without.rounded


def _taken_back(
    view: View, component: Component, line: Line, credit: Credit, exchange: Exchange | None
) -> Line | None:
    plan, on = view.plan, credit.cancelled_on
    whole = attributed(view, component, line, credit, exchange)
    share = share_of(plan, credit)
    back = rounded(Fraction(decimal_of(whole)) * share, line.currency, plan.rounding)
    if back == 0 or on is None:
        return None
    text = (
        f"{credit.deal_id}: {credit.cancel_reason} on {on}, {plan.clawback.mode}: "
        f"{text_of(share)} of {text_of(Fraction(decimal_of(whole)))} earned"
    )
    exact = -Fraction(decimal_of(back))
    made = Earned(ZERO, (), (Step("clawback", text, exact),), exact, -back)
    payout = view.context.span(on, payout_period(view, component))
    once = (Instalment(payout, decimal_of(-back)),)
    return line._replace(earned=made, instalments=once, lacks=(), is_clawback=True)
