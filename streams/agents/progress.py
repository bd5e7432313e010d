"""How far each source is complete: crm.progress goes to the table spm.source_progress."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import faust
import polars as pl

from schemas import codec, topics
from schemas.codec import Undecodable
from schemas.positions import position_of
from schemas.warehouse import Fenced, Unavailable
from streams.engine import starting
from streams.engine.preparing import Outside
from streams.engine.waits import Waits

TABLE = "spm.source_progress"

log = logging.getLogger(__name__)


class Progress:
    """Writes progress, one row at a time; sources speak every few seconds."""

    def __init__(self, outside: Outside, waits: Waits) -> None:
        self._outside, self._waits = outside, waits

    async def take(self, value: bytes, offset: int, still_ours: Callable[[], bool]) -> None:
        """Write one message.

        Raises:
            Abandoned: it is no longer ours.
        """
        try:
            record = codec.decode(value, self._outside.ids)[1]
        except Undecodable as error:
            # A source says the same again in a moment; nothing is lost with a bad one.
            log.error("a message in %s at offset %d: %s", topics.PROGRESS.name, offset, error)
            return
        await self._waits.until_done(
            "progress", partial(asyncio.to_thread, self._write, record, offset), still_ours
        )

    def _write(self, record: dict[str, Any], offset: int) -> None:
        warehouse, name = self._outside.warehouse, topics.PROGRESS.name
        identities = self._outside.kafka.identities([name])
        epoch = starting.epochs(warehouse, identities)[name]
        if epoch is None:
            raise Unavailable(str(starting.no_epoch(name, identities[name])))
        row = {**record, "detail": record["detail"] or "", "position": position_of(epoch, offset)}
        try:
            warehouse.insert(TABLE, pl.DataFrame([row]), warehouse.incarnation())
        except Fenced as fence:
            raise Unavailable(str(fence)) from fence


def add_agent(app: Any, progress: Progress) -> None:
    """Give the app its agent for crm.progress."""
    topic = app.topic(topics.PROGRESS.name, key_serializer="raw", value_serializer="raw")

    async def write(stream: faust.Stream[Any]) -> None:
        async for event in stream.events():
            generation = app.consumer_generation_id

            def ours(then: int = generation) -> bool:
                return bool(app.consumer_generation_id == then)

            await progress.take(event.value, event.message.offset, ours)

    app.agent(topic, name="progress", concurrency=1)(write)
