"""Which part of what a deal earned is eligible for pay on a day.

Source: Oracle Siebel Incentive Compensation, pay on cash; QuotaPath, payouts eligibility.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.money import minor_units
from schemas.plan_pay import Eligible, EligibleBy
from streams.domain.pay_balances import Item

ALL, NONE = Fraction(1), Fraction(0)


class Billing(NamedTuple):
    """What is known of a deal as a payee is credited with it.

    Attributes:
        day: the credit's day.
        amount: credited, in the deal's currency, as invoiced and paid are.
        invoiced, paid: so far, in all; None: no source says.
    """

    day: date
    amount: Decimal
    invoiced: Decimal | None = None
    paid: Decimal | None = None


def eligible_share(rule: Eligible, deal: Billing | None, until: date) -> Fraction:
    """Return which part of a deal's earnings is eligible before a day.

    None for the deal: nothing is known of it, so nothing but EARNED makes it eligible.

    >>> half = Billing(date(2026, 1, 5), Decimal(10_000), paid=Decimal(5_000))
    >>> eligible_share(Eligible(by=EligibleBy.CASH), half, date(2026, 2, 1))
    Fraction(1, 2)
    """
    if rule.by is EligibleBy.EARNED:
        return ALL
    if deal is None:
        return NONE
    if rule.by is EligibleBy.DATES:
        there = (p.share for p in rule.parts if deal.day + timedelta(days=p.days) < until)
        return Fraction(sum(there, Decimal(0)))
    return _part(deal.invoiced if rule.by is EligibleBy.INVOICED else deal.paid, deal.amount)


def _part(known: Decimal | None, of: Decimal) -> Fraction:
    if of == 0:  # nothing is to be billed, so nothing is waited for
        return ALL
    return NONE if known is None else max(NONE, min(ALL, Fraction(known) / Fraction(of)))


def pooled_share(deals: Iterable[tuple[Decimal, Fraction]]) -> Fraction:
    """Return the part for what is earned on all deals of a period together, such as adjustments.

    It is as eligible as those deals are, weighed by what they earned; without any: all of it.
    """
    weighed = [(abs(Fraction(amount)), share) for amount, share in deals]
    total = sum((weight for weight, _ in weighed), NONE)
    return sum((w * s for w, s in weighed), NONE) / total if total else ALL


def eligible_of(item: Item, due: Decimal, share: Fraction, opened: Decimal) -> Decimal:
    """Return what is eligible of what fell due, in whole minor units, half-even.

    Args:
        opened: what another system had paid of it stays eligible as far as it is earned.
    """
    found = rounded(Fraction(due) * share, item.currency)
    return max(found, min(opened, due)) if opened > 0 and due > 0 else found


def rounded(amount: Fraction, currency: str) -> Decimal:
    """Return an amount in whole minor units, half-even."""
    digits = minor_units(currency)
    return Decimal(round(amount * 10**digits)).scaleb(-digits)
