"""Vendors whose last-modified instants are whole seconds.

Two changes within one second have one revision, and whoever reads between them would keep the
first. So what changed within the running second is read again when that second is over.
"""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

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
