"""Stretches of time in ascending order, for vendors that list newest first. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

LATE = timedelta(days=2)  # logs of calls are behind by minutes; a vendor's bad day is longer


class Span(NamedTuple):
    """From an instant until before another."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Return whether an instant lies in it."""
        return self.start <= at < self.end


def reached(span: Span, begun: datetime, now: datetime, starts: Iterable[str]) -> datetime:
    """Return from when on the next listing has to look, when a stretch has been listed.

    Never later than the newest call there is, or LATE before now: what happened may be told late.

    Args:
        begun: what was reached before.
        starts: ISO instants at which calls of the stretch began.
    """
    newest = max((datetime.fromisoformat(start) for start in starts), default=begun)
    return max(begun, newest, min(span.end, now - LATE))


def spans(start: datetime, end: datetime, length: timedelta) -> Iterator[Span]:
    """Yield stretches that cover a time without a gap; none when it is empty."""
    while start < end:
        until = min(start + length, end)
        yield Span(start, until)
        start = until
