"""Dead letters: records set aside with their bytes and the reason, in a table and in a topic."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import polars as pl

from schemas import codec, topics
from schemas.codec import SchemaIds
from schemas.warehouse import Message
from streams.engine.batches import Partition
from streams.engine.decoding import Dead

TABLE = "spm.dead_letter"


class Letter(NamedTuple):
    """One record that was set aside, and where it stands."""

    partition: Partition
    position: int
    dead: Dead


def rows_of(letters: Iterable[Letter], at: datetime) -> pl.DataFrame:
    """Return letters as rows of their table."""
    return pl.DataFrame(
        [
            {
                "topic": letter.partition.topic,
                "partition": letter.partition.number,
                "position": letter.position,
                "reason": letter.dead.reason,
                "detail": letter.dead.detail,
                "key": letter.dead.key or b"",
                "value": letter.dead.value or b"",
                "seen_at": at,
            }
            for letter in letters
        ],
        schema_overrides={
            "partition": pl.UInt16(),
            "position": pl.UInt64(),
            "seen_at": pl.Datetime("ms", "UTC"),
        },
    )


def messages_of(letters: Iterable[Letter], at: datetime, ids: SchemaIds) -> list[Message]:
    """Return letters as messages of crm.dead-letter."""
    return [
        Message(
            topics.DEAD_LETTER.name,
            letter.dead.key or b"",
            codec.encode(
                "dead_letter",
                {
                    "reason": letter.dead.reason,
                    "detail": letter.dead.detail,
                    "key": letter.dead.key,
                    "value": letter.dead.value,
                    "topic": letter.partition.topic,
                    "partition": letter.partition.number,
                    "position": letter.position,
                    "seen_at": at,
                },
                ids,
            ),
        )
        for letter in letters
    ]
