"""A ground to measure on: a broker, the embedded warehouse as its own process, topics, definitions.

The broker is real Apache Kafka; the embedded one serves the smoke test, which needs no Java.
Everything started here is stopped by the end of its `with` block.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from connectors.principals import PrincipalFile
from connectors.sinks.clickhouse import texts
from connectors.sinks.kafka import producer
from connectors.sinks.kafka_topics import create_topics
from infra.local import apache
from infra.local.ports import free_port
from infra.local.processes import Child
from infra.migrations import migrate
from schemas import topics
from schemas.principals import Principal, Role
from schemas.warehouse import Unavailable
from streams.settings import Settings
from tests.bench.floor import KINDS, Sent, won_deal
from tests.ground import Server, Site, broker, stop, wait_for
from tests.load import definitions

PARTITIONS = 8
SMALL = "small."  # topics with the first few events, for engines that need minutes for all of them
TOPIC_OF = {kind: topics.BY_FACT[name].name for kind, name in enumerate(KINDS)}
MARKERS = len(TOPIC_OF) * PARTITIONS  # the first record of each partition
HELD_MAX = 100_000  # messages handed to librdkafka at once
RESULTS = (
    "spm.activity", "spm.deal", "spm.kpi_rep_day", "spm.deal_credit", "spm.commission_ledger",
    "spm.dead_letter",
)  # fmt: skip
IS_FACT = f"topic IN ({texts(list(TOPIC_OF.values()))})"
AT_ONCE = " SETTINGS mutations_sync = 1"
Kind = Literal["apache", "embedded"]


class Pids(NamedTuple):
    """Processes whose CPU time and memory are told apart."""

    broker: int
    warehouse: int


class Place:
    """A running ground.

    Attributes:
        site: where workers start; its broker may be either.
        records: how many stand in the fact topics, markers included.
        probed: how many probes were sent.
        prober: user of the rep for whom no log has events, and that rep.
    """

    def __init__(self, site: Site, pids: Pids, token: str, reps: int) -> None:
        self.site, self.pids, self.folder, self.token = site, pids, site.folder, token
        self.bootstrap = site.settings.kafka_bootstrap
        self.records = MARKERS
        self.prober, self.prober_rep = f"u{reps}", f"r{reps}"
        self.warehouse = site.warehouse()  # one connection: looking must cost little
        self._groups = self._numbers = self.probed = 0

    def new_group(self) -> str:
        """Return a consumer group that has read nothing."""
        self._groups += 1
        return f"bench-{self._groups}-{int(time.time())}"

    def clear(self) -> None:
        """Empty history, results and the rivals' table; the log of events stays.

        Credits are messages of ours: the next worker tells them anew and goes on behind the old.
        """
        for table in (*RESULTS, EVENTS_TABLE):
            self.warehouse.command(f"TRUNCATE TABLE {table}")
        for table, gone in (("spm.credit", "kind != 'marker'"), ("spm.applied", IS_FACT)):
            self.warehouse.command(f"ALTER TABLE {table} DELETE WHERE {gone}{AT_ONCE}")

    def applied(self) -> dict[tuple[str, int], int]:
        """Return the offset up to which each partition of facts is applied."""
        rows = self.warehouse.frame(
            "SELECT topic, partition, tupleElement(max((epoch, offset_to)), 2) AS reached "
            f"FROM spm.applied WHERE {IS_FACT} GROUP BY topic, partition"
        )
        return {(topic, n): reached for topic, n, reached in rows.iter_rows()}

    def preload(self, sent: Iterable[Sent], prefix: str = "") -> float:
        """Return the seconds it took until every event was acknowledged."""
        began = time.perf_counter()
        outbox = producer(
            {
                **self.site.settings.kafka_config(),
                "linger.ms": 50,
                "queue.buffering.max.messages": 2 * HELD_MAX,
            }
        )
        failed: list[str] = []

        def told(error: object, _: object) -> None:
            if error is not None:
                failed.append(str(error))

        number = -1
        for number, (kind, key, value) in enumerate(sent):
            while True:
                try:
                    outbox.produce(prefix + TOPIC_OF[kind], value, key, on_delivery=told)
                    break
                except BufferError:
                    outbox.poll(0.05)
            if number % 1_000 == 0:
                outbox.poll(0)
        left = outbox.flush(120)
        assert (left, failed[:3]) == (0, [])
        self.records += 0 if prefix else number + 1
        return time.perf_counter() - began

    def ends(self) -> dict[tuple[str, int], int]:
        """Return where each fact partition ends now; of Apache Kafka, which knows it."""
        reader = Consumer({**self.site.settings.kafka_config(), "group.id": "bench-ends"})
        found = {
            (topic, n): reader.get_watermark_offsets(TopicPartition(topic, n), 30)[1]
            for topic in TOPIC_OF.values()
            for n in range(PARTITIONS)
        }
        reader.close()
        return found

    def probe(self, count: int) -> None:
        """Send deals that nobody has sent before, and wait until they are acknowledged."""
        now = int(time.time() * 1_000)
        first = self.take_probes(count)
        self.probed += count
        self.preload(won_deal(first + i, self.prober, now) for i in range(count))

    def take_probes(self, count: int) -> int:
        """Return the first of so many numbers of probes that nobody has used."""
        first, self._numbers = self._numbers, self._numbers + count
        return first

    def make_small_topics(self) -> None:
        """Make the topics that hold the first few events."""
        admin = AdminClient(dict(self.site.settings.kafka_config()))
        new = [NewTopic(SMALL + name, PARTITIONS, 1) for name in TOPIC_OF.values()]
        for future in admin.create_topics(new).values():
            future.result(30)


EVENTS_TABLE = "spm.bench_events"
_EVENTS = f"""
CREATE TABLE IF NOT EXISTS {EVENTS_TABLE}
(
    entity_id String, kind LowCardinality(String), revision Int64, op LowCardinality(String),
    owner_id String, created_at DateTime64(3, 'UTC'), occurred_at DateTime64(3, 'UTC'),
    topic LowCardinality(String), partition UInt16, offset UInt64
)
ENGINE = MergeTree ORDER BY entity_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""


