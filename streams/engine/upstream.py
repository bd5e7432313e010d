"""Records that are ahead of where they come from wait: their partition alone, while others go on.

A record of a posting is accepted once the row it was made from stands in this warehouse. After a
restore from a backup it does not: then the topic it was made from is read again first, perhaps by
this very worker, so only the one partition may wait, and what it holds must not take the room.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from schemas.frames import beside
from streams.engine import history
from streams.engine.batches import Partition
from streams.engine.gathering import Placed, Portion, stored_by_posting
from streams.engine.partitions import PartitionState
from streams.engine.ports import Warehouse
from streams.engine.postings import Upstream
from streams.engine.waits import Abandoned, Waits

NAME = "upstream"
RECHECK_SECONDS = 1.0


class Holds:
    """The partitions that wait: named in the waits, paused in Kafka, out of the count of bytes."""

    def __init__(self, waits: Waits, warehouse: Warehouse, ask_again: Callable[[], None]) -> None:
        self._waits, self._warehouse, self._ask_again = waits, warehouse, ask_again
        self._held: dict[Partition, str] = {}

    def clear(self) -> None:
        """Forget all: the states are dropped."""
        self._held.clear()
        self._waits.leave(NAME)

    async def allowed(
        self, consumer: Any, portions: list[Portion], step: Any, ours: Callable[[], bool]
    ) -> list[Portion]:
        """Return the portions that need not wait.

        Args:
            step: the worker's way to do what may be unavailable.

        Raises:
            Abandoned: they are no longer ours.
        """
        asking = [p for p in portions if p.state.is_posting and not p.segment.frame.is_empty()]
        if not asking:
            return portions
        reasons = await step("ask upstream", partial(behind, asking, self._warehouse), ours)
        if not ours():
            raise Abandoned(NAME)
        if self.sort_out(consumer, asking, reasons):
            asyncio.get_running_loop().call_later(RECHECK_SECONDS, self._ask_again)
        return [p for p in portions if not p.state.held]

    def sort_out(self, consumer: Any, portions: Sequence[Portion], reasons: Sequence[str]) -> bool:
        """Put back the portions that must wait, let the others go on; return whether any waits."""
        for portion, reason in zip(portions, reasons, strict=True):
            state = portion.state
            state.held = reason
            if reason:
                state.cut.appendleft(portion.segment)
                consumer.set_back(state.partition)
                self._held[state.partition] = reason
            elif self._held.pop(state.partition, None) is not None:
                consumer.resume(state.partition)
        if self._held:
            self._waits.enter(NAME, next(iter(self._held.values())))
        else:
            self._waits.leave(NAME)
        return any(reasons)


def release(states: Iterable[PartitionState]) -> None:
    """Let all be asked about again with the next flush."""
    for state in states:
        state.held = ""


def behind(portions: Sequence[Portion], warehouse: Warehouse) -> list[str]:
    """Return why each portion must wait, empty for one that may go.

    Raises:
        Unavailable: the warehouse did not answer.
    """
    found = [""] * len(portions)
    for mine, stored in stored_by_posting(list(enumerate(portions))):
        upstream = mine[0][1].state.posting.upstream
        needed = _needed(mine, stored, upstream)
        there = _there(warehouse, upstream, needed)
        missing = needed.join(there, on=list(upstream.keys), how="left").filter(
            pl.col("position").is_null() | (pl.col("position") < pl.col("needed"))
        )
        for (i,), some in missing.group_by("at"):
            found[int(str(i))] = _reason(portions[int(str(i))], upstream, some)
    return found


def _needed(mine: Sequence[Placed], stored: pl.DataFrame, upstream: Upstream) -> pl.DataFrame:
    """Return the source position up to which each row must stand, and for whom, as `at`."""
    at = np.repeat([i for i, _ in mine], [len(portion.segment.frame) for _, portion in mine])
    return (
        beside(stored, pl.Series("at", at))
        .group_by("at", *upstream.keys)
        .agg(pl.col("source_position").max().alias("needed"))
    )


def _there(warehouse: Warehouse, upstream: Upstream, rows: pl.DataFrame) -> pl.DataFrame:
    keys = ", ".join(upstream.keys)
    kinds = {name: rows.schema[name] for name in upstream.keys}
    found = [pl.DataFrame(schema={**kinds, "position": pl.UInt64})]
    for first in range(0, len(rows), history.IDS_MAX):
        some = rows[first : first + history.IDS_MAX]
        wanted = " AND ".join(history.among(name, some[name]) for name in upstream.keys[:2])
        answer = warehouse.frame(
            f"SELECT {keys}, max(position) AS position FROM {upstream.table} "
            f"WHERE {wanted} GROUP BY {keys}"
        )
        if not answer.is_empty():
            found.append(answer.select(pl.col(n).cast(k) for n, k in found[0].schema.items()))
    return pl.concat(found)


def _reason(portion: Portion, upstream: Upstream, missing: pl.DataFrame) -> str:
    first = missing.row(0, named=True)
    what = ", ".join(f"{name} {first[name]}" for name in upstream.keys)
    return (
        f"stage one is behind: {portion.state.partition} waits until {upstream.table} stands at "
        f"position {first['needed']} for {what} ({len(missing)} rows in all); it is filled again "
        f"from the topic it is made from"
    )
