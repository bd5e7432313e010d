"""The producer: events into Kafka, every one acknowledged by all replicas or reported as not.

librdkafka reports failures alone, which is a third faster than a report for each message; what was
sent, has not failed and waits no more is acknowledged.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connectors.sources.simulator.delivery import Event, Progress
from connectors.sources.simulator.floor import SOURCE
from schemas import codec, topics
from schemas.codec import CatalogueIds, SchemaIds
from schemas.keys import PARTITIONER

QUEUE_MESSAGES_MAX = 200_000  # a second or two of a replay
QUEUE_KBYTES_MAX = 131_072  # 128 MiB
SMALL_BYTES = QUEUE_KBYTES_MAX * 1024 // QUEUE_MESSAGES_MAX - 100  # a full queue of them fits
LINGER_MS = 20  # fills requests at full speed; on a board nobody sees it
GIVE_UP_MS = 60_000  # a message not acknowledged by then has failed
LOOK_SECONDS = 10.0  # for a broker that does not answer at all
POLL_EVERY = 2_000  # messages between two looks at what has failed
ROOM_SECONDS = 0.05  # to wait when the queue is full
REASONS_MAX = 5  # told in full; the others are counted
TOPIC_OF = {message: topic.name for message, topic in topics.BY_FACT.items()}
TOPIC_OF["progress"] = topics.PROGRESS.name


class Unreachable(ConnectionError):
    """No broker, or not the topics; str() says what to do."""


class Undelivered(RuntimeError):
    """Kafka did not acknowledge some messages; str() says how many and why."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was handed over and what Kafka has acknowledged, by message, and how long it took."""

    sent: Mapping[str, int]
    acknowledged: Mapping[str, int]
    seconds: float

    @property
    def total(self) -> int:
        """Return how many messages were acknowledged."""
        return sum(self.acknowledged.values())


class Outbox:
    """A connection to Kafka. Use it as a context: leaving it waits for all acknowledgements.

    Raises:
        Unreachable: on entering, there is no broker or a topic is missing.
        Undelivered: on sending or leaving, a message failed for good. None is lost in silence.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        source: str = SOURCE,
        ids: SchemaIds | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.address, self._source = bootstrap, source
        self._ids = ids or CatalogueIds()
        self._producer = Producer({**(extra or {}), **self._config()})
        self._sent: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._look()
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, Undelivered | Unreachable):
            self._producer.purge()
            return
        self.flush()  # also when somebody pressed Ctrl-C: what was sent is seen to its end

    def send(self, message: str, key: bytes, value: bytes) -> None:
        """Hand one message over, waiting while the queue is full."""
        topic = TOPIC_OF[message]
        while True:
            try:
                self._producer.produce(topic, value, key, on_delivery=self._on_failure)
                break
            except BufferError:
                self._producer.poll(ROOM_SECONDS)
                self._stop_if_failed()
        self._sent[message] += 1
        if not self._sent.total() % POLL_EVERY:
            self._producer.poll(0)
            self._stop_if_failed()

    def send_batch(self, message: str, batch: list[dict[str, Any]]) -> None:
        """Hand several messages of one kind over in one call, in order.

        Args:
            batch: their `key` and `value`; librdkafka notes in it what it did not take.
        """
        if any(len(each["value"]) > SMALL_BYTES for each in batch):
            for each in batch:
                self.send(message, each["key"], each["value"])
            return
        # librdkafka would skip what does not fit and take what comes after: so there must be room.
        while len(self._producer) + len(batch) > QUEUE_MESSAGES_MAX:
            self._producer.poll(ROOM_SECONDS)
            self._stop_if_failed()
        taken = self._producer.produce_batch(TOPIC_OF[message], batch, on_delivery=self._on_failure)
        self._sent[message] += taken
        if taken < len(batch):
            errors = [str(each["_error"]) for each in batch if "_error" in each]
            raise Undelivered(f"{len(errors)} messages were not taken: {errors[0]}")
        self._producer.poll(0)
        self._stop_if_failed()

    def progress(self, progress: Progress) -> None:
        """Say how far the source is complete, once everything before is acknowledged."""
        self.flush()
        record = {"source": self._source, "detail": None, **progress._asdict()}
        value = codec.encode("progress", record, self._ids)
        self.send("progress", self._source.encode(), value)

    def flush(self) -> None:
        """Wait until everything sent is acknowledged.

        Raises:
            Undelivered: not everything was, within a minute or so.
        """
        left = self._producer.flush(GIVE_UP_MS / 1000 + 5)
        self._stop_if_failed()
        if left:
            raise Undelivered(f"{left} messages are unacknowledged; is {self.address} alive?")

    def report(self) -> Report:
        """Return the counts so far."""
        waiting = len(self._producer)
        # Which message a waiting one is, librdkafka does not say; there are none after a flush.
        done = {m: n - self._failed[m] for m, n in self._sent.items()} if not waiting else {}
        return Report(dict(self._sent), done, time.monotonic() - self._began)

    def _stop_if_failed(self) -> None:
        if not self._reasons:
            return
        why = "; ".join(f"{n} x {reason}" for reason, n in self._reasons.most_common(REASONS_MAX))
        raise Undelivered(
            f"{self._failed.total()} of {self._sent.total()} messages were not acknowledged by "
            f"{self.address}: {why}. Run it again: what arrived already changes nothing"
        )

    def _on_failure(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            topic = message.topic()
            self._failed[next((m for m, t in TOPIC_OF.items() if t == topic), str(topic))] += 1
            self._reasons[f"{topic}: {error.str()}"] += 1

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._reasons[f"the producer broke: {error.str()}"] += 1

    def _look(self) -> None:
        try:
            known = self._producer.list_topics(timeout=LOOK_SECONDS).topics
        except KafkaException as error:
            raise Unreachable(
                f"no Kafka broker answers at {self.address} ({error.args[0].str()}); "
                "start one, or give its address with --bootstrap"
            ) from error
        missing = sorted(set(TOPIC_OF.values()) - set(known))
        if missing:
            raise Unreachable(
                f"Kafka at {self.address} has no topics {', '.join(missing)}; "
                "run `pacesetter setup` to make them"
            )

    def _config(self) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.address,
            "client.id": "pacesetter-simulator",
            "partitioner": PARTITIONER,
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": LINGER_MS,
            "message.timeout.ms": GIVE_UP_MS,
            "queue.buffering.max.messages": QUEUE_MESSAGES_MAX,
            "queue.buffering.max.kbytes": QUEUE_KBYTES_MAX,
            "delivery.report.only.error": True,
            "allow.auto.create.topics": False,  # one made in passing has the wrong partitions
            "error_cb": self._on_error,
            "log_level": 2,  # what matters arrives by error_cb and reports
        }


def send_all(
    items: Iterable[Event | Progress],
    outbox: Outbox,
    told: Callable[[Event | Progress], None] | None = None,
) -> None:
    """Send events and progress as they come.

    Args:
        told: called with each item once it is handed over, for a progress bar.
    """
    for item in items:
        if isinstance(item, Progress):
            outbox.progress(item)
        else:
            outbox.send(item.message, item.key, item.value)
        if told is not None:
            told(item)
