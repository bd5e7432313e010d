"""Entries of a lost log: history above `applied`, made into the entries its flush did not write.

What streams/engine/survivors.py does for totals. Rows of history are records that were accepted, so
there is nothing to judge; the entries come out as the worker would have made them.
"""

import polars as pl

from schemas.positions import place_of
from schemas.warehouse import Incarnation
from streams.engine import books, history, ledger, starting, survivors
from streams.engine.batches import Partition
from streams.engine.books import Wanted
from streams.engine.definitions import Definitions
from streams.engine.folding import MARKER_KIND
from streams.engine.partitions import PartitionState
from streams.engine.ports import Warehouse
from streams.engine.postings import Entry, Posting


def post(warehouse: Warehouse, posting: Posting, now: Incarnation) -> None:
    """Bring the ledger and `applied` up to what history holds of a topic."""
    reached = survivors.history_ends(warehouse, posting)
    applied = starting.applied_ends(warehouse, list(reached))
    for partition, end in reached.items():
        since = applied.get(partition, 0)
        if end <= since:
            continue
        state = _state(warehouse, posting, partition, since)
        rows = warehouse.frame(
            f"SELECT * FROM {posting.table} FINAL WHERE {history.where([partition])} "
            f"AND position >= {since} ORDER BY position"
        )
        entries = _entries(warehouse, state, rows)
        if entries:
            warehouse.insert(posting.ledger, ledger.entry_rows(posting, entries), now)
        warehouse.insert("spm.applied", survivors.applied_row(partition, since, end, rows), now)


def _state(
    warehouse: Warehouse, posting: Posting, partition: Partition, since: int
) -> PartitionState:
    """Return the partition as it was where `applied` ends."""
    place = place_of(since)
    begun = starting.Begun(
        partition, posting, place.epoch, place.offset, _partitions(warehouse, posting)
    )
    (state,) = starting.states(
        [begun],
        0,
        warehouse=warehouse,
        definitions=Definitions(warehouse),
    )
    return state


def _partitions(warehouse: Warehouse, posting: Posting) -> int:
    """Return how many partitions the lost log had: its opening put a marker into each."""
    rows = warehouse.frame(
        f"SELECT max(partition) + 1 AS partitions FROM {posting.table} "
        f"WHERE topic = {history.quoted(posting.topic)} AND kind = '{MARKER_KIND}' AND "
        f"bitShiftRight(position, 40) = (SELECT max(bitShiftRight(position, 40)) "
        f"FROM {posting.table} WHERE topic = {history.quoted(posting.topic)})"
    )
    return int(rows["partitions"][0])


def _entries(warehouse: Warehouse, state: PartitionState, rows: pl.DataFrame) -> list[Entry]:
    items = rows.filter(pl.col("kind") != MARKER_KIND)
    payees = items.get_column("rep_id").unique().sort().to_list()
    below = state.position(state.next_offset)
    accounts = books.read(warehouse, state.posting, [Wanted(below, payees)])
    definitions = Definitions(warehouse)
    entries: list[Entry] = []
    for row in rows.iter_rows(named=True):
        if row["kind"] != MARKER_KIND:
            entries += ledger.taken(state, accounts[row["rep_id"]], row, row["position"])
            continue
        prepared = definitions.prepared(row["sequence"], state.posting.prepare)
        entries += ledger.revised(state, warehouse, row["position"], row["sequence"], prepared)
        state.sequence, state.prepared = row["sequence"], prepared
    return entries
