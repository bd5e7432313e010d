"""Deals just won, told from changes of totals as they arrive; never from what was there before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from connectors.boards.measures import DEALS_WON, REVENUE_WON, REVENUE_WON_REPORTING
from connectors.boards.scores import ZERO, Cell, Change, Totals

KEPT_MAX = 12  # more than any screen shows
WON = Cell(DEALS_WON, "")


@dataclass(frozen=True, slots=True)
class Win:
    """One or more deals a rep has just won.

    Attributes:
        number: grows by one with each; a page knows by it what it has shown.
        at: when the board heard of it.
    """

    number: int
    rep_id: str
    deals: int
    amount: Decimal
    currency: str
    at: datetime


def news_of(
    changes: Iterable[Change], totals: Totals, today: date, currency: str
) -> tuple[int, Decimal, str] | None:
    """Return deals, amount and currency won by what one message changed for one rep and day.

    None where no deal was won: nothing rose, the day is before yesterday (a backfill rings no
    bell), or an amount was corrected while the number of deals stayed.

    Args:
        totals: the rep's totals of that day, afterwards.
    """
    by: dict[Cell, Decimal] = {}
    for change in changes:
        if change.day >= today - timedelta(days=1):
            by[change.cell] = by.get(change.cell, ZERO) + change.by
    money = {c: v for c, v in by.items() if c.measure in (REVENUE_WON, REVENUE_WON_REPORTING)}
    risen = {c: v for c, v in money.items() if v > 0}
    counted = WON in totals
    deals = int(by.get(WON, ZERO)) if counted else 1
    if not risen or deals < 1:
        return None
    reporting = Cell(REVENUE_WON_REPORTING, currency)
    cell = reporting if reporting in risen else max(risen, key=lambda c: (risen[c], c))
    return deals, risen[cell], cell.currency


class Ticker:
    """The latest wins, newest first."""

    def __init__(self) -> None:
        self._wins: list[Win] = []
        self._number = 0

    def add(self, rep_id: str, deals: int, amount: Decimal, currency: str, at: datetime) -> None:
        """Remember a win; the oldest falls out."""
        self._number += 1
        win = Win(self._number, rep_id, deals, amount, currency, at)
        self._wins = [win, *self._wins[: KEPT_MAX - 1]]

    def latest(self) -> tuple[Win, ...]:
        """Return the wins, newest first."""
        return tuple(self._wins)
