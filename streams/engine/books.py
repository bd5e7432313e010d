"""Books: what each payee of a partition is credited with, as of the end of what was taken.

An account is a function of the payee's history; the books keep those used last, and an account that
is not in them is read again, in one query for all that a flush needs.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from schemas.frames import only
from streams.engine import history
from streams.engine.folding import MARKER_KIND
from streams.engine.ports import Warehouse
from streams.engine.postings import Bucket, Counted, Posting

ITEMS_MAX = 40_000  # items kept for one partition, about 60 MB of Python (measured)


class Account:
    """One payee: every item's source position and what it counts, and the sums of what counts."""

    __slots__ = ("items", "sums")

    def __init__(self) -> None:
        self.items: dict[str, tuple[int, Counted | None]] = {}
        self.sums: dict[Bucket, int] = {}

    def change(self, entity_id: str, counted: Counted | None) -> dict[Bucket, int]:
        """Return what the sums change by once an item counts so."""
        found: dict[Bucket, int] = {}
        before = self.items.get(entity_id, (0, None))[1]
        if counted is not None:
            found[counted[0]] = counted[1]
        if before is not None:
            found[before[0]] = found.get(before[0], 0) - before[1]
        return {bucket: units for bucket, units in found.items() if units}

    def put(self, entity_id: str, source_position: int, counted: Counted | None) -> None:
        """Let an item be this."""
        for bucket, units in self.change(entity_id, counted).items():
            total = self.sums.get(bucket, 0) + units
            if total:
                self.sums[bucket] = total
            else:
                self.sums.pop(bucket, None)
        self.items[entity_id] = (source_position, counted)


class Books:
    """Accounts of one partition, those used last."""

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._items = 0

    def missing(self, payees: Iterable[str]) -> list[str]:
        """Return the payees whose accounts must be read first."""
        return [payee for payee in payees if payee not in self._accounts]

    def add(self, accounts: Mapping[str, Account]) -> None:
        """Take in accounts as they stand now."""
        self._accounts.update(accounts)
        self._items += sum(len(account.items) for account in accounts.values())

    def of(self, payee: str) -> Account:
        """Return the account of a payee that is not missing."""
        self._accounts.move_to_end(payee)
        return self._accounts[payee]

    def count(self, payees: Iterable[str]) -> int:
        """Return how many items these payees have."""
        return sum(len(self._accounts[payee].items) for payee in payees)

    def trim(self, grown: int, items_max: int = ITEMS_MAX) -> None:
        """Forget the payees used longest ago, once there are too many items.

        Args:
            grown: how many items came to the accounts since they were added or last trimmed.
        """
        self._items += grown
        while self._items > items_max and len(self._accounts) > 1:
            _, account = self._accounts.popitem(last=False)
            self._items -= len(account.items)


class Wanted(NamedTuple):
    """Payees whose accounts are wanted as they stand below a position."""

    below: int
    payees: Sequence[str]


def read(
    warehouse: Warehouse,
    posting: Posting,
    wanted: Sequence[Wanted],
    unflushed: Sequence[pl.DataFrame] = (),
) -> dict[str, Account]:
    """Return the accounts of payees, an empty one for whom history does not know.

    A payee's history is looked for by position alone: in an epoch it lives in one partition, and a
    log of another partition count is another epoch.

    Args:
        unflushed: rows that are on their way into the table, all of them below the bounds.
    """
    accounts = {payee: Account() for one in wanted for payee in one.payees}
    names = [(payee, one.below) for one in wanted for payee in one.payees]
    for first in range(0, len(names), history.IDS_MAX):
        some = names[first : first + history.IDS_MAX]
        _fill(accounts, posting, warehouse.frame(_items(posting, some)))
    if unflushed and accounts:
        columns = dict.fromkeys([*_columns(posting), "kind", "position"])
        rows = pl.concat([only(rows, columns) for rows in unflushed])
        mine = pl.col("rep_id").is_in(list(accounts)) & (pl.col("kind") != MARKER_KIND)
        _fill(accounts, posting, rows.filter(mine).sort("position"))
    return accounts


def _items(posting: Posting, names: Sequence[tuple[str, int]]) -> str:
    """Return the query for every item of these payees, as it stands below their bounds."""
    bounds: dict[int, list[str]] = {}
    for payee, below in names:
        bounds.setdefault(below, []).append(history.quoted(payee))
    places = " OR ".join(
        f"(rep_id IN ({', '.join(payees)}) AND position < {below})"
        for below, payees in bounds.items()
    )
    return f"{_select(posting)} AND ({places}) {_LATEST}"


def _select(posting: Posting) -> str:
    return (
        f"SELECT {', '.join(_columns(posting))} FROM {posting.table} WHERE kind != '{MARKER_KIND}'"
    )


def _columns(posting: Posting) -> list[str]:
    columns = ["rep_id", "entity_id", "source_position", *posting.counts_by]
    return list(dict.fromkeys(columns))


_LATEST = "ORDER BY rep_id, entity_id, position DESC LIMIT 1 BY rep_id, entity_id"


def _fill(accounts: Mapping[str, Account], posting: Posting, rows: pl.DataFrame) -> None:
    for row in rows.iter_rows(named=True):
        put(accounts[row["rep_id"]], posting, row)


def put(account: Account, posting: Posting, row: Mapping[str, Any]) -> None:
    """Let a payee's item be what a history row says."""
    account.put(row["entity_id"], row["source_position"], posting.counted(row))


def payees(
    warehouse: Warehouse, posting: Posting, partition: int, partitions: int, below: int
) -> list[str]:
    """Return everybody with history whose key lives in a partition, in order."""
    rows = warehouse.frame(
        f"SELECT DISTINCT rep_id FROM {posting.table} WHERE kind != '{MARKER_KIND}' "
        f"AND position < {below} AND bitAnd(key_hash, 2147483647) % {partitions} = {partition} "
        f"ORDER BY rep_id"
    )
    return [] if rows.is_empty() else rows.get_column("rep_id").to_list()
