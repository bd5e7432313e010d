"""Asking the warehouse: bounded, one thread, and every check in the same shape.

A check is a SELECT of one line per key: `state` ('ok', 'moving', 'in flight', empty for a line that
is no key, else what is wrong), `key` (texts), `expected`, `found`, `off`, `currency`, `position`.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple, Protocol

import polars as pl

from infra.reconcile.findings import IN_FLIGHT, MOVING, OK, Checked, Mismatch

KEYS_MAX = 10_000  # mismatches named by one check; more are counted
# One thread leaves the other core to the inserts; what does not fit in memory goes to disk.
SETTINGS = (
    "SETTINGS max_threads = 1, max_block_size = 16384, max_memory_usage = 900000000, "
    "max_bytes_before_external_group_by = 200000000, max_bytes_before_external_sort = 200000000, "
    # With a share of the server's memory beside it, as by default, a sort does not heed its number.
    "max_bytes_ratio_before_external_group_by = 0, max_bytes_ratio_before_external_sort = 0, "
    "join_algorithm = 'grace_hash', max_bytes_in_join = 200000000, priority = 10, "
    # Half of what it takes to understand the longest of these queries; there is nothing to gain.
    "optimize_and_compare_chain = 0, "
    # Levels upon levels put into one again and again: most of what planning them took.
    "query_plan_merge_expressions = 0"
)


class Warehouse(Protocol):
    """What answers."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...


class Look:
    """The warehouse during one look at all tables: revisions, which never change, are asked once.

    A contest or a portion asks for its definitions by itself, and those of a large company are
    twenty megabytes of people.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._answers: dict[str, pl.DataFrame] = {}

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        return self._warehouse.frame(sql)

    def once(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query whose answer stays as it is."""
        if sql not in self._answers:
            self._answers[sql] = self.frame(sql)
        return self._answers[sql]


class Check(NamedTuple):
    """One question about one table. `key` names the values in the query's `key`.

    Attributes:
        settings: what else it must be asked with.
    """

    table: str
    key: Sequence[str]
    sql: str
    settings: str = ""


def apart(sql: str) -> str:
    """Return SQL for a query as a table that the engine understands by itself.

    It compares expressions by all that stands below them, and a level deep down once for each above
    it. So the time to understand many levels grows with the cube of them, and two halves cost less.
    """
    return f"SELECT * FROM view({sql})"


def ask(warehouse: Warehouse, sql: str, settings: str = "") -> pl.DataFrame:
    """Return the answer to a query, asked so that inserts go on beside it.

    Raises:
        Unavailable: not now.
    """
    return warehouse.frame(f"{sql} {SETTINGS}" + (f", {settings}" if settings else ""))


def ask_once(warehouse: Warehouse, sql: str) -> pl.DataFrame:
    """Return the answer to a query about revisions: from memory, if this look has asked before.

    Raises:
        Unavailable: not now.
    """
    sql = f"{sql} {SETTINGS}"
    return warehouse.once(sql) if isinstance(warehouse, Look) else warehouse.frame(sql)


def checked(warehouse: Warehouse, check: Check) -> Checked:
    """Return what came of one check."""
    began = time.monotonic()
    answer = ask(
        warehouse,
        f"SELECT state, currency, count() AS _keys, toDecimal128(sum(abs(off)), 4) AS _off, "
        f"groupArrayIf({KEYS_MAX})(_line, state != 'ok') AS _lines FROM ("
        f"SELECT state, currency, off, if(state = 'ok', '', toJSONString("
        f"tuple(key, expected, found, toString(off), position))) AS _line FROM ({check.sql}) "
        f"WHERE state != '') GROUP BY state, currency ORDER BY state, currency",
        check.settings,
    )
    found = _as_checked(check, answer.iter_rows())
    return replace(found, seconds=time.monotonic() - began)


def added(table: str, checks: Iterable[Checked]) -> Checked:
    """Return checks of the parts of one table as one."""
    parts = list(checks)
    off: dict[str, Decimal] = {}
    for part in parts:
        for currency, amount in part.off.items():
            off[currency] = off.get(currency, Decimal(0)) + amount
    return Checked(
        table,
        sum(part.keys for part in parts),
        sum(part.moving for part in parts),
        sum(part.in_flight for part in parts),
        sum(part.differing for part in parts),
        off,
        tuple(m for part in parts for m in part.mismatches),
        sum(part.seconds for part in parts),
        tuple(dict.fromkeys(what for part in parts for what in part.not_said)),
    )


def _as_checked(check: Check, rows: Iterable[tuple[str, str, int, Decimal, list[str]]]) -> Checked:
    counts: dict[str, int] = {OK: 0, MOVING: 0, IN_FLIGHT: 0}
    differing, mismatches, off = 0, [], dict[str, Decimal]()
    for state, currency, keys, amount, lines in rows:
        if state in counts:
            counts[state] += keys
            continue
        differing += keys
        off[currency] = off.get(currency, Decimal(0)) + amount
        mismatches += [_mismatch(check, state, currency, line) for line in lines]
    return Checked(
        check.table,
        counts[OK] + differing,
        counts[MOVING],
        counts[IN_FLIGHT],
        differing,
        off,
        tuple(mismatches),
    )


def _mismatch(check: Check, state: str, currency: str, line: str) -> Mismatch:
    key, expected, found, off, position = json.loads(line)
    named: Mapping[str, str] = dict(zip(check.key, key, strict=True))
    return Mismatch(
        check.table, named, state, expected, found, Decimal(off), currency, int(position)
    )
