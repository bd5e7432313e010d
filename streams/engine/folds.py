"""A fold: all that the engine must be told about one topic of facts. It knows nothing of sales."""

from collections.abc import Callable
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


class Resolved(NamedTuple):
    """Facts under definitions.

    Attributes:
        columns: columns of the history table that resolution decides, one line per fact.
        put_in: PUT_IN, ordered by `row`.
    """

    columns: pl.DataFrame
    put_in: pl.DataFrame


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
