"""Finding the one fact somebody means by an identifier, as `explain` commands are given it."""

from collections.abc import Iterable
from typing import Protocol

import polars as pl

from connectors.sinks.clickhouse import quoted

TWINS_MAX = 20  # named when an identifier fits several


class Warehouse(Protocol):
    """What answers."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...


def entity_of(
    warehouse: Warehouse, table: str, wanted: str, known_as: Iterable[str], nothing: str
) -> str:
    """Return the entity that is called so, or is known by such an identifier alone.

    Args:
        known_as: SQL for the other identifiers of a row of history.
        nothing: what to say if there is none: what it is not, and what to name.

    Raises:
        LookupError: there is none, or the identifier fits several.
    """
    name = quoted(wanted)
    called = " OR ".join(f"{each} = {name}" for each in ("entity_id", *known_as))
    found = warehouse.frame(
        f"SELECT DISTINCT entity_id FROM {table} WHERE kind != 'marker' AND ({called}) "
        f"ORDER BY entity_id != {name}, entity_id LIMIT {TWINS_MAX}"
    )
    ids: list[str] = [] if found.is_empty() else found["entity_id"].to_list()
    if wanted in ids:
        return wanted
    if not ids:
        raise LookupError(nothing)
    if len(ids) > 1:
        raise LookupError(f"{wanted!r} may be {', '.join(ids)}; name one of them")
    return ids[0]
