"""Splits: who is credited for a deal besides its owner."""

from decimal import Decimal
from random import Random

from connectors.sources.simulator.crew import Shift
from connectors.sources.simulator.deals import Deal, Payee

SHARES = (("0.5", "0.5"), ("0.6", "0.4"), ("0.7", "0.3"), ("0.75", "0.25"), ("0.9", "0.1"))
THIRDS = ("0.333334", "0.333333", "0.333333")  # six decimals that make exactly 1
THREE_WAYS = 0.12  # of shared deals
SELLERS = ("AE", "AM")
OVERLAYS = ("0.1", "0.15", "0.25", "0.5", "1")


def payees_of(deal: Deal, shift: Shift, dice: Random) -> tuple[Payee, ...]:
    """Return everybody credited; empty: the owner, for all of it.

    REVENUE shares add up to 1; OVERLAY shares come on top.
    """
    shared = dice.random() < deal.segment.split_odds
    overlaid = dice.random() < deal.segment.overlay_odds
    if not (shared or overlaid):
        return ()
    revenue = _revenue(deal.owner, shift, dice) if shared else ()
    if not revenue:
        revenue = (Payee(deal.owner, "REVENUE", Decimal(1)),)
    taken = {p.rep for p in revenue}
    overlay = _overlay(deal.owner, taken, shift, dice) if overlaid else ()
    return revenue + overlay if len(revenue) + len(overlay) > 1 else ()


def _revenue(owner: int, shift: Shift, dice: Random) -> tuple[Payee, ...]:
    others = shift.near(owner, SELLERS)
    three = len(others) > 1 and dice.random() < THREE_WAYS
    shares = THIRDS if three else dice.choice(SHARES)
    if len(others) < len(shares) - 1:
        return ()
    people = (owner, *dice.sample(others, len(shares) - 1))
    return tuple(Payee(rep, "REVENUE", Decimal(s)) for rep, s in zip(people, shares, strict=True))


def _overlay(owner: int, taken: set[int], shift: Shift, dice: Random) -> tuple[Payee, ...]:
    for roles in (("SE",), ("SDR", "MANAGER")):
        fit = shift.near(owner, roles, taken)
        if fit:
            return (Payee(dice.choice(fit), "OVERLAY", Decimal(dice.choice(OVERLAYS))),)
    return ()
