"""Turns for readers: a few at a time, dealt round among principals."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.local.warehouse.errors import Code, refused


class Gate:
    """Lets at most `places` through at once; whoever waits gets a turn after one of each other.

    So one person's dashboard of fifty tiles delays a second person by one tile, not by fifty.
    """

    def __init__(self, places: int, waiting_max: int, wait_seconds: float) -> None:
        self._free = places
        self._waiting_max = waiting_max
        self._wait_seconds = wait_seconds
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for a place and hold it.

        Raises:
            ClickHouseError: too many of this principal wait, or it waited too long.
        """
        await self._enter(name)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, name: str) -> None:
        if self._free > 0:
            self._free -= 1
            return
        queue = self._queues.setdefault(name, deque())
        if len(queue) >= self._waiting_max:
            raise _busy(f"{name} has {len(queue)} queries waiting already")
        place = asyncio.get_running_loop().create_future()
        queue.append(place)
        try:
            await asyncio.wait_for(asyncio.shield(place), self._wait_seconds)
        except BaseException as error:
            self._give_up(name, place)
            if isinstance(error, TimeoutError):
                raise _busy(f"{name} waited {self._wait_seconds:g} s for a turn") from error
            raise

    def _give_up(self, name: str, place: asyncio.Future[None]) -> None:
        if place.done():  # the turn came in the same instant
            self._leave()
            return
        queue = self._queues[name]
        queue.remove(place)
        if not queue:
            del self._queues[name]

    def _leave(self) -> None:
        if not self._queues:
            self._free += 1
            return
        name, queue = next(iter(self._queues.items()))
        queue.popleft().set_result(None)
        if queue:
            self._queues.move_to_end(name)
        else:
            del self._queues[name]


def _busy(why: str) -> Exception:
    return refused(
        Code.TOO_MANY_SIMULTANEOUS_QUERIES,
        f"Too many simultaneous queries: {why}; ask again, or ask for less at once",
    )
