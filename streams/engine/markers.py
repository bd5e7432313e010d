"""Markers: definitions up to a sequence take effect at one position of one partition.

Entities that resolve to something else from there on (an owner is mapped, a zone corrected, a
measure added) get new history rows at the marker's position, and totals are corrected by the
difference. History is written as it is read, in parts, since a partition may hold millions; that is
safe, for the rows of a marker are the same however often it is applied, and results follow once all
of them are there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from schemas.frames import rows_at
from streams.engine import history, snapshots
from streams.engine.columns import dtypes
from streams.engine.decoding import ADDED, Marker
from streams.engine.definitions import Definitions
from streams.engine.folding import MARKER_KIND, TOUCH, history_rows, no_touches, touches_of
from streams.engine.folds import ARRAYS, Fold, Prepared
from streams.engine.history import Asked
from streams.engine.partitions import PartitionState
from streams.engine.ports import Warehouse
from streams.engine.snapshots import Made
from streams.engine.tellers import SAID, anew, replaced, restated

ENTITIES_MAX = 50_000  # read, resolved and written at a time
Insert = Callable[[str, pl.DataFrame], None]
_LINE = {"partition": pl.UInt16(), "position": pl.UInt64()}


@dataclass(frozen=True, slots=True)
class Marked:
    """A partition behind a marker: its own history row, and what changes in results."""

    row: pl.DataFrame
    touches: pl.DataFrame
    snapshots: Sequence[Made]
    sequence: int
    prepared: Prepared


def marked(
    state: PartitionState,
    marker: Marker,
    warehouse: Warehouse,
    definitions: Definitions,
    insert: Insert,
) -> Marked:
    """Return what a marker does to a partition. A repeated or lower one changes nothing.

    Raises:
        Unavailable: its definitions are not there yet, or the warehouse is away; nothing changed.
    """
    sequence = max(state.sequence, marker.sequence)
    prepared = definitions.prepared(sequence, state.fold.prepare)
    touches = [no_touches()]
    made: list[Made] = []
    if sequence > state.sequence and state.fold.differs(state.prepared, prepared):
        position = state.position(marker.offset)
        again = _Again(state, prepared, sequence, position)
        reach = state.fold.reach(state.prepared, prepared)
        for rows in _current(state, warehouse, position, reach):
            changed, before = _resolved_again(again, rows, _anew(again, rows, warehouse))
            insert(state.fold.table, changed)
            touches.append(_summed(_touches(changed, before)))
            if state.fold.snapshots and not changed.is_empty():
                kind = state.fold.snapshots
                made.append((kind, snapshots.made(kind, changed, before)))
    return Marked(_row(state, marker, sequence), pl.concat(touches), made, sequence, prepared)


def _current(
    state: PartitionState, warehouse: Warehouse, position: int, reach: str | None
) -> Iterator[pl.DataFrame]:
    """Yield the entities of a partition as they stand below a position.

    Args:
        reach: those alone of which a row satisfies it; None: all.
    """
    columns = ", ".join(history_schema(state.fold, state.prepared).names())
    mine = f"{history.where([state.partition])} AND kind != '{MARKER_KIND}'"
    reached = ""
    if reach is not None:  # by any row: which is the newest is decided among all of an entity's
        reached = (
            f" AND entity_id IN (SELECT entity_id FROM {state.fold.table} WHERE {mine} AND {reach})"
        )
    last = ""
    while True:
        rows = warehouse.frame(
            f"SELECT {columns} FROM {state.fold.table} WHERE {mine} AND position < {position}"
            f"{reached} AND entity_id > {history.quoted(last)} "
            f"ORDER BY entity_id, position DESC LIMIT 1 BY entity_id LIMIT {ENTITIES_MAX}"
        )
        if rows.is_empty():
            return
        yield rows
        if len(rows) < ENTITIES_MAX:
            return
        last = rows["entity_id"][-1]


class _Again(NamedTuple):
    """History resolved again under other definitions, at one position."""

    state: PartitionState
    prepared: Prepared
    sequence: int
    position: int


def _anew(again: _Again, rows: pl.DataFrame, warehouse: Warehouse) -> pl.DataFrame | None:
    """Return what statements of entities that several tell of make now: `group` as among these.

    None: they make what they made before.
    """
    fold, partition = again.state.fold, again.state.partition
    if fold.tellers is None or not fold.tellers.differs(again.state.prepared, again.prepared):
        return None
    shared = rows.filter(pl.col(SAID) != "")
    if shared.is_empty():
        return None
    asked = Asked(partition, again.position, shared["entity_id"].to_list())
    last = history.last_words(warehouse, fold, rows.columns, [asked])
    return anew(fold.tellers, shared, last, again.prepared)


def _resolved_again(
    again: _Again, rows: pl.DataFrame, made: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return new rows of the entities that resolve differently now, and the rows before."""
    fold = again.state.fold
    here = pl.lit(again.position, pl.UInt64).alias("position")
    facts = fold.recalled(rows).with_columns(
        rows["partition"], rows["key_hash"], rows["content_hash"], here, _at()
    )
    if fold.tellers:
        facts = facts.with_columns(rows[SAID])
    if made is not None:
        at = np.flatnonzero((rows[SAID] != "").to_numpy())
        facts = replaced(facts, at, restated(rows_at(facts, at), made))
    resolved = fold.resolve(facts, again.prepared)
    new = history_rows(fold, facts, resolved, again.sequence)
    decided = [*resolved.columns.columns, *ARRAYS]
    if made is not None:
        decided = [name for name in new.columns if name not in ("position", "sequence")]
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in decided
    )
    before = rows.select(pl.col(name).cast(new.schema[name]) for name in decided)
    changed = (
        new.hstack(before.rename({name: f"{name}_before" for name in decided}))
        .select(differs)
        .to_series()
    )
    return new.filter(changed), rows.filter(changed)


