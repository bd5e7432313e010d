"""When to flush: at once when there is little to do, in larger strides when flushes take long."""

import asyncio
import time
from collections.abc import Callable

SHARE = 1.0  # time between starts, in durations of the last flush


class Tempo:
    """The interval between flushes."""

    def __init__(self, seconds_min: float, seconds_max: float, records_max: int) -> None:
        self.records_max = records_max
        self._min, self._max = seconds_min, seconds_max
        self._interval = seconds_min
        self._last = 0.0

    async def pause(self, hurry: Callable[[], bool]) -> None:
        """Wait until the next flush is due or there is a reason to hurry."""
        due = self._last + self._interval
        while (left := due - time.monotonic()) > 0 and not hurry():
            await asyncio.sleep(min(left, 0.02))
        self._last = time.monotonic()

    def note(self, seconds: float) -> None:
        """Take note of how long a flush took."""
        self._interval = min(max(self._min, seconds * SHARE), self._max)
