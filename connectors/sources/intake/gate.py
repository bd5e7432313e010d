"""The gate: how many requests are under way and how many events a source sends each second."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connectors.sources.intake.config import Limits
from connectors.sources.intake.refusing import Refusal

BURST_SECONDS = 2.0  # a source that was quiet may send so much at once


class Gate:
    """Counts requests under way and spends each source's allowance. For one event loop."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self._allowance: dict[str, tuple[float, float]] = {}  # source -> (events left, as of)

    @property
    def under_way(self) -> int:
        """Requests being worked on."""
        return self._under_way.total()

    @contextmanager
    def passing(self, source: str) -> Iterator[None]:
        """Hold a place for one request.

        Raises:
            Refusal: there is none (429).
        """
        full = self.under_way >= self._limits.requests_max
        if full or self._under_way[source] >= self._limits.requests_per_source_max:
            raise Refusal(429, "too many requests are under way", "send fewer at once", 1)
        self._under_way[source] += 1
        try:
            yield
        finally:
            self._under_way[source] -= 1

    def spend(self, source: str, events: int) -> None:
        """Take events from a source's allowance, which grows again with time.

        Raises:
            Refusal: it does not reach (429).
        """
        rate = self._limits.events_per_second_max
        most = rate * BURST_SECONDS
        now = self._clock()
        left, then = self._allowance.get(source, (most, now))
        left = min(most, left + (now - then) * rate)
        if left < min(events, most):
            self._allowance[source] = (left, now)
            remedy = f"send at most {rate} events a second, or import them from a file"
            raise Refusal(429, "events come too fast", remedy, int((events - left) / rate) + 1)
        self._allowance[source] = (left - events, now)
