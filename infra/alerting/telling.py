"""The metrics of a service that looks for alerts, kept up to date beside its ticks."""

import logging
import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry

from infra.alerting.floor import floor_of
from infra.alerting.gauges import Gauges
from infra.alerting.reading import Warehouse
from infra.alerting.ticking import Tick
from schemas.alerts import Rule
from schemas.warehouse import Unavailable

log = logging.getLogger(__name__)


class Metrics:
    """Metrics of a registry; if nobody reads it, nothing is asked for them."""

    def __init__(self, registry: CollectorRegistry, *, is_read: bool, reps_max: int = 0) -> None:
        self.gauges, self._is_on = Gauges(registry, reps_max=reps_max), is_read

    def show(self, warehouse: Warehouse, made: Tick, rules: Iterable[Rule], seconds: float) -> None:
        """Take in a finished run, and read where everybody stands.

        A warehouse that goes away meanwhile leaves the metrics as they were, marked as failed.
        """
        if not self._is_on:
            return
        try:
            floor = floor_of(warehouse, with_reps=self.gauges.reps_max > 0)
        except Unavailable as error:
            log.warning("metrics are not up to date: %s", error)
            self.gauges.fail()
        else:
            self.gauges.show(made, floor, rules, seconds, time.time())

    def fail(self) -> None:
        """Say that a run could not be done."""
        self.gauges.fail()
