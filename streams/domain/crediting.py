"""Who is credited with how much of a deal."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any, NamedTuple

from schemas.money import SCALE


class Share(NamedTuple):
    """One person's part of a deal: a user of its source, and 1 for all of it."""

    owner_id: str | None
    share: Decimal


def revenue_shares(owner_id: str | None, splits: Sequence[dict[str, Any]]) -> tuple[Share, ...]:
    """Return whose revenue a deal is: that of its REVENUE splits, else all of it the owner's."""
    shares = tuple(Share(s["owner_id"], s["share"]) for s in splits if s["role"] == "REVENUE")
    return shares or (Share(owner_id, Decimal(1)),)


def divided(amount: Decimal, shares: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Return an amount cut by shares that sum to 1, in four decimals, adding up to the amount.

    What rounding leaves over goes to the largest fractions, then to the first in order.

    >>> divided(Decimal("0.0005"), [Decimal("0.5"), Decimal("0.5")])
    (Decimal('0.0003'), Decimal('0.0002'))
    """
    if len(shares) == 1:
        return (amount,)
    exact = [amount * share for share in shares]
    parts = [part.quantize(SCALE, ROUND_FLOOR) for part in exact]
    left = int((amount - sum(parts)) / SCALE)
    by_fraction = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_fraction[:left]:
        parts[i] += SCALE
    return tuple(parts)
