"""The log of definitions: revisions in spm.definitions, markers in every partition they concern."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connectors.sinks.kafka import Inspector
from infra.definitions.records import (
    Entry,
    Marker,
    Revision,
    entry_of,
    headers_of,
    marker_sequence,
    value_of,
)
from infra.definitions.scanning import LogError, Partition, lost, records_from
from schemas import codec, topics
from schemas.codec import SchemaIds
from schemas.keys import PARTITIONER
from schemas.positions import place_of, position_of
from schemas.warehouse import LogIdentity, Unavailable

ACK_SECONDS = 15.0  # a broker that has not answered by then is away
READ_SECONDS = 30.0  # the whole of spm.definitions is a few megabytes
SCAN_RECORDS_MAX = 50_000  # looking for a marker; not found in that many, it is written again
_DEFINITIONS = topics.DEFINITIONS.name
_Reports = list[tuple[KafkaError | None, Message]]


class DefinitionLog:
    """A connection to the broker for definitions: writes and reads revisions, writes markers."""

    def __init__(
        self,
        bootstrap: str,
        ids: SchemaIds,
        *,
        epoch: int | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        """Connect.

        Args:
            epoch: of spm.definitions; None: the one the warehouse says is open.
            extra: further librdkafka settings (security.protocol, sasl.* ...).
        """
        self.epoch = epoch
        self._ids = ids
        self._bootstrap = bootstrap
        self._common = {**(extra or {}), "bootstrap.servers": bootstrap, "log_level": 2}
        self._producer = Producer({
            **self._common, "acks": "all", "enable.idempotence": True, "partitioner": PARTITIONER,
            "linger.ms": 5, "message.timeout.ms": int(ACK_SECONDS * 1000),
            "message.max.bytes": topics.DEFINITIONS.message_bytes_max,
            "allow.auto.create.topics": False,
        })  # fmt: skip

    def partitions(self, wanted: Iterable[topics.Topic]) -> tuple[Partition, ...]:
        """Return the partitions of those topics that exist.

        Raises:
            LogError: no broker answers.
        """
        known = self._metadata().topics
        return tuple(
            (t.name, p) for t in wanted if t.name in known for p in sorted(known[t.name].partitions)
        )

    def identity(self) -> LogIdentity:
        """Return which log spm.definitions is right now.

        Raises:
            LogError: no broker answers, or it has no such topic.
        """
        try:
            return Inspector(self._common).identities([_DEFINITIONS])[_DEFINITIONS]
        except Unavailable as error:
            raise LogError(f"no answer from the broker at {self._bootstrap}: {error}") from error

    def append(self, revisions: Sequence[Revision], base: int, set_id: str) -> int:
        """Return the sequence of the last of these revisions, written as one set.

        Args:
            revisions: their own sequences are ignored: the log hands them out.
            base: the newest sequence that whoever made them has seen.

        Raises:
            LogError: the broker did not acknowledge all of them.
        """
        reports: _Reports = []
        for part, revision in enumerate(revisions, 1):
            headers = headers_of(set_id, part, len(revisions), base)
            self._produce(reports, _DEFINITIONS, value_of(revision, self._ids),
                          key=revision.kind.encode(), partition=0, headers=headers)  # fmt: skip
        self._await(reports, len(revisions))
        return position_of(self._open_epoch(), max(m.offset() or 0 for _, m in reports))

    def entries(self, after: int, through: int = 0) -> tuple[Entry, ...]:
        """Return our records of spm.definitions behind a sequence.

        Args:
            through: the log is known to reach up to this sequence.

        Raises:
            LogError: the log is shorter than `after` or `through` say, or nobody answers.
        """
        epoch = self._open_epoch()
        place = place_of(after)
        known = after > 0 and place.epoch == epoch
        found = list(records_from(
            self._common, {(_DEFINITIONS, 0): place.offset if known else 0}, READ_SECONDS
        ))  # fmt: skip
        positions = [position_of(epoch, m.offset() or 0) for m in found]
        if known and after not in positions:
            raise LogError(lost(_DEFINITIONS))
        if through and (not positions or positions[-1] < through):
            raise LogError(f"{_DEFINITIONS} was not read up to sequence {through}; run it again")
        return tuple(
            entry
            for position, m in zip(positions, found, strict=True)
            if position > after
            and (entry := entry_of(position, m.value() or b"", _headers(m), self._ids))
        )

    def lacking(self, starts: Mapping[Partition, int], sequence: int) -> tuple[Partition, ...]:
        """Return the partitions that hold no marker of this sequence or a later one.

        Args:
            starts: partition -> offset from which to look.

        Raises:
            LogError: nobody answers.
        """
        having: set[Partition] = set()
        looked: dict[Partition, int] = dict.fromkeys(starts, 0)
        for message in records_from(self._common, starts, READ_SECONDS):
            partition = (message.topic() or "", message.partition() or 0)
            looked[partition] += 1
            if marker_sequence(message.value() or b"", self._ids) >= sequence:
                having.add(partition)
            if having == starts.keys() or looked[partition] > SCAN_RECORDS_MAX:
                break
        return tuple(p for p in starts if p not in having)

    def mark(self, markers: Mapping[Partition, Marker]) -> None:
        """Write a marker to each of these partitions, and wait until all stand there.

        Raises:
            LogError: the broker did not acknowledge all of them; repeating is safe.
        """
        reports: _Reports = []
        for (topic, number), marker in markers.items():
            value = codec.encode("marker", marker._asdict(), self._ids)
            self._produce(
                reports, topic, value, key=f"marker:{topic}:{number}".encode(), partition=number
            )
        self._await(reports, len(markers))

    def _open_epoch(self) -> int:
        if self.epoch is None:
            raise LogError(f"no epoch is open for {_DEFINITIONS}; start with `pacesetter up`")
        return self.epoch

    def _metadata(self) -> Any:
        try:
            return self._producer.list_topics(timeout=ACK_SECONDS)
        except KafkaException as error:
            raise LogError(f"no broker answers at {self._bootstrap}; is it running?") from error

    def _produce(self, reports: _Reports, topic: str, value: bytes, **more: Any) -> None:
        try:
            self._producer.produce(
                topic, value, on_delivery=lambda error, m: reports.append((error, m)), **more
            )
        except KafkaException as error:
            self._producer.flush(ACK_SECONDS)
            raise LogError(f"{topic} refuses a record: {error.args[0].str()}") from error

    def _await(self, reports: _Reports, expected: int) -> None:
        self._producer.flush(ACK_SECONDS + 1)
        errors = [error.str() for error, _ in reports if error is not None]
        if errors or len(reports) < expected:
            why = errors[0] if errors else f"no answer within {ACK_SECONDS:g} s"
            raise LogError(f"Kafka at {self._bootstrap} did not take it ({why}); run it again")


def _headers(message: Message) -> dict[str, bytes | None]:
    said: Any = message.headers() or []
    return {k: v.encode() if isinstance(v, str) else v for k, v in said}
