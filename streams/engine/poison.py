"""When most records are bad the fault is no record's: stop instead of burying them all."""

from collections import deque

RECORDS = 1_000  # how far back we look
BAD_MIN = 100  # fewer than that may be chance


class Poison:
    """Counts bad records among the last ones."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int]] = deque()
        self._records = self._bad = 0

    def count(self, records: int, bad: int) -> str | None:
        """Return why the worker must stop, None if it need not."""
        self._recent.append((records, bad))
        self._records += records
        self._bad += bad
        while self._records - self._recent[0][0] >= RECORDS:
            old_records, old_bad = self._recent.popleft()
            self._records -= old_records
            self._bad -= old_bad
        if self._bad >= BAD_MIN and self._bad * 2 > self._records:
            return f"{self._bad} of the last {self._records} records cannot be used"
        return None
