"""Records and markers become entries: one record after the other, in plain Python.

`begin` and `revised` read and change nothing; `finish` only computes. Entries carry an id made of
where they come from and what they are about, so that doing any of it again makes the same rows.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from schemas.frames import beside, constant, only, rows_at
from schemas.keys import partition_of
from streams.engine import books, history
from streams.engine.acceptance import ACCEPTED, DUPLICATE, STALE
from streams.engine.batches import Partition
from streams.engine.books import Account, Wanted
from streams.engine.columns import dtypes
from streams.engine.decoding import ADDED
from streams.engine.definitions import Definitions
from streams.engine.folding import MARKER_KIND
from streams.engine.folds import Prepared
from streams.engine.gathering import Placed, Portion, stored_by_posting
from streams.engine.markers import empty_row
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poisoned
from streams.engine.ports import Warehouse
from streams.engine.postings import Entry, Posting

PAYEES_AT_ONCE = 1_000  # of a revision; each brings all of its items
_ID_BYTES = 16  # 2**64 entries would have to exist before two ids are likely to meet


@dataclass(slots=True)
class Work:
    """Records of one partition, with all that was read for them."""

    at: int
    portion: Portion
    stored: pl.DataFrame
    accounts: Mapping[str, Account]


@dataclass(slots=True)
class Posted:
    """What a partition's records or marker became."""

    rows: pl.DataFrame
    entries: list[Entry] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)


def begin(
    portions: Sequence[Placed],
    warehouse: Warehouse,
    unflushed: Mapping[str, Sequence[pl.DataFrame]],
) -> list[Work]:
    """Return records with the accounts they need: one query for each table.

    Args:
        unflushed: rows on their way into the tables of history.

    Raises:
        Unavailable: the warehouse did not answer.
    """
    wanted: dict[str, list[Wanted]] = {}
    work = []
    for mine, every in stored_by_posting(portions):
        rest = every
        for at, portion in mine:
            state, count = portion.state, len(portion.segment.frame)
            stored, rest = rest[:count], rest[count:]
            missing = state.books.missing(set(stored.get_column("rep_id").to_list()))
            below = state.position(portion.segment.start)
            wanted.setdefault(state.posting.table, []).append(Wanted(below, sorted(missing)))
            work.append(Work(at, portion, stored, {}))
    for table, some in wanted.items():
        those = [one for one in work if one.portion.state.posting.table == table]
        posting = those[0].portion.state.posting
        found = books.read(warehouse, posting, some, unflushed.get(table, ()))
        for one in those:
            one.accounts = found
    return work


def finish(work: Work) -> Posted:
    """Return what records became; the partition's books have moved on to behind them.

    Raises:
        Poisoned: a rule fails on a record; the partition must be started again.
    """
    portion, state = work.portion, work.portion.state
    mine = set(work.stored.get_column("rep_id").to_list())
    state.books.add({payee: work.accounts[payee] for payee in state.books.missing(mine)})
    items = state.books.count(mine)
    verdicts, entries = [], []
    positions = [state.position(o) for o in portion.segment.frame.get_column("offset")]
    for position, row in zip(positions, _rows(state.posting, work.stored), strict=True):
        account = state.books.of(row["rep_id"])
        verdict = verdict_on(account, row)
        verdicts.append(verdict)
        if verdict == ACCEPTED:
            try:
                entries += taken(state, account, row, position)
            except Exception as error:
                text = f"{type(error).__name__}: {error}"
                offset = position - state.position(0)
                raise Poisoned({state.partition: {offset: text}}) from error
    state.books.trim(state.books.count(mine) - items)
    rows = history_rows(state, portion.segment.frame, work.stored)
    accepted = np.flatnonzero(np.array(verdicts) == ACCEPTED)
    rows = rows if len(accepted) == len(rows) else rows_at(rows, accepted)
    counts = {verdict: verdicts.count(verdict) for verdict in (ACCEPTED, DUPLICATE, STALE)}
    return Posted(rows, entries, counts)


def _rows(posting: Posting, stored: pl.DataFrame) -> Iterator[Mapping[str, Any]]:
    """Yield each record by its columns; few are looked at unless it makes an entry."""
    wanted = dict.fromkeys(["entity_id", "rep_id", "source_position", *posting.counts_by])
    few = only(stored, wanted)
    for at, row in enumerate(few.iter_rows()):
        yield _Row(zip(few.columns, row, strict=True), stored, at)


class _Row(dict[str, Any]):
    """A row of a frame; what is not in the dictionary is read once something of it is asked for."""

    def __init__(self, known: Iterable[tuple[str, Any]], frame: pl.DataFrame, at: int) -> None:
        super().__init__(known)
        self._frame, self._at = frame, at

    def __missing__(self, name: str) -> Any:
        self.update(self._frame.row(self._at, named=True))
        return dict.__getitem__(self, name)


def verdict_on(account: Account, row: Mapping[str, Any]) -> int:
    """Return whether a record says something new of its item."""
    known = account.items.get(row["entity_id"])
    if known is None or row["source_position"] > known[0]:
        return ACCEPTED
    return DUPLICATE if row["source_position"] == known[0] else STALE


