"""Stretches of time in ascending order, for vendors that list newest first. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

LONGER_MAX = 4  # what a stretch holds stays in memory until it is put in order
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


class Spans:
    """Stretches that cover a time without a gap, longer while nothing is found."""

    def __init__(self, start: datetime, end: datetime, length: timedelta) -> None:
        self._start, self._end = start, end
        self._usual = self._length = length

    def __iter__(self) -> Iterator[Span]:
        while self._start < self._end:
            span = Span(self._start, min(self._start + self._length, self._end))
            yield span
            self._start = span.end

    def found(self, anything: bool) -> None:
        """Note what the last stretch held: after an empty one the next is twice as long."""
        longer = min(self._length * 2, self._usual * LONGER_MAX)
        self._length = self._usual if anything else longer
