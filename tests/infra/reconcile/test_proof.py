"""The proof finds nothing after honest work, and finds each fault put into the tables by hand."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from connectors.sinks.clickhouse import Warehouse, quoted
from infra.cli.main import app
from infra.reconcile import credits, running, totals
from infra.reconcile.findings import Checked, Report
from infra.reconcile.periods import ALL, Days, days_of
from infra.reconcile.running import ACTIVITY, DEAL, reconcile
from tests.ground import Site, site
from tests.load import Floor, definitions

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A floor with duplicates, disorder and corrections, and owners who became known midway."""
    floor = Floor(seed=11, reps=30)
    known = definitions(floor.reps)
    mapped = known["identities"]["identities"]
    with site(tmp_path_factory.mktemp("proof"), partitions=2) as made:
        made.define(1, {**known, "identities": {"identities": mapped[:15]}})
        made.open_epochs()
        made.start_worker()
        made.produce(floor.events(2_500))
        made.wait_applied()
        made.define(2, {"identities": known["identities"]})
        made.mark(2)
        made.send("crm.calls", b"k", b"no call at all")
        made.produce(floor.events(500))
        made.wait_applied()
        assert made.sums() == floor.sums()
        yield made


@pytest.fixture(scope="module")
def warehouse(worked: Site) -> Warehouse:
    return worked.warehouse()


def proof(warehouse: Warehouse, tables: Collection[str] = (), days: Days = ALL) -> Report:
    return reconcile(warehouse, days, tables, sleep=lambda _: None)


def check(warehouse: Warehouse, table: str, days: Days = ALL) -> Checked:
    return proof(warehouse, [table], days).checks[0]


def put(warehouse: Warehouse, table: str, rows: pl.DataFrame, **changed: Any) -> None:
    """Write rows once more, with other values in some columns."""
    kinds = rows.schema
    other = [pl.lit(value, kinds[name]).alias(name) for name, value in changed.items()]
    warehouse.insert(table, rows.with_columns(other), warehouse.incarnation())


def one(warehouse: Warehouse, table: str, where: str) -> pl.DataFrame:
    """Return one row of a table as it stands."""
    row = warehouse.frame(f"SELECT * FROM {table} FINAL WHERE {where} ORDER BY ALL LIMIT 1")
    assert len(row) == 1, f"nothing in {table} is so: {where}"
    return row


def take_out(warehouse: Warehouse, table: str, where: str) -> None:
    warehouse.command(f"ALTER TABLE {table} DELETE WHERE {where} SETTINGS mutations_sync = 1")


def key_of(row: pl.DataFrame, names: Collection[str]) -> str:
    return " AND ".join(f"{name} = {quoted(str(row[name][0]))}" for name in names)


TOTAL_KEY = ("rep_id", "day", "measure", "currency", "topic", "partition")
CREDIT_KEY = ("rep_id", "deal_id", "role", "via")


def test_honest_work_is_proved_in_every_table(warehouse: Warehouse) -> None:
    report = proof(warehouse, running.TABLES)
    assert report.is_clean, report
    keys = {checked.table: checked.keys for checked in report.checks}
    rows = {
        table: warehouse.frame(f"SELECT count() AS n FROM {table} FINAL WHERE {where}")["n"][0]
        for table, where in {
            totals.TABLE: "1",
            ACTIVITY: "kind != 'marker'",
            DEAL: "kind != 'marker'",
            credits.DEAL_CREDIT: "1",
        }.items()
    }
    assert {table: keys[table] for table in rows} == rows
    assert min(rows.values()) > 100
    assert [(d.topic, d.reason, d.records) for d in report.dead_letters] == [
        ("crm.calls", "frame", 1)
    ]
    assert set(report.sequences) == {2}
    assert not report.unfinished


