"""Sessions: a handle kept between requests, with its temporary tables and settings."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from infra.local.warehouse.engine import Handle
from infra.local.warehouse.errors import ClickHouseError, Code, refused

Clock = Callable[[], float]
SESSION_SECONDS = 60  # ClickHouse's default


@dataclass(slots=True)
class _Session:
    handle: Handle | None
    busy: bool
    expires_at: float
    seconds: float


class Sessions:
    """All sessions, by (principal, session_id); the one unused longest makes room."""

    def __init__(
        self, make: Callable[[], Handle], most: int, seconds_max: int, clock: Clock = time.monotonic
    ) -> None:
        self._make, self._most, self._seconds_max, self._clock = make, most, seconds_max, clock
        self._held: OrderedDict[tuple[str, str], _Session] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def borrow(
        self, owner: str, session_id: str, seconds: float, must_exist: bool
    ) -> Iterator[Handle]:
        """Lend the handle of a session to one request.

        Raises:
            ClickHouseError: another request holds it, or it must exist and does not.
        """
        key = (owner, session_id)
        session = self._taken(key, min(seconds, self._seconds_max), must_exist)
        try:
            if session.handle is None:
                session.handle = self._make()
            yield session.handle
        finally:
            with self._lock:
                session.busy = False
                session.expires_at = self._clock() + session.seconds

    def close(self) -> None:
        """End all sessions."""
        with self._lock:
            for session in self._held.values():
                _end(session)
            self._held.clear()

    def _taken(self, key: tuple[str, str], seconds: float, must_exist: bool) -> _Session:
        with self._lock:
            self._sweep()
            session = self._held.get(key)
            if session is None:
                if must_exist:
                    raise refused(Code.SESSION_NOT_FOUND, f"Session {key[1]} not found")
                self._make_room()
                session = self._held[key] = _Session(None, False, 0.0, seconds)
            if session.busy:
                raise refused(
                    Code.SESSION_IS_LOCKED, f"Session {key[1]} is locked by a concurrent client"
                )
            session.busy, session.seconds = True, seconds
            self._held.move_to_end(key)
            return session

    def _sweep(self) -> None:
        now = self._clock()
        for key in [k for k, s in self._held.items() if not s.busy and s.expires_at <= now]:
            _end(self._held.pop(key))

    def _make_room(self) -> None:
        while len(self._held) >= self._most:
            idle = next((key for key, session in self._held.items() if not session.busy), None)
            if idle is None:
                raise refused(
                    Code.TOO_MANY_SIMULTANEOUS_QUERIES, f"all {self._most} sessions are in use"
                )
            _end(self._held.pop(idle))


def _end(session: _Session) -> None:
    if session.handle is not None:
        with suppress(ClickHouseError):  # a handle that broke has nothing left to close
            session.handle.close()
