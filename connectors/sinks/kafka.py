"""Kafka as a place to send to and to ask: topics, producers, identities of logs.

Every producer places keys by Kafka's murmur2 and waits for all replicas; a message counts as sent
once the broker has acknowledged it.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from itertools import groupby, islice
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from schemas import topics
from schemas.keys import PARTITIONER
from schemas.warehouse import LogIdentity, Message, Unavailable

BY_KEY = -1  # librdkafka's word for: let the partitioner decide
AT_ONCE = 1_000  # messages handed to librdkafka in one call
QUEUED_MAX = 100_000  # messages it has at most before more are handed to it
ABSENT_SECONDS = 5.0  # a record that does not come within is not there
LEADER_SECONDS = 10.0  # a broker learns within moments that it leads a partition just made
_LEADERLESS = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
SECONDS_MAX = 30.0  # an answer that takes longer is none
Config = Mapping[str, Any]  # librdkafka's settings: bootstrap.servers, security.protocol ...


def producer(config: Config) -> Producer:
    """Return a producer that every part of the pipeline may use: murmur2, acks=all, idempotent."""
    return Producer(
        {
            **config,
            "partitioner": PARTITIONER,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": "lz4",
            "linger.ms": 5,  # a flush sends many messages at once; one alone must not wait long
            "message.max.bytes": max(topic.message_bytes_max for topic in topics.TOPICS),
        }
    )


class Publisher:
    """Sends messages and returns once all of them are acknowledged."""

    def __init__(self, config: Config, *, ahead: bool = False) -> None:
        """Connect with the first message, or ahead of it.

        Args:
            ahead: at once: a broker gives a producer its identity half a second after it asks.
        """
        self._config = config
        self._producer = self._made() if ahead else None
        self._lock = threading.Lock()

    def _made(self) -> Producer:
        # Of those that arrive nothing is told: a call for each costs as much as sending it.
        told = {"delivery.report.only.error": True}
        room = {"queue.buffering.max.messages": 2 * QUEUED_MAX}
        return producer({**self._config, **told, **room})

    def send(self, messages: Iterable[Message]) -> None:
        """Return once Kafka has acknowledged all of them.

        Raises:
            Unavailable: not all of them; sending them again is harmless.
        """
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Any) -> None:
            if error is not None:
                failed.append(error)

        with self._lock:
            if self._producer is None:
                self._producer = self._made()
            for (topic, number), some in groupby(messages, _place):
                while part := list(map(_as_dict, islice(some, AT_ONCE))):
                    while len(self._producer) > QUEUED_MAX:
                        self._producer.poll(0.05)
                    self._producer.produce_batch(topic, part, number, on_delivery=delivered)
                    failed += [one["_error"] for one in part if "_error" in one]
                    self._producer.poll(0)
            left = self._producer.flush(SECONDS_MAX)
            if failed or left:
                # A failed idempotent producer may never send again; the next try has a new one.
                self._producer.purge()
                self._producer = None
                reason = failed[0].str() if failed else f"{left} messages unacknowledged"
                raise Unavailable(f"kafka: {reason}")


def _place(message: Message) -> tuple[str, int]:
    """Return where a message goes. One named in a message of a batch librdkafka does not heed."""
    return message.topic, BY_KEY if message.partition is None else message.partition


def _as_dict(message: Message) -> dict[str, Any]:
    return {"key": message.key, "value": message.value}


class Inspector:
    """Says which logs Kafka holds."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._admin = AdminClient(dict(config))

    def identities(self, names: Iterable[str]) -> dict[str, LogIdentity]:
        """Return the identity of each topic.

        Raises:
            Unavailable: Kafka does not answer, or a topic is missing.
        """
        wanted = list(names)
        try:
            cluster_id = self._admin.list_topics(timeout=SECONDS_MAX).cluster_id or ""
            asked = self._admin.describe_topics(
                TopicCollection(wanted), request_timeout=SECONDS_MAX
            )
            found = {name: future.result(SECONDS_MAX) for name, future in asked.items()}
        except (KafkaException, TimeoutError) as error:
            raise Unavailable(f"kafka: {error}; are the topics created?") from error
        return {
            name: LogIdentity(cluster_id, str(described.topic_id), len(described.partitions))
            for name, described in found.items()
        }

    def ends(self, partitions: Iterable[tuple[str, int]]) -> dict[Any, int]:
        """Return the offset behind the last record of each partition.

        The embedded broker answers with the start of its last batch, one record further.

        Raises:
            Unavailable: Kafka does not answer.
        """
        return self._offsets(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def firsts(self, partitions: Iterable[tuple[str, int]]) -> dict[Any, int]:
        """Return the first offset Kafka holds of each partition.

        Raises:
            Unavailable: Kafka does not answer.
        """
        return self._offsets(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def _offsets(self, partitions: Iterable[tuple[str, int]], spec: Any) -> dict[Any, int]:
        wanted = {TopicPartition(*place): place for place in partitions}
        if not wanted:
            return {}
        asked = self._admin.list_offsets(
            {place: spec for place in wanted}, request_timeout=SECONDS_MAX
        )
        try:
            return {
                wanted[place]: future.result(SECONDS_MAX).offset for place, future in asked.items()
            }
        except (KafkaException, TimeoutError) as error:
            raise Unavailable(f"kafka: {error}") from error

    def beginnings(self, name: str, partitions: int, count: int) -> dict[int, list[bytes]]:
        """Return the values of the first records of each partition, at most `count` of each.

        Raises:
            Unavailable: Kafka does not answer.
        """
        reader = Consumer({**self._config, "group.id": "pacesetter-beginnings"})
        try:
            return _beginnings(reader, name, partitions, count)
        except KafkaException as error:
            raise Unavailable(f"kafka: {error}") from error
        finally:
            reader.close()

    def holds(self, name: str, number: int, offset: int) -> bool:
        """Return whether a partition has a record at an offset.

        Raises:
            Unavailable: Kafka does not answer.
        """
        reader = Consumer(
            {**self._config, "group.id": "pacesetter-holds", "auto.offset.reset": "error"}
        )
        try:
            reader.assign([TopicPartition(name, number, offset)])
            record = reader.poll(ABSENT_SECONDS)
            if record is not None and record.error():
                return False  # out of range: the log ends before
            return record is not None and record.offset() == offset
        except KafkaException as error:
            raise Unavailable(f"kafka: {error}") from error
        finally:
            reader.close()


def _beginnings(reader: Consumer, name: str, partitions: int, count: int) -> dict[int, list[bytes]]:
    values: dict[int, list[bytes]] = {number: [] for number in range(partitions)}
    wanted = {}
    for number in values:
        first, end = _bounds(reader, TopicPartition(name, number))
        wanted[number] = min(count, end - first)
    reader.assign([TopicPartition(name, n, OFFSET_BEGINNING) for n in values if wanted[n]])
    while any(len(values[number]) < wanted[number] for number in values):
        record = reader.poll(SECONDS_MAX)
        if record is None or record.error():
            raise Unavailable(f"kafka: {name} cannot be read: {record and record.error()}")
        number = record.partition() or 0
        if len(values[number]) < wanted[number]:
            values[number].append(record.value() or b"")
    return values


def _bounds(reader: Consumer, place: TopicPartition) -> tuple[int, int]:
    """Return first offset and end of a partition, which may have been made a moment ago."""
    end = time.monotonic() + LEADER_SECONDS
    while True:
        try:
            return reader.get_watermark_offsets(place, SECONDS_MAX)
        except KafkaException as error:
            if error.args[0].code() not in _LEADERLESS or time.monotonic() > end:
                raise
        time.sleep(0.1)
