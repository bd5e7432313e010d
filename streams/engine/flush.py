"""One flush: what waits in all partitions of a worker becomes rows, totals and messages.

`compute` reads first and changes state only when nothing can fail any more, so it may be tried
again. The order of effects is that of streams/engine/effects.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from schemas.warehouse import Incarnation
from streams.engine import history, markers, metrics, results
from streams.engine.acceptance import ACCEPTED, DUPLICATE, STALE
from streams.engine.batches import Batch
from streams.engine.decoding import Dead
from streams.engine.definitions import Definitions
from streams.engine.filters import hashes_of
from streams.engine.folding import Folded, folded
from streams.engine.markers import Marked
from streams.engine.partitions import PartitionState, Segment
from streams.engine.ports import Warehouse
from streams.engine.telling import Told


class Portion(NamedTuple):
    """What one partition brings to a flush: a run of records, or one marker."""

    state: PartitionState
    segments: Sequence[Segment]

    @property
    def start(self) -> int:
        """Return its first offset."""
        return self.segments[0].start

    @property
    def end(self) -> int:
        """Return the offset behind it."""
        return self.segments[-1].end


@dataclass(slots=True)
class Flush:
    """What a flush writes."""

    portions: Sequence[Portion]
    history: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    dead: list[tuple[PartitionState, Dead]] = field(default_factory=list)
    counts: dict[int, dict[int, int]] = field(default_factory=dict)

    def batches(self) -> Iterable[Batch]:
        """Yield the batches that are done once this flush is."""
        return (s.batch for p in self.portions for s in p.segments if s.batch is not None)


def gathered(states: Iterable[PartitionState], rows_max: int) -> list[Portion]:
    """Return what to flush now, taken off the states' queues."""
    portions, rows = [], 0
    for state in states:
        run: list[Segment] = []
        while state.waiting and rows < rows_max:
            if state.waiting[0].marker is not None and run:
                break
            segment = state.waiting.popleft()
            run.append(segment)
            rows += len(segment.frame)
            if segment.marker is not None:
                break
        if run:
            portions.append(Portion(state, run))
    return portions


def compute(
    portions: Sequence[Portion], warehouse: Warehouse, definitions: Definitions, now: Incarnation
) -> Flush:
    """Return what a flush writes; the states have moved on to behind it.

    Raises:
        Unavailable: the warehouse did not answer; nothing has changed.
    """
    flush = Flush(portions)
    facts = [(i, p) for i, p in enumerate(portions) if p.segments[0].marker is None]
    work = []
    for group in _alike(facts):
        state = group[0][1].state
        records = _records(group)
        known = history.known(warehouse, state.fold.table, _asked(group, records))
        work.append((group, folded(state.fold, records, known, state.prepared, state.sequence)))
    touched = [
        (portion.state, done.touches.filter(pl.col("at") == i))
        for group, done in work
        for i, portion in group
    ]
    _load_days(touched, warehouse, now)
    marks = _marks(portions, warehouse, definitions, now)
    for group, done in work:
        _advance(flush, group, done)
    for state, mark in marks:
        flush.history.setdefault(state.fold.table, []).append(mark.row)
        state.sequence, state.prepared = mark.sequence, mark.prepared
        _tell(flush, state, mark.touches)
    return flush


def _marks(
    portions: Sequence[Portion], warehouse: Warehouse, definitions: Definitions, now: Incarnation
) -> list[tuple[PartitionState, Marked]]:
    found = []
    for state, segments in portions:
        if segments[0].marker is not None:
            mark = markers.marked(
                state,
                segments[0].marker,
                warehouse,
                definitions,
                lambda table, rows: warehouse.insert(table, rows, now),
            )
            found.append((state, mark))
    _load_days([(state, mark.touches) for state, mark in found], warehouse, now)
    return found


