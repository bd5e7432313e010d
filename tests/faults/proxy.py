"""A TCP proxy before the warehouse that loses answers: an insert was applied, nobody hears it."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.local.ports import free_port


@dataclass
class Proxy:
    """Drops the connection in place of an answer, at random.

    Attributes:
        share: of the answers to statements with data; 0 drops none.
        dropped: answers nobody got.
    """

    to: int
    random: random.Random
    port: int = field(default_factory=free_port)
    share: float = 0.0
    dropped: int = 0

    async def serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        async with await asyncio.start_server(self._connected, "127.0.0.1", self.port):
            ready.set()
            await over.wait()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.close()
            return
        asked = {"insert": False}
        ways = [
            asyncio.ensure_future(self._there(reader, up_writer, asked)),
            asyncio.ensure_future(self._back(up_reader, writer, asked)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, up_writer):
            end.close()

    async def _there(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[str, bool]
    ) -> None:
        while data := await reader.read(1 << 16):
            asked["insert"] |= b"INSERT" in data
            writer.write(data)
            await writer.drain()

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[str, bool]
    ) -> None:
        while data := await reader.read(1 << 16):
            # The server answers an insert once it is applied: here it is, and it goes no further.
            if asked["insert"] and self.random.random() < self.share:
                self.dropped += 1
                return
            asked["insert"] = False
            writer.write(data)
            await writer.drain()


@contextmanager
def losing_answers(to: int, seed: int) -> Iterator[Proxy]:
    proxy, ready, over = Proxy(to, random.Random(seed)), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(proxy.serve(ready, over),))
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()
