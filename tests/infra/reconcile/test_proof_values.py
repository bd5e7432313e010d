"""The proof finds each wrong value put into the tables by hand: totals, facts, credits, entries."""

from decimal import Decimal

import polars as pl
import pytest

from connectors.sinks.clickhouse import Warehouse, quoted
from infra.reconcile import credits, ledger, totals
from infra.reconcile.running import ACTIVITY, DEAL
from tests.infra.reconcile.editing import CREDIT_KEY, TOTAL_KEY, check, key_of, one, put, take_out

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # one busy core starts it all


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
    later = check(warehouse, credits.CREDIT, overdue_seconds=0)
    put(warehouse, credits.CREDIT, last)
    assert (now.differing, now.in_flight) == (0, len(last))
    assert [m.wrong for m in later.mismatches] == ["overdue"] * len(last)
    assert check(warehouse, credits.CREDIT, overdue_seconds=0).differing == 0


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
