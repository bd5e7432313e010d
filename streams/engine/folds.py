"""A fold: all that the engine must be told about one topic of facts. It knows nothing of sales."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from schemas.definitions import Bundle

# What facts put into results, in long form; `row` is the fact's index in its frame, `value` whole
# ten-thousandths, the scale that decimal(18, 4) stores.
PUT_IN = {
    "row": pl.Int64(),
    "measure": pl.String(),
    "rep_id": pl.String(),
    "day": pl.Date(),
    "currency": pl.String(),
    "value": pl.Int64(),
}
# The same as arrays of a history row.
ARRAYS = {
    "measure": "measure",
    "measure_rep_id": "rep_id",
    "measure_day": "day",
    "measure_currency": "currency",
    "measure_value": "value",
}
VALUE_UNITS = 10_000
Prepared = Any  # what `prepare` makes of a revision of the definitions


def _everything(_before: Prepared, _now: Prepared) -> None:
    """Return that any entity may resolve differently."""


class Resolved(NamedTuple):
    """Facts under definitions.

    Attributes:
        columns: columns of the history table that resolution decides, one line per fact.
        put_in: PUT_IN, ordered by `row`.
    """

    columns: pl.DataFrame
    put_in: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Snapshots:
    """A second kind of result: what a fact says of several others, each as it is now.

    A history row names them in arrays, so all of it follows from history: one snapshot for each
    name in the row, and a last one that says `deleted` for each name that stood in the predecessor
    and stands there no more. A snapshot's version is the position of the history row.

    Attributes:
        table: where they are kept. Beside the columns below it has generation, topic, partition,
            position, sequence and deleted.
        topic: where they are published, as `message`; its fields are columns of the table.
        key: column that is the Kafka key.
        entity: column with the fact's entity_id.
        names: array of a history row -> column. The fact and these tell snapshots apart; texts.
        values: array of a history row -> column, element by element beside the names.
        shared: columns that are the history row's own.
        gone: what columns of `values` say of one that is gone, over the history row's columns.
    """

    table: str
    topic: str
    message: str
    key: str
    entity: str
    names: Mapping[str, str]
    values: Mapping[str, str]
    shared: Sequence[str]
    gone: Mapping[str, pl.Expr]


@dataclass(frozen=True, slots=True)
class Tellers:
    """Several tellers of one entity. Each one's records follow each other by themselves.

    The entity is made of what each of them said last. Where one alone tells of it, a history row is
    what its record said; elsewhere it is what was made, and its column `said` holds the statement.

    Attributes:
        names: two fields that tell tellers apart; texts.
        alone: field that, where it is given, makes a statement stand in `said` in any case.
        others_are_one: statements without `alone` are one teller's, whatever their names.
        said: message's fields -> `said`, never empty.
        heard: rows of the history table -> message's fields, as their records said them.
        merged: (`group` and message's fields: statements, prepared definitions) -> the same, one
            line for each group, ordered by it; pure.
        differs: whether anything may be made otherwise under the second than under the first.
    """

    names: tuple[str, str]
    alone: str
    said: Callable[[pl.DataFrame], pl.Series]
    heard: Callable[[pl.DataFrame], pl.DataFrame]
    merged: Callable[[pl.DataFrame, Prepared], pl.DataFrame]
    differs: Callable[[Prepared, Prepared], bool]
    others_are_one: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """One topic of facts.

    Attributes:
        message: its Avro message.
        topic: its name.
        table: history table.
        faults: see Reading.
        prepare: definitions -> what `resolve` needs of them, made once per revision.
        differs: whether anything may resolve differently under the second than under the first.
        resolve: (message's fields, prepared definitions) -> Resolved; pure.
        stored: message's fields -> its own columns of the history table.
        recalled: rows of the history table -> message's fields.
        snapshots: the second kind of result, if there is one; `resolve` gives its arrays.
        reach: where `differs`: SQL over the history table; entities of which no row satisfies it
            resolve as before. None: any may differ.
        tellers: if several sources may tell of one entity; None: the last word is all of it.
    """

    message: str
    topic: str
    table: str
    faults: pl.Expr
    prepare: Callable[[Bundle], Prepared]
    differs: Callable[[Prepared, Prepared], bool]
    resolve: Callable[[pl.DataFrame, Prepared], Resolved]
    stored: Callable[[pl.DataFrame], pl.DataFrame]
    recalled: Callable[[pl.DataFrame], pl.DataFrame]
    snapshots: Snapshots | None = None
    tellers: Tellers | None = None
    reach: Callable[[Prepared, Prepared], str | None] = _everything

    @property
    def names(self) -> list[str]:
        """Return the arrays of history that name snapshots; predecessors are asked for them."""
        return list(self.snapshots.names) if self.snapshots else []
