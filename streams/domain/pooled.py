"""Earnings of many deals, put on the deals they belong to by credit. Pure.

What a bonus or a retroactive tier pays stands in the ledger at the deal that crossed the bound, or
at a marker; it belongs to all deals of its period. The pool up to each entry is split by the
credits at that entry, and a deal gets the difference to what it had: parts sum to the pool for
every prefix, and a deal that is reversed in full is left with nothing.

Source: Varicent (app.symon.ai, ASC 606 preparation): pooled commission prorated by credit.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from schemas.money import SCALE, minor_units
from streams.domain.amortising import ZERO
from streams.domain.quotas import shared

Weights = Mapping[str, Decimal]  # deal -> what it is credited with


def split(amount: Decimal, weights: Weights, currency: str) -> dict[str, Decimal]:
    """Return an amount by deal, in minor units; under "" if no deal is credited with anything.

    Credits at or below zero take no part. Of equal remainders the lower deal_id gets the unit.

    >>> split(Decimal(100), {"a": Decimal(1), "b": Decimal(2), "c": Decimal(-1)}, "EUR")
    {'a': Decimal('33.33'), 'b': Decimal('66.67')}
    """
    counted = {deal: weight for deal, weight in sorted(weights.items()) if weight > 0}
    if not counted:
        return {"": amount}
    whole = sum(map(Fraction, counted.values()), Fraction(0))
    exact = [Fraction(amount) * Fraction(weight) / whole for weight in counted.values()]
    unit = Decimal(1).scaleb(-minor_units(currency))
    if amount % unit:
        unit = SCALE
    return dict(zip(counted, shared(exact, unit), strict=True))


def changes(
    pool: Sequence[tuple[Decimal, Weights]], currency: str
) -> Iterator[Mapping[str, Decimal]]:
    """Yield what each entry of a pool changes, by deal; each sums to its entry.

    Args:
        pool: amounts in the ledger's order, each with the credits at its place.
    """
    total, before = ZERO, dict[str, Decimal]()
    for amount, weights in pool:
        total += amount
        after = split(total, weights, currency)
        deals = sorted({*before, *after})
        moved = {deal: after.get(deal, ZERO) - before.get(deal, ZERO) for deal in deals}
        yield {deal: change for deal, change in moved.items() if change}
        before = after
