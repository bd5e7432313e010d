"""Vendors whose last-modified instants are whole seconds.

Two changes within one second have one revision, and whoever reads between them would keep the
first. So what changed within the running second is read again when that second is over.

Their listings are sorted by that instant. Paging skips what moves meanwhile; so a page begins at
the newest second of the one before, and only a second that fills a page by itself is paged.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from connectors.sources.vendors.http import Answer

TRIES_MAX = 4  # a record that changes every second is taken as it is in the end
_OVER = timedelta(seconds=2)  # the second itself, and the answer's own way


def settled(
    ask: Callable[[], Answer], changed_at: Callable[[Answer], Iterable[datetime]]
) -> Answer:
    """Return an answer whose records all changed in seconds that are over.

    Args:
        changed_at: when each record of an answer changed.
    """
    for _ in range(TRIES_MAX):
        answer = ask()
        newest = max(changed_at(answer), default=None)
        if newest is None or newest.replace(microsecond=0) + _OVER <= told_at(answer):
            break
        time.sleep(1)
    return answer


def told_at(answer: Answer) -> datetime:
    """Return the vendor's time of an answer, else ours."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return datetime.now(UTC)


class Window(NamedTuple):
    """A part of a listing.

    Attributes:
        rows: to be told.
        at: second to go on from, since 1970. token: of the next page of that second; empty: none.
        more: whether to go on.
    """

    rows: Sequence[Mapping[str, Any]]
    at: float
    token: str
    more: bool


def window(
    rows: Sequence[Mapping[str, Any]],
    at: float,
    changed_at: Callable[[Mapping[str, Any]], datetime],
    following: str | None,
) -> Window:
    """Return what to tell of a page, and where to go on.

    Records of the newest second of a page are left to the next one, unless nothing follows.

    Args:
        at: second from which on was asked for; what is older is passed over.
        following: token of the page behind it; None: it is the last.
    """
    told = [(changed_at(row).timestamp(), row) for row in rows]
    newest = max((second for second, _ in told), default=at)
    wanted = [row for second, row in told if second >= at]
    if following is None:
        return Window(wanted, max(newest, at), "", False)
    if newest > at:
        return Window([row for second, row in told if at <= second < newest], newest, "", True)
    return Window(wanted, at, following, True)
