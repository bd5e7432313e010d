"""Splits: who is credited for a deal besides its owner."""

from decimal import Decimal

import numpy as np

from connectors.sources.simulator.deals import Deal, Payee
from connectors.sources.simulator.crew import Shift

SHARES = (("0.5", "0.5"), ("0.6", "0.4"), ("0.7", "0.3"), ("0.75", "0.25"), ("0.9", "0.1"))
THIRDS = ("0.333334", "0.333333", "0.333333")  # six decimals that make exactly 1
THREE_WAYS = 0.12  # of shared deals
SELLERS = ("AE", "AM")
OVERLAYS = ("0.1", "0.15", "0.25", "0.5", "1")


def payees_of(deal: Deal, shift: Shift, rng: np.random.Generator) -> tuple[Payee, ...]:
    """Return everybody credited; empty: the owner, for all of it.

    REVENUE shares add up to 1; OVERLAY shares come on top.
    """
    shared = rng.random() < deal.segment.split_odds
    overlaid = rng.random() < deal.segment.overlay_odds
    if not (shared or overlaid):
        return ()
    revenue = _revenue(deal.owner, shift, rng) if shared else ()
    if not revenue:
        revenue = (Payee(deal.owner, "REVENUE", Decimal(1)),)
    taken = {p.rep for p in revenue}
    overlay = _overlay(deal.owner, taken, shift, rng) if overlaid else ()
    return revenue + overlay if len(revenue) + len(overlay) > 1 else ()


def _revenue(owner: int, shift: Shift, rng: np.random.Generator) -> tuple[Payee, ...]:
    others = shift.near(owner, SELLERS)
    three = len(others) > 1 and rng.random() < THREE_WAYS
    shares = THIRDS if three else SHARES[rng.integers(len(SHARES))]
    if len(others) < len(shares) - 1:
        return ()
    picked = rng.choice(len(others), len(shares) - 1, replace=False)
    people = (owner, *(others[i] for i in picked))
    return tuple(
        Payee(rep, "REVENUE", Decimal(s)) for rep, s in zip(people, shares, strict=True)
    )


def _overlay(
    owner: int, taken: set[int], shift: Shift, rng: np.random.Generator
) -> tuple[Payee, ...]:
    for roles in (("SE",), ("SDR", "MANAGER")):
        fit = shift.near(owner, roles, taken)
        if fit:
            share = Decimal(OVERLAYS[rng.integers(len(OVERLAYS))])
            return (Payee(fit[rng.integers(len(fit))], "OVERLAY", share),)
    return ()
