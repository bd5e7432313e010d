"""Stretches of time in ascending order, for vendors that list newest first. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple


class Span(NamedTuple):
    """From an instant until before another."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Return whether an instant lies in it."""
        return self.start <= at < self.end


def spans(start: datetime, end: datetime, length: timedelta) -> Iterator[Span]:
    """Yield stretches that cover a time without a gap; none when it is empty."""
    while start < end:
        until = min(start + length, end)
        yield Span(start, until)
        start = until