def taken(
    state: PartitionState, account: Account, row: Mapping[str, Any], position: int
) -> list[Entry]:
    """Return the entries of an accepted record; its item counts from here on."""
    posting, payee = state.posting, row["rep_id"]
    counted = posting.counted(row)
    change = account.change(row["entity_id"], counted)
    entries: Sequence[Entry] = ()
    if change:
        entries = posting.accrued(state.prepared, payee, account.sums, change, row)
    account.put(row["entity_id"], row["source_position"], counted)
    cause = Cause(state.partition, position, payee, state.sequence)
    return [caused(posting, entry, cause) for entry in entries]


@dataclass(frozen=True, slots=True)
class Revision:
    """What a marker does to a partition; `at` is the place of its portion."""

    at: int
    row: pl.DataFrame
    entries: Sequence[Entry]
    sequence: int
    prepared: Prepared


def revisions(
    portions: Sequence[Portion], warehouse: Warehouse, definitions: Definitions
) -> list[Revision]:
    """Return what markers among the portions do. A repeated or lower one changes nothing.

    Raises:
        Unavailable: definitions are not there yet, or the warehouse is away.
    """
    found = []
    for at, portion in enumerate(portions):
        state, marker = portion.state, portion.segment.marker
        if marker is None or not state.is_posting:
            continue
        sequence = max(state.sequence, marker.sequence)
        prepared = definitions.prepared(sequence, state.posting.prepare)
        position = state.position(marker.offset)
        entries = revised(state, warehouse, position, sequence, prepared)
        found.append(
            Revision(at, marker_row(state, position, sequence), entries, sequence, prepared)
        )
    return found


def revised(
    state: PartitionState, warehouse: Warehouse, position: int, sequence: int, prepared: Prepared
) -> list[Entry]:
    """Return the entries of a marker that brings another revision into force, for every payee.

    All history below the marker is in the warehouse by now.

    Raises:
        Unavailable: the warehouse did not answer.
    """
    posting = state.posting
    if sequence <= state.sequence or not posting.differs(state.prepared, prepared):
        return []
    everybody = _everybody(state, warehouse, position, prepared)
    entries = []
    for first in range(0, len(everybody), PAYEES_AT_ONCE):
        some = everybody[first : first + PAYEES_AT_ONCE]
        for payee, account in books.read(warehouse, posting, [Wanted(position, some)]).items():
            cause = Cause(state.partition, position, payee, sequence)
            made = posting.adjusted(state.prepared, prepared, payee, account.sums)
            entries += [caused(posting, entry, cause) for entry in made]
    return entries


def _everybody(
    state: PartitionState, warehouse: Warehouse, position: int, prepared: Prepared
) -> list[str]:
    """Return who is in a partition: with items below a marker, or named on either side of it."""
    posting, here, count = state.posting, state.partition.number, state.partitions
    known = books.payees(warehouse, posting, here, count, position)
    named = {*posting.named(state.prepared), *posting.named(prepared)}
    return sorted({*known, *(n for n in named if partition_of(n.encode(), count) == here)})


class Cause(NamedTuple):
    """What makes entries: a record or marker, for one payee, under a revision."""

    partition: Partition
    position: int
    payee: str
    sequence: int


def caused(posting: Posting, entry: Entry, cause: Cause) -> Entry:
    """Return an entry with its id and where it comes from."""
    (topic, number), position, payee, sequence = cause
    about = [str(entry[name]) for name in posting.identity]
    parts = [topic, str(number), str(position), payee, *about]
    # Lengths go in, too: no two lists of parts read the same.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return entry | {
        "entry_id": hashlib.blake2b(text.encode(), digest_size=_ID_BYTES).hexdigest(),
        "rep_id": payee,
        "topic": topic,
        "partition": number,
        "position": position,
        "sequence": sequence,
    }


def entry_rows(posting: Posting, entries: Sequence[Entry]) -> pl.DataFrame:
    """Return entries as rows of the ledger."""
    kinds: dict[str, pl.DataType] = {
        **posting.entry,
        "entry_id": pl.String(),
        "rep_id": pl.String(),
        "topic": pl.String(),
        "partition": pl.UInt16(),
        "position": pl.UInt64(),
        "sequence": pl.UInt64(),
    }
    return pl.DataFrame(entries, schema=kinds, orient="row")


def history_rows(state: PartitionState, frame: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Return records as rows of their history."""
    offsets = frame.get_column("offset").to_numpy().astype(np.uint64)
    count = len(frame)
    return beside(
        stored,
        pl.Series("position", offsets + np.uint64(state.position(0))),
        constant("topic", state.partition.topic, pl.String(), count),
        constant("partition", state.partition.number, pl.UInt16(), count),
        constant("kind", state.posting.message, pl.String(), count),
        frame.get_column("key_hash"),
        constant("sequence", state.sequence, pl.UInt64(), count),
    )


def marker_row(state: PartitionState, position: int, sequence: int) -> pl.DataFrame:
    """Return the history row of a marker: empty in all that items have and markers have not."""
    nothing = pl.DataFrame(schema={**dtypes(state.posting.message), **ADDED})
    schema = history_rows(state, nothing, state.posting.stored(nothing)).schema
    return empty_row(
        schema,
        {
            "entity_id": history.marker_id(state.partition),
            "position": position,
            "topic": state.partition.topic,
            "partition": state.partition.number,
            "kind": MARKER_KIND,
            "sequence": sequence,
        },
    )
