"""What runs beside a pipeline until it is told to stop: its log, manners, signals, metrics."""

import logging
import os
import signal
import threading
from typing import TYPE_CHECKING

from infra.local.found import found_settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

NICE = 10  # whoever serves people goes first


def in_background(nice: int = NICE) -> threading.Event:
    """Return what SIGTERM and SIGINT set. From here on the process tells a log, and goes last."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    os.nice(nice)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def registry_at(port: int) -> "CollectorRegistry":
    """Return a registry that Prometheus reads on a port; 0: nobody does."""
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()
    if port:
        start_http_server(port, found_settings().host, registry)
    return registry
