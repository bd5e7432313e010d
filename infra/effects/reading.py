"""History and totals in portions, as columns: memory stays bounded however long they are."""

from collections.abc import Iterator
from typing import Protocol

import polars as pl

from connectors.sinks.clickhouse import quoted
from streams.engine.batches import Partition
from streams.engine.folds import Fold
from streams.engine.history import Asked, last_words
from streams.engine.markers import history_schema

ENTITIES_MAX = 50_000  # of one portion: about 100 MB while they are resolved
TOTALS_MAX = 500_000  # rep-days of one portion
OVERLAY = "overlay_won"  # what reps are credited with as OVERLAY of won deals; no measure has it
NO_BOUND = (1 << 64) - 1
_LIVE = "generation = (SELECT generation FROM spm.warehouse FINAL)"


class Warehouse(Protocol):
    """What answers."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...


def entities(warehouse: Warehouse, fold: Fold, prepared: object) -> Iterator[pl.DataFrame]:
    """Yield the newest history rows of a topic's entities, in order of entity_id."""
    columns = ", ".join(history_schema(fold, prepared).names())
    last = ""
    while True:
        rows = warehouse.frame(
            f"SELECT {columns} FROM {fold.table} WHERE topic = {quoted(fold.topic)} "
            f"AND kind != 'marker' AND entity_id > {quoted(last)} "
            f"ORDER BY entity_id, position DESC LIMIT 1 BY entity_id LIMIT {ENTITIES_MAX}"
        )
        if rows.is_empty():
            return
        yield rows
        last = rows["entity_id"][-1]


def heard(warehouse: Warehouse, fold: Fold, rows: pl.DataFrame) -> pl.DataFrame | None:
    """Return the last row of each source of those entities that several tell of; None: of none."""
    shared = rows.filter(pl.col("said") != "")
    if shared.is_empty():
        return None
    asked = [
        Asked(Partition(fold.topic, number), NO_BOUND, part["entity_id"].to_list())
        for (number,), part in shared.group_by("partition")
    ]
    return last_words(warehouse, fold, rows.columns, asked)  # type: ignore[arg-type]


def count_of_entities(warehouse: Warehouse, fold: Fold) -> int:
    """Return about how many entities a topic has."""
    found = warehouse.frame(
        f"SELECT uniq(entity_id) AS n FROM {fold.table} "
        f"WHERE topic = {quoted(fold.topic)} AND kind != 'marker'"
    )
    return int(found["n"][0])


def totals(warehouse: Warehouse, measures: list[str] | None) -> Iterator[pl.DataFrame]:
    """Yield totals in portions of reps: rep_id, day, measure, currency, value (ten-thousandths).

    Args:
        measures: which; None: all.
    """
    where = _LIVE
    if measures is not None:
        where += f" AND measure IN ({', '.join(map(quoted, measures)) or quoted('')})"
    both = f"""
        SELECT toString(rep_id) AS rep, day, toString(measure) AS name,
            toString(currency) AS money, value FROM spm.kpi_rep_day FINAL WHERE {where}
        UNION ALL
        SELECT toString(rep_id), day, '{OVERLAY}', toString(currency), amount
        FROM spm.deal_credit FINAL
        WHERE {_LIVE} AND NOT deleted AND role = 'OVERLAY' AND stage_class = 'WON'"""
    rows = int(warehouse.frame(f"SELECT count() AS n FROM spm.kpi_rep_day WHERE {where}")["n"][0])
    portions = rows // TOTALS_MAX + 1
    for portion in range(portions):
        yield warehouse.frame(
            f"SELECT rep AS rep_id, day, name AS measure, money AS currency, "
            f"toInt64(sum(value) * 10000) AS value FROM ({both}) "
            f"WHERE sipHash64(rep) % {portions} = {portion} GROUP BY ALL"
        ).with_columns(pl.col("day").cast(pl.Date))
