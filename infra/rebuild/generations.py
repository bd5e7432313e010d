"""Generations of results that the warehouse holds, and their end."""

from connectors.sinks.clickhouse import Warehouse
from infra.rebuild.building import PARTS, TOTALS
from infra.settling.settling import drop_months
from streams.agents.folds import CREDITS

RESULTS = (TOTALS, CREDITS.table)


def held(warehouse: Warehouse) -> set[int]:
    """Return the generations of which rows are stored."""
    found: set[int] = set()
    for table in (*RESULTS, PARTS):
        rows = warehouse.frame(f"SELECT DISTINCT generation FROM {table}")
        found |= set(rows.get_column("generation").to_list()) if len(rows) else set()
    return found


def newest(warehouse: Warehouse) -> int:
    """Return the greatest number ever given to a generation."""
    rows = warehouse.frame("SELECT max(generation) AS newest FROM spm.rebuild")
    said = int(rows["newest"][0] or 0) if len(rows) else 0
    return max(said, warehouse.incarnation().generation, *held(warehouse), 1)


def drop(warehouse: Warehouse, generation: int) -> None:
    """Drop all rows of a generation.

    Raises:
        ValueError: it is the live one.
    """
    if generation == warehouse.incarnation().generation:
        raise ValueError(f"generation {generation} is live; nothing of it is dropped")
    for table in (*RESULTS, PARTS):
        warehouse.command(f"ALTER TABLE {table} DROP PARTITION {generation}")
    drop_months(warehouse, generation)


def drop_others(warehouse: Warehouse) -> list[int]:
    """Return the generations that were dropped: all but the live one."""
    live = warehouse.incarnation().generation
    others = sorted(held(warehouse) - {live})
    for generation in others:
        drop(warehouse, generation)
    return others


def drop_parts(warehouse: Warehouse, generation: int) -> None:
    """Drop what was noted on the way to a generation."""
    warehouse.command(f"ALTER TABLE {PARTS} DROP PARTITION {generation}")
