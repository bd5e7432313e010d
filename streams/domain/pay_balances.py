"""Balances of the ledger: what of each thing earned is earned, eligible, released and paid.

A balance is the sum of its entries, so the order in which they are read is of no matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from streams.domain.periods import Span

EARNED, ELIGIBLE, RELEASED, PAID = "EARNED", "ELIGIBLE", "RELEASED", "PAID"
CLAWBACK, ADJUSTMENT = "CLAWBACK", "ADJUSTMENT"
RELEASE, PAYOUT = "RELEASE", "PAYOUT"
DRAW, RECOVERY, FORGIVENESS = "DRAW", "RECOVERY", "FORGIVENESS"
MANUAL, OPENING = "MANUAL", "OPENING"
APART = (MANUAL, OPENING)  # roles of items that stand for themselves, named by their `via`
NOTHING = Decimal(0)


class Item(NamedTuple):
    """What is paid by itself: of a payee and component, what one deal earned in one period.

    Attributes:
        deal_id: empty for what is about no single deal.
        apart: MANUAL or OPENING for what people wrote, with the id it has; empty for the rest.
    """

    rep_id: str
    plan_id: str
    component_id: str
    origin: Span
    currency: str
    deal_id: str = ""
    apart: str = ""
    named: str = ""


class Moved(NamedTuple):
    """An entry of the ledger, as far as pay asks: by how much it moves which balance of what.

    Attributes:
        posted: the payout period it is posted in.
    """

    item: Item
    state: str
    kind: str
    posted: Span
    amount: Decimal


def moved_of(row: Mapping[str, Any]) -> Moved:
    """Return what a row of the ledger moves."""
    role = row["role"] if row["role"] in APART else ""
    item = Item(
        row["rep_id"], row["plan_id"], row["component_id"],
        Span(row["origin_start"], row["origin_end"]), row["currency"], row["deal_id"],
        role, row["via"] if role else "",
    )  # fmt: skip
    posted = Span(row["posted_start"], row["posted_end"])
    return Moved(item, row["state"], row["kind"], posted, row["amount"])


class Balances:
    """Balances by item, and of what is earned by the day it falls due."""

    def __init__(self, entries: Iterable[Moved] = ()) -> None:
        self._sums: dict[tuple[Item, str], Decimal] = defaultdict(Decimal)
        self._earned: dict[Item, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._released: dict[Item, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._opened: dict[Item, Decimal] = defaultdict(Decimal)
        self._alike: dict[tuple[str, str, str], set[Item]] = defaultdict(set)
        for entry in entries:
            self.add(entry)

    def add(self, entry: Moved) -> None:
        """Let an entry move what it moves."""
        item = entry.item
        self._sums[item, entry.state] += entry.amount
        self._alike[item.rep_id, item.plan_id, item.component_id].add(item)
        if entry.state == EARNED:
            self._earned[entry.item][entry.posted.end] += entry.amount
        if entry.state == RELEASED:
            self._released[entry.item][entry.posted.end] += entry.amount
        if entry.kind == OPENING and entry.state == PAID:
            self._opened[entry.item] += entry.amount

    def items(self) -> list[Item]:
        """Return everything there are entries of, in order."""
        return sorted({item for item, _ in self._sums})

    def alike(self, item: Item) -> list[Item]:
        """Return everything of the same payee, plan and component, in order."""
        return sorted(self._alike.get((item.rep_id, item.plan_id, item.component_id), ()))

    def of(self, item: Item, state: str) -> Decimal:
        """Return a balance."""
        return self._sums.get((item, state), NOTHING)

    def due(self, item: Item, by: date) -> Decimal:
        """Return what is earned and posted in payout periods that end by a day."""
        return _until(self._earned.get(item, {}), by)

    def released(self, item: Item, by: date) -> Decimal:
        """Return what is released in payout periods that end by a day."""
        return _until(self._released.get(item, {}), by)

    def opened(self, item: Item) -> Decimal:
        """Return what another system had paid of it."""
        return self._opened.get(item, NOTHING)

    def debt(self, item: Item) -> Decimal:
        """Return what a payee owes of a draw: released without being earned."""
        return self.of(item, RELEASED) - self.of(item, ELIGIBLE)


def _until(by_day: Mapping[date, Decimal], by: date) -> Decimal:
    return sum((amount for end, amount in by_day.items() if end <= by), NOTHING)
