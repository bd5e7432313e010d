"""Results on their way in and out: totals as rows of kpi_rep_day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from schemas.warehouse import Incarnation
from streams.engine.arrays import decimals, units
from streams.engine.batches import Partition
from streams.engine.history import where
from streams.engine.ports import Warehouse
from streams.engine.telling import Told
from streams.engine.totals import Total

TABLE = "spm.kpi_rep_day"


def rows_of(told: Iterable[Told], generation: int) -> pl.DataFrame:
    """Return totals as rows of their table."""
    partitions = [(p.topic, p.number) for p, totals in told for _ in totals]
    totals = [total for _, many in told for total in many]
    values = np.array([total.value for total in totals], np.int64)
    return pl.DataFrame(
        {
            "generation": pl.repeat(generation, len(totals), dtype=pl.UInt32, eager=True),
            "rep_id": pl.Series([t.rep_id for t in totals], dtype=pl.String),
            "day": pl.Series([t.day for t in totals], dtype=pl.Date),
            "measure": pl.Series([t.measure for t in totals], dtype=pl.String),
            "currency": pl.Series([t.currency for t in totals], dtype=pl.String),
            "topic": pl.Series([topic for topic, _ in partitions], dtype=pl.String),
            "partition": pl.Series([number for _, number in partitions], dtype=pl.UInt16),
            "position": pl.Series([t.position for t in totals], dtype=pl.UInt64),
            "value": decimals(values),
        }
    )


def load(
    warehouse: Warehouse, now: Incarnation, wanted: Mapping[Partition, Sequence[date]]
) -> dict[Partition, list[Total]]:
    """Return the totals that the warehouse holds for days of partitions."""
    days = sorted({day for many in wanted.values() for day in many})
    found: dict[Partition, list[Total]] = {partition: [] for partition in wanted}
    if not days:
        return found
    listed = ", ".join(f"'{day}'" for day in days)
    for partition, total in _read(warehouse, now, f"day IN ({listed}) AND {where(list(wanted))}"):
        if total.day in wanted[partition]:
            found[partition].append(total)
    return found


def load_all(warehouse: Warehouse, now: Incarnation, partition: Partition) -> list[Total]:
    """Return every total of one partition."""
    return [total for _, total in _read(warehouse, now, where([partition]))]


def _read(
    warehouse: Warehouse, now: Incarnation, condition: str
) -> Iterable[tuple[Partition, Total]]:
    frame = warehouse.frame(
        f"SELECT topic, partition, rep_id, day, measure, currency, position, value "
        f"FROM {TABLE} FINAL WHERE generation = {now.generation} AND {condition}"
    )
    if frame.is_empty():
        return
    for topic, number, *rest in frame.with_columns(units(frame["value"])).iter_rows():
        yield Partition(topic, number), Total(*rest)


def weeks_around(days: Iterable[date]) -> list[date]:
    """Return all days of the weeks in which these days lie: neighbours are touched next."""
    mondays = {day - timedelta(days=day.weekday()) for day in days}
    return sorted(monday + timedelta(days=i) for monday in mondays for i in range(7))