def test_a_period_is_looked_at_by_itself(warehouse: Warehouse) -> None:
    days = days_of("2026-03-03..2026-03-04")
    within = warehouse.frame(
        f"SELECT count() AS n FROM spm.kpi_rep_day FINAL WHERE {days.condition('day')}"
    )
    assert 0 < check(warehouse, totals.TABLE, days).keys == within["n"][0]
    row = one(warehouse, totals.TABLE, "measure = 'calls' AND day = '2026-03-05'")
    put(warehouse, totals.TABLE, row, value=Decimal(1000))
    assert check(warehouse, totals.TABLE, days).differing == 0
    assert check(warehouse, totals.TABLE, days_of("2026-03-05")).differing == 1
    put(warehouse, totals.TABLE, row)


def test_a_total_nobody_made_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, totals.TABLE, "measure = 'calls'")
    put(warehouse, totals.TABLE, row, rep_id="nobody")
    found = check(warehouse, totals.TABLE)
    assert [(m.wrong, m.key["rep_id"]) for m in found.mismatches] == [
        ("row without a source", "nobody")
    ]
    take_out(warehouse, totals.TABLE, "rep_id = 'nobody'")
    put(warehouse, totals.TABLE, row, partition=77)
    found = check(warehouse, totals.TABLE)
    assert [(m.wrong, m.key["partition"]) for m in found.mismatches] == [
        ("row without a source", "77")
    ]
    take_out(warehouse, totals.TABLE, "partition = 77")
    assert check(warehouse, totals.TABLE).differing == 0


def test_a_wrong_amount_is_found_with_how_far_it_is_off(warehouse: Warehouse) -> None:
    row = one(warehouse, totals.TABLE, "measure = 'revenue_won' AND currency = 'USD'")
    put(warehouse, totals.TABLE, row, value=row["value"][0] + Decimal("0.01"))
    found = check(warehouse, totals.TABLE)
    assert (found.differing, found.off) == (1, {"USD": Decimal("0.0100")})
    assert found.mismatches[0].key["rep_id"] == row["rep_id"][0]
    assert found.mismatches[0].position == row["position"][0]
    put(warehouse, totals.TABLE, row)


def test_a_position_that_is_wrong_is_found_though_the_sum_is_right(warehouse: Warehouse) -> None:
    """A total that claims a later position would skip the records up to it."""
    row = one(warehouse, totals.TABLE, "measure = 'calls' AND topic = 'crm.calls'")
    put(warehouse, totals.TABLE, row, position=row["position"][0] + 1)
    assert [m.wrong for m in check(warehouse, totals.TABLE).mismatches] == ["position"]
    take_out(
        warehouse,
        totals.TABLE,
        f"{key_of(row, TOTAL_KEY)} AND position = {row['position'][0] + 1}",
    )
    put(warehouse, totals.TABLE, row)
    assert check(warehouse, totals.TABLE).differing == 0


def test_a_total_that_is_missing_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, totals.TABLE, "measure = 'emails_sent'")
    take_out(warehouse, totals.TABLE, key_of(row, TOTAL_KEY))
    found = check(warehouse, totals.TABLE)
    assert [m.wrong for m in found.mismatches] == ["no row"]
    assert found.mismatches[0].off == -row["value"][0]
    put(warehouse, totals.TABLE, row)


@pytest.mark.parametrize(
    ("table", "where"),
    [
        (ACTIVITY, "kind = 'call' AND has(measure, 'talk_seconds')"),
        (ACTIVITY, "kind = 'meeting' AND has(measure, 'meetings_booked')"),
        (DEAL, "has(measure, 'revenue_won_reporting')"),
    ],
)
def test_history_that_is_not_what_the_rules_say_is_found(
    warehouse: Warehouse, table: str, where: str
) -> None:
    """Somebody edits what a fact put in; the total, taken from it, would be called right."""
    row = one(warehouse, table, where)
    value = row["measure_value"][0].to_list()
    edited = row.with_columns(
        pl.Series("measure_value", [[value[0] + 1, *value[1:]]], row.schema["measure_value"])
    )
    put(warehouse, table, edited)
    found = check(warehouse, table)
    assert [(m.wrong, m.key["entity_id"]) for m in found.mismatches] == [
        ("rules", row["entity_id"][0])
    ]
    put(warehouse, table, row)


