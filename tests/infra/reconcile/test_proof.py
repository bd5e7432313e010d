"""The proof finds nothing after honest work, and finds each fault put into the tables by hand."""

import json
import random
from collections.abc import Collection, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from connectors.sinks.clickhouse import Warehouse, quoted
from connectors.sinks.kafka import Publisher
from infra.cli.main import app
from infra.reconcile import credits, ledger, running, totals
from infra.reconcile.arithmetic import divided_even, filled, floors, ranks
from infra.reconcile.cut import cut
from infra.reconcile.findings import Checked, Report
from infra.reconcile.periods import ALL, Days, days_of
from infra.reconcile.running import ACTIVITY, DEAL, reconcile
from schemas.codec import CatalogueIds
from schemas.topics import CREDITS
from streams.engine.batches import Partition
from streams.engine.epochs import marker_message
from tests.ground import Site, site, wait_for
from tests.load import Floor, definitions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # one busy core starts it all


def plan(plan_id: str, period: str, *tiers: tuple[str, str], **fields: Any) -> dict[str, Any]:
    components = [
        {"component_id": "c", "tiers": [{"since": s, "rate": r} for s, r in tiers]},
        {"component_id": "flat", "tiers": [{"since": "0", "rate": "0.003333"}]},
    ]
    return {
        "plan_id": plan_id, "name": plan_id, "currency": "EUR", "period": period,
        "valid_from": "2026-01-01", "components": components, **fields,
    }  # fmt: skip


