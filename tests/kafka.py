"""Apache Kafka for tests: fetched once per machine, its log in a folder of the test.

Without Java or Maven the tests that need it skip loudly; with PACESETTER_CI=1 they fail.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.local import apache
from infra.local.processes import Service
from streams.settings import Settings
from tests.ground import stop, wait_for

HEAP = "512m"
START_SECONDS_MAX = 60


def need_kafka() -> None:
    """Skip, or fail in CI, where Apache Kafka cannot be run."""
    try:
        apache.java()
        apache.fetch(Settings(), print)
    except apache.CannotRun as trouble:
        if os.environ.get("PACESETTER_CI") == "1":
            pytest.fail(f"{trouble}; CI must run this")
        pytest.skip(f"NOT RUN: {trouble}")


@dataclass
class Kafka:
    """One node, started and killed at will; its log stays."""

    settings: Settings
    process: subprocess.Popen[Any] | None = field(default=None)

    def start(self) -> None:
        service = apache.service(self.settings, "broker", print)
        with (Path(self.settings.data_dir) / "broker.log").open("a") as out:
            self.process = subprocess.Popen(
                list(service.argv), stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        wait_for(lambda: self._is_ready(service), "Apache Kafka", START_SECONDS_MAX)

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            stop(self.process, how)
            self.process = None

    def _is_ready(self, service: Service) -> bool:
        assert self.process is not None
        log = Path(self.settings.data_dir) / "broker.log"
        assert self.process.poll() is None, log.read_text()[-3000:]
        return service.is_ready()


@contextmanager
def kafka(settings: Settings) -> Iterator[Kafka]:
    """Apache Kafka at the settings' port for the time of a block; its log stays."""
    need_kafka()
    node = Kafka(settings)
    node.start()
    try:
        yield node
    finally:
        node.stop()