def test_a_fact_of_another_rep_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, ACTIVITY, "kind = 'email' AND rep_id = 'r3'")
    put(warehouse, ACTIVITY, row, rep_id="r4")
    assert [m.wrong for m in check(warehouse, ACTIVITY).mismatches] == ["rep"]
    put(warehouse, ACTIVITY, row)


def test_a_marker_that_was_forgotten_is_found(warehouse: Warehouse) -> None:
    """The row a marker wrote is gone: its entity stands as it was, for nobody."""
    row = one(
        warehouse,
        ACTIVITY,
        "kind = 'call' AND sequence = 2 AND notEmpty(measure) AND (partition, position) IN "
        "(SELECT partition, position FROM spm.activity WHERE kind = 'marker') AND entity_id IN "
        "(SELECT entity_id FROM spm.activity FINAL GROUP BY entity_id HAVING count() = 2)",
    )
    take_out(warehouse, ACTIVITY, key_of(row, ("entity_id", "position")))
    wrong = {(m.key["entity_id"], m.wrong) for m in check(warehouse, ACTIVITY).mismatches}
    assert wrong == {(row["entity_id"][0], "rules")}
    put(warehouse, ACTIVITY, row)


def test_a_wrong_credit_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, credits.DEAL_CREDIT, "NOT deleted AND currency = 'EUR'")
    put(warehouse, credits.DEAL_CREDIT, row, amount=row["amount"][0] - Decimal("0.0001"))
    found = check(warehouse, credits.DEAL_CREDIT)
    assert [m.wrong for m in found.mismatches] == ["content"]
    assert found.off == {"EUR": Decimal("0.0001")}
    put(warehouse, credits.DEAL_CREDIT, row)


def test_a_tombstone_that_is_missing_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, credits.DEAL_CREDIT, "deleted")
    deal = quoted(row["deal_id"][0])
    take_out(warehouse, credits.DEAL_CREDIT, key_of(row, CREDIT_KEY))
    assert [m.wrong for m in check(warehouse, credits.DEAL_CREDIT).mismatches] == ["no tombstone"]
    # As it is when the last message got lost: the credit still stands as the row before made it.
    earlier = warehouse.frame(
        f"SELECT max(position) AS position FROM spm.deal FINAL WHERE entity_id = {deal} "
        f"AND position < {row['position'][0]}"
    )
    put(warehouse, credits.DEAL_CREDIT, row, position=earlier["position"][0], deleted=False)
    assert [m.wrong for m in check(warehouse, credits.DEAL_CREDIT).mismatches] == ["no tombstone"]
    put(warehouse, credits.DEAL_CREDIT, row)
    assert check(warehouse, credits.DEAL_CREDIT).differing == 0


def test_a_hole_in_what_is_applied_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, "spm.applied", "topic = 'crm.calls' AND accepted > 0")
    place = ("topic", "partition", "epoch", "offset_from", "offset_to")
    take_out(warehouse, "spm.applied", key_of(row, place))
    since, until = row["offset_from"][0], row["offset_to"][0]
    report = proof(warehouse)
    assert (row["partition"][0], f"offsets {since} to {until - 1} were never applied") in {
        (gap.partition, gap.what) for gap in report.gaps
    }
    assert not report.is_clean
    put(warehouse, "spm.applied", row)
    assert not proof(warehouse).gaps


def test_ranges_that_overlap_are_no_gap(warehouse: Warehouse) -> None:
    """A worker that lost its partition may tell of a flush another one did in other portions."""
    row = one(warehouse, "spm.applied", "topic = 'crm.emails' AND offset_to - offset_from > 10")
    put(warehouse, "spm.applied", row, offset_to=row["offset_to"][0] - 5)
    assert not proof(warehouse).gaps
    take_out(
        warehouse,
        "spm.applied",
        f"{key_of(row, ('topic', 'partition', 'epoch', 'offset_from'))} "
        f"AND offset_to = {row['offset_to'][0] - 5}",
    )


