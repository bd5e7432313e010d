"""Draws of one payee at the end of a payout period: topped up, advanced, paid back, let go.

Source: Oracle Siebel, recoverable draws: pay = max(draw, earned - debt), debt += pay - earned.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.definitions import NO_END
from schemas.plan_pay import Draw, DrawKind
from streams.domain.eligibility import rounded
from streams.domain.pay_balances import (
    DRAW,
    EARNED,
    ELIGIBLE,
    FORGIVENESS,
    NOTHING,
    RECOVERY,
    RELEASED,
)
from streams.domain.periods import Span


class Drawn(NamedTuple):
    """What a draw moves, and why in words."""

    state: str
    kind: str
    amount: Decimal
    formula: str


class Payee(NamedTuple):
    """Where a payee stands with a draw when a payout period ends.

    Attributes:
        earned: released in the period by everything else of the plan; below 0: taken back.
        debt: of the draw before it.
        is_there: on the roster on the period's last day.
        is_there_next: on the first day behind it.
    """

    earned: Decimal
    debt: Decimal
    is_there: bool = True
    is_there_next: bool = True


def drawn(draw: Draw, period: Span, payee: Payee, currency: str) -> Iterator[Drawn]:
    """Yield what a draw moves at the end of a payout period; what moves nothing is left out."""
    debt = payee.debt
    if draw.forgive_at_end and period.start >= (draw.valid_to or NO_END) and debt > 0:
        yield from forgiven(debt, "debt when the draw ended")
        debt = NOTHING
    is_guarantee = draw.kind is DrawKind.GUARANTEE
    is_on = is_guarantee and payee.is_there and _is_in(draw, period.start)
    least = draw.amount if is_on else NOTHING
    if is_on and payee.earned < least:
        yield from _topped_up(draw, payee.earned, debt)
    else:
        back = _recovered(draw, period.start, payee.earned - least, debt, currency)
        if back:
            yield Drawn(RELEASED, RECOVERY, -back, "min(debt, recover_rate x (earned - draw))")
        debt -= back
    if not is_guarantee and payee.is_there_next and _is_in(draw, period.end):
        ahead = min(draw.amount, _room(draw, debt))
        if ahead > 0:
            yield Drawn(RELEASED, DRAW, ahead, "advance of the payout period that begins")


def forgiven(debt: Decimal, why: str) -> Iterator[Drawn]:
    """Yield debt that is let go: what was drawn counts as earned."""
    yield Drawn(EARNED, FORGIVENESS, debt, why)
    yield Drawn(ELIGIBLE, FORGIVENESS, debt, why)


def _topped_up(draw: Draw, earned: Decimal, debt: Decimal) -> Iterator[Drawn]:
    top_up = draw.amount - earned
    if draw.recoverable:
        top_up = min(top_up, _room(draw, debt))
    if top_up <= 0:
        return
    if not draw.recoverable:
        yield Drawn(EARNED, DRAW, top_up, "draw - earned")
        yield Drawn(ELIGIBLE, DRAW, top_up, "draw - earned")
    yield Drawn(RELEASED, DRAW, top_up, "draw - earned, as far as the limit allows")


def _recovered(draw: Draw, start: date, surplus: Decimal, debt: Decimal, currency: str) -> Decimal:
    has_begun = draw.recover_from is None or start >= draw.recover_from
    if not has_begun or debt <= 0 or surplus <= 0:
        return NOTHING
    return min(debt, rounded(Fraction(surplus) * Fraction(draw.recover_rate), currency))


def _room(draw: Draw, debt: Decimal) -> Decimal:
    """Return by how much the debt may grow."""
    return Decimal("Infinity") if draw.limit is None else max(draw.limit - debt, NOTHING)


def _is_in(draw: Draw, day: date) -> bool:
    return draw.valid_from <= day < (draw.valid_to or NO_END)
