"""What the watch found, kept in the warehouse for whoever reads spm_bi.reconciliation."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import polars as pl

from infra.reconcile import running
from infra.reconcile.findings import Checked, Report
from infra.reconcile.periods import Days
from schemas.warehouse import Incarnation

TABLE = "spm.reconciliation"
LOG = "log"  # in the place of a table: that no record is missing
SCHEMA: dict[str, Any] = {
    "checked_at": pl.Datetime("ms", "UTC"), "since": pl.Date, "until": pl.Date,
    "subject": pl.String, "keys": pl.UInt64, "differing": pl.UInt64, "in_flight": pl.UInt64,
    "moving": pl.UInt64, "off_by": pl.String, "seconds": pl.Decimal(18, 3),
}  # fmt: skip


class Warehouse(running.Warehouse, Protocol):
    """What is looked at, and keeps what was found."""

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        """Insert rows, all or none, unless the warehouse is another incarnation."""
        ...


def store(warehouse: Warehouse, report: Report, days: Days, at: datetime) -> None:
    """Keep what a run found: a row for each check, and one for the log.

    Args:
        at: when the run ended.

    Raises:
        Unavailable: not now.
        Fenced: the warehouse was restored meanwhile.
    """
    rows = [(at, *days, *row) for row in _rows(report)]
    frame = pl.DataFrame(rows, SCHEMA, orient="row")
    warehouse.insert(TABLE, frame, warehouse.incarnation())


def _rows(report: Report) -> Iterator[tuple[Any, ...]]:
    for check in report.checks:
        counts = (check.keys, check.differing, check.in_flight, check.moving)
        yield check.table, *counts, _off(check), Decimal(f"{check.seconds:.3f}")
    took = max(Decimal(0), Decimal(f"{report.seconds - sum(c.seconds for c in report.checks):.3f}"))
    yield LOG, 0, len(report.gaps), 0, 0, "", took


def _off(check: Checked) -> str:
    """Return the differences for people, as in 'EUR 12.5, 3'."""
    told = (f"{currency} {amount.normalize():f}" for currency, amount in sorted(check.off.items()))
    return ", ".join(one.strip() for one in told)
