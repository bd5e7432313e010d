"""The effects of a flush, in the order on which exactness rests.

1. history, marker rows among it   2. results and entries   3. messages, acknowledged   4. applied
5. settled

What stands in one line has no order: it is done at once, for an insert of a few rows is mostly
waiting for the disk. A crash anywhere repeats what comes before: the same rows, of which the
warehouse keeps one, and the same messages. `applied` makes the flush known; only then may its
offsets be committed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import IntEnum
from itertools import chain
from typing import NamedTuple

import polars as pl

from schemas.codec import SchemaIds
from schemas.frames import only
from schemas.warehouse import Incarnation, Message
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

    letters = [Letter(s.partition, s.position(dead.offset), dead) for s, dead in flush.dead]
    outgoing = _Outgoing(flush, letters, ids, at, now.generation)
    if outgoing:  # while the warehouse stores history, there is time to spare
        yield Effect(Stage.HISTORY, "encode", outgoing.encode)
    for table, frames in flush.history.items():
        rows = pl.concat([only(frame, sorted(frame.columns)) for frame in frames])
        yield insert(Stage.HISTORY, table, rows)
    if letters:
        yield insert(Stage.RESULTS, dead_letters.TABLE, dead_letters.rows_of(letters, at))
    if flush.told:
        yield insert(Stage.RESULTS, results.TABLE, results.rows_of(flush.told, now.generation))
    for table, frames in flush.entries.items():
        yield insert(Stage.RESULTS, table, pl.concat(frames))
    for table, rows in snapshots.tables_of(flush.snapshots, now.generation).items():
        yield insert(Stage.RESULTS, table, rows)
    if outgoing:
        yield Effect(Stage.MESSAGES, "publish", lambda: publisher.send(outgoing.messages()))
    yield insert(Stage.APPLIED, "spm.applied", tiles.applied_rows(flush))


class _Outgoing:
    """The messages of a flush, encoded once and early; many snapshots only as they are sent."""

    def __init__(
        self,
        flush: Flush,
        letters: Sequence[Letter],
        ids: SchemaIds,
        at: datetime,
        generation: int,
    ) -> None:
        self._flush, self._letters = flush, letters
        self._ids, self._at, self._generation = ids, at, generation
        self._encoded: list[Message] | None = None
        lines = sum(len(made) for _, made in flush.snapshots)
        self._are_few = lines <= snapshots.LINES_MAX

    def __bool__(self) -> bool:
        return bool(self._flush.told or self._letters or self._flush.snapshots)

    def encode(self) -> None:
        """Encode what is not too much to be kept; nothing, if that was done."""
        if self._encoded is None:
            found = messages_of(self._flush.told, self._generation, self._ids)
            found += dead_letters.messages_of(self._letters, self._at, self._ids)
            if self._are_few:
                found += snapshots.messages_of(self._flush.snapshots, self._ids)
            self._encoded = found

    def messages(self) -> Iterable[Message]:
        """Return every message; each try sends all of them."""
        self.encode()
        assert self._encoded is not None
        if self._are_few:
            return self._encoded
        return chain(self._encoded, snapshots.messages_of(self._flush.snapshots, self._ids))
