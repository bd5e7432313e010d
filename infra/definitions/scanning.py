"""Reading partitions of a topic from a place to their end, without a consumer group's memory."""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

Partition = tuple[str, int]  # topic and number
POLL_SECONDS = 1.0


class LogError(RuntimeError):
    """The broker does not do what is needed; str() says what and what to do."""


def records_from(
    common: Mapping[str, Any], starts: Mapping[Partition, int], seconds: float
) -> Iterator[Message]:
    """Yield what stands in partitions, each until it has nothing more to give.

    The end is where a fetch brings nothing: the offset that the embedded broker tells as its latest
    may lie before its last records.

    Args:
        common: librdkafka settings that say where the broker is.
        starts: partition -> first offset wanted. Records before it may be told too, and if the log
            does not reach that far, it is told from what it has.

    Raises:
        LogError: no answer within `seconds`, or a partition cannot be read from there.
    """
    consumer = Consumer({
        **common, "group.id": f"pacesetter-definitions-{uuid.uuid4().hex}",
        "enable.auto.commit": False, "enable.partition.eof": True, "auto.offset.reset": "error",
        "fetch.wait.max.ms": 50,
    })  # fmt: skip
    left = set(starts)
    until = time.monotonic() + seconds
    try:
        consumer.assign([_from(consumer, p, offset, seconds) for p, offset in starts.items()])
        while left:
            message = consumer.poll(max(0.0, min(POLL_SECONDS, until - time.monotonic())))
            if message is None:
                if time.monotonic() >= until:
                    topics = ", ".join(sorted({t for t, _ in left}))
                    raise LogError(f"Kafka gave no answer about {topics} within {seconds:g} s")
                continue
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard((message.topic() or "", message.partition() or 0))
            elif not error.retriable():
                raise LogError(_unreadable(message.topic() or "", error))
    finally:
        consumer.close()


def _from(consumer: Consumer, partition: Partition, wanted: int, seconds: float) -> TopicPartition:
    """Return where to begin: an offset that exists, or that of the end."""
    topic, number = partition
    try:
        ends = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=seconds)
    except KafkaException as error:
        raise LogError(_unreadable(topic, error.args[0])) from error
    if ends is None:
        raise LogError(f"Kafka gave no answer about {topic} within {seconds:g} s")
    low, high = ends  # the embedded broker's `high` is the first offset of its last batch, plus 1
    return TopicPartition(topic, number, max(low, min(wanted, high - 1)))


def lost(topic: str) -> str:
    """Return what to tell when a log does not reach as far as the warehouse knows it to."""
    return (
        f"{topic} does not reach as far as the warehouse: the broker lost it, or the topic was made"
        " anew; open a new epoch with `pacesetter log open`"
    )


def _unreadable(topic: str, error: KafkaError) -> str:
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        return lost(topic)
    return f"{topic} cannot be read: {error.str()}"
