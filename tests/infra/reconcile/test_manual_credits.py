"""Deals that people credit by hand: what a worker does is proved, also for deals already there."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from infra.reconcile import credits, totals
from infra.reconcile.periods import ALL
from infra.reconcile.running import DEAL, reconcile
from tests.ground import Site, site
from tests.load import Floor, definitions

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(600)]

# Where credits by hand leave traces; test_proof.py asks every table.
TABLES = (totals.TABLE, DEAL, credits.DEAL_CREDIT, credits.CREDIT)
CREDITS = (
    "SELECT deal_id, toString(rep_id) AS rep_id, role, via, share, amount"
    " FROM spm.deal_credit FINAL WHERE NOT deleted ORDER BY deal_id, role, via"
)


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Floor]]:
    floor = Floor(seed=11, reps=12)
    with site(tmp_path_factory.mktemp("credits"), partitions=2) as made:
        made.define(1, definitions(floor.reps))
        made.open_epochs()
        made.start_worker()
        made.produce(event for event in floor.events(2_500) if event.message == "deal")
        made.wait_applied(150)
        yield made, floor


def credits_of(made: Site) -> dict[str, list[dict[str, Any]]]:
    """Every credit, by deal."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in made.warehouse().frame(CREDITS).iter_rows(named=True):
        found.setdefault(row["deal_id"], []).append(row)
    return found


def prove(made: Site) -> None:
    report = reconcile(made.warehouse(), ALL, TABLES, sleep=lambda _: None)
    assert [m for checked in report.checks for m in checked.mismatches] == []
    assert not report.gaps


def given(deals: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Parts of every third deal: from who has most of it, twice and too much, and beside it."""
    made = []
    for i, (deal, lines) in enumerate(sorted(deals.items())):
        revenue = [x for x in lines if x["role"] == "REVENUE" and x["rep_id"] != "unassigned"]
        if i % 3 or not revenue:
            continue
        giver = revenue[i % len(revenue)]["rep_id"]
        common = {"deal_id": deal, "reason": "it's agreed", "author": "a", "approver": "b"}
        take = {**common, "from_rep": giver}
        made += [
            {**take, "credit_id": f"m{i}:1", "rep_id": "r3", "share": "0.333333"},
            {**take, "credit_id": f"m{i}'2", "rep_id": "r9", "share": ("0.4", "0.9")[i % 2],
             "valid_from": "2026-03-02", "valid_to": "2026-03-12"},
            {**common, "credit_id": f"m{i}-3", "rep_id": "r5", "role": "OVERLAY",
             "share": "0.123457"},
        ]  # fmt: skip
    return made


def test_credits_by_hand_are_proved_for_deals_there_are_and_deals_to_come(
    worked: tuple[Site, Floor],
) -> None:
    made, floor = worked
    before = credits_of(made)
    by_hand = given(before)
    assert len(by_hand) > 100
    later = {**by_hand[0], "credit_id": "later", "deal_id": "crm:deal:not-yet"}
    made.define(2, {"credits": {"manual_credits": [*by_hand, later]}})
    made.mark(2)
    made.wait_applied(150)
    prove(made)
    after = credits_of(made)
    assert {x["via"][7:] for lines in after.values() for x in lines if x["via"][:6] == "manual"} > {
        one["credit_id"] for one in by_hand if one["credit_id"][-2:] == "-3"
    }
    assert any(all(x["via"] != "owner" for x in after[deal]) for deal in before), "all is taken"

    made.produce(event for event in floor.events(2_500) if event.message == "deal")
    made.wait_applied(150)
    prove(made)  # revisions of the CRM change what they are laid over, and nothing of themselves
    sums = {
        deal: sum((x["amount"] for x in lines if x["role"] == "REVENUE"), Decimal(0))
        for deal, lines in credits_of(made).items()
    }
    wanted = {
        r["entity_id"]: r["amount"]
        for message, r in floor.last.values()
        if message == "deal" and r["op"] == "SET"
    }
    assert sums == wanted

    back = {"withdrawn_by": "c", "withdrawn_reason": "by mistake"}
    made.define(3, {"credits": {"manual_credits": [{**one, **back} for one in by_hand]}})
    made.mark(3)
    made.wait_applied(150)
    prove(made)
    vias = {x["via"] for lines in credits_of(made).values() for x in lines}
    assert not [via for via in vias if via.startswith("manual:")]
