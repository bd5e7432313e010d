"""Poison: records that rules cannot work on, found by bisection; and when to stop instead.

Decoding sets bad bytes aside by itself. A record that decodes and then breaks a rule is found here,
and set aside when its partition is read again. When most records are bad the fault is no record's.
"""

from collections import deque
from collections.abc import Callable, Mapping

import polars as pl

from streams.engine.batches import Partition

RECORDS = 1_000  # how far back we look
BAD_MIN = 100  # fewer than that may be chance
BAD_SHARE_MAX = 0.5


class Poison:
    """Counts bad records among the last ones."""

    def __init__(self, share_max: float = BAD_SHARE_MAX) -> None:
        self._share_max = share_max
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
        if self._bad >= BAD_MIN and self._bad > self._records * self._share_max:
            return (
                f"{self._bad} of the last {self._records} records cannot be used, so the fault is "
                f"probably a producer's or ours; the lines above say what is wrong. If they are "
                f"to be set aside all the same, start once with bad_share_max = 1"
            )
        return None


class Poisoned(Exception):
    """Records that break a rule: partition -> offset -> what happened."""

    def __init__(self, found: Mapping[Partition, Mapping[int, str]]) -> None:
        super().__init__(", ".join(f"{p} at {sorted(some)}" for p, some in found.items()))
        self.found = found


def culprits(work: Callable[[pl.DataFrame], object], records: pl.DataFrame) -> dict[int, str]:
    """Return the rows on which alone the work fails, with what happened, by bisection."""
    try:
        work(records)
    except (Exception, pl.exceptions.PanicException) as error:
        if len(records) == 1:
            return {0: f"{type(error).__name__}: {error}"}
    else:
        return {}
    half = len(records) // 2
    later = culprits(work, records[half:])
    return culprits(work, records[:half]) | {half + row: text for row, text in later.items()}
