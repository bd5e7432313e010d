"""A generation of results computed from history, in slices, while workers go on.

A slice is a stretch of entities between two cuts of the log; what it changes in each total is
noted in spm.rebuild_part. Totals are the sums of all their parts, their positions the greatest.
Slices may be repeated: a part written twice is one. Memory is bounded by the size of a slice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import TypeVar

import polars as pl

from connectors.sinks.clickhouse import Warehouse, quoted, texts
from infra.rebuild import unfolding
from infra.rebuild.unfolding import KEYS, NOTHING, Cut, Stretch
from schemas.positions import position_of
from schemas.warehouse import Incarnation, Unavailable
from streams.engine.batches import Partition
from streams.engine.folds import Fold, Snapshots
from streams.engine.postings import Kind

T = TypeVar("T")
Say = Callable[[str], None]
PARTS, TOTALS = "spm.rebuild_part", "spm.kpi_rep_day"
SLICE_ROWS = 500_000  # of history: about 2 s and 300 MB of the warehouse
PATIENCE_SECONDS = 120  # a warehouse that restarts is back by then
# Half of a small machine is left to the workers; identical blocks must not vanish.
_SETTINGS = "SETTINGS max_threads = 1, async_insert = 0, insert_deduplicate = 0"


@dataclass(slots=True)
class Building:
    """A generation in the making.

    Attributes:
        folds: all there are.
        now: the incarnation every insert carries as its condition.
        cut: what the generation holds by now.
        parts: slices done.
    """

    warehouse: Warehouse
    generation: int
    folds: Sequence[Fold]
    now: Incarnation
    say: Say
    cut: Cut = field(default_factory=lambda: NOTHING)
    parts: int = 0

    def advance(self) -> int:
        """Return how many slices it took to bring the generation up to what is applied now."""
        until, first, began = self.reached(), self.parts, monotonic()
        whole = self._estimate() if not self.cut else 0
        for table in tables(self.folds):
            for stretch in self._slices(Stretch(table, self.cut, until)):
                self._add(stretch)
                if self.parts < whole:
                    left = (monotonic() - began) / self.parts * (whole - self.parts)
                    self.say(f"slice {self.parts} of about {whole}; some {left:.0f} s to go")
        self._sum(first)
        self.cut = until
        return self.parts - first

    def reached(self) -> Cut:
        """Return the position behind what is applied, of each partition."""
        topics = [fold.topic for fold in self.folds]
        rows = self.asked(
            f"SELECT topic, partition, max((epoch, offset_to)) AS reached FROM spm.applied "
            f"WHERE topic IN ({texts(topics)}) GROUP BY topic, partition"
        )
        return {
            Partition(topic, number): position_of(*reached.values())
            for topic, number, reached in rows.iter_rows()
        }

    def asked(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        return self.patiently(lambda: self.warehouse.frame(sql))

    def patiently(self, step: Callable[[], T]) -> T:
        """Return what a step returns, trying again while the warehouse is away.

        Raises:
            Unavailable: it is away for long.
        """
        for _ in range(PATIENCE_SECONDS):
            try:
                return step()
            except Unavailable as trouble:
                last = trouble
                self.say(f"waiting: {str(trouble).splitlines()[0]}")
                sleep(1)
        raise last

    def _estimate(self) -> int:
        """Return about how many slices all of history makes."""
        counts = " UNION ALL ".join(
            f"SELECT count() AS n FROM {table}" for table in tables(self.folds)
        )
        rows = self.asked(counts)
        return sum(n // SLICE_ROWS + 1 for (n,) in rows.iter_rows())

    def _slices(self, whole: Stretch) -> Iterator[Stretch]:
        while True:
            found = self.asked(unfolding.boundary(whole, SLICE_ROWS))
            upto = None if found.is_empty() else str(found["entity_id"][0])
            yield whole._replace(upto=upto)
            if upto is None:
                return
            whole = whole._replace(after=upto)

    def _add(self, stretch: Stretch) -> None:
        keys = ", ".join(KEYS)
        self._insert(
            f"{PARTS} (generation, part, {keys}, position, value)",
            f"SELECT {self.generation}, {self.parts}, * FROM ({unfolding.put_in(stretch)})",
        )
        for kind in self._kinds(stretch.table):
            columns, select = unfolding.snapshots(stretch, kind)
            into = f"{kind.table} (generation, {', '.join(columns)})"
            self._insert(into, f"SELECT {self.generation}, * FROM ({select})")
        self.parts += 1

    def _kinds(self, table: str) -> list[Snapshots]:
        return [fold.snapshots for fold in self.folds if fold.table == table and fold.snapshots]

    def _sum(self, first: int) -> None:
        """Write the totals that parts from the first on have touched."""
        if self.parts == first:
            return
        keys = ", ".join(KEYS)
        mine = f"generation = {self.generation}"
        for reps in rep_ranges(self, PARTS, f"{mine} AND part >= {first}"):
            touched = ""
            if first:
                touched = (
                    f"AND (rep_id, day) IN (SELECT rep_id, day FROM {PARTS} "
                    f"WHERE {mine} AND part >= {first} AND {reps})"
                )
            self._insert(
                f"{TOTALS} (generation, {keys}, position, value)",
                f"SELECT {self.generation}, {keys}, max(position), sum(value) FROM ("
                f"SELECT {keys}, position, value FROM {PARTS} FINAL WHERE {mine} AND {reps} "
                f"{touched}) GROUP BY {keys}",
            )

    def _insert(self, into: str, select: str) -> None:
        fence = (
            f"throwIf((SELECT any(incarnation) FROM spm.warehouse FINAL) "
            f"!= {quoted(self.now.name)}, 'another incarnation') = 0"
        )
        sql = f"INSERT INTO {into} {_SETTINGS} SELECT * FROM ({select}) WHERE {fence}"
        self.patiently(lambda: self.warehouse.command(sql))


def tables(kinds: Iterable[Kind]) -> list[str]:
    """Return the history tables of folds and postings."""
    return list(dict.fromkeys(kind.table for kind in kinds))


def folds_of(kinds: Iterable[Kind]) -> list[Fold]:
    """Return those kinds that make results; entries of a ledger are never made again."""
    return [kind for kind in kinds if isinstance(kind, Fold)]


def rep_ranges(building: Building, table: str, condition: str) -> Iterator[str]:
    """Yield conditions on rep_id that cut a table into slices; together they are all of it."""
    after = ""
    while True:
        since = f"rep_id > {quoted(after)}" if after else "true"
        found = building.asked(
            f"SELECT toString(rep_id) AS rep_id FROM {table} WHERE {condition} AND {since} "
            f"ORDER BY rep_id LIMIT 1 OFFSET {SLICE_ROWS}"
        )
        if found.is_empty():
            yield since
            return
        upto = str(found["rep_id"][0])
        yield f"{since} AND rep_id <= {quoted(upto)}"
        after = upto


def day_ranges(building: Building, table: str, condition: str) -> Iterator[str]:
    """Yield conditions on day and rep_id that cut a table that lies by days into slices."""
    since = "true"
    while True:
        found = building.asked(
            f"SELECT toString(day) AS last_day, toString(rep_id) AS last_rep FROM {table} "
            f"WHERE {condition} AND {since} ORDER BY day, rep_id LIMIT 1 OFFSET {SLICE_ROWS}"
        )
        if found.is_empty():
            yield since
            return
        day, rep = (quoted(str(value)) for value in found.row(0))
        # The day by itself, too: that is what the table's index knows.
        last = f"(day < toDate32({day}) OR day = toDate32({day}) AND rep_id <= {rep})"
        yield f"{since} AND day <= toDate32({day}) AND {last}"
        since = f"day >= toDate32({day}) AND NOT {last}"
