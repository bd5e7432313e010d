"""An ear on spm.rep-days: which days of which reps changed in contests, a moment after they did."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.codec import SchemaIds, Undecodable, decode
from schemas.topics import REP_DAYS
from schemas.warehouse import Unavailable
from streams.domain.contest_measures import PREFIX

ANSWER_SECONDS_MAX = 10.0
AT_ONCE = 2_000  # messages of one look


class Changed(NamedTuple):
    """A total of a contest that was touched."""

    measure: str
    rep_id: str
    day: date


class Ear:
    """Hears what is told from now on. What stands before is in the warehouse already."""

    def __init__(self, config: Mapping[str, Any], ids: SchemaIds) -> None:
        """Take a place at the end of every partition.

        Raises:
            Unavailable: Kafka does not answer, or has no such topic.
        """
        self._ids = ids
        self._consumer = Consumer(
            {**config, "group.id": "pacesetter-contests", "enable.auto.commit": False,
             "auto.offset.reset": "earliest", "fetch.wait.max.ms": 100}
        )  # fmt: skip
        try:
            known = self._consumer.list_topics(REP_DAYS.name, ANSWER_SECONDS_MAX).topics
            numbers = sorted(known[REP_DAYS.name].partitions)
            if not numbers:
                raise Unavailable(f"kafka: {REP_DAYS.name} does not exist; run `pacesetter setup`")
            self._consumer.assign([self._end(TopicPartition(REP_DAYS.name, n)) for n in numbers])
        except KafkaException as error:
            self._consumer.close()
            raise Unavailable(f"kafka: {error}") from error

    def _end(self, place: TopicPartition) -> TopicPartition:
        # Asked for now, not when the first fetch is made. The embedded broker names the start of
        # its last batch, one further; what is heard twice is read twice.
        place.offset = self._consumer.get_watermark_offsets(place, ANSWER_SECONDS_MAX)[1]
        return place

    def heard(self, seconds: float) -> set[Changed]:
        """Return what changed, waiting so long for the first of it.

        Raises:
            Unavailable: Kafka does not answer.
        """
        try:
            messages = self._consumer.consume(AT_ONCE, seconds)
        except KafkaException as error:
            raise Unavailable(f"kafka: {error}") from error
        found: set[Changed] = set()
        for message in messages:
            if message.error():
                raise Unavailable(f"kafka: {message.error()}")
            found |= _changed(message.value(), self._ids)
        return found

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the broker."""
        self.close()


def _changed(value: bytes | None, ids: SchemaIds) -> set[Changed]:
    try:
        _, told = decode(value or b"", ids)
    except Undecodable:  # whatever it is, the totals are compared every minute
        return set()
    return {
        Changed(one["measure"], told["rep_id"], one["day"])
        for one in told["partials"]
        if one["measure"].startswith(PREFIX)
    }
