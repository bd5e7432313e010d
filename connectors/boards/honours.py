"""Honours: badges, streaks and levels, worn on the board, and told like deals when they are new.

What stood there when the board began, what a new definition finds in the past, and what happened
long ago is silent. So is what is taken back, and what comes again after that.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from connectors.boards.feed import Feed
from connectors.boards.ticker import Given
from connectors.boards.worn import worn_of

log = structlog.get_logger()

EVERY_SECONDS = 30.0
REST_TIMES = 30  # what is earned is read from all history that counts: at most 3 % of a core
FRESH = timedelta(hours=1)  # a source may be read that seldom; older is a backfill


class Honours:
    """Looks now and then at what is earned."""

    def __init__(self, feed: Feed, given: Callable[[], Given] | None) -> None:
        self._feed, self._given = feed, given
        self._of: frozenset[str] = frozenset()
        self._known: set[str] = set()

    async def run(self) -> None:
        """Look for ever; where nobody knows, wait."""
        clock = asyncio.get_running_loop().time
        while True:
            if self._given is None:
                await asyncio.Event().wait()
                continue
            began = clock()
            try:
                self.hear(await asyncio.to_thread(self._given))
            except (LookupError, ConnectionError) as error:
                log.warning("what was earned is not read", reason=str(error))
            await asyncio.sleep(max(EVERY_SECONDS, REST_TIMES * (clock() - began)))

    def hear(self, given: Given) -> None:
        """Tell what is new since the last look, and let everybody wear what they have."""
        now = self._feed.clock()
        for honour in sorted(given.honours, key=lambda each: (each.at, each.key)):
            is_new = honour.key not in self._known and honour.of in self._of
            if is_new and now - honour.at < FRESH:
                self._feed.board.ticker.honour(honour, now)
                self._feed.mark()
        worn = worn_of(given)
        if worn != self._feed.board.worn:
            self._feed.board.worn = worn
            self._feed.mark()
        self._known |= {honour.key for honour in given.honours}
        self._of = given.of
