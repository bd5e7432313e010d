"""A warehouse that holds less than it acknowledged: it came out of a backup and nobody said so.

Whoever restores a backup says so with `pacesetter restored`, which changes the incarnation. This
notices it when they forgot; a worker that wrote on would leave a hole in what is applied.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import polars as pl

from schemas.positions import position_of
from schemas.warehouse import Fenced, Incarnation, Tile, Unavailable
from streams.engine.batches import Partition
from streams.engine.ports import Warehouse
from streams.engine.starting import applied_ends

APPLIED = "spm.applied"


class RememberingWarehouse:
    """The warehouse of one worker, and what it acknowledged to it."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._reached: dict[Partition, int] = {}
        self._last: Tile | None = None  # of the last flush that was acknowledged
        self._name = ""
        # A backup gets into the place of a warehouse while it is away. Counted, for one thread may
        # meet an absence while another asks about the one before.
        self._absences = self._asked_after = 0
        self._has_begun = False

    def begin(self, reached: Mapping[Partition, int]) -> None:
        """Take note of what partitions are started from: the positions behind what is applied.

        Before anything is written it is asked for once more. A worker may start and have nothing
        to write for days.
        """
        for part, position in reached.items():
            self._reached[part] = max(position, self._reached.get(part, 0))
        self._has_begun = True

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is; what another one acknowledged says nothing of it."""
        with self._noting():
            now = self._warehouse.incarnation()
        if self._name not in ("", now.name):
            self._forget()
        self._name = now.name
        return now

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        with self._noting():
            return self._warehouse.frame(sql)

    def insert(
        self, table: str, rows: pl.DataFrame, incarnation: Incarnation, *, last: Tile | None = None
    ) -> None:
        """Insert rows, all or none.

        Nothing is written where the flush before is not known: a warehouse that was exchanged while
        nobody asked it anything has missed no request, and clients take a new connection silently.

        Raises:
            Fenced: it is another incarnation, or it has forgotten what it had acknowledged.
        """
        if self._has_begun or self._absences != self._asked_after:
            self.ask(incarnation)
        try:
            with self._noting():
                self._warehouse.insert(table, rows, incarnation, last=last or self._last)
        except Fenced:
            self._forget()  # a new start goes by what is there now
            raise
        if table == APPLIED:
            self._note(rows)

    def ask(self, started: Incarnation) -> None:
        """Ask whether it is the warehouse of before and the newest flushes are still there.

        Raises:
            Fenced: it is not, or they are not.
        """
        absences = self._absences
        now = self.incarnation()  # first: whoever said so must not hear that nobody did
        if now.name != started.name:
            self._forget()
            raise Fenced(f"another incarnation: {now.name} instead of {started.name}")
        reached = dict(self._reached)
        found = applied_ends(self._warehouse, list(reached))
        self._asked_after, self._has_begun = absences, False
        forgotten = [part for part, end in reached.items() if found.get(part, 0) < end]
        if forgotten:
            self._forget()
            others = f" and {len(forgotten) - 1} more" if len(forgotten) > 1 else ""
            raise Fenced(
                f"it has forgotten what it had acknowledged of {forgotten[0]}{others}: a backup "
                f"was restored without `pacesetter restored`"
            )

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Unavailable:
            self._absences += 1
            raise

    def _note(self, rows: pl.DataFrame) -> None:
        for tile in map(Tile._make, rows.select(Tile._fields).iter_rows()):
            part = Partition(tile.topic, tile.partition)
            position = position_of(tile.epoch, tile.offset_to)
            self._reached[part] = max(position, self._reached.get(part, 0))
            self._last = tile

    def _forget(self) -> None:
        self._reached.clear()
        self._last = None
