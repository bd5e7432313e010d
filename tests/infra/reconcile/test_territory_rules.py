"""Deals credited by territory rules: what a worker does is proved, also when rules change."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.reconcile import credits, totals
from infra.reconcile.periods import ALL
from infra.reconcile.running import DEAL, reconcile
from tests.ground import Site, site
from tests.load import Floor, definitions

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(600)]

# Where rules leave traces; test_proof.py asks every table.
TABLES = (totals.TABLE, DEAL, credits.DEAL_CREDIT, credits.CREDIT)
NORTH = {
    "territory_id": "north", "name": "North",
    "holders": [
        {"rep_id": "r1", "valid_from": "2026-01-01", "valid_to": "2026-03-05"},
        {"rep_id": "r4", "valid_from": "2026-03-04"},
        {"rep_id": "r7", "valid_from": "2026-03-03", "valid_to": "2026-03-08"},
    ],
}  # fmt: skip
VACANT = {"territory_id": "it's vacant", "name": "Vacant"}
RULES: list[dict[str, Any]] = [
    {"rule_id": "smb", "priority": 2, "valid_from": "2026-01-01", "segments": ["SMB", "o'x"],
     "credits": [{"territory_id": "north", "share": "0.7"}, {"to_owner": True, "share": "0.3"}]},
    {"rule_id": "large", "priority": 1, "valid_from": "2026-03-02", "valid_to": "2026-03-09",
     "currency": "USD", "amount_from": "400.5", "amount_to": "900",
     "credits": [{"rep_id": "r9"}, {"rep_id": "r3", "role": "OVERLAY", "share": "0.123457"}]},
    {"rule_id": "a's", "priority": 3, "valid_from": "2026-01-01", "accounts": ["a1", "a2"],
     "regions": ["EMEA"], "credits": [{"territory_id": "it's vacant"}]},
]  # fmt: skip
BEFORE = {"territories": [NORTH, VACANT], "rules": RULES}
AFTER = {
    "territories": [{**NORTH, "holders": NORTH["holders"][1:]}, VACANT],
    "rules": [{**RULES[0], "priority": 0}, RULES[2]],
}
VIAS = (
    "SELECT DISTINCT extract(via, '^rule:(.*):') AS rule FROM spm.deal_credit FINAL"
    " WHERE NOT deleted"
)


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Floor]]:
    floor = Floor(seed=5, reps=12)
    with site(tmp_path_factory.mktemp("rules"), partitions=2) as made:
        made.define(1, {**definitions(floor.reps), "territories": BEFORE})
        made.open_epochs()
        made.start_worker()
        made.produce(event for event in floor.events(3_000) if event.message == "deal")
        made.wait_applied(150)
        yield made, floor


def prove(made: Site) -> None:
    report = reconcile(made.warehouse(), ALL, TABLES, sleep=lambda _: None)
    assert [m for checked in report.checks for m in checked.mismatches] == []
    assert not report.gaps


def test_what_rules_credit_is_proved_and_so_is_a_change_of_rules(
    worked: tuple[Site, Floor],
) -> None:
    made, _ = worked
    prove(made)
    assert {*made.warehouse().frame(VIAS)["rule"]} == {"", "smb", "large", "a's"}
    made.define(2, {"territories": AFTER})
    made.mark(2)
    made.wait_applied(150)
    assert {*made.warehouse().frame(VIAS)["rule"]} == {"", "smb", "a's"}
    prove(made)


def test_each_rule_shares_a_deal_to_the_cent(worked: tuple[Site, Floor]) -> None:
    made, floor = worked
    found = made.warehouse().frame(
        "SELECT deal_id, sum(amount) AS amount FROM spm.deal_credit FINAL"
        " WHERE NOT deleted AND role = 'REVENUE' GROUP BY deal_id"
    )
    wanted = {
        r["entity_id"]: r["amount"]
        for message, r in floor.last.values()
        if message == "deal" and r["op"] == "SET"
    }
    assert dict(found.iter_rows()) == wanted
