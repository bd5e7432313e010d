"""The one producer of events: every door in hands its records here and learns what became of each.

It places keys as Kafka's own clients do, waits for all replicas, and lets librdkafka repeat what it
must without doubling anything. A record is told as acknowledged only when its broker has said so.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connectors.sources.delivering import Acknowledged, Delivery, Outcome, Unacknowledged
from schemas import codec, topics
from schemas.codec import SchemaIds
from schemas.keys import PARTITIONER
from schemas.topics import Topic

__all__ = ["Acknowledged", "Delivery", "Event", "EventProducer", "Outcome", "Unacknowledged"]

log = logging.getLogger(__name__)

QUEUE_MESSAGES_MAX = 100_000  # a second's worth of a fast import; beyond it the caller must wait
QUEUE_KBYTES_MAX = 65_536  # 64 MiB: what a door may keep for a broker that is away
MESSAGE_BYTES_MAX = 8_388_608
LINGER_MS = 5  # long enough to fill a request from a batch, too short to be seen on a board
POLL_SECONDS = 0.1
ANEW_SECONDS_MIN = 1.0  # a broker that is away is no reason to connect faster than this
LOG_CRITICAL = (
    2  # librdkafka's own lines repeat with every attempt; the error callback says it once
)
_PURGED = (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT)


class Event(NamedTuple):
    """A record that `schemas.canonical.check` has passed, and which message it is."""

    message: str
    record: Mapping[str, Any]


class Framed(NamedTuple):
    """A record as it goes onto the wire, and where to."""

    topic: str
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class ProducerSettings:
    """How to reach Kafka.

    Attributes:
        deadline_seconds: how long a record may wait for its acknowledgement.
        extra: further librdkafka settings (security.protocol, sasl.* ...); ours win.
    """

    bootstrap_servers: str
    client_id: str = "pacesetter"
    deadline_seconds: float = 10.0
    extra: Mapping[str, str] = field(default_factory=dict)


class EventProducer:
    """A connection to Kafka with a thread that collects its reports. Safe to share by threads."""

    def __init__(self, settings: ProducerSettings, ids: SchemaIds) -> None:
        self._settings = settings
        self._ids = ids
        self._lock = threading.Lock()
        self._stuck = self._away = False
        self._begun_at = time.monotonic()
        self._closing = threading.Event()
        self._producer = Producer(self._config())
        self._thread = threading.Thread(target=self._collect, name="delivery-reports", daemon=True)
        self._thread.start()

    def publish(self, events: Sequence[Event], *, patient: bool = False) -> Delivery:
        """Hand a batch over and return its delivery, which can be waited for.

        Args:
            patient: when the local queue is full wait for room, up to the deadline; else what does
                not fit is told as unacknowledged at once.

        Raises:
            ValueError: a record does not fit its schema; `check` would have said so. Nothing of
                the batch is sent then.
        """
        return self.send([self._framed(event) for event in events], patient=patient)

    def send(self, rows: Sequence[Framed], *, patient: bool = False) -> Delivery:
        """Hand over what is framed already, such as what a vendor said; else as `publish`."""
        delivery = Delivery(len(rows), self._settings.deadline_seconds)
        until = time.monotonic() + (self._settings.deadline_seconds if patient else 0.0)
        for index, (topic, key, value) in enumerate(rows):
            self._produce(topic, key, value, partial(self._report, delivery, index, topic), until)
        return delivery

    def missing_topics(self, wanted: Sequence[Topic], seconds: float) -> tuple[str, ...]:
        """Return which topics do not exist. It blocks.

        Raises:
            ConnectionError: no broker answers within `seconds`.
        """
        try:
            known = self._producer.list_topics(timeout=seconds).topics
        except KafkaException as error:
            raise ConnectionError(f"no broker at {self._settings.bootstrap_servers}") from error
        return tuple(t.name for t in wanted if t.name not in known)

    def close(self, seconds: float = 10.0) -> int:
        """Return how many records are still unacknowledged after waiting for them so long."""
        left = self._producer.flush(seconds)
        self._closing.set()
        self._thread.join(timeout=POLL_SECONDS * 20)
        return int(left)

    def _framed(self, event: Event) -> Framed:
        topic = topic_of(event.message)
        key = str(event.record[topic.key])
        return Framed(
            topic.name, key.encode(), codec.encode(event.message, event.record, self._ids)
        )

    def _produce(self, topic: str, key: bytes, value: bytes, report: Any, until: float) -> None:
        while True:
            try:
                with self._lock:
                    self._producer.produce(topic, value, key, on_delivery=report)
                return
            except BufferError:
                if time.monotonic() >= until:
                    report(KafkaError(KafkaError._QUEUE_FULL), None)
                    return
                time.sleep(0.01)
            except KafkaException as error:
                report(error.args[0], None)
                return

    def _report(
        self,
        delivery: Delivery,
        index: int,
        topic: str,
        error: KafkaError | None,
        message: Message | None,
    ) -> None:
        if error is None:
            self._away = False
        elif error.code() == KafkaError._MSG_TIMED_OUT:
            self._stuck = True
        delivery.report(index, _outcome(topic, error, message))

    def _collect(self) -> None:
        with suppress(KafkaException):  # connect now, so that the first event need not wait for it
            self._producer.list_topics(timeout=1.0)
        while not self._closing.is_set():
            self._producer.poll(POLL_SECONDS)
            if self._stuck and time.monotonic() - self._begun_at >= ANEW_SECONDS_MIN:
                self._start_anew()

    def _start_anew(self) -> None:
        """Take a new connection with a new producer id.

        After a fatal error an idempotent producer never sends again, and one whose broker came back
        without its memory repeats a sequence that broker refuses until the message times out.
        """
        with self._lock:
            old, self._producer = self._producer, Producer(self._config())
            self._stuck, self._begun_at = False, time.monotonic()
        old.purge()
        old.flush(1.0)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            log.error("Kafka: %s; the producer starts anew", error.str())
            self._stuck = True
        elif error.code() == KafkaError._ALL_BROKERS_DOWN and not self._away:
            self._away = True  # told once until it is back
            log.warning("Kafka: no broker answers at %s", self._settings.bootstrap_servers)

    def _config(self) -> dict[str, Any]:
        return {
            **self._settings.extra,
            "bootstrap.servers": self._settings.bootstrap_servers,
            "client.id": self._settings.client_id,
            "partitioner": PARTITIONER,
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": LINGER_MS,
            "message.timeout.ms": int(self._settings.deadline_seconds * 1000),
            "queue.buffering.max.messages": QUEUE_MESSAGES_MAX,
            "queue.buffering.max.kbytes": QUEUE_KBYTES_MAX,
            "message.max.bytes": MESSAGE_BYTES_MAX,  # each topic has its own limit below it
            "allow.auto.create.topics": False,  # a topic made in passing has the wrong partitions
            "topic.metadata.propagation.max.ms": 3000,
            "reconnect.backoff.max.ms": 1000,  # a broker that is back is used within a second
            "error_cb": self._on_error,
            "log_level": LOG_CRITICAL,
        }


def topic_of(message: str) -> Topic:
    """Return the topic a source writes a message to.

    Raises:
        KeyError: it is no message that sources write.
    """
    return topics.PROGRESS if message == "progress" else topics.BY_FACT[message]


def _outcome(topic: str, error: KafkaError | None, message: Message | None) -> Outcome:
    if error is None and message is not None:
        return Acknowledged(topic, message.partition() or 0, message.offset() or 0)
    code = error.code() if error is not None else KafkaError._FAIL
    if code in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
        return Unacknowledged(
            f"Kafka has no topic {topic}", "run `pacesetter setup` to make the topics", False
        )
    if code == KafkaError.MSG_SIZE_TOO_LARGE:
        return Unacknowledged("it is larger than the topic allows", "shorten its texts", False)
    if code == KafkaError._QUEUE_FULL:
        return Unacknowledged("too much is waiting for Kafka already", "send it again a bit later")
    why = "no report" if error is None else error.str()
    if code in _PURGED:
        why = "the connection was begun anew"
    return Unacknowledged(
        f"Kafka did not acknowledge it ({why})", "send it again; repeating changes nothing"
    )
