"""Time zones in columns: instants become the calendar days of a place."""

from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

Millis = npt.NDArray[np.int64]  # since 1970 UTC
Days = npt.NDArray[np.int32]  # since 1970
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
DAYS_KEPT = 1 << 16  # a large roster begins its stints on few days, and each costs a search


class Offsets(NamedTuple):
    """Offsets of one zone: `ahead[i]` milliseconds ahead of UTC from instant `since[i]` on."""

    since: Millis
    ahead: Millis


@cache
def offsets(zone: str) -> Offsets:
    """Return every change of a zone's offset from 1970 to 2200.

    Raises:
        ValueError: there is no such zone.
    """
    try:
        daily = _ahead(pl.datetime_range(_FIRST, _LAST, "1d", time_unit="ms", eager=True), zone)
    except pl.exceptions.ComputeError as error:
        raise ValueError(f"{zone!r} is no time zone; write one such as Europe/Berlin") from error
    changes = daily.filter(pl.col("ahead") != pl.col("ahead").shift(-1))
    since, ahead = [np.iinfo(np.int64).min], [int(daily["ahead"][0])]
    if not changes.is_empty():
        minutes = changes.select(
            pl.datetime_ranges("at", pl.col("at") + pl.duration(days=1), "1m")
        ).to_series()
        fine = _ahead(minutes.explode(), zone)
        fine = fine.filter(pl.col("ahead") != pl.col("ahead").shift(1)).unique("at").sort("at")
        for at, offset in zip(fine["at"].cast(pl.Int64), fine["ahead"], strict=True):
            if offset != ahead[-1]:
                since.append(at)
                ahead.append(offset)
    return Offsets(np.array(since, np.int64), np.array(ahead, np.int64))


def _ahead(instants: pl.Series, zone: str) -> pl.DataFrame:
    local = pl.col("at").dt.convert_time_zone(zone)
    return (
        instants.alias("at")
        .to_frame()
        .with_columns(
            (local.dt.base_utc_offset() + local.dt.dst_offset())
            .dt.total_milliseconds()
            .alias("ahead")
        )
    )


@lru_cache(DAYS_KEPT)
def midnight_of(day: int, zone: str) -> int:
    """Return the first instant of a day (both since 1970) in a zone, in milliseconds.

    Where a clock change skips midnight it is the instant of the change.
    """
    since, ahead = offsets(zone)
    nominal = day * _DAY_MS
    # The offset in force shortly before local midnight decides, unless the clock then goes back.
    for i in range(max(0, int(np.searchsorted(since, nominal - _DAY_MS)) - 1), len(since)):
        instant = nominal - int(ahead[i])
        ends = int(since[i + 1]) if i + 1 < len(since) else np.iinfo(np.int64).max
        if instant < ends:
            return max(instant, int(since[i]))
    raise AssertionError("the last offset has no end")
