"""Apache Kafka for tests: fetched once per machine, its log in a folder of the test.

Without Java or Maven the tests that need it skip loudly; with PACESETTER_CI=1 they fail.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from infra.local import apache
from infra.local.processes import Service
from schemas import topics
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
    java_options: str = ""
    process: subprocess.Popen[Any] | None = field(default=None)

    def start(self) -> None:
        service = apache.service(self.settings, "broker", print)
        with (Path(self.settings.data_dir) / "broker.log").open("a") as out:
            self.process = subprocess.Popen(
                list(service.argv), stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "JAVA_TOOL_OPTIONS": self.java_options},
            )  # fmt: skip
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
def kafka(settings: Settings, java_options: str = "") -> Iterator[Kafka]:
    """Apache Kafka at the settings' port for the time of a block; its log stays."""
    need_kafka()
    node = Kafka(settings, java_options)
    node.start()
    try:
        yield node
    finally:
        node.stop()


def without_topics(settings: Settings) -> None:
    """Delete all topics of ours, and wait until they are gone: a test begins with new logs."""
    admin = AdminClient({**settings.kafka_config(), "log_level": 2})

    def ours() -> list[str]:
        there = admin.list_topics(timeout=START_SECONDS_MAX).topics
        return [name for name in there if name in topics.BY_NAME]

    if found := ours():
        for future in admin.delete_topics(found, operation_timeout=START_SECONDS_MAX).values():
            future.result(START_SECONDS_MAX)
        wait_for(lambda: not ours(), "topics gone")


def delete_records(settings: Settings, ends: Mapping[tuple[str, int], int]) -> None:
    """Let Kafka forget what lies before offsets, as retention does."""
    admin = AdminClient({**settings.kafka_config(), "log_level": 2})
    asked = admin.delete_records([TopicPartition(*place, end) for place, end in ends.items()])
    for future in asked.values():
        future.result(START_SECONDS_MAX)
