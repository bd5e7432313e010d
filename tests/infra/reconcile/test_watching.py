"""What Prometheus is told."""

import threading
from decimal import Decimal

from prometheus_client import CollectorRegistry

from infra.reconcile.findings import Checked, DeadLetters, Gap, Mismatch, Report
from infra.reconcile.periods import month_of
from infra.reconcile.running import Warehouse, both
from infra.reconcile.watching import Gauges, watch
from schemas.warehouse import Unavailable

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


def test_only_what_differs_in_both_looks_counts() -> None:
    first, second = report(WRONG).checks[0], report(WRONG, OTHER).checks[0]
    found = both(first, second)
    assert (found.differing, found.mismatches, found.moving) == (1, (WRONG,), 1)
    assert found.off == {"EUR": Decimal(2)}
