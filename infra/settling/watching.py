"""Settling as a service, beside a pipeline that works."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from infra.settling.settling import Run, Warehouse, settle
from schemas.warehouse import Fenced, Unavailable

REST_PER_WORK = 9.0  # it works one core of the warehouse; nine tenths of the time are others'

log = logging.getLogger(__name__)


class Gauges:
    """What the last runs did."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"pacesetter_settle_{name}", text, registry=registry)

        ProcessCollector(registry=registry)
        self._months = Counter(
            "pacesetter_settle_months", "Months of reps written.", registry=registry
        )
        self._last = gauge("last_run_timestamp_seconds", "When the last run ended.")
        self._seconds = gauge("seconds", "How long the last run took.")
        self._failed = gauge("failed", "1 if the last run could not be done.")

    def show(self, run: Run | None, seconds: float, now: float) -> None:
        """Take in a finished run; None: there was nothing to settle yet."""
        self._months.inc(run.months + run.loose if run else 0)
        self._seconds.set(seconds)
        self._last.set(now)
        self._failed.set(0)

    def fail(self) -> None:
        """Say that a run could not be done."""
        self._failed.set(1)


def settle_all(warehouse: Warehouse) -> Run | None:
    """Return the run after which nothing is left to settle, with what all runs wrote.

    Raises:
        Fenced: the warehouse became another one meanwhile.
        Unavailable: not now.
    """
    months = loose = 0
    while run := settle(warehouse, datetime.now(UTC)):
        months, loose = months + run.months, loose + run.loose
        if run.is_complete:
            return run._replace(months=months, loose=loose)
    return None


def watch(
    connect: Callable[[], Warehouse], gauges: Gauges, seconds: float, stop: threading.Event
) -> None:
    """Run until stopped: every so many seconds, or less often if a run takes long."""
    while not stop.is_set():
        began = time.monotonic()
        try:
            run = settle(connect(), datetime.now(UTC))
        except (Unavailable, Fenced) as error:
            log.warning("not done: %s", error)
            gauges.fail()
            run, took = None, time.monotonic() - began
        else:
            took = time.monotonic() - began
            gauges.show(run, took, time.time())
        if run and (run.months or run.loose):
            log.info("%s; %s months, %s of reps; %.1f s", run.settled, run.months, run.loose, took)
        rest = took * REST_PER_WORK
        stop.wait(rest if run and not run.is_complete else max(seconds - took, rest))
