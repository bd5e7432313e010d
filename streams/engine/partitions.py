"""State of one partition at a position, and the work that waits behind it."""

from collections import deque
from dataclasses import dataclass, field

import polars as pl

from schemas.positions import position_of
from streams.engine.batches import Batch, Partition
from streams.engine.decoding import Dead, Decoded, Marker
from streams.engine.filters import Filter
from streams.engine.folds import Fold, Prepared
from streams.engine.totals import Totals


@dataclass(slots=True)
class Segment:
    """A stretch of a partition's log: records, or exactly one marker.

    Attributes:
        start, end: offsets; the next segment starts at `end`.
        batch: settled when this segment is flushed; None if more of its batch follows.
    """

    start: int
    end: int
    frame: pl.DataFrame
    dead: tuple[Dead, ...]
    marker: Marker | None
    batch: Batch | None


@dataclass(slots=True)
class PartitionState:
    """One assigned partition.

    Attributes:
        next_offset: behind everything that has been flushed.
        taken_offset: behind everything that waits to be flushed, too.
        sequence: definitions in force at next_offset; `prepared` is what the fold needs of them.
        history: ids that may have history in this partition; complete.
    """

    partition: Partition
    fold: Fold
    assignment: int
    epoch: int
    next_offset: int
    sequence: int
    prepared: Prepared
    history: Filter
    totals: Totals
    taken_offset: int = field(init=False)
    waiting: deque[Segment] = field(init=False, default_factory=deque)

    def __post_init__(self) -> None:
        self.taken_offset = self.next_offset

    def position(self, offset: int) -> int:
        """Return the position of an offset of this log."""
        return position_of(self.epoch, offset)

    def take(self, batch: Batch, decoded: Decoded) -> None:
        """Queue a decoded batch that continues where the state ends."""
        assert batch.start == self.taken_offset
        segments = list(_cut(batch, decoded))
        segments[-1].batch = batch
        self.waiting.extend(segments)
        self.taken_offset = batch.end


def _cut(batch: Batch, decoded: Decoded) -> list[Segment]:
    """Return a batch as segments: a marker stands alone, since rules change behind it."""
    segments, start = [], batch.start
    for marker in decoded.markers:
        if marker.offset > start:
            segments.append(_records(start, marker.offset, decoded))
        nothing = decoded.frame.clear()
        segments.append(Segment(marker.offset, marker.offset + 1, nothing, (), marker, None))
        start = marker.offset + 1
    if start < batch.end:
        segments.append(_records(start, batch.end, decoded))
    return segments


def _records(start: int, end: int, decoded: Decoded) -> Segment:
    frame, dead = decoded.frame, decoded.dead
    if decoded.markers:
        frame = frame.filter(pl.col("offset").is_between(start, end, closed="left"))
        dead = tuple(d for d in dead if start <= d.offset < end)
    return Segment(start, end, frame, dead, None, None)
