"""Forecasts as a service: made again and again beside a working pipeline, with metrics."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from infra.forecasting import making, reading, storing
from infra.forecasting.making import Learned, clock_of
from schemas.definitions import Bundle
from schemas.warehouse import Fenced, Unavailable

# A run works one core of the warehouse and one of its own; nine tenths of the time are others'.
REST_PER_WORK = 9.0

log = logging.getLogger(__name__)


class Warehouse(reading.Warehouse, storing.Warehouse, Protocol):
    """What is read from and written to."""


class Gauges:
    """What the last runs made."""

    def __init__(self, registry: CollectorRegistry, now: Callable[[], float] = time.time) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"pacesetter_forecast_{name}", text, registry=registry)

        ProcessCollector(registry=registry)
        self._last = 0.0
        age = gauge("age_seconds", "Age of the newest forecast; -1: none was made yet.")
        age.set_function(lambda: now() - self._last if self._last else -1.0)
        self._subjects = gauge("subjects", "Reps, teams, regions and company with a forecast.")
        self._rows = gauge("rows", "Forecasts: subjects times KPIs and periods.")
        self._written = gauge("written_rows", "Of them, those that changed in the last run.")
        self._seconds = gauge("seconds", "How long the last run took.")
        self._failed = gauge("failed", "1 if the last run could not be done.")

    def show(self, made: making.Made, written: int, seconds: float, now: float) -> None:
        """Take in a finished run."""
        self._last = now
        self._subjects.set(made.subjects)
        self._rows.set(len(made.rows))
        self._written.set(written)
        self._seconds.set(seconds)
        self._failed.set(0)

    def fail(self) -> None:
        """Say that a run could not be done; what the one before made stays."""
        self._failed.set(1)


class Maker:
    """Makes forecasts and remembers what it has learned and written."""

    def __init__(self, connect: Callable[[], Warehouse], bundle: Callable[[], Bundle]) -> None:
        self._connect, self._bundle = connect, bundle
        self._learned = Learned()
        self._known: dict[storing.Key, tuple[Any, ...]] | None = None

    def run(self, now: datetime) -> tuple[making.Made, int]:
        """Return what was made and how many rows of it were new.

        Raises:
            Unavailable: not now.
        """
        warehouse = self._connect()
        bundle = self._bundle()
        made = making.run(warehouse, bundle, clock_of(now, bundle), self._learned)
        if self._known is None:
            self._known = storing.stored(warehouse)
        try:
            return made, storing.store(warehouse, made.rows, self._known)
        except (Unavailable, Fenced):
            self._known = None  # what is stored is asked again
            raise


def watch(maker: Maker, gauges: Gauges, seconds: float, stop: threading.Event) -> None:
    """Run until stopped: every so many seconds, or less often if a run takes long."""
    while not stop.is_set():
        began = time.monotonic()
        try:
            made, written = maker.run(datetime.now(UTC))
        except (Unavailable, Fenced, LookupError) as error:
            log.warning("not done: %s", error)
            gauges.fail()
            took = time.monotonic() - began
        else:
            took = time.monotonic() - began
            gauges.show(made, written, took, time.time())
            log.info("%s forecasts, %s of them changed, %.1f s", len(made.rows), written, took)
        stop.wait(max(seconds - took, took * REST_PER_WORK))
