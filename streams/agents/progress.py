"""How far each source is complete: crm.progress goes to the table spm.source_progress."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import faust
import polars as pl

from schemas import codec, topics
from schemas.codec import Undecodable
from schemas.positions import position_of
from schemas.warehouse import Fenced, Unavailable
from streams.agents.guarding import guarded
from streams.engine import dead_letters, starting
from streams.engine.batches import Partition
from streams.engine.dead_letters import Letter
from streams.engine.decoding import Dead
from streams.engine.preparing import Outside
from streams.engine.waits import Abandoned, Waits

TABLE = "spm.source_progress"

log = logging.getLogger(__name__)


class Taken(NamedTuple):
    """One message of the topic, as it was fetched."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Progress:
    """Writes progress, one row at a time; sources speak every few seconds."""

    def __init__(self, outside: Outside, waits: Waits) -> None:
        self._outside, self._waits = outside, waits

    async def take(self, message: Taken, still_ours: Callable[[], bool]) -> None:
        """Write one message, or set it aside.

        Raises:
            Abandoned: it is no longer ours.
        """
        try:
            name, record = codec.decode(message.value or b"", self._outside.ids)
            if name != topics.PROGRESS.messages[0]:
                raise Undecodable(f"{name} has no place in {topics.PROGRESS.name}")
        except Undecodable as error:
            log.error("%s at offset %d: %s", topics.PROGRESS.name, message.offset, error)
            dead = Dead(0, message.offset, "decode", str(error), message.key, message.value)
            effect = partial(self._bury, dead, message.partition)
        else:
            effect = partial(self._write, record, message.offset)
        await self._waits.until_done("progress", partial(asyncio.to_thread, effect), still_ours)

    def _write(self, record: dict[str, Any], offset: int) -> None:
        row = {**record, "detail": record["detail"] or "", "position": self._position(offset)}
        self._insert(TABLE, pl.DataFrame([row]))

    def _bury(self, dead: Dead, number: int) -> None:
        at = datetime.now(UTC)
        partition = Partition(topics.PROGRESS.name, number)
        letter = Letter(partition, self._position(dead.offset), dead)
        self._insert(dead_letters.TABLE, dead_letters.rows_of([letter], at))
        self._outside.publisher.send(dead_letters.messages_of([letter], at, self._outside.ids))

    def _position(self, offset: int) -> int:
        name = topics.PROGRESS.name
        identities = self._outside.kafka.identities([name])
        epoch = starting.epochs(self._outside.warehouse, identities)[name]
        if epoch is None:
            raise Unavailable(str(starting.no_epoch(name, identities[name])))
        return position_of(epoch, offset)

    def _insert(self, table: str, rows: pl.DataFrame) -> None:
        warehouse = self._outside.warehouse
        try:
            warehouse.insert(table, rows, warehouse.incarnation())
        except Fenced as fence:
            raise Unavailable(str(fence)) from fence


def add_agent(app: Any, progress: Progress, end: Callable[[str], None]) -> None:
    """Give the app its agent for crm.progress."""
    topic = app.topic(topics.PROGRESS.name, key_serializer="raw", value_serializer="raw")

    async def write(stream: faust.Stream[Any]) -> None:
        async for event in stream.events():
            generation = app.consumer_generation_id

            def ours(then: int = generation) -> bool:
                return bool(app.consumer_generation_id == then)

            message = event.message
            taken = Taken(message.partition, message.offset, message.key, message.value)
            with suppress(Abandoned):  # its next owner reads it again
                await progress.take(taken, ours)

    app.agent(topic, name="progress", concurrency=1)(guarded(write, end))
