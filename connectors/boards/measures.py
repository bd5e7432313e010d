"""What a board can rank by, as weighted sums of measures, and the money among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from connectors.boards.scores import ZERO, Cell, Totals

REVENUE_WON = "revenue_won"
REVENUE_WON_REPORTING = "revenue_won_reporting"
CALLS, EMAILS, MEETINGS_HELD, DEALS_WON = "calls", "emails_sent", "meetings_held", "deals_won"

# One deal won outweighs a day of dialling, a meeting held outweighs an hour of it. Printed on the
# board, so that nobody has to guess what is rewarded.
POINTS = {CALLS: 1, EMAILS: 1, MEETINGS_HELD: 10, DEALS_WON: 25}
MEASURES = (REVENUE_WON, REVENUE_WON_REPORTING, *POINTS)


@dataclass(frozen=True, slots=True)
class Yardstick:
    """One way to rank.

    Attributes:
        weights: measure -> weight; empty for money, which has a rule of its own.
    """

    key: str
    weights: Mapping[str, int]

    @property
    def is_money(self) -> bool:
        """Return whether values are amounts in the reporting currency."""
        return not self.weights


YARDSTICKS: dict[str, Yardstick] = {
    y.key: y
    for y in (
        Yardstick("revenue", {}),
        Yardstick("points", POINTS),
        Yardstick("calls", {CALLS: 1}),
        Yardstick("emails", {EMAILS: 1}),
        Yardstick("meetings", {MEETINGS_HELD: 1}),
        Yardstick("deals", {DEALS_WON: 1}),
    )
}


def value_of(yardstick: Yardstick, totals: Totals, currency: str) -> Decimal:
    """Return what one day's totals are worth by a yardstick."""
    if yardstick.is_money:
        return revenue(totals, currency)
    return sum(
        (totals.get(Cell(m, ""), ZERO) * weight for m, weight in yardstick.weights.items()), ZERO
    )


def revenue(totals: Totals, currency: str) -> Decimal:
    """Return one day's revenue in the reporting currency.

    Where the pipeline keeps no total in the reporting currency, the part that was sold in that
    currency stands in; amounts are never added across currencies.
    """
    reporting = totals.get(Cell(REVENUE_WON_REPORTING, currency))
    return totals.get(Cell(REVENUE_WON, currency), ZERO) if reporting is None else reporting


def unrated(totals: Totals, currency: str) -> dict[str, Decimal]:
    """Return one day's amounts, by currency, that have no rate to the reporting currency.

    A day tells converted amounts only as a sum. So foreign amounts count as unrated if nothing at
    all was converted; a day with a rate for one of two foreign currencies shows none.
    """
    foreign = {
        cell.currency: amount
        for cell, amount in totals.items()
        if cell.measure == REVENUE_WON and cell.currency != currency and amount
    }
    if revenue(totals, currency) != totals.get(Cell(REVENUE_WON, currency), ZERO):
        return {}
    return foreign
