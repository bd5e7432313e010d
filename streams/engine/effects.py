"""The effects of a flush, in the order on which exactness rests.

1. history, marker rows among it   2. results and entries   3. messages, acknowledged   4. applied
5. settled

A crash between any two repeats what comes before: the same rows, of which the warehouse keeps one,
and the same messages. `applied` makes the flush known; only then may its offsets be committed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain

import polars as pl

from schemas.codec import SchemaIds
from schemas.frames import only
from schemas.warehouse import Incarnation
from streams.engine import dead_letters, results, snapshots, tiles
from streams.engine.dead_letters import Letter
from streams.engine.flush import Flush
from streams.engine.ports import Publisher, Warehouse
from streams.engine.telling import messages_of

Effect = tuple[str, Callable[[], None]]


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
        rows = pl.concat([only(frame, sorted(frame.columns)) for frame in frames])
        yield f"insert {table}", _insert(warehouse, table, rows, now)
    letters = [Letter(s.partition, s.position(dead.offset), dead) for s, dead in flush.dead]
    if letters:
        rows = dead_letters.rows_of(letters, at)
        yield f"insert {dead_letters.TABLE}", _insert(warehouse, dead_letters.TABLE, rows, now)
    if flush.told:
        rows = results.rows_of(flush.told, now.generation)
        yield f"insert {results.TABLE}", _insert(warehouse, results.TABLE, rows, now)
    for table, frames in flush.entries.items():
        yield f"insert {table}", _insert(warehouse, table, pl.concat(frames), now)
    for table, rows in snapshots.tables_of(flush.snapshots, now.generation).items():
        yield f"insert {table}", _insert(warehouse, table, rows, now)
    messages = messages_of(flush.told, now.generation, ids)
    messages += dead_letters.messages_of(letters, at, ids)
    if messages or flush.snapshots:
        yield (
            "publish",
            lambda: publisher.send(chain(messages, snapshots.messages_of(flush.snapshots, ids))),
        )
    yield "insert spm.applied", _insert(warehouse, "spm.applied", tiles.applied_rows(flush), now)


def _insert(
    warehouse: Warehouse, table: str, rows: pl.DataFrame, now: Incarnation
) -> Callable[[], None]:
    return lambda: warehouse.insert(table, rows, now)