def _alike(facts: Sequence[tuple[int, Portion]]) -> list[list[tuple[int, Portion]]]:
    """Return portions grouped by topic and definitions in force."""
    groups: dict[tuple[str, int], list[tuple[int, Portion]]] = {}
    for i, portion in facts:
        key = (portion.state.fold.topic, portion.state.sequence)
        groups.setdefault(key, []).append((i, portion))
    return list(groups.values())


def _records(group: Sequence[tuple[int, Portion]]) -> pl.DataFrame:
    return pl.concat(
        segment.frame.with_columns(
            pl.lit(i, pl.UInt32).alias("at"),
            pl.lit(portion.state.partition.number, pl.UInt16).alias("partition"),
            (pl.col("offset") + portion.state.position(0)).cast(pl.UInt64).alias("position"),
        )
        for i, portion in group
        for segment in portion.segments
    )


def _asked(group: Sequence[tuple[int, Portion]], records: pl.DataFrame) -> list[history.Asked]:
    ids, at = records.get_column("entity_id"), records.get_column("at")
    hashes = hashes_of(ids)
    asked = []
    for i, portion in group:
        mine = (at == i).to_numpy()
        perhaps = portion.state.history.may_hold(hashes[mine])
        if perhaps.any():
            wanted = ids.filter(pl.Series(mine)).filter(pl.Series(perhaps)).unique().to_list()
            below = portion.state.position(portion.start)
            asked.append(history.Asked(portion.state.partition, below, wanted))
    return asked


def _load_days(
    touched: Sequence[tuple[PartitionState, pl.DataFrame]], warehouse: Warehouse, now: Incarnation
) -> None:
    """Cache the days that are about to be touched."""
    wanted, states = {}, {}
    for state, touches in touched:
        days = touches.get_column("day").unique()
        if state.totals.missing(days):
            wanted[state.partition] = state.totals.missing(results.weeks_around(days))
            states[state.partition] = state
    for partition, rows in results.load(warehouse, now, wanted).items():
        states[partition].totals.load(wanted[partition], rows)


def _advance(flush: Flush, group: Sequence[tuple[int, Portion]], done: Folded) -> None:
    table = group[0][1].state.fold.table
    flush.history.setdefault(table, []).append(done.rows)
    hashes = hashes_of(done.rows.get_column("entity_id"))
    for at, verdict, count in done.verdicts.iter_rows():
        flush.counts.setdefault(at, {})[verdict] = count
    for i, portion in group:
        state = portion.state
        state.history.add(hashes[(done.at == i).to_numpy()])
        _tell(flush, state, done.touches.filter(pl.col("at") == i))
        flush.dead.extend((state, dead) for s in portion.segments for dead in s.dead)


def _tell(flush: Flush, state: PartitionState, touches: pl.DataFrame) -> None:
    if not touches.is_empty():
        flush.told.append((state.partition, state.totals.apply(touches)))
        state.totals.trim()


def count(flush: Flush) -> None:
    """Count what became of the records of a flush."""
    for row in applied_rows(flush).iter_rows(named=True):
        for verdict in ("accepted", "duplicate", "stale", "dead", "marker"):
            if row[verdict]:
                metrics.RECORDS.labels(row["topic"], verdict).inc(row[verdict])


def applied_rows(flush: Flush) -> pl.DataFrame:
    """Return the rows of spm.applied that make a flush known."""
    rows = []
    for i, (state, segments) in enumerate(flush.portions):
        counts = flush.counts.get(i, {})
        rows.append(
            {
                "topic": state.partition.topic,
                "partition": state.partition.number,
                "epoch": state.epoch,
                "offset_from": segments[0].start,
                "offset_to": segments[-1].end,
                "accepted": counts.get(ACCEPTED, 0),
                "duplicate": counts.get(DUPLICATE, 0),
                "stale": counts.get(STALE, 0),
                "dead": sum(len(segment.dead) for segment in segments),
                "marker": sum(segment.marker is not None for segment in segments),
                "sequence": state.sequence,
            }
        )
    kinds = {"topic": pl.String(), "partition": pl.UInt16(), "epoch": pl.UInt32()}
    return pl.DataFrame(rows, schema_overrides=kinds)
