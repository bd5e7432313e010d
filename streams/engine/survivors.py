"""History above `applied`: rows whose flush did not come to its end, folded into results.

A worker repeats such a flush from the log. When the log is gone with its broker, history is the
part of it that survived, and this does the rest of the flush from there.
"""

from datetime import date

import polars as pl

from schemas.codec import SchemaIds
from schemas.positions import place_of
from schemas.warehouse import Incarnation
from streams.engine import history, results, snapshots, starting
from streams.engine import totals as totalling
from streams.engine.arrays import unpacked
from streams.engine.batches import Partition
from streams.engine.folding import MARKER_KIND, TOUCH, no_known
from streams.engine.folds import Fold
from streams.engine.history import Asked
from streams.engine.ports import Publisher, Warehouse
from streams.engine.postings import Kind
from streams.engine.telling import messages_of
from streams.engine.totals import Totals, no_totals


def fold_in(
    warehouse: Warehouse, publisher: Publisher, ids: SchemaIds, fold: Fold, now: Incarnation
) -> None:
    """Bring results, messages and `applied` up to what history holds of a topic.

    Snapshots are not published here: the opening tells of all of them, and does so behind the first
    markers, which must be the first records of a new log.
    """
    reached = history_ends(warehouse, fold)
    applied = starting.applied_ends(warehouse, list(reached))
    for partition, end in reached.items():
        since = applied.get(partition, 0)
        if end <= since:
            continue
        rows = _rows(warehouse, fold, partition, since)
        known = _known(warehouse, fold, partition, since, rows)
        touches = touches_of(rows, known)
        days: list[date] = touches.get_column("day").unique().to_list()
        totals = Totals()
        totals.load(days, results.load(warehouse, now, {partition: days})[partition])
        told = [(partition, totalling.applied({0: totals}, touches).get(0, no_totals()))]
        warehouse.insert(results.TABLE, results.rows_of(told, now.generation), now)
        if kind := fold.snapshots:
            before = snapshots.before_each(kind, rows, known)
            made = [(kind, snapshots.made(kind, rows, before))]
            for table, lines in snapshots.tables_of(made, now.generation).items():
                warehouse.insert(table, lines, now)
        publisher.send(messages_of(told, now.generation, ids))
        warehouse.insert("spm.applied", applied_row(partition, since, end, rows), now)


def touches_of(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return what history rows, ordered by position, put in and take out of totals.

    Args:
        known: each entity's row below all of these.
    """
    lines = pl.concat(
        [known.select("entity_id").with_columns(pl.lit(None, pl.UInt64).alias("position")),
         rows.select("entity_id", "position")]
    ).with_row_index("row")  # fmt: skip
    given = no_known().columns
    arrays = pl.concat([known.select(given), rows.select(given)], how="vertical_relaxed")
    put_in = unpacked(arrays).with_columns(pl.col("row").cast(pl.UInt32))
    after = lines.select(
        "row", "position", pl.col("position").shift(-1).over("entity_id").alias("next")
    )
    lines_in = put_in.join(after, on="row")
    plus = lines_in.filter(pl.col("position").is_not_null())
    minus = lines_in.filter(pl.col("next").is_not_null()).with_columns(
        pl.col("next").alias("position"), -pl.col("value")
    )
    at = pl.lit(0, pl.UInt32).alias("at")
    return pl.concat([part.with_columns(at).select(TOUCH) for part in (plus, minus)])


def history_ends(warehouse: Warehouse, kind: Kind) -> dict[Partition, int]:
    """Return the position behind the history of each partition of a topic."""
    rows = warehouse.frame(
        f"SELECT partition, max(position) + 1 AS reached FROM {kind.table} "
        f"WHERE topic = '{kind.topic}' GROUP BY partition"
    )
    return {Partition(kind.topic, number): end for number, end in rows.iter_rows()}


def _rows(warehouse: Warehouse, fold: Fold, partition: Partition, since: int) -> pl.DataFrame:
    columns = ", ".join(_columns(fold))
    return warehouse.frame(
        f"SELECT {columns} FROM {fold.table} FINAL WHERE {history.where([partition])} "
        f"AND position >= {since} ORDER BY position"
    )


def _known(
    warehouse: Warehouse, fold: Fold, partition: Partition, since: int, rows: pl.DataFrame
) -> pl.DataFrame:
    ids = rows.filter(pl.col("kind") != MARKER_KIND).get_column("entity_id").unique().to_list()
    return history.known(warehouse, fold.table, [Asked(partition, since, ids)], (), fold)


def _columns(fold: Fold) -> list[str]:
    columns = [*no_known(fold.names).columns, "topic", "partition", "position", "kind", "sequence"]
    return columns + (snapshots.columns_of(fold.snapshots) if fold.snapshots else [])


def applied_row(partition: Partition, since: int, end: int, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the row of spm.applied for history rows that are followed up now."""
    last, first = place_of(end), place_of(since)
    markers = rows.filter(pl.col("kind") == MARKER_KIND)
    row = {
        "topic": partition.topic,
        "partition": partition.number,
        "epoch": last.epoch,
        "offset_from": first.offset if first.epoch == last.epoch else 0,
        "offset_to": last.offset,
        "accepted": len(rows) - len(markers),
        "duplicate": 0,
        "stale": 0,
        "dead": 0,
        "marker": len(markers),
        "sequence": int(markers["sequence"].max() or 0) if len(markers) else 0,  # type: ignore[arg-type]
    }
    return pl.DataFrame([row])
