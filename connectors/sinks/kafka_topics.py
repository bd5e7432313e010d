"""Topics of Kafka: made as schemas.topics lists them, taken away, and who reads them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from connectors.sinks.kafka import SECONDS_MAX, Config
from schemas import topics
from schemas.topics import Topic
from schemas.warehouse import Unavailable


def create_topics(config: Config, partitions: int, replication: int) -> list[str]:
    """Return the names of the topics that were missing and are there now.

    Raises:
        Unavailable: Kafka does not answer.
        ValueError: a topic is there with another number of partitions than it must have.
    """
    admin = AdminClient(dict(config))
    try:
        there = admin.list_topics(timeout=SECONDS_MAX).topics
    except KafkaException as error:
        raise Unavailable(f"kafka: {error}") from error
    for topic in topics.TOPICS:
        wanted = topic.partitions or partitions
        if topic.name in there and len(there[topic.name].partitions) != wanted:
            raise ValueError(
                f"topic {topic.name} has {len(there[topic.name].partitions)} partitions, settings "
                f"say {wanted}; set `partitions` to what it has, or change the topics with "
                f"`pacesetter rebuild --partitions {wanted}`"
            )
    return _made(admin, [t for t in topics.TOPICS if t.name not in there], partitions, replication)


def create(config: Config, wanted: Iterable[Topic], partitions: int, replication: int) -> list[str]:
    """Return the names of those topics that were missing and are there now.

    Raises:
        Unavailable: Kafka does not answer.
    """
    admin = AdminClient(dict(config))
    try:
        there = admin.list_topics(timeout=SECONDS_MAX).topics
    except KafkaException as error:
        raise Unavailable(f"kafka: {error}") from error
    return _made(admin, [t for t in wanted if t.name not in there], partitions, replication)


def members(config: Config, group: str) -> int:
    """Return how many consumers a group has right now.

    Raises:
        Unavailable: Kafka does not answer.
    """
    admin = AdminClient(dict(config))
    try:
        asked = admin.describe_consumer_groups([group], request_timeout=SECONDS_MAX)
        return len(asked[group].result(SECONDS_MAX).members)
    except (KafkaException, TimeoutError) as error:
        raise Unavailable(f"kafka: group {group}: {error}") from error


def delete_topics(config: Config, names: Iterable[str]) -> None:
    """Delete topics with all that stands in them, and return once they are gone.

    Raises:
        Unavailable: Kafka does not answer, or they do not go.
    """
    admin = AdminClient(dict(config))
    wanted = set(names)
    try:
        for future in admin.delete_topics(list(wanted), request_timeout=SECONDS_MAX).values():
            future.result(SECONDS_MAX)
        end = time.monotonic() + SECONDS_MAX
        while wanted & set(admin.list_topics(timeout=SECONDS_MAX).topics):
            if time.monotonic() > end:
                raise Unavailable(f"kafka: {', '.join(sorted(wanted))} are not gone yet")
            time.sleep(0.2)
    except (KafkaException, TimeoutError) as error:
        raise Unavailable(f"kafka: topics cannot be deleted: {error}") from error


def _made(
    admin: AdminClient, missing: Sequence[Topic], partitions: int, replication: int
) -> list[str]:
    if missing:
        asked = admin.create_topics(
            [_new(topic, partitions, replication) for topic in missing],
            request_timeout=SECONDS_MAX,
        )
        _settled(asked)
    return [topic.name for topic in missing]


def _settled(asked: Mapping[str, Any]) -> None:
    for name, future in asked.items():
        try:
            future.result(SECONDS_MAX)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise Unavailable(f"kafka: topic {name}: {error}") from error


def _new(topic: Topic, partitions: int, replication: int) -> NewTopic:
    return NewTopic(
        topic.name,
        num_partitions=topic.partitions or partitions,
        replication_factor=replication,
        config={
            "cleanup.policy": "compact" if topic.compacted else "delete",
            "retention.ms": str(topic.retention_ms),
            "max.message.bytes": str(topic.message_bytes_max),
        },
    )