ALL_REPS = plan("everybody", "QUARTER", ("0", "0.05"), ("1500.5", "0.0725"), ("4000", "0.11"))
SOME = plan(
    "some", "MONTH", ("500", "0.02"), ("0", "0"), reps=["r1", "r2", "r3"], valid_to="2026-03-08"
)
PLANS = {"plans": [ALL_REPS, SOME, plan("dropped", "YEAR", ("0", "0.01"))]}
HIGHER = {"plans": [{**ALL_REPS, "period": "MONTH"}, SOME]}


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A floor with duplicates, disorder and corrections, and owners who became known midway."""
    floor = Floor(seed=11, reps=30)
    known = definitions(floor.reps)
    mapped = known["identities"]["identities"]
    with site(tmp_path_factory.mktemp("proof"), partitions=2) as made:
        made.define(1, {**known, "identities": {"identities": mapped[:15]}, "plans": PLANS})
        made.open_epochs()
        made.start_worker()
        made.produce(floor.events(2_500))
        made.wait_applied(150)
        made.define(2, {"identities": known["identities"], "plans": HIGHER})
        made.mark(2)
        mark_credits(made, 2)
        made.send("crm.calls", b"k", b"no call at all")
        made.produce(floor.events(500))
        made.wait_applied(150)
        assert made.sums() == floor.sums()
        look = made.warehouse()
        wait_for(lambda: not check(look, credits.CREDIT).in_flight, "credits have arrived", 150)
        yield made


@pytest.fixture(scope="module")
def warehouse(worked: Site) -> Warehouse:
    return worked.warehouse()


def mark_credits(made: Site, sequence: int) -> None:
    """Let definitions take effect in every partition of credits."""
    Publisher(made.settings.kafka_config()).send(
        marker_message(Partition(CREDITS.name, number), sequence, "definitions", CatalogueIds())
        for number in range(made.settings.partitions)
    )


def proof(warehouse: Warehouse, tables: Collection[str] = (), days: Days = ALL) -> Report:
    return reconcile(warehouse, days, tables, sleep=lambda _: None)


def check(warehouse: Warehouse, table: str, days: Days = ALL) -> Checked:
    return running.look(warehouse, cut(warehouse), days, [table])[table]


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


def edited(row: pl.DataFrame) -> pl.DataFrame:
    """Return a history row that puts in one more of what it puts in first."""
    first, *rest = row["measure_value"][0].to_list()
    value = pl.Series("measure_value", [[first + 1, *rest]], row.schema["measure_value"])
    return row.with_columns(value)


def test_activities_that_are_not_what_the_rules_say_are_found(warehouse: Warehouse) -> None:
    """Somebody edits what a fact put in; a total that is taken from it would be called right."""
    call = one(warehouse, ACTIVITY, "kind = 'call' AND has(measure, 'talk_seconds')")
    meeting = one(warehouse, ACTIVITY, "kind = 'meeting' AND has(measure, 'meetings_booked')")
    email = one(warehouse, ACTIVITY, "kind = 'email' AND rep_id = 'r3'")
    # The row a marker wrote is gone: its entity stands as it was, for nobody.
    marked = one(
        warehouse,
        ACTIVITY,
        "kind = 'call' AND sequence = 2 AND notEmpty(measure) AND (partition, position) IN "
        "(SELECT partition, position FROM spm.activity WHERE kind = 'marker') AND entity_id IN "
        "(SELECT entity_id FROM spm.activity FINAL GROUP BY entity_id HAVING count() = 2)",
    )
    put(warehouse, ACTIVITY, edited(call))
    put(warehouse, ACTIVITY, edited(meeting))
    put(warehouse, ACTIVITY, email, rep_id="r4")
    take_out(warehouse, ACTIVITY, key_of(marked, ("entity_id", "position")))
    found = check(warehouse, ACTIVITY)
    for row in (call, meeting, email, marked):
        put(warehouse, ACTIVITY, row)
    assert {(m.key["entity_id"], m.wrong) for m in found.mismatches} == {
        (call["entity_id"][0], "rules"),
        (meeting["entity_id"][0], "rules"),
        (email["entity_id"][0], "rep"),
        (marked["entity_id"][0], "rules"),
    }


def test_deals_that_are_not_what_the_rules_say_are_found(warehouse: Warehouse) -> None:
    won = one(warehouse, DEAL, "has(measure, 'revenue_won_reporting') AND rep_id = 'r5'")
    rated = one(warehouse, DEAL, "rate IS NOT NULL AND currency = 'USD' AND rep_id = 'r7'")
    split = one(warehouse, DEAL, "length(credit_amount) = 3 AND rep_id = 'r9'")
    other = [[a + Decimal("0.0001") for a in split["credit_amount"][0].to_list()]]
    credited = pl.Series("credit_amount", other, split.schema["credit_amount"])
    put(warehouse, DEAL, edited(won))
    put(warehouse, DEAL, rated, rate=Decimal("0.9000000001"))
    put(warehouse, DEAL, split.with_columns(credited))
    found = check(warehouse, DEAL)
    for row in (won, rated, split):
        put(warehouse, DEAL, row)
    assert {(m.key["entity_id"], m.wrong) for m in found.mismatches} == {
        (won["entity_id"][0], "rules"),
        (rated["entity_id"][0], "rate"),
        (split["entity_id"][0], "credits"),
    }


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
        f"SELECT max(position) AS at FROM spm.deal FINAL WHERE entity_id = {deal} "
        f"AND position < {row['position'][0]}"
    )
    put(warehouse, credits.DEAL_CREDIT, row, position=earlier["at"][0], deleted=False)
    assert [m.wrong for m in check(warehouse, credits.DEAL_CREDIT).mismatches] == ["no tombstone"]
    put(warehouse, credits.DEAL_CREDIT, row)
    assert check(warehouse, credits.DEAL_CREDIT).differing == 0


def test_a_credit_the_commission_agent_has_otherwise_is_found(warehouse: Warehouse) -> None:
    row = one(
        warehouse,
        credits.CREDIT,
        "kind = 'credit' AND (source_position, rep_id, deal_id, role, via) IN "
        "(SELECT position, rep_id, deal_id, role, via FROM spm.deal_credit FINAL)",
    )
    put(warehouse, credits.CREDIT, row, amount=row["amount"][0] + 1)
    assert [m.wrong for m in check(warehouse, credits.CREDIT).mismatches] == ["content"]
    put(warehouse, credits.CREDIT, row)
    assert check(warehouse, credits.CREDIT).differing == 0


def test_a_credit_the_commission_agent_never_took_is_found(warehouse: Warehouse) -> None:
    """Later credits of the same partition were taken, so this one is lost and not on its way."""
    row = one(
        warehouse,
        credits.CREDIT,
        "kind = 'credit' AND (rep_id, entity_id) IN (SELECT rep_id, entity_id FROM "
        "spm.credit FINAL WHERE kind = 'credit' GROUP BY rep_id, entity_id HAVING count() = 1)",
    )
    take_out(warehouse, credits.CREDIT, key_of(row, ("rep_id", "entity_id", "position")))
    assert [m.wrong for m in check(warehouse, credits.CREDIT).mismatches] == ["no row"]
    put(warehouse, credits.CREDIT, row)


def test_the_last_credit_of_all_is_missed_once_its_agent_is_quiet(warehouse: Warehouse) -> None:
    """No later one was taken, so only time can tell that it is lost."""
    last = warehouse.frame(
        "SELECT * FROM spm.credit FINAL WHERE kind = 'credit' AND "
        "(partition, source_topic, source_partition, source_position) = "
        "(SELECT partition, source_topic, source_partition, max(source_position) "
        "FROM spm.credit WHERE kind = 'credit' GROUP BY ALL ORDER BY ALL LIMIT 1)"
    )
    for row in last.iter_slices(1):
        take_out(warehouse, credits.CREDIT, key_of(row, ("rep_id", "entity_id", "position")))
    now = check(warehouse, credits.CREDIT)
    later = running.look(warehouse, cut(warehouse, overdue_seconds=0), ALL, [credits.CREDIT])
    put(warehouse, credits.CREDIT, last)
    assert (now.differing, now.in_flight) == (0, len(last))
    assert [m.wrong for m in later[credits.CREDIT].mismatches] == ["overdue"] * len(last)
    at_rest = running.look(warehouse, cut(warehouse, overdue_seconds=0), ALL, [credits.CREDIT])
    assert at_rest[credits.CREDIT].differing == 0


@pytest.mark.parametrize("plan_id", ["everybody", "some", "dropped"])
def test_a_wrong_entry_of_the_ledger_is_found(warehouse: Warehouse, plan_id: str) -> None:
    row = one(warehouse, ledger.TABLE, f"plan_id = {quoted(plan_id)} AND amount > 0.01")
    off = Decimal("0.01")
    put(warehouse, ledger.TABLE, row, amount=row["amount"][0] - off)
    found = check(warehouse, ledger.TABLE)
    put(warehouse, ledger.TABLE, row)
    warehouse.command(f"OPTIMIZE TABLE {ledger.TABLE} FINAL")  # forgets the wrong entry
    assert "does not add up with those before" in {m.wrong for m in found.mismatches}
    sums = [m for m in found.mismatches if m.wrong == "amount"]
    assert [(m.key["rep_id"], m.key["plan"], m.off) for m in sums] == [
        (row["rep_id"][0], plan_id, -off)
    ]


def test_an_entry_that_is_missing_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, ledger.TABLE, "plan_id = 'everybody' AND component_id = 'flat'")
    take_out(warehouse, ledger.TABLE, key_of(row, ("entry_id",)))
    found = check(warehouse, ledger.TABLE)
    put(warehouse, ledger.TABLE, row)
    warehouse.command(f"OPTIMIZE TABLE {ledger.TABLE} FINAL")  # forgets the wrong entry
    assert {m.wrong for m in found.mismatches} & {"amount", "no entry"}
    assert {m.key["rep_id"] for m in found.mismatches} == {row["rep_id"][0]}, found.mismatches


def test_an_entry_nobody_caused_is_found(warehouse: Warehouse) -> None:
    row = one(warehouse, ledger.TABLE, "1")
    put(warehouse, ledger.TABLE, row, rep_id="nobody")
    found = check(warehouse, ledger.TABLE)
    take_out(warehouse, ledger.TABLE, "rep_id = 'nobody'")
    assert ("amount", "nobody") in {(m.wrong, m.key.get("rep_id")) for m in found.mismatches}
    twice = [m.key["entry"] for m in found.mismatches if m.wrong == "one id, several entries"]
    assert twice == [row["entry_id"][0]]


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
