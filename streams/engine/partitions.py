"""State of one partition at a position, and the work that waits behind it."""

from collections import deque
from dataclasses import dataclass, field

import polars as pl

from schemas.positions import position_of
from streams.engine.batches import Batch, Partition
from streams.engine.books import Books
from streams.engine.decoding import Dead, Marker
from streams.engine.filters import Filter
from streams.engine.folds import Fold, Prepared
from streams.engine.postings import Kind, Posting
from streams.engine.totals import Totals


@dataclass(slots=True)
class Segment:
    """A stretch of a partition's log, decoded: records, or exactly one marker.

    Attributes:
        start, end: offsets; the next segment starts at `end`.
        batches: settled once this segment is flushed; what ends in a later one is not among them.
    """

    start: int
    end: int
    frame: pl.DataFrame
    dead: tuple[Dead, ...] = ()
    marker: Marker | None = None
    batches: tuple[Batch, ...] = ()


@dataclass(slots=True)
class PartitionState:
    """One assigned partition.

    Attributes:
        next_offset: behind everything that has been flushed.
        taken_offset: behind everything that waits to be flushed, too.
        kind: what its records mean.
        sequence: definitions in force there; `prepared` is what the fold or posting needs of them.
        history: ids that may have history in this partition; complete. Unused by postings.
        totals: unused by postings.
        books: unused by folds.
        partitions: how many the topic has.
        held: why nothing is flushed for now; empty if nothing hinders.
        astray: batches in a row that did not continue here.
        waiting: batches as they were fetched.
        cut: decoded segments that wait because a marker stands before or among them; they come
            before `waiting`.
    """

    partition: Partition
    kind: Kind
    assignment: int
    epoch: int
    next_offset: int
    sequence: int
    prepared: Prepared
    history: Filter
    totals: Totals
    books: Books = field(default_factory=Books)
    partitions: int = 1
    held: str = ""
    astray: int = 0
    taken_offset: int = field(init=False)
    waiting: deque[Batch] = field(init=False, default_factory=deque)
    cut: deque[Segment] = field(init=False, default_factory=deque)

    def __post_init__(self) -> None:
        self.taken_offset = self.next_offset

    @property
    def fold(self) -> Fold:
        """Return its kind, which is a fold."""
        assert isinstance(self.kind, Fold)
        return self.kind

    @property
    def posting(self) -> Posting:
        """Return its kind, which is a posting."""
        assert isinstance(self.kind, Posting)
        return self.kind

    @property
    def is_posting(self) -> bool:
        """Whether records become entries here, not totals."""
        return isinstance(self.kind, Posting)

    def position(self, offset: int) -> int:
        """Return the position of an offset of this log."""
        return position_of(self.epoch, offset)

    def take(self, batch: Batch) -> None:
        """Queue a batch that continues where the state ends."""
        batch.start = self.taken_offset  # offsets without a record may have come twice
        self.waiting.append(batch)
        self.taken_offset = batch.end
        self.astray = 0

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to flush now."""
        return bool(self.held) or not (self.waiting or self.cut)
