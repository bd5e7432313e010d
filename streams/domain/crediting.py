"""Who is credited with how much of a deal."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any, NamedTuple

from schemas.money import SCALE, at_scale

REVENUE, OVERLAY = "REVENUE", "OVERLAY"
OWNER = "owner"  # `via` of a deal that no REVENUE split divides


class Share(NamedTuple):
    """One person's part of a deal.

    Attributes:
        owner_id: a user of its source; None for nobody.
        role: REVENUE or OVERLAY.
        via: place of the split among the deal's splits, from 0, or OWNER.
        share: 1 for all of it.
    """

    owner_id: str | None
    role: str
    via: str
    share: Decimal


def shares_of(owner_id: str | None, splits: Sequence[dict[str, Any]]) -> tuple[Share, ...]:
    """Return who is credited: REVENUE splits, else the owner for all of it; then OVERLAY splits.

    A split of an unknown role credits nobody.
    """
    parts = [Share(s["owner_id"], s["role"], str(via), s["share"]) for via, s in enumerate(splits)]
    revenue = [part for part in parts if part.role == REVENUE]
    overlay = [part for part in parts if part.role == OVERLAY]
    return tuple((revenue or [Share(owner_id, REVENUE, OWNER, Decimal(1))]) + overlay)


def credited(amount: Decimal, shares: Sequence[Share]) -> tuple[Decimal, ...]:
    """Return what each share of an amount is worth, in four decimals.

    REVENUE shares divide the amount; each OVERLAY share is a part of the whole by itself.

    >>> half = [Share("a", REVENUE, "0", Decimal("0.5")), Share("b", REVENUE, "1", Decimal("0.5"))]
    >>> credited(Decimal("0.0005"), [*half, Share("c", OVERLAY, "2", Decimal("0.5"))])
    (Decimal('0.0003'), Decimal('0.0002'), Decimal('0.0002'))
    """
    parts = iter(divided(amount, [s.share for s in shares if s.role == REVENUE]))
    return tuple(next(parts) if s.role == REVENUE else at_scale(amount * s.share) for s in shares)


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
