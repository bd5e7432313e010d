"""The proof finds nothing after honest work, and finds what is not there or was never sent."""

import json
import random
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from typer.testing import CliRunner

from connectors.sinks.clickhouse import Warehouse
from infra.cli.main import app
from infra.reconcile import credits, ledger, running, totals
from infra.reconcile.arithmetic import divided_even, filled, floors, ranks
from infra.reconcile.periods import ALL, days_of
from infra.reconcile.running import ACTIVITY, DEAL, reconcile
from tests.ground import Site
from tests.infra.reconcile.editing import (
    check,
    key_of,
    one,
    proof,
    put,
    take_out,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # one busy core starts it all


def test_honest_work_is_proved_in_every_table(warehouse: Warehouse) -> None:
    report = proof(warehouse, running.TABLES)
    found = [mismatch for checked in report.checks for mismatch in checked.mismatches]
    assert not found
    assert not report.gaps
    assert report.is_clean
    keys = {checked.table: checked.keys for checked in report.checks}
    rows = {
        table: warehouse.frame(f"SELECT count() AS n FROM {table} FINAL WHERE {where}")["n"][0]
        for table, where in {
            totals.TABLE: "1",
            ACTIVITY: "kind != 'marker'",
            DEAL: "kind != 'marker'",
            credits.DEAL_CREDIT: "1",
            credits.CREDIT: "(rep_id, entity_id, position) IN (SELECT rep_id, entity_id, "
            "max(position) FROM spm.credit WHERE kind = 'credit' GROUP BY rep_id, entity_id)",
        }.items()
    }
    assert {table: keys[table] for table in rows} == rows
    assert min(rows.values()) > 100
    assert [(d.topic, d.reason, d.records) for d in report.dead_letters] == [
        ("crm.calls", "frame", 1)
    ]
    assert set(report.sequences) == {2}
    assert not report.unfinished
    assert keys[ledger.TABLE] > 50
    assert not any(checked.in_flight or checked.moving for checked in report.checks)


def test_arithmetic_in_sql_is_exact(warehouse: Warehouse) -> None:
    """Against Python's decimals, ties, negative amounts and unequal remainders among them."""
    chance = random.Random(5)
    cases = []
    for _ in range(300):
        cuts = sorted(chance.sample(range(1, 10**6), chance.randrange(4)))
        shares = [b - a for a, b in pairwise([0, *cuts, 10**6])]
        total = chance.choice([5, -5, 1, 10**17 - 1, chance.randrange(-(10**13), 10**13)])
        cases.append((total, shares))
    ints = "Array(Tuple(Int64, Array(Int64)))"
    rows = warehouse.frame(
        f"SELECT toString({filled('total', 'floors', 'places')}) AS parts, "
        f"toString({divided_even('total', '10')}) AS tenth FROM ("
        f"SELECT *, {ranks('total', 'shares', 'floors')} AS places FROM ("
        f"SELECT *, {floors('total', 'shares')} AS floors FROM ("
        f"SELECT toInt256(one.1) AS total, arrayMap(x -> toInt256(x), one.2) AS shares "
        f"FROM (SELECT arrayJoin(CAST({cases}, '{ints}')) AS one))))"
    )
    for (total, shares), (parts, tenth) in zip(cases, rows.iter_rows(), strict=True):
        assert json.loads(parts) == largest_remainders(total, shares)
        assert int(tenth) == int((Decimal(total) / 10).quantize(Decimal(1), ROUND_HALF_EVEN))


def largest_remainders(total: int, shares: list[int]) -> list[int]:
    exact = [Fraction(total * share, 10**6) for share in shares]
    parts = [floor(part) for part in exact]
    by_rest = sorted(range(len(shares)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_rest[: total - sum(parts)]:
        parts[i] += 1
    return parts


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
    assert [gap.topic for gap in proof(warehouse).gaps] == ["crm.emails"]
    put(warehouse, ACTIVITY, row)
    put(warehouse, ACTIVITY, row, entity_id="never:sent")
    assert [gap.topic for gap in proof(warehouse).gaps] == ["crm.emails"]
    take_out(warehouse, ACTIVITY, "entity_id = 'never:sent'")
    assert not proof(warehouse).gaps


def test_a_dead_letter_that_is_lost_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, "spm.dead_letter", "1")
    take_out(warehouse, "spm.dead_letter", "1")
    assert [gap.what for gap in proof(warehouse).gaps] == [
        "1 records were set aside, 0 are in dead_letter"
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
