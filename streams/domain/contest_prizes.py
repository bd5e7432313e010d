"""Who wins what: prizes of places, with the places people share, to the minor unit. Pure.

POOL: who shares a place is paid the prizes of all the places they take up, in equal parts. SHARE:
all prize money is split, in parts as large as the prizes of the shared places (1, 1, 3 with 500,
300, 200 gives 500 : 500 : 200 of 1,000). Cents go by the largest remainder.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from schemas.contest_choices import TiedPrizes
from schemas.contest_parts import Prize
from schemas.money import minor_units
from streams.domain.contest_ranking import Standing
from streams.domain.quotas import shared

ZERO = Decimal(0)


class Won(NamedTuple):
    """What a participant wins.

    Attributes:
        amount: money in the contest's prize currency.
        things: what cannot be split; everybody who shares its place has one.
    """

    amount: Decimal = ZERO
    things: tuple[str, ...] = ()


def prizes(
    placed: Sequence[Standing], offered: Sequence[Prize], currency: str, tied: TiedPrizes
) -> dict[str, Won]:
    """Return what everybody with a prize wins. Places that nobody takes pay nothing.

    Raises:
        ValueError: a prize is no whole number of the currency's minor unit.
    """
    unit = Decimal(1).scaleb(-minor_units(currency))
    for prize in offered:
        if prize.amount is not None and prize.amount % unit:
            raise ValueError(f"{prize.amount} is no whole number of {unit} {currency}")
    ranked = [s for s in placed if s.rank is not None]
    money = {p.place: p.amount for p in offered if p.amount is not None}
    split = _pooled if tied is TiedPrizes.POOL else _shared
    paid = split(ranked, money, unit)
    things = {p.place: p.thing for p in offered if p.thing}
    found = {}
    for one, amount in zip(ranked, paid, strict=True):
        won = tuple(filter(None, [things.get(one.rank or 0, "")]))
        if amount or won:
            found[one.tally.participant] = Won(amount, won)
    return found


def pot(ranked: int, offered: Sequence[Prize]) -> Decimal:
    """Return all prize money that so many people with a place compete for."""
    return sum((p.amount or ZERO for p in offered if p.place <= ranked), ZERO)


def _pooled(ranked: Sequence[Standing], money: dict[int, Decimal], unit: Decimal) -> list[Decimal]:
    paid: list[Decimal] = []
    for rank, group in groupby(ranked, key=lambda s: s.rank):
        many = len(list(group))
        first = rank or 0
        total = sum((money.get(place, ZERO) for place in range(first, first + many)), ZERO)
        paid += shared([Fraction(total) / many] * many, unit)
    return paid


def _shared(ranked: Sequence[Standing], money: dict[int, Decimal], unit: Decimal) -> list[Decimal]:
    weights = [Fraction(money.get(one.rank or 0, ZERO)) for one in ranked]
    total = Fraction(sum((money.get(at, ZERO) for at in range(1, len(ranked) + 1)), ZERO))
    whole = sum(weights, Fraction(0))
    if not whole:
        return [ZERO] * len(ranked)
    return shared([weight * total / whole for weight in weights], unit)
