"""The proof asked, and faults put into the tables by hand."""

from collections.abc import Collection
from typing import Any

import polars as pl

from connectors.sinks.clickhouse import Warehouse, quoted
from infra.reconcile import running
from infra.reconcile.cut import OVERDUE_SECONDS, cut
from infra.reconcile.findings import Checked, Report
from infra.reconcile.periods import ALL, Days
from infra.reconcile.running import reconcile

TOTAL_KEY = ("rep_id", "day", "measure", "currency", "topic", "partition")
CREDIT_KEY = ("rep_id", "deal_id", "role", "via")


def proof(warehouse: Warehouse, tables: Collection[str] = (), days: Days = ALL) -> Report:
    return reconcile(warehouse, days, tables, sleep=lambda _: None)


def check(
    warehouse: Warehouse, table: str, days: Days = ALL, overdue_seconds: int = OVERDUE_SECONDS
) -> Checked:
    return running.look(warehouse, cut(warehouse, overdue_seconds), days, [table])[table]


def put(warehouse: Warehouse, table: str, rows: pl.DataFrame, **changed: Any) -> None:
    """Write rows once more, with other values in some columns."""
    kinds = rows.schema
    other = [pl.lit(value, kinds[name]).alias(name) for name, value in changed.items()]
    warehouse.insert(table, rows.with_columns(other), warehouse.incarnation())


def one(warehouse: Warehouse, table: str, where: str) -> pl.DataFrame:
    """Return one row of a table as it stands."""
    row = warehouse.frame(f"SELECT * FROM {table} FINAL WHERE {where} ORDER BY ALL LIMIT 1")
    assert len(row) == 1, f"nothing in {table} is so: {where}"
    return row


def take_out(warehouse: Warehouse, table: str, where: str) -> None:
    warehouse.command(f"ALTER TABLE {table} DELETE WHERE {where} SETTINGS mutations_sync = 1")


def key_of(row: pl.DataFrame, names: Collection[str]) -> str:
    return " AND ".join(f"{name} = {quoted(str(row[name][0]))}" for name in names)
