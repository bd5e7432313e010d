"""Settling as a service, beside a pipeline that works."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from infra.settling.settling import Run, Warehouse, settle
from schemas.warehouse import Fenced, Unavailable

REST_PER_WORK = 9.0  # it works one core of the warehouse; nine tenths of the time are others'

log = logging.getLogger(__name__)


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


def watch(connect: Callable[[], Warehouse], seconds: float, stop: threading.Event) -> None:
    """Run until stopped: every so many seconds, or less often if a run takes long."""
    while not stop.is_set():
        began = time.monotonic()
        try:
            run = settle(connect(), datetime.now(UTC))
        except (Unavailable, Fenced) as error:
            log.warning("not done: %s", error)
            run = None
        took = time.monotonic() - began
        if run and (run.months or run.loose):
            log.info("%s; %s months, %s of reps; %.1f s", run.settled, run.months, run.loose, took)
        rest = took * REST_PER_WORK
        stop.wait(rest if run and not run.is_complete else max(seconds - took, rest))
