"""One flush: what waits in all partitions of a worker becomes rows, totals and messages.

`compute` reads first and changes state only when nothing can fail any more, so it may be tried
again. It may run while the flush before is still on its way into the warehouse: predecessors are
then looked for in that one's rows, too. The order of effects is that of streams/engine/effects.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from schemas.frames import beside, only, picked
from schemas.warehouse import Incarnation
from streams.engine import history, ledger, markers, results
from streams.engine.acceptance import judged
from streams.engine.batches import Batch, Partition
from streams.engine.decoding import Dead
from streams.engine.definitions import Definitions
from streams.engine.filters import U64, hashes_of
from streams.engine.folding import Folded, Read, folded, no_touches
from streams.engine.folds import Fold
from streams.engine.gathering import Portion
from streams.engine.ledger import Revision, Work
from streams.engine.markers import Marked
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poisoned, culprits
from streams.engine.ports import Warehouse
from streams.engine.postings import Entry
from streams.engine.snapshots import Made
from streams.engine.telling import Told
from streams.engine.totals import Sums, applied, runs, summed


@dataclass(slots=True)
class Flush:
    """What a flush writes."""

    portions: Sequence[Portion]
    history: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    entries: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    snapshots: list[Made] = field(default_factory=list)
    dead: list[tuple[PartitionState, Dead]] = field(default_factory=list)
    counts: dict[int, dict[int, int]] = field(default_factory=dict)
    sequences: dict[int, int] = field(default_factory=dict)

    def batches(self) -> Iterable[Batch]:
        """Yield the batches that are done once this flush is."""
        return (batch for portion in self.portions for batch in portion.segment.batches)


Group = Sequence[tuple[int, Portion]]


def compute(
    portions: Sequence[Portion],
    warehouse: Warehouse,
    definitions: Definitions,
    now: Incarnation,
    before: Flush | None,
) -> Flush:
    """Return what a flush writes; the states have moved on to behind it.

    Args:
        before: the flush that is not in the warehouse yet. There is none when a marker is among
            the portions.

    Raises:
        Unavailable: the warehouse did not answer; nothing has changed.
        Poisoned: records that must be set aside first; nothing has changed.
    """
    flush = Flush(portions)
    facts = _records_of(portions, postings=False)
    groups = [(group, _records(group)) for group in _alike(facts)]
    ids = [hashes_of(records.get_column("entity_id")) for _, records in groups]
    known = _known(groups, ids, warehouse, before)
    work = []
    for group, records in groups:
        state = group[0][1].state
        read = _read(state, records, known[state.fold.table], warehouse, before)
        try:
            done = folded(state.fold, records, read, state.prepared, state.sequence)
        except (Exception, pl.exceptions.PanicException):
            _blame(group, records)
            raise
        work.append((group, done))
    unwritten = before.history if before else {}
    posting = ledger.begin(_records_of(portions, postings=True), warehouse, unwritten)
    revisions = ledger.revisions(portions, warehouse, definitions)
    marks = _marks(portions, warehouse, definitions, now)
    touches = pl.concat(
        [
            no_touches(),
            *(done.touches for _, done in work),
            *(m.touches.with_columns(pl.lit(i, pl.UInt32).alias("at")) for i, _, m in marks),
        ]
    )
    sums = summed(touches)
    totals = {i: (p.state.partition, p.state.totals) for i, p in enumerate(portions)}
    results.load_touched(warehouse, now, totals, touches, sums)
    for (group, done), hashes in zip(work, ids, strict=True):
        _advance(flush, group, done, hashes)
    for _, portion, mark in marks:
        flush.history.setdefault(portion.state.fold.table, []).append(mark.row)
        flush.snapshots.extend(mark.snapshots)
        portion.state.sequence, portion.state.prepared = mark.sequence, mark.prepared
    _tell(flush, touches, sums)
    _post(flush, posting, revisions)
    flush.sequences = {i: p.state.sequence for i, p in enumerate(portions)}
    return flush


def _records_of(portions: Sequence[Portion], *, postings: bool) -> Group:
    """Return the portions that are records of folds, or of postings, with their places."""
    return [
        (i, portion)
        for i, portion in enumerate(portions)
        if portion.segment.marker is None and portion.state.is_posting == postings
    ]


def _alike(facts: Group) -> list[Group]:
    """Return portions grouped by topic and definitions in force."""
    groups: dict[tuple[str, int], list[tuple[int, Portion]]] = {}
    for i, portion in facts:
        key = (portion.state.fold.topic, portion.state.sequence)
        groups.setdefault(key, []).append((i, portion))
    return list(groups.values())


def _records(group: Group) -> pl.DataFrame:
    """Return the records of portions with where they stand; few calls, whatever their number."""
    frames = [portion.segment.frame for _, portion in group]
    of = np.repeat(np.arange(len(group)), list(map(len, frames)))
    states = [portion.state for _, portion in group]
    numbers = np.array([state.partition.number for state in states], np.uint16)
    zeros = np.array([state.position(0) for state in states], np.uint64)
    every = pl.concat(frames)
    offsets = every.get_column("offset").to_numpy().astype(np.uint64)
    return beside(
        # Until here `at` is that of batches, from here on that of portions.
        only(every, [name for name in every.columns if name != "at"]),
        pl.Series("at", np.array([i for i, _ in group], np.uint32)[of]),
        pl.Series("partition", numbers[of]),
        pl.Series("position", zeros[of] + offsets),
    )


def _blame(group: Group, records: pl.DataFrame) -> None:
    """Find the records that break a rule; do nothing if it is no single record's fault.

    Raises:
        Poisoned: these.
    """
    state = group[0][1].state

    def work(part: pl.DataFrame) -> None:
        state.fold.resolve(part, state.prepared)
        state.fold.stored(part)

    partitions = {i: portion.state.partition for i, portion in group}
    found: dict[Partition, dict[int, str]] = {}
    for row, text in culprits(work, records).items():
        at, offset = records.select("at", "offset").row(row)
        found.setdefault(partitions[at], {})[offset] = text
    if found:
        raise Poisoned(found)


def _known(
    groups: Sequence[tuple[Group, pl.DataFrame]],
    ids: Sequence[U64],
    warehouse: Warehouse,
    before: Flush | None,
) -> dict[str, pl.DataFrame]:
    """Return the predecessors of all records by table: one query each."""
    asked: dict[str, list[history.Asked]] = {}
    folds: dict[str, Fold] = {}
    for (group, records), hashes in zip(groups, ids, strict=True):
        fold = group[0][1].state.fold
        asked.setdefault(fold.table, []).extend(_asked(group, records, hashes))
        folds[fold.table] = fold  # of those of one table any will do
    return {
        table: history.known(
            warehouse, table, some, before.history.get(table, []) if before else [], folds[table]
        )
        for table, some in asked.items()
    }


def _read(
    state: PartitionState,
    records: pl.DataFrame,
    known: pl.DataFrame,
    warehouse: Warehouse,
    before: Flush | None,
) -> Read:
    """Return what history says of records; a query more where several tell of one entity."""
    fold = state.fold
    if fold.tellers is None:
        return Read(known, judged(records, known))
    verdicts = judged(records, known, fold.tellers)
    if not len(verdicts.shared) or known.is_empty():
        return Read(known, verdicts)
    shared = picked(records.get_column("entity_id"), verdicts.shared)
    wanted = known.filter(pl.col("entity_id").is_in(shared.implode()))
    if wanted.is_empty():
        return Read(known, verdicts)
    columns = markers.history_schema(fold, state.prepared).names()
    unflushed = before.history.get(fold.table, []) if before else []
    rows = history.statements(warehouse, fold.table, columns, wanted, unflushed)
    return Read(known, verdicts, fold.tellers.heard(rows))


def _asked(group: Group, records: pl.DataFrame, hashes: U64) -> list[history.Asked]:
    ids, at = records.get_column("entity_id"), records.get_column("at").to_numpy()
    perhaps = np.zeros(len(ids), np.bool_)
    for i, portion in group:
        start, end = np.searchsorted(at, [i, i + 1])
        perhaps[start:end] = portion.state.history.may_hold(hashes[start:end])
    wanted: dict[int, set[str]] = {}
    rows = np.flatnonzero(perhaps)
    for i, name in zip(at[rows].tolist(), picked(ids, rows).to_list(), strict=True):
        wanted.setdefault(i, set()).add(name)
    return [
        history.Asked(p.state.partition, p.state.position(p.segment.start), sorted(wanted[i]))
        for i, p in group
        if i in wanted
    ]


def _marks(
    portions: Sequence[Portion], warehouse: Warehouse, definitions: Definitions, now: Incarnation
) -> list[tuple[int, Portion, Marked]]:
    def insert(table: str, rows: pl.DataFrame) -> None:
        warehouse.insert(table, rows, now)

    return [
        (i, portion, markers.marked(portion.state, marker, warehouse, definitions, insert))
        for i, portion in enumerate(portions)
        if (marker := portion.segment.marker) is not None and not portion.state.is_posting
    ]


def _advance(flush: Flush, group: Group, done: Folded, hashes: U64) -> None:
    table = group[0][1].state.fold.table
    flush.history.setdefault(table, []).append(done.rows)
    flush.snapshots.extend(done.snapshots)
    for (at, verdict), count in done.verdicts.items():
        flush.counts.setdefault(at, {})[verdict] = count
    start = 0
    for _, portion in group:  # of a duplicate, too: whatever was read has history by now
        end = start + len(portion.segment.frame)
        portion.state.history.add(hashes[start:end])
        start = end
        flush.dead.extend((portion.state, dead) for dead in portion.segment.dead)


def _tell(flush: Flush, touches: pl.DataFrame, sums: Sums) -> None:
    totals = {i: portion.state.totals for i, portion in enumerate(flush.portions)}
    for i, told in applied(totals, touches, sums).items():
        flush.told.append((flush.portions[i].state.partition, told))
    days: dict[int, set[date]] = {}
    for run in runs(sums):
        days.setdefault(run.at, set()).add(run.day)
    for i, touched in days.items():
        totals[i].trim(touched)


def _post(flush: Flush, work: Sequence[Work], revisions: Sequence[Revision]) -> None:
    for one in work:
        portion = flush.portions[one.at]
        posted = ledger.finish(one)
        flush.counts[one.at] = posted.counts
        flush.dead.extend((portion.state, dead) for dead in portion.segment.dead)
        _keep(flush, portion.state, posted.rows, posted.entries)
    for revision in revisions:
        state = flush.portions[revision.at].state
        state.sequence, state.prepared = revision.sequence, revision.prepared
        _keep(flush, state, revision.row, revision.entries)


def _keep(
    flush: Flush, state: PartitionState, rows: pl.DataFrame, entries: Sequence[Entry]
) -> None:
    flush.history.setdefault(state.posting.table, []).append(rows)
    if entries:
        made = ledger.entry_rows(state.posting, entries)
        flush.entries.setdefault(state.posting.ledger, []).append(made)
