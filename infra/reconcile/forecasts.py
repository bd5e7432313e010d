"""Forecasts: made a second time, not in SQL, from what the warehouse holds now.

Randomness comes from seeds that follow from the definitions, so the same inputs give the same rows
to the last digit: each of the newest forecasts is compared with what a run at their instant, with
nothing remembered, makes of history. Where facts were applied after that instant, the next run will
tell; until then a forecast that differs is moving.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import polars as pl

from infra.definitions.stored import Stored
from infra.forecasting import making, storing
from infra.reconcile.asking import KEYS_MAX
from infra.reconcile.findings import Checked, Mismatch
from infra.reconcile.periods import Days
from schemas.warehouse import Incarnation, Unavailable

TABLE = storing.TABLE
_NAMES = storing.SAYS
_FIRST = making.KEY.index("period_start")


class Warehouse(Protocol):
    """What answers."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the driver's answer to a query with parameters."""
        ...

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        """Never called: nothing is written here."""
        ...

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is."""
        ...


def check(warehouse: Warehouse, days: Days) -> Checked:
    """Return what comes of the newest forecasts of periods that begin before these days end.

    Raises:
        Unavailable: not now.
    """
    began = time.monotonic()
    found = _of(storing.stored(warehouse), days)
    if not found:
        return Checked(TABLE)
    at, sequence = _made_last(warehouse)
    try:
        bundle = Stored(warehouse).in_force(sequence).bundle()
    except LookupError as error:
        raise Unavailable(str(error)) from error
    made = making.run(warehouse, bundle, making.clock_of(at, bundle), making.Learned())
    wanted = _of(storing.said(storing.framed(made.rows)), days)
    keys = found.keys() | wanted.keys()
    wrong = [
        _mismatch(key, wanted.get(key), found.get(key))
        for key in sorted(keys, key=str)
        if wanted.get(key) != found.get(key)
    ]
    seconds = time.monotonic() - began
    if wrong and _has_moved(warehouse, at):
        return Checked(TABLE, len(keys), len(wrong), seconds=seconds)
    off: dict[str, Decimal] = {}
    for one in wrong:
        off[one.currency] = off.get(one.currency, Decimal(0)) + abs(one.off)
    few = tuple(wrong[:KEYS_MAX])
    return Checked(TABLE, len(keys), 0, 0, len(wrong), off, few, seconds)


def _of(says: dict[storing.Key, tuple[Any, ...]], days: Days) -> dict[storing.Key, tuple[Any, ...]]:
    """Return forecasts of periods of which any day is among some."""
    return {
        key: told
        for key, told in says.items()
        if key[_FIRST] < days.until and key[_FIRST + 1] > days.since
    }


def _made_last(warehouse: Warehouse) -> tuple[datetime, int]:
    """Return when the newest run wrote, and under which definitions.

    A run that found nothing new wrote nothing, and would have: so this is the clock it had, or one
    that comes to the same.
    """
    row = warehouse.frame(
        f"SELECT max(as_of) AS at, max(sequence) AS sequence FROM {TABLE} WHERE NOT withdrawn"
    )
    return row["at"][0], int(row["sequence"][0])


def _has_moved(warehouse: Warehouse, since: datetime) -> bool:
    """Return whether facts were applied after an instant."""
    row = warehouse.frame(
        "SELECT max(applied_at) AS at FROM spm.applied WHERE startsWith(topic, 'crm.')"
    )
    return bool(row["at"][0] > since)


def _mismatch(
    key: Sequence[Any], wanted: tuple[Any, ...] | None, found: tuple[Any, ...] | None
) -> Mismatch:
    told = dict(zip(making.KEY, map(str, key), strict=True))
    if wanted is None or found is None:
        wrong = "no forecast" if found is None else "nobody forecasts it"
        return Mismatch(TABLE, told, wrong, "", "", Decimal(0), told["currency"], 0)
    differ = [n for n, a, b in zip(_NAMES, wanted, found, strict=True) if a != b]
    must, has = (dict(zip(_NAMES, values, strict=True)) for values in (wanted, found))
    off = Decimal(has["p50"]) - Decimal(must["p50"])
    expected, stands = (str({n: str(one[n]) for n in differ}) for one in (must, has))
    return Mismatch(TABLE, told, ", ".join(differ), expected, stands, off, told["currency"], 0)
