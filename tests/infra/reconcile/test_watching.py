"""What Prometheus is told, and what is kept."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from prometheus_client import CollectorRegistry

from infra.reconcile.findings import Checked, DeadLetters, Gap, Mismatch, Report
from infra.reconcile.periods import Days, month_of
from infra.reconcile.running import both
from infra.reconcile.storing import Warehouse, store
from infra.reconcile.watching import Gauges, watch
from schemas.warehouse import Incarnation, Unavailable

WRONG = Mismatch("t", {"rep_id": "r1"}, "value", "1", "3", Decimal(2), "EUR", 7)
OTHER = WRONG._replace(key={"rep_id": "r2"})


def report(*mismatches: Mismatch, gaps: tuple[Gap, ...] = ()) -> Report:
    off = {"EUR": Decimal(2 * len(mismatches))} if mismatches else {}
    check = Checked("t", 10, 0, 1, len(mismatches), off, mismatches)
    return Report((check,), gaps, (DeadLetters("crm.calls", "frame", 4),), {}, {}, 1.5)


def test_gauges_tell_the_last_run_and_forget_the_one_before() -> None:
    registry = CollectorRegistry()
    gauges = Gauges(registry)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"pacesetter_reconcile_{name}", labels)

    gauges.show(report(WRONG, gaps=(Gap("crm.calls", 0, 1, "a hole"),)), now=1000.0)
    assert value("differing_rows", table="t") == 1
    assert value("amount", table="t", currency="EUR") == 2
    assert value("dead_letters", topic="crm.calls", reason="frame") == 4
    assert value("in_flight_rows", table="t") == 1
    assert (value("gaps"), value("seconds")) == (1, 1.5)
    assert value("last_run_timestamp_seconds") == 1000
    gauges.show(report(), now=2000.0)
    assert (value("differing_rows", table="t"), value("gaps")) == (0, 0)
    assert value("amount", table="t", currency="EUR") is None


def test_a_warehouse_that_is_away_is_told_and_asked_again() -> None:
    registry, stop, asked = CollectorRegistry(), threading.Event(), []

    def away() -> Warehouse:
        asked.append(1)
        if len(asked) == 3:
            stop.set()
        raise Unavailable("not now")

    watch(away, month_of, Gauges(registry), 0.001, stop)
    assert len(asked) == 3
    assert registry.get_sample_value("pacesetter_reconcile_failed") == 1


class Keeping:
    """A warehouse that keeps what is inserted."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def frame(self, sql: str) -> pl.DataFrame:
        raise AssertionError(sql)

    def incarnation(self) -> Incarnation:
        return Incarnation("first", 1, "")

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        assert (table, incarnation.name) == ("spm.reconciliation", "first")
        self.rows += rows.to_dicts()


def test_what_a_run_found_is_kept_check_by_check() -> None:
    at, days = datetime(2026, 11, 22, 9, tzinfo=UTC), Days(date(2026, 11, 1), date(2026, 12, 1))
    found = report(WRONG, gaps=(Gap("crm.calls", 0, 1, "a hole"),))
    more = replace(found.checks[0], off={"USD": Decimal("0.5000"), "": Decimal(300)})
    kept = Keeping()
    store(kept, replace(found, checks=(*found.checks, replace(more, table="u"))), days, at)
    whole = {"checked_at": at, "since": days.since, "until": days.until}
    counts = {"keys": 10, "differing": 1, "in_flight": 1, "moving": 0, "seconds": Decimal(0)}
    assert kept.rows == [
        {**whole, **counts, "subject": "t", "off_by": "EUR 2"},
        {**whole, **counts, "subject": "u", "off_by": "300, USD 0.5"},
        {**whole, "subject": "log", "keys": 0, "differing": 1, "in_flight": 0, "moving": 0,
         "off_by": "", "seconds": Decimal("1.5")},
    ]  # fmt: skip


def test_only_what_differs_in_both_looks_counts() -> None:
    first, second = report(WRONG).checks[0], report(WRONG, OTHER).checks[0]
    found = both(first, second)
    assert (found.differing, found.mismatches, found.moving) == (1, (WRONG,), 1)
    assert found.off == {"EUR": Decimal(2)}
