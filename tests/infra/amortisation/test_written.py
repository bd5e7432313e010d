"""The schedule in the warehouse: what the command shows, written once, tied to the ledger."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.sinks.clickhouse import Warehouse
from infra.amortisation import contracts, writing
from infra.amortisation.showing import FIELDS, books
from infra.definitions.stored import MovedOn, Stored
from infra.reconcile import amortisation, running
from infra.reconcile.findings import Checked
from infra.reconcile.periods import ALL
from streams.domain.contract_costs import TermsUnknown
from tests.infra.amortisation.two_deals import CONTRACTS, KINDS, entry, filled, put

NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
SUMS = ", ".join(f"sum({name})" for name in FIELDS)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with filled(tmp_path_factory.mktemp("written")) as served, served.client() as found:
        yield found


@pytest.fixture
def client(ground: Any) -> Any:
    """A warehouse into which nothing is written yet."""
    for table in ("amortisation", "amortisation_run"):
        ground.command(f"TRUNCATE TABLE spm.{table}")
    for table, added in (("commission_ledger", "position > 5"), ("definition", "sequence > 2")):
        ground.command(f"ALTER TABLE spm.{table} DELETE WHERE {added} SETTINGS mutations_sync = 1")
    return ground


@pytest.fixture
def terms(tmp_path: Path) -> contracts.Terms:
    file = tmp_path / "contracts.csv"
    file.write_text(CONTRACTS)
    return contracts.read(file)


def proven(client: Any) -> Checked:
    warehouse = Warehouse(lambda: client)
    return running.look(warehouse, (), ALL, [amortisation.TABLE])[amortisation.TABLE]


def shown(client: Any, month: date, terms: contracts.Terms) -> list[Decimal]:
    """Return what `pacesetter amortisation show` says of a month."""
    (total,) = books(client, month, terms).totals.values()
    return [getattr(total, name) for name in FIELDS]


def viewed(client: Any, month: date) -> list[Decimal]:
    rows = client.query(
        f"SELECT {SUMS} FROM spm_bi.amortisation WHERE month = {{month:Date32}}",
        parameters={"month": month},
    ).result_rows
    return [Decimal(value) for value in rows[0]]


def test_the_view_says_of_every_month_what_the_command_says(
    client: Any, terms: contracts.Terms
) -> None:
    assert proven(client).keys == 0  # nothing is claimed before it is written
    done = writing.write(Stored(client), terms, NOW)
    assert done.is_new
    for month in (date(2026 + n // 12, n % 12 + 1, 1) for n in range(14)):
        assert viewed(client, month) == shown(client, month, terms), month
    found = proven(client)
    assert (found.differing, found.mismatches) == (0, ())
    assert found.keys > done.rows


def test_writing_again_changes_nothing_and_a_later_entry_makes_a_new_run(
    client: Any, terms: contracts.Terms
) -> None:
    first = writing.write(Stored(client), terms, NOW)
    again = writing.write(Stored(client), terms, NOW.replace(hour=9))
    assert (again.run_id, again.made_at, again.is_new) == (first.run_id, first.made_at, False)
    put(client, "spm.commission_ledger", [entry(6, "", "10", kind="DRAW", component_id="draw")])
    assert proven(client).differing == 0  # what came later is not of this run
    later = writing.write(Stored(client), terms, NOW)  # a clock that stands still
    assert later.is_new
    assert later.made_at > first.made_at
    posted = "SELECT sum(posted) FROM spm_bi.amortisation"
    earned = "SELECT sum(amount) FROM spm.commission_ledger FINAL WHERE state = 'EARNED'"
    assert client.command(posted) == client.command(earned) == Decimal(915)
    assert proven(client).differing == 0


def test_a_run_of_which_rows_are_gone_is_told_and_written_again(
    client: Any, terms: contracts.Terms
) -> None:
    first = writing.write(Stored(client), terms, NOW)
    client.command(
        "ALTER TABLE spm.amortisation DELETE WHERE month = '2026-02-01' SETTINGS mutations_sync = 1"
    )
    assert {m.wrong for m in proven(client).mismatches} == {"sum of posted", "opening"}
    again = writing.write(Stored(client), terms, NOW)
    assert (again.run_id, again.rows, again.is_new) == (first.run_id, first.rows, True)
    assert proven(client).differing == 0


def test_terms_that_nobody_gave_leave_what_was_written(client: Any, terms: contracts.Terms) -> None:
    first = writing.write(Stored(client), terms, NOW)
    (policy,) = KINDS["accounting"]["policies"]
    without = {k: v for k, v in policy.items() if k != "term_months"}
    put(client, "spm.definition", [_revision(3, {"policies": [without]})])
    with pytest.raises(TermsUnknown, match="2 deals have no service_start"):
        writing.write(Stored(client), {}, NOW)
    runs = client.query("SELECT DISTINCT run_id FROM spm.amortisation").result_rows
    assert runs == [(first.run_id,)]


def test_who_slept_through_a_restore_writes_nothing(client: Any, terms: contracts.Terms) -> None:
    stale = Stored(client)
    client.command(
        "INSERT INTO spm.warehouse SELECT * REPLACE ('restored' AS incarnation,"
        " now64(3) AS changed_at) FROM spm.warehouse FINAL"
    )
    with pytest.raises(MovedOn):
        writing.write(stale, terms, NOW)
    assert client.command("SELECT count() FROM spm_bi.amortisation") == 0


def _revision(sequence: int, accounting: dict[str, Any]) -> dict[str, Any]:
    return {"sequence": sequence, "kind": "accounting", "content": json.dumps(accounting),
            "written_at": NOW}  # fmt: skip
