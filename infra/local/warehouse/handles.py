"""Handles kept between requests: making one and setting it up costs more than a short query."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from infra.local.warehouse.engine import Handle

Key = tuple[str, tuple[tuple[str, str], ...]]


class Handles:
    """Idle handles by database and settings; the one unused longest makes room.

    Only for statements that leave nothing behind on their handle: SELECT and INSERT.
    """

    def __init__(self, make: Callable[[], Handle], most: int) -> None:
        self._make, self._most = make, most
        self._idle: OrderedDict[int, tuple[Key, Handle]] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, database: str, settings: Mapping[str, str]) -> Iterator[Handle]:
        """Lend a handle to one request. One on which a statement failed is not kept."""
        key = (database, tuple(sorted(settings.items())))
        handle = self._taken(key) or self._made(database, settings)
        try:
            yield handle
        except BaseException:
            handle.close()
            raise
        self._give_back(key, handle)

    def close(self) -> None:
        """Close the idle ones."""
        with self._lock:
            idle = [handle for _, handle in self._idle.values()]
            self._idle.clear()
        for handle in idle:
            handle.close()

    def _taken(self, key: Key) -> Handle | None:
        with self._lock:
            for number, (known, handle) in reversed(self._idle.items()):
                if known == key:
                    del self._idle[number]
                    return handle
        return None

    def _made(self, database: str, settings: Mapping[str, str]) -> Handle:
        handle = self._make()
        try:
            handle.set(settings)
            if database:
                handle.use(database)
        except BaseException:
            handle.close()
            raise
        return handle

    def _give_back(self, key: Key, handle: Handle) -> None:
        with self._lock:
            self._idle[id(handle)] = (key, handle)
            is_full = len(self._idle) > self._most
            oldest = self._idle.popitem(last=False)[1][1] if is_full else None
        if oldest is not None:
            oldest.close()
