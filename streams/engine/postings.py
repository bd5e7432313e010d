"""A posting: all that the engine must be told about one topic whose records make entries.

Where a fold keeps totals, a posting keeps entries that are added and never changed. A record says
what something of a payee is now (an item); an entry says what that changes. So an entry is a pure
function of the log below the record and of the record, never of entries that were made before.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from schemas.definitions import Bundle
from streams.engine.folds import Fold, Prepared

Bucket = Any  # where an item counts, hashable; what counts in one bucket adds up
Counted = tuple[Bucket, int]
Sums = Mapping[Bucket, int]
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where records come from: rows that this warehouse must hold before they are accepted.

    Attributes:
        table: with `position`, that of the record's source.
        keys: columns by which a record finds its row; the first is the payee.
    """

    table: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Posting:
    """One topic of items, keyed by payee (`rep_id`).

    Attributes:
        message: its Avro message.
        topic: its name.
        table: history of items. A record is news if its `source_position` is above that of the
            same item before it.
        ledger: table of entries.
        upstream: where records come from.
        faults: see Reading.
        prepare: definitions -> what the other functions need of them, made once per revision.
        differs: whether entries may differ under the second revision.
        stored: message's fields -> its own columns of the history table, among them entity_id,
            rep_id and source_position.
        counts_by: columns of the history table that `counted` reads.
        counted: history row -> where the item counts and how much, None for nowhere.
        accrued: (prepared, payee, sums without the change, change, history row) -> entries.
        adjusted: (prepared before, prepared behind a marker, payee, sums) -> entries.
        named: prepared -> payees who may get entries without any item.
        entry: columns of the ledger that entries bring along.
        identity: those that tell two entries of one payee and position apart.
    """

    message: str
    topic: str
    table: str
    ledger: str
    upstream: Upstream
    faults: pl.Expr
    prepare: Callable[[Bundle], Prepared]
    differs: Callable[[Prepared, Prepared], bool]
    stored: Callable[[pl.DataFrame], pl.DataFrame]
    counts_by: tuple[str, ...]
    counted: Callable[[Mapping[str, Any]], Counted | None]
    accrued: Callable[[Prepared, str, Sums, Sums, Mapping[str, Any]], Sequence[Entry]]
    adjusted: Callable[[Prepared, Prepared, str, Sums], Sequence[Entry]]
    named: Callable[[Prepared], Collection[str]]
    entry: Mapping[str, pl.DataType]
    identity: tuple[str, ...]


Kind = Fold | Posting


def key_of(kind: Kind) -> str:
    """Return the field of a topic's message that is its Kafka key."""
    return "rep_id" if isinstance(kind, Posting) else "entity_id"
