"""Patience with an HR system: a snapshot of the night may be late, but not in parts."""

import logging
import time
from collections.abc import Callable
from typing import Any

from connectors.sources.hr.contract import Call, Moved
from connectors.sources.runtime.backoff import Backoff
from connectors.sources.vendors.contract import Unavailable

Rows = list[dict[str, Any]]
log = logging.getLogger(__name__)

TRIES_MAX = 6
READINGS_MAX = 3  # of a list that becomes another one while it is read
WAIT_SECONDS_MAX = 900.0  # in all: whoever waits at a terminal wants to know then


def patient(sleep: Callable[[float], None] = time.sleep, first_seconds: float = 1.0) -> Call:
    """Return what makes a call and, while the system is away or asks for patience, makes it again.

    It raises Unavailable when six times were not enough, or a quarter of an hour in all.
    """
    waited = 0.0

    def call(what: Callable[[], Any]) -> Any:
        nonlocal waited
        backoff = Backoff(first_seconds)
        for left in reversed(range(TRIES_MAX)):
            try:
                return what()
            except Unavailable as error:
                rest = backoff.pause(error.retry_after)
                waited += rest
                if not left or waited > WAIT_SECONDS_MAX:
                    raise
                log.warning("%s; asked again in %.0f s", error, rest)
                sleep(rest)
        raise AssertionError("unreachable")

    return call


def whole(read: Callable[[], Rows]) -> Rows:
    """Return a list that was the same from its first page to its last.

    Raises:
        Moved: it never was.
    """
    for left in reversed(range(READINGS_MAX)):
        try:
            return read()
        except Moved as error:
            if not left:
                raise
            log.warning("%s", error)
    raise AssertionError("unreachable")
