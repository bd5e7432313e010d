"""Forecasts in the warehouse: what changed is written, what is no longer made is withdrawn."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from infra.forecasting.making import KEY
from schemas.warehouse import Incarnation

TABLE = "spm.forecast"
# What a forecast says; when it was made is no part of that.
# fmt: off
SAYS = ("day", "quota", "booked", "pipeline_mean", "new_mean", "p10", "p50", "p90", "probability",
        "draws", "seed", "model", "open_deals", "closed_deals", "wins", "sequence",
        "withdrawn")
# fmt: on
MONEY = pl.Decimal(38, 4)
SCHEMA: dict[str, Any] = {
    "kpi": pl.String, "currency": pl.String, "period_start": pl.Date, "period_end": pl.Date,
    "subject_kind": pl.String, "subject_id": pl.String, "day": pl.Date,
    "as_of": pl.Datetime("ms", "UTC"), "quota": pl.Decimal(18, 4), "booked": MONEY,
    "pipeline_mean": MONEY, "new_mean": MONEY, "p10": MONEY, "p50": MONEY, "p90": MONEY,
    "probability": pl.Decimal(9, 4), "draws": pl.UInt32, "seed": pl.UInt64, "model": pl.String,
    "open_deals": pl.UInt32, "closed_deals": pl.UInt32, "wins": pl.UInt32, "sequence": pl.UInt64,
    "withdrawn": pl.Boolean,
}  # fmt: skip
Key = tuple[Any, ...]
Row = Mapping[str, Any]


class Warehouse(Protocol):
    """What keeps rows."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        """Insert rows, all or none, unless the warehouse is another incarnation."""
        ...

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is."""
        ...


def stored(warehouse: Warehouse) -> dict[Key, tuple[Any, ...]]:
    """Return what the newest forecasts say, by key; those withdrawn left out."""
    found = warehouse.frame(
        f"SELECT {', '.join((*KEY, *SAYS))} FROM {TABLE} FINAL WHERE period_end >= today() - 40 "
        f"ORDER BY {', '.join(KEY)}, day DESC LIMIT 1 BY {', '.join(KEY)}"
    )
    if found.is_empty():
        return {}
    typed = found.cast({n: t for n, t in SCHEMA.items() if n in found.columns})
    return {row[: len(KEY)]: row[len(KEY) :] for row in typed.iter_rows() if not row[-1]}


def store(warehouse: Warehouse, rows: Sequence[Row], known: dict[Key, tuple[Any, ...]]) -> int:
    """Return how many rows were written: those that say something else than the ones before.

    Args:
        known: what is stored by now; changed to what is stored then.

    Raises:
        Unavailable: not now; doing it again is harmless.
        Fenced: the warehouse was restored meanwhile.
    """
    frame = framed(rows)
    says = said(frame)
    fresh = [i for i, (key, what) in enumerate(says.items()) if known.get(key) != what]
    gone = [key for key in known if key not in says] if rows else []
    written = frame[fresh] if fresh else frame.clear()
    if gone:
        written = pl.concat([written, _withdrawn(gone, known, frame)])
    warehouse.insert(TABLE, written, warehouse.incarnation())
    known.clear()
    known.update(says)
    return len(written)


def framed(rows: Sequence[Row]) -> pl.DataFrame:
    """Return forecasts as columns of the table."""
    return pl.DataFrame([dict(row) for row in rows], SCHEMA, orient="row")


def said(frame: pl.DataFrame) -> dict[Key, tuple[Any, ...]]:
    """Return what forecasts say, by key."""
    return {r[: len(KEY)]: r[len(KEY) :] for r in frame.select(*KEY, *SAYS).iter_rows()}


def _withdrawn(
    gone: Sequence[Key], known: Mapping[Key, tuple[Any, ...]], frame: pl.DataFrame
) -> pl.DataFrame:
    day, as_of, sequence = frame.select("day", "as_of", "sequence").row(0)
    rows = [
        dict(zip((*KEY, *SAYS), (*key, *known[key]), strict=True))
        | {"day": day, "as_of": as_of, "sequence": sequence, "withdrawn": True}
        for key in gone
    ]
    return pl.DataFrame(rows, SCHEMA, orient="row").select(frame.columns)
