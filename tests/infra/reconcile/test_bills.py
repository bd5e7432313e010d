"""Deals and their bills: proved by SQL that shares no code with the engine; explained."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from connectors.sinks.clickhouse import Warehouse
from infra.local.ports import free_port
from infra.migrations import migrate
from infra.reconcile.running import DEAL
from tests.ground import laid_out, wait_for, warehouse
from tests.infra.reconcile.editing import check, one, put
from tests.simulation.seeds import MIXES, run
from tests.simulation.test_memory import fill

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder, port = tmp_path_factory.mktemp("bills"), free_port()
    laid_out(folder)
    with warehouse(folder, port) as token:
        made = wait_for(
            lambda: Warehouse.connect(f"http://127.0.0.1:{port}", "service", token), "warehouse"
        )
        migrate(made._client)
        yield made
        made.close()


def test_what_bills_make_of_deals_is_proved_and_a_wrong_sum_is_found(real: Warehouse) -> None:
    fill(real, run(5, MIXES["pay"]).tables)
    found = check(real, DEAL)
    assert not found.mismatches
    billed = "said != '' AND op = 'SET' AND JSONExtractString(said, 'bill_id') != ''"
    stands = real.frame(f"SELECT count() AS n FROM {DEAL} FINAL WHERE {billed}")["n"][0]
    assert stands > 10
    row = one(real, DEAL, f"{billed} AND invoiced_amount > 0 AND notEmpty(measure)")
    for wrong in (
        {"invoiced_amount": row["invoiced_amount"][0] + Decimal("0.0001")},
        {"paid_amount": None if row["paid_amount"][0] is not None else Decimal(1)},
        {"said": ""},
        {"stage_label": "?"},
    ):
        put(real, DEAL, row, **wrong)
        differing = {m.key["entity_id"] for m in check(real, DEAL).mismatches}
        assert row["entity_id"][0] in differing, wrong
        put(real, DEAL, row)
        assert not check(real, DEAL).differing, wrong
