"""Billing: won deals are invoiced and paid, days and weeks after, as later revisions say.

Chance has dice of its own, made of the deal and the day it was won, so that floors with and without
billing do the same otherwise. What is invoiced and paid is told in all, to date.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import NamedTuple

from connectors.sources.simulator.deals import Deal
from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.market import in_minor_units

IN_TWO = 0.25  # of invoiced deals: half at once, half a month later
INVOICED_DAYS_MAX, SECOND_AFTER_DAYS = 10, 30
PAID_DAYS, PAID_SPREAD, PAID_DAYS_MIN = 30, 12, 2  # after the invoice; thirty days net
WHOLE, HALF = Decimal(1), Decimal("0.5")


class Bill(NamedTuple):
    """What falls due of a deal.

    Attributes:
        won_at: of the win it is for: a deal that was reopened is billed for none before.
        is_payment: else it is an invoice.
        share: of the price, in all.
    """

    deal: Deal
    won_at: int
    is_payment: bool
    share: Decimal


@dataclass(slots=True)
class Bills:
    """What falls due on which day, a proleptic ordinal."""

    due: dict[int, list[Bill]] = field(default_factory=lambda: defaultdict(list))

    def plan(self, deal: Deal, day: int, dials: Dials) -> None:
        """Plan what becomes of a deal that is won on a day."""
        if deal.won_at is None:
            return
        dice = dice_of(deal, deal.won_at)
        if dice.random() >= dials.invoiced:
            return
        at = day + 1 + dice.randrange(INVOICED_DAYS_MAX)
        parts = (HALF, WHOLE) if dice.random() < IN_TWO else (WHOLE,)
        for number, share in enumerate(parts):
            sent = at + number * SECOND_AFTER_DAYS
            self.due[sent].append(Bill(deal, deal.won_at, False, share))
            if dice.random() >= dials.paid:
                return  # who does not pay is sent no more
            paid = sent + max(PAID_DAYS_MIN, round(dice.gauss(PAID_DAYS, PAID_SPREAD)))
            self.due[paid].append(Bill(deal, deal.won_at, True, share))

    def take(self, day: int) -> Iterator[Deal]:
        """Yield the deals of which something fell due on a day, changed by it."""
        for bill in self.due.pop(day, ()):
            deal = bill.deal
            if not deal.deleted and deal.won_at == bill.won_at and deal.priced:
                _change(deal, bill)
                yield deal

    def forget(self) -> None:
        """Forget all that was planned."""
        self.due.clear()


def dice_of(deal: Deal, number: int) -> Random:
    """Return the dice of a deal's billing; equal numbers are equal chances."""
    return Random(f"bill|{deal.source_id}|{number}")  # noqa: S311 - chance, of nothing secret


def _change(deal: Deal, bill: Bill) -> None:
    amount = in_minor_units(deal.price * bill.share, deal.currency)
    if bill.is_payment:  # of what was invoiced, though the price may have changed since
        deal.paid = max(deal.paid or Decimal(0), min(amount, deal.invoiced or Decimal(0)))
    else:
        deal.invoiced = max(deal.invoiced or Decimal(0), amount)