def test_history_that_is_lost_or_never_sent_is_found(warehouse: Warehouse) -> None:
    row = one(
        warehouse,
        ACTIVITY,
        "kind = 'email' AND empty(measure) AND (topic, partition, position) NOT IN "
        "(SELECT topic, partition, position FROM spm.activity WHERE kind = 'marker')",
    )
    take_out(warehouse, ACTIVITY, key_of(row, ("entity_id", "position")))
    assert ["crm.emails"] == [gap.topic for gap in proof(warehouse).gaps]
    put(warehouse, ACTIVITY, row)
    put(warehouse, ACTIVITY, row, entity_id="never:sent")
    assert ["crm.emails"] == [gap.topic for gap in proof(warehouse).gaps]
    take_out(warehouse, ACTIVITY, "entity_id = 'never:sent'")
    assert not proof(warehouse).gaps


def test_a_dead_letter_that_is_lost_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, "spm.dead_letter", "1")
    take_out(warehouse, "spm.dead_letter", "1")
    assert ["1 records were set aside, 0 are in dead_letter"] == [
        gap.what for gap in proof(warehouse).gaps
    ]
    put(warehouse, "spm.dead_letter", row)


def test_rows_of_a_flush_under_way_are_no_difference(warehouse: Warehouse) -> None:
    """History and totals are there, `applied` is not: the total is what history up to it makes."""
    tile = one(
        warehouse,
        "spm.applied",
        "topic = 'crm.calls' AND partition = 0 AND offset_to = (SELECT max(offset_to) "
        "FROM spm.applied WHERE topic = 'crm.calls' AND partition = 0)",
    )
    assert tile["accepted"][0] > 0
    take_out(warehouse, "spm.applied", key_of(tile, ("topic", "partition", "epoch", "offset_from")))
    report = proof(warehouse, [totals.TABLE])
    assert report.checks[0].differing == 0
    assert not report.gaps
    assert report.unfinished == {"crm.calls/0": tile["accepted"][0]}
    put(warehouse, "spm.applied", tile)


def test_what_differs_only_once_does_not_count(warehouse: Warehouse) -> None:
    row = one(warehouse, totals.TABLE, "measure = 'calls'")
    put(warehouse, totals.TABLE, row, value=Decimal(77))
    report = reconcile(
        warehouse, ALL, [totals.TABLE], sleep=lambda _: put(warehouse, totals.TABLE, row)
    )
    assert report.is_clean


def test_the_command_says_it_with_its_exit_code(
    worked: Site, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.found.found_settings", lambda: worked.settings)
    monkeypatch.setattr("infra.reconcile.running.AGAIN_SECONDS", 0.0)
    quick = ["reconcile", "--no-from-facts", "--period", "2026-03-03"]
    run = CliRunner().invoke
    assert run(app, quick).exit_code == 0
    assert run(app, [*quick, "--strict"]).exit_code == 1  # a dead letter
    row = one(warehouse, totals.TABLE, "measure = 'calls' AND day = '2026-03-03'")
    put(warehouse, totals.TABLE, row, value=Decimal(77))
    told = run(app, quick)
    put(warehouse, totals.TABLE, row)
    assert told.exit_code == 1
    assert f"rep_id={row['rep_id'][0]} day=2026-03-03 measure=calls" in told.stdout
    assert "NOT as history says: 1 keys differ" in told.stdout
    away = worked.settings.model_copy(update={"warehouse_url": "http://127.0.0.1:1"})
    monkeypatch.setattr("infra.local.found.found_settings", lambda: away)
    assert run(app, quick).exit_code == 3
    assert run(app, ["reconcile", "--period", "Smarch"]).exit_code == 2
