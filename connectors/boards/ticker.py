"""Deals just won and what was just earned; never what was there before."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from connectors.boards.measures import DEALS_WON, REVENUE_WON, REVENUE_WON_REPORTING
from connectors.boards.scores import ZERO, Cell, Change, Totals

KEPT_MAX = 100  # so that a small team's are among them
RINGS_PER_HOUR = 20  # more, and people mute them
KEYS_MAX = 2_000  # wins remembered so that none rings twice: more than a floor makes in a day
HOUR = timedelta(hours=1)
WON = Cell(DEALS_WON, "")


class Honour(NamedTuple):
    """A badge, a streak or a level somebody has.

    Attributes:
        key: what it is called for ever: one that was taken back and comes again is the same.
        of: definition it goes by.
        kind: BADGE, STREAK or LEVEL.
        many: of a streak how many in a row; else 1.
        at: when it was earned, by what happened.
    """

    key: str
    of: str
    kind: str
    rep_id: str
    name: str
    many: int
    at: datetime


class InARow(NamedTuple):
    """A streak that goes on: two periods in a row or more."""

    rep_id: str
    name: str
    many: int


class Given(NamedTuple):
    """Everything that is earned now.

    Attributes:
        of: definitions there are, whether anybody has anything by them or not.
        honours: of one rep a higher level comes behind a lower one.
        streaks: that go on.
    """

    of: frozenset[str]
    honours: tuple[Honour, ...]
    streaks: tuple[InARow, ...] = ()


@dataclass(frozen=True, slots=True)
class Win:
    """One or more deals a rep has just won.

    Attributes:
        number: grows by one with each; a page knows by it what it has shown.
        at: when the board heard of it.
        rings: it is celebrated; others are told in the ticker alone.
        honour: what was earned in place of a deal; None: it is a deal.
    """

    number: int
    rep_id: str
    deals: int
    amount: Decimal
    currency: str
    at: datetime
    rings: bool = True
    honour: Honour | None = None


class News(NamedTuple):
    """Deals won by what one message changed, and the amount."""

    deals: int
    amount: Decimal
    currency: str


def news_of(changes: Iterable[Change], totals: Totals, today: date, currency: str) -> News | None:
    """Return what was won by what one message changed for one rep and day.

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
    return News(deals, risen[cell], cell.currency)


class Ticker:
    """The latest wins, newest first. What was told once is not told again."""

    def __init__(self, rings_per_hour: int = RINGS_PER_HOUR) -> None:
        self._wins: list[Win] = []
        self._number = 0
        self._budget = rings_per_hour
        self._rang: list[datetime] = []
        self._known: dict[Hashable, None] = {}

    def add(self, key: Hashable, rep_id: str, news: News, at: datetime) -> None:
        """Remember a win, unless one of its key is known; the oldest falls out.

        One that goes beyond the budget of the hour does not ring.
        """
        if self._is_new(key):
            rings = self._rings(at)
            self._tell(Win(self._number + 1, rep_id, *news, at, rings))

    def honour(self, honour: Honour, at: datetime) -> None:
        """Remember something earned, within the same budget."""
        if self._is_new(honour.key):
            rings = self._rings(at)
            self._tell(Win(self._number + 1, honour.rep_id, 0, ZERO, "", at, rings, honour))

    def _is_new(self, key: Hashable) -> bool:
        if key in self._known:
            return False
        self._known[key] = None
        if len(self._known) > KEYS_MAX:
            self._known.pop(next(iter(self._known)))
        return True

    def _rings(self, at: datetime) -> bool:
        self._rang = [each for each in self._rang if at - each < HOUR]
        rings = len(self._rang) < self._budget
        if rings:
            self._rang.append(at)
        return rings

    def _tell(self, win: Win) -> None:
        self._number = win.number
        self._wins = [win, *self._wins[: KEPT_MAX - 1]]

    def latest(self) -> tuple[Win, ...]:
        """Return the wins, newest first."""
        return tuple(self._wins)
