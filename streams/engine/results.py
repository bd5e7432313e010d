"""Results on their way in and out: totals as rows of kpi_rep_day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.frames import beside, constant, only, picked
from schemas.warehouse import Incarnation
from streams.engine.arrays import decimals, units
from streams.engine.batches import Partition
from streams.engine.history import quoted, where
from streams.engine.ports import Warehouse
from streams.engine.telling import Told
from streams.engine.totals import KEYS, TOTAL, Sums, Totals, load_each, no_totals, runs

TABLE = "spm.kpi_rep_day"
_NEWEST = "ORDER BY position DESC LIMIT 1 BY rep_id, day, measure, currency, topic, partition"


def rows_of(told: Iterable[Told], generation: int) -> pl.DataFrame:
    """Return totals as rows of their table."""
    some = list(told)
    every = pl.concat([no_totals(), *(totals for _, totals in some)])
    of = np.repeat(np.arange(len(some)), [len(totals) for _, totals in some])
    topics = pl.Series([partition.topic for partition, _ in some], dtype=pl.String)
    numbers = np.array([partition.number for partition, _ in some], np.uint16)
    return beside(
        only(every, KEYS),
        constant("generation", generation, pl.UInt32(), len(every)),
        picked(topics, of).alias("topic"),
        pl.Series("partition", numbers[of]),
        every.get_column("position").cast(pl.UInt64),
        decimals(every.get_column("value").to_numpy()).alias("value"),
    )


def load(
    warehouse: Warehouse, now: Incarnation, wanted: Mapping[Partition, Sequence[date]]
) -> dict[Partition, pl.DataFrame]:
    """Return the totals that the warehouse holds for days of partitions."""
    days = sorted({day for many in wanted.values() for day in many})
    if not days:
        return dict.fromkeys(wanted, no_totals())
    listed = ", ".join(f"'{day}'" for day in days)
    rows = _read(warehouse, now, f"day IN ({listed}) AND {where(list(wanted))}")
    if rows.is_empty():  # as usual: the days have just begun
        return dict.fromkeys(wanted, no_totals())
    found = {}
    for partition, some in wanted.items():
        mine = (pl.col("topic") == partition.topic) & (pl.col("partition") == partition.number)
        found[partition] = rows.filter(mine & pl.col("day").is_in(list(some))).select(*TOTAL)
    return found


def load_all(warehouse: Warehouse, now: Incarnation, partition: Partition) -> pl.DataFrame:
    """Return every total of one partition."""
    return _read(warehouse, now, where([partition])).select(*TOTAL)


def _read(
    warehouse: Warehouse, now: Incarnation, condition: str, *, are_few: bool = False
) -> pl.DataFrame:
    # Of some hundred reps among 100,000 the newest of each is found in half the time FINAL takes,
    # which puts whole stretches in order; of whole days it is the other way round.
    final, newest = (" FINAL", "") if not are_few else ("", f" {_NEWEST}")
    frame = warehouse.frame(
        f"SELECT topic, partition, rep_id, day, measure, currency, position, value "
        f"FROM {TABLE}{final} WHERE generation = {now.generation} AND {condition}{newest}"
    )
    if frame.is_empty():
        kinds = {"topic": pl.String(), "partition": pl.UInt16(), **TOTAL}
        return pl.DataFrame(schema=kinds)
    return frame.with_columns(
        pl.col("rep_id", "measure", "currency", "topic").cast(pl.String),
        pl.col("day").cast(pl.Date),
        pl.col("position").cast(pl.Int64),
        units(frame.get_column("value")),
    )


def load_touched(
    warehouse: Warehouse,
    now: Incarnation,
    states: Mapping[int, tuple[Partition, Totals]],
    touches: pl.DataFrame,
    sums: Sums,
) -> None:
    """Cache the totals that are about to be touched.

    Args:
        states: partition and totals, by the number that touches have for it.
    """
    whole: dict[str, dict[int, list[date]]] = {}
    single: list[tuple[int, date]] = []
    rows: list[npt.NDArray[np.uint32]] = []
    for run in runs(sums):
        totals = states[run.at][1]
        unknown = np.flatnonzero(totals.unknown(run.day, sums.key[run.start : run.end]))
        if not len(unknown):
            continue
        if totals.is_asked_often(run.day, len(unknown)):
            whole.setdefault(states[run.at][0].topic, {}).setdefault(run.at, []).append(run.day)
        else:
            totals.note_asked(run.day, len(unknown))
            single.append((run.at, run.day))
            rows.append(sums.row[run.start + unknown])
    for wanted in whole.values():  # a topic at a time: a day may be long
        found = load(warehouse, now, {states[at][0]: days for at, days in wanted.items()})
        for at, days in wanted.items():
            states[at][1].load(days, found[states[at][0]])
    if single:
        reps = touches.get_column("rep_id").gather(np.concatenate(rows)).unique()
        _load_single(warehouse, now, states, single, reps)


def _load_single(
    warehouse: Warehouse,
    now: Incarnation,
    states: Mapping[int, tuple[Partition, Totals]],
    single: Sequence[tuple[int, date]],
    reps: pl.Series,
) -> None:
    partitions = {states[at][0]: states[at][1] for at, _ in single}
    found = _read(
        warehouse,
        now,
        f"day IN ({', '.join(quoted(str(day)) for day in {day for _, day in single})}) "
        f"AND rep_id IN ({', '.join(map(quoted, reps))}) AND {where(list(partitions))}",
        are_few=True,
    )
    load_each({(p.topic, p.number): totals for p, totals in partitions.items()}, found)
