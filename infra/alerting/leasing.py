"""Turns of several machines: one of them at a time, by a lease that stands in the warehouse.

A claim is a row with the next term. Two that claim one term at one moment both wait until the other
claim must be there to be seen; then the earlier one holds, for both. Whoever holds writes only as
long as nobody has a later claim: each insert carries that as a condition, so a holder that slept
through its time writes nothing. Instants are the warehouse's own; nobody's clock has to be right.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from connectors.sinks.clickhouse import quoted
from schemas.warehouse import Fenced, Incarnation, Unavailable

TABLE = "spm.lease"
LASTS_SECONDS = 180  # a round lasts a third of it at most; so long a killed holder is waited for
SETTLE_SECONDS = 2.0  # a claim stands there within half of it, or does not count
_ID_BYTES = 6


FILE = "alerts.holder"


class Taken(RuntimeError):
    """Another machine has its turn; str() says which and for how long at most."""


class Leased:
    """A warehouse that is written to by whoever holds the lease, and by nobody else."""

    def __init__(self, warehouse: Any, condition: str) -> None:
        self._warehouse, self._condition = warehouse, condition

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        found: pl.DataFrame = self._warehouse.frame(sql)
        return found

    def query(self, sql: str, parameters: Any = None) -> Any:
        """Return the driver's answer to a query with parameters."""
        return self._warehouse.query(sql, parameters)

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is."""
        found: Incarnation = self._warehouse.incarnation()
        return found

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        """Insert rows, all or none.

        Raises:
            Fenced: the warehouse is another, or the lease is somebody else's.
            Unavailable: not now.
        """
        self._warehouse.insert(table, rows, incarnation, also=self._condition)


class Lease:
    """A lease by name, as one holder sees it. `sleep` is an argument for tests alone."""

    def __init__(
        self, name: str, holder: str, *, lasts: float = LASTS_SECONDS,
        settle: float = SETTLE_SECONDS, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._name, self._lasts, self._settle, self._sleep = name, lasts, settle, sleep
        self._holder = holder

    def take(self, warehouse: Any) -> Leased:
        """Return the warehouse as its holder may write to it; a holder takes it again at once.

        Raises:
            Taken: it is somebody else's.
            Unavailable, Fenced: as an insert.
        """
        began = time.monotonic()
        term, holder, left = self._top(warehouse)
        if left > 0 and holder != self._holder:
            raise Taken(f"{holder} has its turn, for {left:.0f} s at most")
        is_mine = left > 0
        try:
            self._claim(warehouse, term, self._lasts)
        except Fenced as error:
            raise Taken("another machine took its turn at this moment") from error
        if not is_mine:
            if time.monotonic() - began > self._settle / 2:
                raise Taken("the warehouse is slow: this claim may have come after another")
            self._sleep(self._settle)
            now, winner, _ = self._top(warehouse)
            if (now, winner) != (term + 1, self._holder):
                raise Taken(f"{winner} took its turn at this moment")
        return Leased(warehouse, self._condition(term + 1))

    def leave(self, warehouse: Any) -> None:
        """Let others have it at once.

        Raises:
            Unavailable, Fenced: as an insert; it ends by itself then.
        """
        term, holder, left = self._top(warehouse)
        if left > 0 and holder == self._holder:
            self._claim(warehouse, term, 0)

    def _top(self, warehouse: Any) -> tuple[int, str, float]:
        """Return the last term, who holds it, and for how many seconds still."""
        found = warehouse.frame(
            "SELECT term, holder, (toUnixTimestamp64Milli(until)"
            f" - toUnixTimestamp64Milli(now64(3))) / 1000 AS left FROM {TABLE} FINAL"
            f" WHERE name = {quoted(self._name)} ORDER BY term DESC, at, holder LIMIT 1"
        )
        if found.is_empty():
            return 0, "", 0.0
        term, holder, left = found.row(0)
        return int(term), str(holder), float(left)

    def _claim(self, warehouse: Any, term: int, seconds: float) -> None:
        """Claim the term behind one that must still be the last."""
        incarnation = warehouse.incarnation()
        last = f"SELECT max(term) FROM {TABLE} WHERE name = {quoted(self._name)}"
        warehouse.command(
            f"INSERT INTO {TABLE} (name, term, holder, at, until) SELECT {quoted(self._name)},"
            f" {term + 1}, {quoted(self._holder)}, now64(3),"
            f" addMilliseconds(now64(3), {round(seconds * 1000)}) WHERE"
            " throwIf((SELECT any(incarnation) FROM spm.warehouse FINAL)"
            f" != {quoted(incarnation.name)}, 'another incarnation') = 0"
            f" AND throwIf(({last}) != {term}, 'another claim') = 0"
        )

    def _condition(self, term: int) -> str:
        top = (
            f"SELECT (term, holder) FROM {TABLE} FINAL WHERE name = {quoted(self._name)}"
            " ORDER BY term DESC, at, holder LIMIT 1"
        )
        mine = f"(toUInt64({term}), {quoted(self._holder)})"
        return f"throwIf(({top}) != {mine}, 'the turn is another machine''s') = 0"


def holder_of(folder: Path) -> str:
    """Return the name of the machine whose data folder this is, the same for ever.

    Processes of one machine take turns by a lock of its system, so they are one holder: whoever
    comes after a killed one waits for nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(folder / FILE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return (folder / FILE).read_text("utf-8").strip()
    with os.fdopen(handle, "w") as file:
        name = f"{socket.gethostname()}-{secrets.token_hex(_ID_BYTES)}"
        file.write(name)
    return name


def left(warehouse: Any, lease: Lease) -> None:
    """Let others have a lease, if the warehouse can be told; else it ends by itself."""
    try:
        lease.leave(warehouse)
    except (Unavailable, Fenced):
        return
