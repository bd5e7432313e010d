"""What a flush takes: of each partition a run of records, or one marker alone.

Records up to a marker are flushed before it, since the rules change there and a marker reads the
history of all that stands before it.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import polars as pl

from schemas.codec import SchemaIds
from streams.engine.batches import Batch
from streams.engine.decoding import Decoded, Reading, decode
from streams.engine.partitions import PartitionState, Segment


@dataclass(frozen=True, slots=True)
class Portion:
    """What one partition brings to a flush."""

    state: PartitionState
    segment: Segment


log = logging.getLogger(__name__)
Placed = tuple[int, Portion]  # with its place among all portions of a flush
Taken = tuple[PartitionState, Sequence[Batch]]


def taken(states: Iterable[PartitionState], records_max: int) -> list[Taken]:
    """Return batches to decode, taken off the queues of the states that have nothing decoded."""
    found: list[Taken] = []
    records = 0
    for state in states:
        batches: list[Batch] = []
        while state.waiting and not state.cut and records < records_max:
            batches.append(state.waiting.popleft())
            records += len(batches[-1].records)
        if batches:
            found.append((state, batches))
    return found


def decoded(
    takings: Sequence[Taken], readings: Mapping[str, Reading], ids: SchemaIds
) -> tuple[int, int]:
    """Return how many records were decoded and how many of them are bad; states hold the result."""
    records = bad = 0
    by_topic: dict[str, list[Taken]] = {}
    for state, batches in takings:
        by_topic.setdefault(state.partition.topic, []).append((state, batches))
    for topic, group in by_topic.items():
        flat = [batch for _, batches in group for batch in batches]
        found = decode(flat, readings[topic], ids)
        records += sum(len(batch.records) for batch in flat)
        bad += len(found.dead)
        if found.dead:
            first = found.dead[0]
            log.warning(
                "%s: %d of %d records are set aside; the first, at offset %d: %s",
                topic, len(found.dead), sum(len(b.records) for b in flat), first.offset,
                first.detail,
            )  # fmt: skip
        _hand_over(group, found)
        for batch in flat:
            batch.records = []
    return records, bad


def portions(states: Iterable[PartitionState]) -> list[Portion]:
    """Return the first segment of each state, taken off it; nothing of states that are held."""
    return [Portion(state, state.cut.popleft()) for state in states if state.cut and not state.held]


def _hand_over(group: Sequence[Taken], found: Decoded) -> None:
    """Give each state its part of what was decoded together."""
    first = 0
    firsts = [0, *accumulate(len(batches) for _, batches in group)]
    bounds = np.searchsorted(found.frame.get_column("at").to_numpy(), firsts)
    for i, (state, batches) in enumerate(group):
        last = first + len(batches)
        frame = found.frame[bounds[i] : bounds[i + 1]]
        dead = tuple(d for d in found.dead if first <= d.at < last)
        whole = Segment(batches[0].start, batches[-1].end, frame, dead, None, tuple(batches))
        for marker in found.markers:
            if first <= marker.at < last:
                before, whole = _parted(whole, marker.offset)
                if before.start < before.end:
                    state.cut.append(before)
                alone, whole = _parted(whole, marker.offset + 1)
                alone.marker = marker
                state.cut.append(alone)
        if whole.start < whole.end:
            state.cut.append(whole)
        first = last


def _parted(segment: Segment, offset: int) -> tuple[Segment, Segment]:
    """Return a segment cut in two before an offset."""
    before = pl.col("offset") < offset
    return (
        Segment(
            segment.start,
            offset,
            segment.frame.filter(before),
            tuple(d for d in segment.dead if d.offset < offset),
            None,
            tuple(b for b in segment.batches if b.end <= offset),
        ),
        Segment(
            offset,
            segment.end,
            segment.frame.filter(~before),
            tuple(d for d in segment.dead if d.offset >= offset),
            None,
            tuple(b for b in segment.batches if b.end > offset),
        ),
    )


def stored_by_posting(portions: Sequence[Placed]) -> list[tuple[Sequence[Placed], pl.DataFrame]]:
    """Return the records of postings' portions as rows of their tables, one portion after another.

    One call for each topic: it costs a millisecond, however few records there are.
    """
    topics: dict[str, list[Placed]] = {}
    for at, portion in portions:
        topics.setdefault(portion.state.posting.topic, []).append((at, portion))
    return [
        (mine, mine[0][1].state.posting.stored(pl.concat(p.segment.frame for _, p in mine)))
        for mine in topics.values()
    ]
