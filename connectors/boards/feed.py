"""Feed: snapshots of the board, encoded once for all viewers, and how alive the board itself is.

A viewer is not queued for: it is told that there is something newer and takes the newest, so a slow
one skips snapshots and never holds up another.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any

from connectors.boards.board import Board, as_json
from connectors.boards.metrics import Metrics
from connectors.boards.packing import packed
from connectors.boards.selections import Selection
from connectors.boards.view import sources_of

COALESCE_SECONDS = 0.25  # the eye sees no more, and a burst costs one snapshot
TICK_SECONDS = 1.0  # days end and sources turn late by the clock alone


class Life(StrEnum):
    """How the board's own stream is."""

    STARTING = "starting"
    LIVE = "live"
    STALLED = "stalled"


class Feed:
    """What viewers are sent."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        metrics: Metrics,
        version: str,
        title: str | None,
        board: Board | None = None,
    ) -> None:
        self.clock = clock
        self.metrics = metrics
        self.board = board or Board(clock())
        self._watched: Counter[Selection] = Counter()
        self.is_open = True
        self._version, self._title = version, title
        self._epoch = int(clock().timestamp() * 1000)
        self._sequence = 0
        self._life, self._reason = Life.STARTING, "reading the past"
        self._as_of: datetime | None = None
        self._encoded: dict[Selection, bytes] = {}
        self._packed: dict[Selection, bytes] = {}
        self._heard_at: float | None = None  # monotonic, of the oldest message not yet shown
        self._dirty = asyncio.Event()
        self._newer = asyncio.Event()

    def mark(self, heard: bool = False) -> None:
        """Note that something changed; the next snapshot will show it."""
        if heard and self._heard_at is None:
            self._heard_at = time.monotonic()
        self._dirty.set()

    def lives(self) -> None:
        """Note that the stream is complete up to now."""
        self._as_of = self.clock()
        if self._life is not Life.LIVE:
            self._life, self._reason = Life.LIVE, ""
            self.metrics.live.set(1)
            self.mark()

    def stalls(self, reason: str) -> None:
        """Note that nothing can be heard; what is shown stands as of the last time it could."""
        if self._life is Life.LIVE:
            self._life = Life.STALLED
        self._reason = reason
        self.metrics.live.set(0)
        self.mark()

    @property
    def life(self) -> tuple[Life, str]:
        """Return how the stream is, and why."""
        return self._life, self._reason

    async def publish(self) -> None:
        """Make changes visible, for ever: at most one snapshot in COALESCE_SECONDS."""
        shown: Any = None
        while True:
            try:
                await asyncio.wait_for(self._dirty.wait(), TICK_SECONDS)
            except TimeoutError:
                if self.board.tick(self.clock()) or shown != self._states():
                    self._dirty.set()
                continue
            self._dirty.clear()
            self.board.tick(self.clock())
            shown = self._states()
            self._step()
            await asyncio.sleep(COALESCE_SECONDS)

    async def after(self, sequence: int) -> int:
        """Return the sequence of the newest snapshot once it is above one already seen.

        Returns at once when the feed closes.
        """
        while self._sequence <= sequence and self.is_open:
            await self._newer.wait()
        return self._sequence

    def close(self) -> None:
        """Let every viewer go; pages come back by themselves."""
        self.is_open = False
        self._newer.set()

    def packed(self, selection: Selection) -> bytes:
        """Return the newest snapshot of a selection as a block of a gzip stream."""
        if selection not in self._packed:
            self._packed[selection] = packed(self.snapshot(selection))
        return self._packed[selection]

    def snapshot(self, selection: Selection) -> bytes:
        """Return the newest snapshot of a selection as an SSE event."""
        if selection not in self._encoded:
            body = {
                "boot": self._epoch,
                "title": self._title or self.board.floor.company.name,
                "feed": self._about(),
                **selection.view(self.board, self.clock()),
            }
            self._encoded[selection] = _event("snapshot", body, f"{self._epoch}-{self._sequence}")
        return self._encoded[selection]

    @contextmanager
    def watching(self, selection: Selection) -> Iterator[None]:
        """Count a viewer of a selection in, and out again."""
        self._watched[selection] += 1
        try:
            yield
        finally:
            self._watched[selection] -= 1

    def watched(self) -> set[Selection]:
        """Return what is looked at just now."""
        self._watched = +self._watched
        return set(self._watched)

    def beat(self) -> bytes:
        """Return a sign of life as an SSE event: the server's clock and how alive the board is."""
        about = {"server_now": self.clock(), "version": self._version, "feed": self._about()}
        return _event("beat", about)

    def _about(self) -> dict[str, Any]:
        as_of = self.clock() if self._life is Life.LIVE else self._as_of
        return {"state": self._life, "reason": self._reason, "as_of": as_of}

    def _states(self) -> Any:
        now = self.clock()
        sources = [(s["source"], s["state"]) for s in sources_of(self.board, now)]
        return sources, self.board.course.phases(now)

    def _step(self) -> None:
        self._sequence += 1
        self._encoded.clear()
        self._packed.clear()
        self.metrics.snapshots.inc()
        self.metrics.partials.set(self.board.partials_held)
        if self._heard_at is not None:
            self.metrics.heard_to_shown.observe(time.monotonic() - self._heard_at)
            self._heard_at = None
        self._newer.set()
        self._newer = asyncio.Event()


def _event(name: str, body: Any, event_id: str | None = None) -> bytes:
    data = json.dumps(body, default=as_json, ensure_ascii=False, separators=(",", ":"))
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {data}\n\n".encode()
