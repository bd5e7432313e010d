"""The effects of a flush, in the order on which exactness rests.

1. history, marker rows among it   2. results   3. messages, acknowledged   4. applied   5. settled

A crash between any two repeats what comes before: the same rows, of which the warehouse keeps one,
and the same messages. `applied` makes the flush known; only then may its offsets be committed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain

import polars as pl

from schemas import codec, topics
from schemas.codec import SchemaIds
from schemas.warehouse import Incarnation, Message
from streams.engine import flush as flushes
from streams.engine import results, snapshots
from streams.engine.flush import Flush
from streams.engine.ports import Publisher, Warehouse
from streams.engine.telling import messages_of

Effect = tuple[str, Callable[[], None]]
DEAD_TABLE = "spm.dead_letter"


def effects_of(
    flush: Flush,
    warehouse: Warehouse,
    publisher: Publisher,
    ids: SchemaIds,
    *,
    now: Incarnation,
    at: datetime,
) -> Iterable[Effect]:
    """Return the effects of a flush, named, in order. Each may be tried again."""
    for table, frames in flush.history.items():
        rows = pl.concat(frame.select(sorted(frame.columns)) for frame in frames)
        yield f"insert {table}", _insert(warehouse, table, rows, now)
    if flush.dead:
        yield f"insert {DEAD_TABLE}", _insert(warehouse, DEAD_TABLE, _dead_rows(flush, at), now)
    if flush.told:
        rows = results.rows_of(flush.told, now.generation)
        yield f"insert {results.TABLE}", _insert(warehouse, results.TABLE, rows, now)
    for table, rows in snapshots.tables_of(flush.snapshots, now.generation).items():
        yield f"insert {table}", _insert(warehouse, table, rows, now)
    messages = messages_of(flush.told, now.generation, ids)
    messages += _dead_letters(flush, at, ids)
    if messages or flush.snapshots:
        yield (
            "publish",
            lambda: publisher.send(chain(messages, snapshots.messages_of(flush.snapshots, ids))),
        )
    yield "insert spm.applied", _insert(warehouse, "spm.applied", flushes.applied_rows(flush), now)


def _insert(
    warehouse: Warehouse, table: str, rows: pl.DataFrame, now: Incarnation
) -> Callable[[], None]:
    return lambda: warehouse.insert(table, rows, now)


def _dead_rows(flush: Flush, at: datetime) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "topic": state.partition.topic,
                "partition": state.partition.number,
                "position": state.position(dead.offset),
                "reason": dead.reason,
                "detail": dead.detail,
                "key": dead.key or b"",
                "value": dead.value or b"",
                "seen_at": at,
            }
            for state, dead in flush.dead
        ],
        schema_overrides={
            "partition": pl.UInt16(),
            "position": pl.UInt64(),
            "seen_at": pl.Datetime("ms", "UTC"),
        },
    )


def _dead_letters(flush: Flush, at: datetime, ids: SchemaIds) -> list[Message]:
    return [
        Message(
            topics.DEAD_LETTER.name,
            dead.key or b"",
            codec.encode(
                "dead_letter",
                {
                    "reason": dead.reason,
                    "detail": dead.detail,
                    "key": dead.key,
                    "value": dead.value,
                    "topic": state.partition.topic,
                    "partition": state.partition.number,
                    "position": state.position(dead.offset),
                    "seen_at": at,
                },
                ids,
            ),
        )
        for state, dead in flush.dead
    ]
