"""Markers: definitions up to a sequence take effect at one position of one partition."""

from typing import Any, NamedTuple

import polars as pl

from streams.engine import history
from streams.engine.columns import dtypes
from streams.engine.decoding import ADDED, Marker
from streams.engine.definitions import Definitions
from streams.engine.folding import MARKER_KIND, history_rows
from streams.engine.folds import Prepared
from streams.engine.partitions import PartitionState
from streams.engine.ports import Warehouse


class Marked(NamedTuple):
    """A partition behind a marker."""

    state: PartitionState
    row: pl.DataFrame
    sequence: int
    prepared: Prepared


def marked(
    state: PartitionState, marker: Marker, warehouse: Warehouse, definitions: Definitions
) -> Marked:
    """Return what a marker does to a partition. A repeated or lower one changes nothing.

    Raises:
        Unavailable: its definitions are not there yet.
    """
    sequence = max(state.sequence, marker.sequence)
    prepared = definitions.prepared(sequence, state.fold.prepare)
    return Marked(state, marker_row(state, marker, sequence), sequence, prepared)


def marker_row(state: PartitionState, marker: Marker, sequence: int) -> pl.DataFrame:
    """Return the history row of a marker: empty in all that facts have and markers have not."""
    known: dict[str, Any] = {
        "entity_id": history.marker_id(state.partition),
        "position": state.position(marker.offset),
        "topic": state.partition.topic,
        "partition": state.partition.number,
        "kind": MARKER_KIND,
        "sequence": sequence,
    }
    schema = _history_schema(state)
    return pl.DataFrame(
        {
            name: pl.Series(name, [known.get(name, _nothing(kind))], kind)
            for name, kind in schema.items()
        }
    )


def _history_schema(state: PartitionState) -> pl.Schema:
    kinds = {**dtypes(state.fold.message), **ADDED}
    kinds |= {"at": pl.UInt32(), "partition": pl.UInt16(), "position": pl.UInt64()}
    nothing = pl.DataFrame(schema=kinds)
    resolved = state.fold.resolve(nothing, state.prepared)
    return history_rows(state.fold, nothing, resolved, 0).schema


def _nothing(kind: pl.DataType) -> Any:
    if kind.is_integer():
        return 0
    if isinstance(kind, pl.List):
        return []
    return {pl.String: "", pl.Boolean: False}.get(type(kind))
