"""Pushes on their way to Kafka: those that come together are handed over together.

What it costs to wait for an acknowledgement, a wake-up of this thread by another, is then paid once
for all of them and not for each.
"""

import asyncio

from connectors.sources.delivering import Outcome
from connectors.sources.producing import EventProducer, Framed

GATHER_SECONDS = 0.002  # shorter than librdkafka itself waits for more


class Postbox:
    """Hands rows to one producer. For one event loop."""

    def __init__(self, producer: EventProducer) -> None:
        self._producer = producer
        self._waiting: list[tuple[Framed, asyncio.Future[Outcome]]] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def send(self, row: Framed) -> Outcome:
        """Return what became of a row."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()
        if not self._waiting:
            loop.call_later(GATHER_SECONDS, self._hand_over)
        self._waiting.append((row, done))
        return await done

    def _hand_over(self) -> None:
        together, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._sent(together))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _sent(self, together: list[tuple[Framed, asyncio.Future[Outcome]]]) -> None:
        outcomes = await self._producer.send([row for row, _ in together]).outcomes()
        for (_, done), outcome in zip(together, outcomes, strict=True):
            if not done.done():  # whoever waited has given up
                done.set_result(outcome)
