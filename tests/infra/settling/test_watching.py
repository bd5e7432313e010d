"""What Prometheus is told of settling: what runs wrote, and when the last one could not be done."""

import threading
from datetime import date

from prometheus_client import CollectorRegistry

from infra.settling.settling import Run, Settled, Warehouse
from infra.settling.watching import Gauges, watch
from schemas.warehouse import Unavailable


def told(registry: CollectorRegistry) -> dict[str, float | None]:
    names = ("months_total", "last_run_timestamp_seconds", "failed")
    return {name: registry.get_sample_value(f"pacesetter_settle_{name}") for name in names}


def test_what_was_done_stays_when_the_warehouse_goes_away() -> None:
    registry, stop = CollectorRegistry(), threading.Event()
    gauges = Gauges(registry)
    settled = Settled(1, date(2026, 1, 1), date(2026, 2, 1))
    gauges.show(Run(settled, months=3, loose=1, is_complete=True), 0.5, 1_000)
    assert told(registry) == {"months_total": 4, "last_run_timestamp_seconds": 1_000, "failed": 0}

    def away() -> Warehouse:
        stop.set()
        raise Unavailable("not now")

    watch(away, gauges, 0.001, stop)
    assert told(registry) == {"months_total": 4, "last_run_timestamp_seconds": 1_000, "failed": 1}
    gauges.show(None, 0.1, 2_000)
    assert told(registry) == {"months_total": 4, "last_run_timestamp_seconds": 2_000, "failed": 0}
