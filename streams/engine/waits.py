"""Named waits: transient trouble is waited out in the open, while Kafka waits with us."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from schemas.warehouse import Fenced, Unavailable

T = TypeVar("T")
SECONDS_FIRST, SECONDS_MAX = 0.1, 10.0  # soon enough to notice, seldom enough to leave it alone

log = logging.getLogger(__name__)


class Abandoned(Exception):
    """What was waited for is no longer ours to do."""


class Waits:
    """The waits a worker is in: it is alive, but not ready."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def current(self) -> dict[str, str]:
        """Return the waits by name, with what each waits for."""
        return dict(self._names)

    def enter(self, name: str, reason: str) -> None:
        """Show a wait until it is left."""
        if self._names.get(name) != reason:
            log.warning("waiting in %s: %s", name, reason)
        self._names[name] = reason

    def leave(self, name: str) -> None:
        """Show a wait no more."""
        if self._names.pop(name, None) is not None:
            log.info("no longer waiting in %s", name)

    @contextmanager
    def waiting(self, name: str, reason: str) -> Iterator[None]:
        """Show a wait for as long as the block runs."""
        self.enter(name, reason)
        try:
            yield
        finally:
            self._names.pop(name, None)

    async def until_done(
        self, name: str, effect: Callable[[], Awaitable[T]], still_ours: Callable[[], bool]
    ) -> T:
        """Return what an effect returns, trying again for as long as it is unavailable.

        Raises:
            Abandoned: it is no longer ours to do.
        """
        seconds = SECONDS_FIRST
        while True:
            if not still_ours():
                raise Abandoned(name)
            try:
                return await effect()
            except Unavailable as trouble:
                with self.waiting(name, str(trouble)):
                    # Workers that lost the same warehouse must not all come back at once.
                    await asyncio.sleep(seconds * random.uniform(0.5, 1.0))  # noqa: S311
            seconds = min(seconds * 2, SECONDS_MAX)


async def all_ended(doing: Iterable[Awaitable[Any]]) -> None:
    """Return once all have ended, however they did: none is left behind running.

    Raises:
        BaseException: what one of them raised; Fenced before anything else, for it makes the worker
            begin again, where an assignment that ended does not.
    """
    ends = await asyncio.gather(*doing, return_exceptions=True)
    troubles = [end for end in ends if isinstance(end, BaseException)]
    for trouble in sorted(troubles, key=lambda one: not isinstance(one, Fenced)):
        raise trouble
