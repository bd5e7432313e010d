"""What is too much for one query or for memory is proved all the same."""

import pytest

from connectors.sinks.clickhouse import Warehouse
from infra.reconcile import facts
from infra.reconcile.asking import ask
from infra.reconcile.running import ACTIVITY, DEAL
from tests.infra.reconcile.editing import check, one, put
from tests.infra.reconcile.test_proof_values import edited

# One busy core starts it all, hence the time.
pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("table", [ACTIVITY, DEAL])
def test_in_portions_as_many_rows_are_judged_and_what_is_wrong_is_found(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    whole = check(warehouse, table)
    right = one(warehouse, table, "notEmpty(measure) AND rep_id = 'r3'")
    put(warehouse, table, edited(right))
    monkeypatch.setattr(facts, "PORTION_ROWS", 200)
    found = check(warehouse, table)
    put(warehouse, table, right)
    assert found.keys == whole.keys
    assert [m.key["entity_id"] for m in found.mismatches] == [right["entity_id"][0]]


def test_what_does_not_fit_into_memory_goes_to_disk(warehouse: Warehouse) -> None:
    """Twice the memory of a check is sorted, as the rows of entities are."""
    texts = "SELECT number, repeat(toString(number), 40) AS text FROM numbers(5000000)"
    ordered = f"SELECT text FROM ({texts}) ORDER BY cityHash64(number) LIMIT 1, 5000000"
    found = ask(warehouse, f"SELECT count() AS n, max(text) AS most FROM ({ordered})")
    assert found.row(0)[0] == 4_999_999