def _touches(changed: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    lines = changed.select(_at(), "position")
    return pl.concat([touches_of(changed, lines, 1), touches_of(before, lines, -1)])


def _summed(touches: pl.DataFrame) -> pl.DataFrame:
    keys = [name for name in TOUCH if name != "value"]
    return touches.group_by(keys).agg(pl.col("value").sum()).select(TOUCH)


def _row(state: PartitionState, marker: Marker, sequence: int) -> pl.DataFrame:
    """Return the history row of a marker: empty in all that facts have and markers have not."""
    known: dict[str, Any] = {
        "entity_id": history.marker_id(state.partition),
        "position": state.position(marker.offset),
        "topic": state.partition.topic,
        "partition": state.partition.number,
        "kind": MARKER_KIND,
        "sequence": sequence,
    }
    return empty_row(history_schema(state.fold, state.prepared), known)


def empty_row(schema: pl.Schema, known: Mapping[str, Any]) -> pl.DataFrame:
    """Return one row of a history table with nothing in it but what is known."""
    given = [pl.lit(value, schema[name]).alias(name) for name, value in known.items()]
    return _blank(tuple(schema.items())).with_columns(given)


@lru_cache(maxsize=16)  # one for each history table
def _blank(columns: tuple[tuple[str, pl.DataType], ...]) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series(name, [_nothing(kind)], kind) for name, kind in columns})


_schemas: dict[Any, pl.Schema] = {}


def history_schema(fold: Fold, prepared: Prepared) -> pl.Schema:
    """Return the columns of a fold's history rows; the same under all definitions."""
    schema = _schemas.get(fold.resolve)
    if schema is None:
        kept = {SAID: pl.String()} if fold.tellers else {}
        nothing = pl.DataFrame(schema={**dtypes(fold.message), **ADDED, **_LINE, **kept})
        schema = history_rows(fold, nothing, fold.resolve(nothing, prepared), 0).schema
        _schemas[fold.resolve] = schema
    return schema


def _at() -> pl.Expr:
    return pl.lit(0, pl.UInt32).alias("at")


def _nothing(kind: pl.DataType) -> Any:
    if kind.is_integer():
        return 0
    if isinstance(kind, pl.List):
        return []
    return {pl.String: "", pl.Boolean: False}.get(type(kind))
