"""The log raw.<source>: made, read in its order from a place on, and known when it is another one.

It has one partition. Where reading goes on stands in the source's memory and not in a consumer
group, so that it moves in one commit with what was made of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from connectors.sinks.kafka import Inspector
from connectors.sinks.kafka_topics import create
from connectors.sources.runtime.folding import Kept
from connectors.sources.runtime.state import State
from schemas import codec, topics
from schemas.codec import SchemaIds, Undecodable
from schemas.warehouse import Unavailable

AT_ONCE = 500  # messages of one commit: a second's work
Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kafka:
    """How to reach Kafka, and how topics are made there."""

    config: Config
    ids: SchemaIds
    replication: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read: messages in order, and the place behind the last of them."""

    kept: tuple[Kept, ...]
    behind: int


def ensure(kafka: Kafka, source: str) -> None:
    """Make the log of a source unless it is there.

    Raises:
        Unavailable: Kafka does not answer.
    """
    create(kafka.config, [topics.raw(source)], 1, kafka.replication)


def opened(kafka: Kafka, source: str, state: State) -> "Log":
    """Return a source's log at the place its memory tells.

    A log that is another one than before (a memory broker that was started anew, a topic made
    anew) is read from its beginning, under the next epoch.

    Raises:
        Unavailable: Kafka does not answer.
    """
    ensure(kafka, source)
    name = topics.raw(source).name
    identity = Inspector(kafka.config).identities([name])[name]
    known = f"{identity.cluster_id}/{identity.topic_id}"
    if state.get("log") != known:
        with state.changing():
            is_first = state.get("log") == ""
            state.put("log", known)
            state.put("epoch", str(int(state.get("epoch", "0")) + 1))
            state.put("mapped", "0")
            if not is_first:
                state.put("log_lost", "yes")
    return Log(kafka, name, state)


class Log:
    """Reads a source's log."""

    def __init__(self, kafka: Kafka, name: str, state: State) -> None:
        self._ids, self._name = kafka.ids, name
        self.epoch = int(state.get("epoch", "1"))
        self._place = int(state.get("mapped", "0"))
        self._consumer = Consumer(
            {
                **kafka.config,
                "group.id": "pacesetter-sources",  # of no use: places are not kept there
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",  # what the log no longer holds is asked for again
                "fetch.wait.max.ms": 100,
                "fetch.message.max.bytes": 8_388_608,
                "log_level": 0,
            }
        )
        self.seek(self._place)

    def seek(self, place: int) -> None:
        """Go on from another place."""
        self._place = place
        self._consumer.assign([TopicPartition(self._name, 0, place)])

    def read(self, seconds: float) -> Batch:
        """Return what comes next, waiting so long for the first of it.

        Raises:
            Unavailable: Kafka does not answer.
        """
        try:
            messages = self._consumer.consume(AT_ONCE, seconds)
        except KafkaException as error:
            raise Unavailable(f"kafka: {error}") from error
        kept = []
        for message in messages:
            if message.error():
                raise Unavailable(f"kafka: {message.error()}")
            offset, key, value = message.offset() or 0, message.key() or b"", message.value() or b""
            if offset < self._place:
                raise Unavailable(f"kafka: {self._name} has begun anew; opening it again")
            self._place = offset + 1
            try:
                _, raw = codec.decode(value, self._ids)
            except Undecodable:  # nobody but us writes here; bytes of another are nobody's record
                continue
            kept.append(Kept(raw, self.epoch, offset, key, value))
        return Batch(tuple(kept), self._place)

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()
