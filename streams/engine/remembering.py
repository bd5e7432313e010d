"""A warehouse that holds less than it acknowledged: it came out of a backup and nobody said so.

Whoever restores a backup says so with `pacesetter restored`, which changes the incarnation. This
notices it when they forgot; a worker that wrote on would leave a hole in what is applied.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from schemas.positions import position_of
from schemas.warehouse import Fenced, Incarnation, Unavailable
from streams.engine.batches import Partition
from streams.engine.ports import Warehouse
from streams.engine.starting import applied_ends

APPLIED = "spm.applied"


class RememberingWarehouse:
    """The warehouse of one worker, and what it acknowledged to it."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._reached: dict[Partition, int] = {}
        self._name = ""
        # A backup gets into the place of a warehouse while it is away. Counted, for one thread may
        # meet an absence while another asks about the one before.
        self._absences = self._asked_after = 0

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is; what another one acknowledged says nothing of it."""
        with self._noting():
            now = self._warehouse.incarnation()
        if self._name not in ("", now.name):
            self._reached.clear()
        self._name = now.name
        return now

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        with self._noting():
            return self._warehouse.frame(sql)

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        """Insert rows, all or none.

        Raises:
            Fenced: it is another incarnation, or it has forgotten what it had acknowledged.
        """
        if self._absences != self._asked_after:
            self.ask(incarnation)
        try:
            with self._noting():
                self._warehouse.insert(table, rows, incarnation)
        except Fenced:
            self._reached.clear()  # a new start goes by what is there now
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
            self._reached.clear()
            raise Fenced(f"another incarnation: {now.name} instead of {started.name}")
        reached = dict(self._reached)
        found = applied_ends(self._warehouse, list(reached))
        self._asked_after = absences
        forgotten = [part for part, end in reached.items() if found.get(part, 0) < end]
        if forgotten:
            self._reached.clear()
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
        names = ("topic", "partition", "epoch", "offset_to")
        for topic, number, epoch, end in rows.select(names).iter_rows():
            part, position = Partition(topic, number), position_of(epoch, end)
            self._reached[part] = max(position, self._reached.get(part, 0))
