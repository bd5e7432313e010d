"""The effects of a flush, in the order on which exactness rests.

1. history, marker rows among it   2. results and entries   3. messages, acknowledged   4. applied
5. settled

What stands in one line has no order: it is done at once, for an insert of a few rows is mostly
waiting for the disk. A crash anywhere repeats what comes before: the same rows, of which the
warehouse keeps one, and the same messages. `applied` makes the flush known; only then may its
offsets be committed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import IntEnum
from itertools import chain
from typing import NamedTuple

import polars as pl

from schemas.codec import SchemaIds
from schemas.frames import only
from schemas.warehouse import Incarnation
from streams.engine import dead_letters, results, snapshots, tiles
from streams.engine.dead_letters import Letter
from streams.engine.flush import Flush
from streams.engine.ports import Publisher, Warehouse
from streams.engine.telling import messages_of


class Stage(IntEnum):
    """A line of the order; all of it is done before any of the next one begins."""

    HISTORY = 1
    RESULTS = 2
    MESSAGES = 3
    APPLIED = 4


class Effect(NamedTuple):
    """One insert, or all messages; may be tried again."""

    stage: Stage
    name: str
    do: Callable[[], None]


def effects_of(
    flush: Flush,
    warehouse: Warehouse,
    publisher: Publisher,
    ids: SchemaIds,
    *,
    now: Incarnation,
    at: datetime,
) -> Iterable[Effect]:
    """Return the effects of a flush, in order of their stages."""

    def insert(stage: Stage, table: str, rows: pl.DataFrame) -> Effect:
        return Effect(stage, f"insert {table}", lambda: warehouse.insert(table, rows, now))

    for table, frames in flush.history.items():
        rows = pl.concat([only(frame, sorted(frame.columns)) for frame in frames])
        yield insert(Stage.HISTORY, table, rows)
    letters = [Letter(s.partition, s.position(dead.offset), dead) for s, dead in flush.dead]
    if letters:
        yield insert(Stage.RESULTS, dead_letters.TABLE, dead_letters.rows_of(letters, at))
    if flush.told:
        yield insert(Stage.RESULTS, results.TABLE, results.rows_of(flush.told, now.generation))
    for table, frames in flush.entries.items():
        yield insert(Stage.RESULTS, table, pl.concat(frames))
    for table, rows in snapshots.tables_of(flush.snapshots, now.generation).items():
        yield insert(Stage.RESULTS, table, rows)
    messages = messages_of(flush.told, now.generation, ids)
    messages += dead_letters.messages_of(letters, at, ids)
    if messages or flush.snapshots:

        def publish() -> None:  # encoded anew by each try
            publisher.send(chain(messages, snapshots.messages_of(flush.snapshots, ids)))

        yield Effect(Stage.MESSAGES, "publish", publish)
    yield insert(Stage.APPLIED, "spm.applied", tiles.applied_rows(flush))
