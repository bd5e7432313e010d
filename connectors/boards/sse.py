"""One viewer's stream of server-sent events, as an ASGI response."""

import asyncio
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from connectors.boards.feed import Feed
from connectors.boards.packing import HEADER, packed
from connectors.boards.selections import Selection

BEAT_SECONDS = 15.0
SEND_SECONDS_MAX = 30.0  # a viewer that takes nothing for so long is gone
RETRY_MS = 2000
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"vary", b"accept-encoding"),
]
_LEAVE = b"event: leave\ndata: {}\n\n"


class EventStream:
    """Sends the newest snapshot, then each newer one; a slow viewer skips those between.

    A reconnecting page says which snapshot it saw last; it is sent the newest whatever that was,
    because a snapshot holds everything.
    """

    def __init__(
        self, feed: Feed, selection: Selection, may_stay: Callable[[], bool], *, packs: bool = False
    ) -> None:
        """Take what is looked at, whether one may go on, and whether the viewer takes gzip."""
        self._feed, self._selection, self._may_stay = feed, selection, may_stay
        self._packs = packs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until the viewer goes, or may no longer stay."""
        headers = [*HEADERS, (b"content-encoding", b"gzip")] if self._packs else HEADERS
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        self._feed.metrics.viewer(1)
        talking = asyncio.create_task(self._talk(send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            with self._feed.watching(self._selection):
                await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._feed.metrics.viewer(-1)
            talking.cancel()
            leaving.cancel()
            told, _ = await asyncio.gather(talking, leaving, return_exceptions=True)
        if isinstance(told, Exception) and not isinstance(told, TimeoutError | OSError):
            raise told  # anything but a viewer that went, or stood still for too long

    async def _talk(self, send: Send) -> None:
        begin = self._block(f"retry: {RETRY_MS}\n\n".encode() + self._feed.beat())
        await self._send(send, HEADER + begin if self._packs else begin)
        seen = -1
        while self._feed.is_open:
            if not self._may_stay():
                await self._send(send, self._block(_LEAVE))
                break
            try:
                seen = await asyncio.wait_for(self._feed.after(seen), BEAT_SECONDS)
            except TimeoutError:
                await self._send(send, self._block(self._feed.beat()))
                continue
            take = self._feed.packed if self._packs else self._feed.snapshot
            await self._send(send, take(self._selection))
        await send({"type": "http.response.body", "body": b""})

    def _block(self, event: bytes) -> bytes:
        return packed(event) if self._packs else event

    async def _send(self, send: Send, body: bytes) -> None:
        async with asyncio.timeout(SEND_SECONDS_MAX):
            await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
