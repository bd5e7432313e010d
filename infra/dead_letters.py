"""Records that were set aside: finding them, looking at them, sending them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Self

import polars as pl

from connectors.sinks.clickhouse import quoted
from schemas import codec, topics
from schemas.codec import SchemaIds, Undecodable
from schemas.positions import place_of, position_of
from schemas.warehouse import Message
from streams.agents.pipes import PIPES
from streams.engine.batches import Batch, Partition
from streams.engine.decoding import Reading, decode
from streams.engine.ports import Publisher, Warehouse
from streams.engine.postings import key_of

REPLAYED = "spm.dead_letter_replay"
_KEYS = {"credit": "rep_id", "progress": "source"}  # of other messages it is the entity_id


@dataclass(frozen=True, slots=True)
class Address:
    """Where a record stands; written `crm.calls/0/1.17`: topic, partition, epoch, offset."""

    topic: str
    partition: int
    position: int

    def __str__(self) -> str:
        place = place_of(self.position)
        return f"{self.topic}/{self.partition}/{place.epoch}.{place.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address a text names.

        Raises:
            ValueError: it names none.
        """
        try:
            topic, partition, place = text.split("/")
            epoch, offset = place.split(".")
            return cls(topic, int(partition), position_of(int(epoch), int(offset)))
        except ValueError:
            raise ValueError(
                f"{text} is no address; `pacesetter dead-letter list` shows them, such as "
                f"crm.calls/0/1.17 (topic, partition, epoch, offset)"
            ) from None


@dataclass(frozen=True, slots=True)
class Letter:
    """One record that was set aside.

    Attributes:
        replayed_at: when it was last sent again; None for never.
    """

    address: Address
    reason: str
    detail: str
    key: bytes
    value: bytes
    seen_at: datetime
    replayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters; None leaves a thing open."""

    topic: str | None = None
    reason: str | None = None
    since: datetime | None = None
    address: Address | None = None
    waiting: bool = False  # only those that were never sent again

    @property
    def is_everything(self) -> bool:
        """Return whether nothing is left out."""
        return self == Wanted()


_SELECT = """
SELECT d.topic AS topic, d.partition AS partition, d.position AS position, d.reason AS reason,
    d.detail AS detail, hex(d.key) AS key, hex(d.value) AS value, d.seen_at AS seen_at,
    if(toUnixTimestamp64Milli(r.replayed_at) = 0, NULL, r.replayed_at) AS again_at
FROM spm.dead_letter AS d FINAL
LEFT JOIN spm.dead_letter_replay AS r FINAL
    ON r.topic = d.topic AND r.partition = d.partition AND r.position = d.position
"""


def letters(warehouse: Warehouse, wanted: Wanted, limit: int) -> list[Letter]:
    """Return letters, the newest first.

    Raises:
        Unavailable: the warehouse does not answer.
    """
    rows = warehouse.frame(
        f"SELECT * FROM ({_SELECT}) WHERE {_condition(wanted)} "
        f"ORDER BY seen_at DESC, topic, partition, position DESC LIMIT {limit}"
    )
    return [_letter(row) for row in rows.iter_rows(named=True)]


def counts(warehouse: Warehouse, wanted: Wanted) -> list[dict[str, Any]]:
    """Return how many letters there are by topic and reason, and how many were sent again."""
    rows = warehouse.frame(
        f"SELECT topic, reason, count() AS records, countIf(again_at IS NOT NULL) AS replayed, "
        f"min(seen_at) AS first_seen_at, max(seen_at) AS last_seen_at FROM ({_SELECT}) "
        f"WHERE {_condition(wanted)} GROUP BY topic, reason ORDER BY topic, reason"
    )
    return rows.to_dicts()


def content(letter: Letter, ids: SchemaIds) -> dict[str, Any] | str:
    """Return the record as far as it can be read, or why it cannot."""
    try:
        return codec.decode(letter.value, ids)[1]
    except Undecodable as error:
        return str(error)


def trouble(letter: Letter, ids: SchemaIds) -> str | None:
    """Return why a record would be set aside again; None if it can be used now.

    A record that broke a rule is taken for mended: whether it is shows when it is folded.
    """
    kind = PIPES.get(letter.address.topic)
    try:
        name, record = codec.decode(letter.value, ids)
    except Undecodable as error:
        return str(error)
    if name not in topics.named(letter.address.topic).messages:
        return f"{name} has no place in {letter.address.topic}"
    if kind is None:
        return None
    partition = Partition(letter.address.topic, 0)
    fetched = SimpleNamespace(key=_key(name, record), value=letter.value, offset=0)
    batch = Batch(partition, 0, 0, 1, [fetched], 0, 0.0)
    found = decode([batch], Reading(kind.message, kind.faults, 1, key=key_of(kind)), ids)
    return found.dead[0].detail if found.dead else None


def send_again(
    chosen: Sequence[Letter], warehouse: Warehouse, publisher: Publisher, ids: SchemaIds
) -> None:
    """Send records to where they stood, keyed as they should be, and remember that.

    Sending one twice is harmless: it is judged by its revision like any other.

    Raises:
        Unavailable: Kafka or the warehouse did not take it; say it again.
    """
    publisher.send(_message(letter, ids) for letter in chosen)
    at = datetime.now(UTC)
    rows = [
        {
            "topic": letter.address.topic,
            "partition": letter.address.partition,
            "position": letter.address.position,
            "replayed_at": at,
        }
        for letter in chosen
    ]
    warehouse.insert(REPLAYED, pl.DataFrame(rows), warehouse.incarnation())


def _message(letter: Letter, ids: SchemaIds) -> Message:
    try:
        name, record = codec.decode(letter.value, ids)
        key = letter.key if name == "raw" else _key(name, record)
    except Undecodable:
        key = letter.key
    return Message(letter.address.topic, key, letter.value)


def _key(name: str, record: dict[str, Any]) -> bytes:
    return str(record.get(_KEYS.get(name, "entity_id"), "")).encode()


def _condition(wanted: Wanted) -> str:
    parts: list[str] = []
    if wanted.topic:
        parts.append(f"topic = {quoted(wanted.topic)}")
    if wanted.reason:
        parts.append(f"reason = {quoted(wanted.reason)}")
    if wanted.since:
        parts.append(f"seen_at >= fromUnixTimestamp64Milli({wanted.since.timestamp() * 1e3:.0f})")
    if wanted.address:
        at = wanted.address
        parts.append(f"topic = {quoted(at.topic)} AND partition = {at.partition}")
        parts.append(f"position = {at.position}")
    if wanted.waiting:
        parts.append("again_at IS NULL")
    return " AND ".join(parts) or "1"


def _letter(row: dict[str, Any]) -> Letter:
    return Letter(
        Address(row["topic"], row["partition"], row["position"]),
        row["reason"],
        row["detail"],
        bytes.fromhex(row["key"]),
        bytes.fromhex(row["value"]),
        row["seen_at"],
        row["again_at"],
    )
