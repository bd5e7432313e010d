"""How many inserts the warehouse takes: few large ones is what ClickHouse likes.

Each insert makes one part, and a table numbers its parts: the difference of the greatest numbers is
the number of inserts, whatever was merged meanwhile. The embedded engine keeps no query_log.
"""

import time
from typing import Any, NamedTuple

from tests.bench.ground import Place
from tests.bench.workers import SECONDS_MAX, Worker, finished_at
from tests.ground import wait_for

TABLES = 4  # activity, deal, kpi_rep_day, applied


class Blocks(NamedTuple):
    """A table's greatest part number, and its rows."""

    number: int
    rows: int


def blocks(place: Place) -> dict[str, Blocks]:
    """Return where each table stands."""
    rows = place.warehouse.frame(
        "SELECT table, toInt64(max(max_block_number)) AS number, "
        "toInt64(sumIf(rows, active)) AS rows FROM system.parts WHERE database = 'spm' "
        "AND table IN ('activity', 'deal', 'kpi_rep_day', 'applied') GROUP BY table ORDER BY table"
    )
    return {table: Blocks(number, n) for table, number, n in rows.iter_rows()}


def between(place: Place, before: dict[str, Blocks], seconds: float) -> dict[str, Any]:
    """Return inserts per second and rows of each, by table, since then.

    Rows are those left after merges, so of a table that is written anew they tell too few.
    """
    found = {}
    for table, now in blocks(place).items():
        if table in before:
            count = now.number - before[table].number
            rows = now.rows - before[table].rows
            found[table] = {
                "per_s": round(count / seconds, 2),
                "rows_each": max(0, round(rows / count)) if count else 0,
            }
    return found


def under_backlog(place: Place) -> dict[str, Any]:
    """Return inserts while a worker works off all there is in the topics, from nothing."""
    place.clear()
    with Worker(place, place.new_group()) as worker:
        wait_for(lambda: len(blocks(place)) == TABLES, "first parts", SECONDS_MAX)
        before, began = blocks(place), time.time()
        worker.wait_applied()
        return between(place, before, finished_at(place) - began)


def row(load: str, inserted: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the section, told as a line, too."""
    parts = ", ".join(
        f"{table} {each['per_s']}/s of {each['rows_each']:,} rows"
        for table, each in inserted.items()
    )
    print(f"  {load}: {parts}", flush=True)
    return {"load": load, "tables": inserted}
