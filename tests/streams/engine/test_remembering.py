"""A warehouse that forgot what it had acknowledged is noticed before anything is written to it."""

import polars as pl
import pytest

from schemas.positions import position_of
from schemas.warehouse import Fenced, Incarnation, Tile, Unavailable
from streams.engine.batches import Partition
from streams.engine.remembering import RememberingWarehouse

NOW = Incarnation("one", 1)
HISTORY, APPLIED = "spm.activity", "spm.applied"


class Fake:
    """A warehouse that can be away, and come back as an earlier copy."""

    def __init__(self) -> None:
        self.is_away = False
        self.now = NOW
        self.applied: dict[int, tuple[int, int]] = {}
        self.inserts: list[str] = []

    def incarnation(self) -> Incarnation:
        self._answer()
        return self.now

    def frame(self, _sql: str) -> pl.DataFrame:
        self._answer()
        rows = [("crm.calls", n, *end) for n, end in self.applied.items()]
        names = ["topic", "partition", "reached_epoch", "reached_offset"]
        return pl.DataFrame(rows, names, orient="row")

    def insert(
        self, table: str, rows: pl.DataFrame, _incarnation: Incarnation, *, last: Tile | None = None
    ) -> None:
        self._answer()
        known = [(2, last.offset_to)] if last else []
        if any(end > self.applied[last.partition] for end in known if last):
            raise Fenced("it has forgotten what it had acknowledged")
        self.inserts.append(table)
        if table == APPLIED:
            for row in rows.iter_rows(named=True):
                self.applied[row["partition"]] = (row["epoch"], row["offset_to"])

    def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("away")


def flush(warehouse: RememberingWarehouse, **ends: int) -> None:
    rows = [
        {
            "topic": "crm.calls",
            "partition": int(p[1:]),
            "epoch": 2,
            "offset_from": 0,
            "offset_to": end,
        }
        for p, end in ends.items()
    ]
    warehouse.insert(HISTORY, pl.DataFrame({"x": [1]}), NOW)
    warehouse.insert(APPLIED, pl.DataFrame(rows), NOW)


def test_an_earlier_copy_gets_nothing_of_a_worker_that_knows_more() -> None:
    there = Fake()
    warehouse = RememberingWarehouse(there)
    flush(warehouse, p0=10, p1=20)
    backup = dict(there.applied)
    flush(warehouse, p1=25)
    there.is_away = True
    with pytest.raises(Unavailable):
        flush(warehouse, p0=12)
    there.is_away, there.applied = False, backup
    before = list(there.inserts)
    with pytest.raises(Fenced, match="has forgotten"):
        flush(warehouse, p0=12)
    assert there.inserts == before
    flush(warehouse, p1=21)  # it has started again from what is there
    assert there.applied[1] == (2, 21)


def test_who_starts_with_a_restored_warehouse_goes_by_what_is_there() -> None:
    """A rebalance may fall between the restore and the next look at the warehouse."""
    there = Fake()
    warehouse = RememberingWarehouse(there)
    warehouse.incarnation()
    flush(warehouse, p0=10)
    there.is_away = True
    with pytest.raises(Unavailable):
        flush(warehouse, p0=12)
    there.is_away, there.applied, there.now = False, {0: (2, 5)}, Incarnation("two", 2)
    started = warehouse.incarnation()
    rows = pl.DataFrame([Tile("crm.calls", 0, 2, 5, 7)._asdict()])
    warehouse.insert(APPLIED, rows, started)
    assert there.applied[0] == (2, 7)


def test_who_said_that_a_backup_was_restored_is_not_told_that_nobody_did() -> None:
    there = Fake()
    warehouse = RememberingWarehouse(there)
    flush(warehouse, p0=10)
    there.is_away = True
    with pytest.raises(Unavailable):
        flush(warehouse, p0=12)
    there.is_away, there.applied, there.now = False, {0: (2, 5)}, Incarnation("two", 2)
    before = list(there.inserts)
    with pytest.raises(Fenced, match="another incarnation: two instead of one"):
        flush(warehouse, p0=12)
    assert there.inserts == before
    warehouse.ask(there.now)  # it goes by what is there from now on


def test_an_outage_alone_is_no_reason_to_start_again() -> None:
    there = Fake()
    warehouse = RememberingWarehouse(there)
    flush(warehouse, p0=10)
    there.is_away = True
    with pytest.raises(Unavailable):
        warehouse.frame("SELECT 1")
    there.is_away = False
    there.applied[0] = (2, 40)  # the partition went to another worker meanwhile
    flush(warehouse, p0=11)
    assert there.inserts == [HISTORY, APPLIED] * 2


def test_who_started_and_wrote_nothing_yet_notices_an_earlier_copy_too() -> None:
    there = Fake()
    warehouse = RememberingWarehouse(there)
    there.applied = {0: (2, 10), 1: (2, 20)}
    warehouse.begin({Partition("crm.calls", 1): position_of(2, 20)})
    there.applied = {0: (2, 10), 1: (2, 19)}
    with pytest.raises(Fenced, match="has forgotten"):
        flush(warehouse, p1=25)
    assert there.inserts == []
    warehouse.begin({Partition("crm.calls", 1): position_of(2, 19)})
    flush(warehouse, p1=25)
    assert there.inserts == [HISTORY, APPLIED]


def test_nothing_is_written_where_the_last_flush_is_not_known() -> None:
    """No request failed: the warehouse was exchanged while nobody asked it anything."""
    there = Fake()
    warehouse = RememberingWarehouse(there)
    flush(warehouse, p0=10)
    flush(warehouse, p0=12)
    there.applied = {0: (2, 10)}
    before = list(there.inserts)
    with pytest.raises(Fenced, match="has forgotten"):
        flush(warehouse, p0=14)
    assert there.inserts == before
    flush(warehouse, p0=14)  # it has started again from what is there


def test_an_idle_worker_may_ask_at_any_time() -> None:
    there = Fake()
    warehouse = RememberingWarehouse(there)
    flush(warehouse, p0=10)
    warehouse.ask(NOW)
    there.applied[0] = (1, 400)
    with pytest.raises(Fenced, match="pacesetter restored"):
        warehouse.ask(NOW)
