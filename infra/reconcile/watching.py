"""The proof as a metric: run again and again beside a working pipeline, and say what it found.

What each run found is stored as well, for people who read spm_bi.reconciliation.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from infra.reconcile.findings import Report
from infra.reconcile.periods import Days
from infra.reconcile.running import TABLES, reconcile
from infra.reconcile.storing import Warehouse, store
from schemas.warehouse import Fenced, Unavailable

# The warehouse works one core for a run; this leaves it nine tenths of the time for its own work.
REST_PER_WORK = 9.0

log = logging.getLogger(__name__)


class Gauges:
    """What the last finished run found."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"pacesetter_reconcile_{name}", text, labels, registry=registry)

        ProcessCollector(registry=registry)
        self._differing = gauge("differing_rows", "Keys that are not as history says.", "table")
        self._amount = gauge(
            "amount", "Sum of absolute differences; no currency: counts.", "table", "currency"
        )
        self._in_flight = gauge("in_flight_rows", "Keys on their way between stages.", "table")
        self._gaps = gauge("gaps", "Holes in what is applied, and rows that are missing.")
        self._dead = gauge("dead_letters", "Records set aside.", "topic", "reason")
        self._last = gauge("last_run_timestamp_seconds", "When the last run ended.")
        self._seconds = gauge("seconds", "How long the last run took.")
        self._failed = gauge("failed", "1 if the last run could not be done.")

    def show(self, report: Report, now: float) -> None:
        """Take in a finished run."""
        for gauge in (self._differing, self._amount, self._in_flight, self._dead):
            gauge.clear()
        for check in report.checks:
            self._differing.labels(check.table).set(check.differing)
            self._in_flight.labels(check.table).set(check.in_flight)
            for currency, amount in check.off.items():
                self._amount.labels(check.table, currency).set(float(amount))
        for some in report.dead_letters:
            self._dead.labels(some.topic, some.reason).set(some.records)
        self._gaps.set(len(report.gaps))
        self._seconds.set(report.seconds)
        self._last.set(now)
        self._failed.set(0)

    def fail(self) -> None:
        """Say that a run could not be done; what the one before found stays."""
        self._failed.set(1)


def watch(
    connect: Callable[[], Warehouse],
    days_on: Callable[[date], Days],
    gauges: Gauges,
    seconds: float,
    stop: threading.Event,
    *,
    tables: Collection[str] = TABLES,
) -> None:
    """Run until stopped: every so many seconds, or less often if a run takes long.

    Args:
        days_on: which days to look at on a day.
    """
    while not stop.is_set():
        began = time.monotonic()
        days = days_on(datetime.now(UTC).date())
        try:
            warehouse = connect()
            report = reconcile(warehouse, days, tables, _waiting(stop))
            store(warehouse, report, days, datetime.now(UTC))
        except (Unavailable, Fenced) as error:
            log.warning("not done: %s", error)
            gauges.fail()
        else:
            gauges.show(report, time.time())
            _say(report)
        took = time.monotonic() - began
        stop.wait(max(seconds - took, took * REST_PER_WORK))


def _waiting(stop: threading.Event) -> Callable[[float], None]:
    def wait(seconds: float) -> None:
        stop.wait(seconds)

    return wait


def _say(report: Report) -> None:
    for check in report.checks:
        for mismatch in check.mismatches[:5]:
            log.error(
                "%s %s: %s; expected %s, found %s",
                check.table,
                dict(mismatch.key),
                mismatch.wrong,
                mismatch.expected,
                mismatch.found,
            )
    for gap in report.gaps:
        log.error("%s/%s in epoch %s: %s", *gap)