@contextmanager
def place(
    kind: Kind, reps: int, more: int = 1, kinds: Mapping[str, Any] | None = None
) -> Iterator[Place]:
    """A ground with definitions for so many reps in force from the beginning of each partition.

    Args:
        more: reps for whom no log has events.
        kinds: other definitions, by kind.
    """
    # In the user's cache and not under /tmp, which may be memory: a broker syncs its log to disk.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pacesetter"
    cache.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=cache))
    settings = Settings(
        data_dir=folder,
        partitions=PARTITIONS,
        broker_port=free_port(),
        warehouse_port=free_port(),
    )
    server = Server(folder, settings.warehouse_port)
    token = PrincipalFile(folder / "principals.json").add(Principal("service", Role.SERVICE))
    (folder / "service.token").write_text(token)
    try:
        with _broker(kind, settings) as (pid, process):
            site = Site(settings, folder, process, server)
            try:
                server.start()
                yield _made(site, pid, token, reps, definitions(reps + more) | dict(kinds or {}))
            finally:
                for worker in site.workers:
                    stop(worker)
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(site: Site, broker_pid: int, token: str, reps: int, known: Mapping[str, Any]) -> Place:
    migrate(wait_for(lambda: _client(site), "warehouse")._client)
    create_topics(site.settings.kafka_config(), PARTITIONS, 1)
    site.warehouse().command(_EVENTS)
    site.define(1, known)
    wait_for(lambda: _opened(site), "epochs")
    assert site.server.process is not None
    found = Place(site, Pids(broker_pid, site.server.process.pid), token, reps)
    found.make_small_topics()
    return found


def _client(site: Site) -> object:
    try:
        return site.warehouse()
    except Unavailable:
        return None


def _opened(site: Site) -> bool:
    try:
        site.open_epochs()
    except Unavailable:  # partitions made a moment ago may still be without a leader
        return False
    return True


@contextmanager
def _broker(
    kind: Kind, settings: Settings
) -> Iterator[tuple[int, "subprocess.Popen[bytes] | None"]]:
    """A broker's process; the second is None for Apache Kafka, which knows where its logs end."""
    if kind == "embedded":
        with broker(settings.broker_port) as process:
            yield process.pid, process
        return
    child = Child(apache.service(settings, "broker", print), settings.data_dir)
    try:
        child.wait_ready()
        yield child.pid, None
    finally:
        child.stop()
