"""Plans on credits: what the agent posted is recomputed, overrides and cancelled deals included."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.reconcile import credits, ledger, recomputed
from infra.reconcile.findings import Checked
from infra.reconcile.periods import ALL
from infra.reconcile.running import DEAL, reconcile
from tests.ground import Site, site
from tests.infra.reconcile.conftest import arrived, mark_credits
from tests.load import Floor, definitions

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(600)]

# What overrides and cancelled deals pass through; test_proof.py asks every table.
TABLES = (DEAL, credits.DEAL_CREDIT, credits.CREDIT, ledger.TABLE, recomputed.TABLE)
COMPONENTS: list[dict[str, Any]] = [
    {"component_id": "each", "scope": "TRANSACTION",
     "tiers": [{"since": "0", "rate": "0.031"}, {"since": "400", "rate": "0.0555"}]},
    {"component_id": "units", "kind": "FLAT", "rate": "1.75", "counts": {"measure": "UNITS"}},
    {"component_id": "north", "kind": "FLAT", "rate": "0.02", "counts": {"territories": ["north"]}},
    {"component_id": "over", "kind": "FLAT", "rate": "0.011", "counts": {"whose": "ALL_REPORTS"}},
]  # fmt: skip
GENERAL = {
    "plan_id": "g", "name": "G", "currency": "EUR", "period": "QUARTER", "payout": "MONTH",
    "valid_from": "2025-01-01", "clawback": {"mode": "FULL", "attainment": "REDUCED"},
    "components": COMPONENTS,
}  # fmt: skip
BY_SUMS = {
    "plan_id": "s", "name": "S", "currency": "EUR", "period": "MONTH", "valid_from": "2025-01-01",
    "components": [{"component_id": "c", "kind": "FLAT", "rate": "0.05"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    floor = Floor(seed=8, reps=8)
    known = definitions(floor.reps)
    for rep in known["roster"]["reps"][1:]:
        rep["history"][0]["manager_id"] = "r0" if rep["rep_id"] in ("r1", "r2") else "r1"
    with site(tmp_path_factory.mktemp("general"), partitions=2) as made:
        made.define(1, {**known, "plans": {"plans": [GENERAL, BY_SUMS]}})
        made.open_epochs()
        made.start_worker()
        made.produce(event for event in floor.events(2_500) if event.message == "deal")
        made.wait_applied(150)
        arrived(made, 1)
        yield made


def proven(made: Site) -> dict[str, Checked]:
    report = reconcile(made.warehouse(), ALL, TABLES, sleep=lambda _: None)
    assert not report.gaps
    return {one.table: one for one in report.checks}


def test_what_the_agent_posts_is_what_its_credits_earn(made: Site) -> None:
    found = proven(made)
    assert [m for one in found.values() for m in one.mismatches] == []
    assert found[recomputed.TABLE].keys > 20
    assert found[ledger.TABLE].keys > 8
    of = "SELECT DISTINCT toString(component_id) AS c, toString(kind) AS kind FROM"
    rows = made.frame(f"{of} spm.commission_ledger FINAL WHERE plan_id = 'g'")
    assert {"each", "units", "north", "over"} <= set(rows["c"])
    assert {"ACCRUAL", "CLAWBACK"} <= set(rows["kind"])
    made.define(2, {"plans": {"plans": [{**GENERAL, "clawback": {}, "payout": None}, BY_SUMS]}})
    made.mark(2)
    mark_credits(made, 2)
    made.wait_applied(150)
    arrived(made, 2)
    assert [m for one in proven(made).values() for m in one.mismatches] == []


def test_an_entry_that_is_missing_is_told(made: Site) -> None:
    entry, *_ = made.frame(
        "SELECT entry_id FROM spm.commission_ledger FINAL WHERE component_id = 'over' LIMIT 1"
    )["entry_id"]
    made.warehouse().command(
        f"ALTER TABLE spm.commission_ledger DELETE WHERE entry_id = '{entry}' "
        "SETTINGS mutations_sync = 2"
    )
    found = proven(made)
    (wrong,) = found[recomputed.TABLE].mismatches
    assert (wrong.key["component"], wrong.currency) == ("over", "EUR")
    assert not found[ledger.TABLE].mismatches
