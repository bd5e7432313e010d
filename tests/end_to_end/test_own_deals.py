"""What a sales-ops engineer does in the first hour: their people, their deals, one won by hand."""

import json
import time
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.end_to_end.installation import Installation, installed
from tests.samples import sample

AS_OF = "2026-04-01T00:00:00Z"
WON = "SELECT rep_id, sum(value) FROM spm_bi.rep_day WHERE measure = '{}' GROUP BY rep_id"


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_people_and_deals_of_a_company_are_counted_and_one_more_by_hand(tmp_path: Path) -> None:
    deals, reps = sample("meridian_sales_demo/deals.csv"), sample("meridian_sales_demo/reps.csv")
    company = tmp_path / "company"
    with installed(tmp_path / "data") as here:
        # Deals before people: they are unassigned, and credited once the map knows their owners.
        told = here.run("import", str(deals), "--mapping", "meridian_deals", "--as-of", AS_OF)
        assert "75 deals sent" in told
        here.run("import", str(reps), "--mapping", "meridian_reps", "--out", str(company))
        here.run("definitions", "apply", str(company), "--note", "first", "--wait")
        here.settle()
        expected = _won_by_rep(deals)
        assert dict(here.query(WON.format("revenue_won"))) == expected

        here.run("import", str(deals), "--mapping", "meridian_deals", "--as-of", AS_OF)
        older = "2026-03-01T00:00:00Z"
        here.run("import", str(deals), "--mapping", "meridian_deals", "--as-of", older)
        here.settle()
        assert dict(here.query(WON.format("revenue_won"))) == expected
        assert here.query("SELECT count() FROM spm_bi.fct_deal") == [(75,)]

        began = time.monotonic()
        here.run("deal", "win", "--rep", "Marcus", "--amount", "25000")
        _until(here, "REP-02", expected["REP-02"] + 25_000)
        print(f"won by hand and visible after {time.monotonic() - began:.2f} s, command included")
        _intake_is_idempotent(here)


def _won_by_rep(deals: Path) -> dict[str, Decimal]:
    frame = pd.read_csv(deals)
    won = frame[frame.stage == "Closed Won"].groupby("rep_id").deal_value.sum()
    return {str(rep): Decimal(int(value)) for rep, value in won.items()}


def _until(here: Installation, rep: str, value: Decimal) -> None:
    end = time.monotonic() + 30
    while dict(here.query(WON.format("revenue_won"))).get(rep) != value:
        assert time.monotonic() < end, here.query(WON.format("revenue_won"))
        time.sleep(0.05)


def _intake_is_idempotent(here: Installation) -> None:
    call = {
        "message": "call", "source_id": "c-1", "revision": "2026-03-02T10:05:00Z",
        "created_at": "2026-03-02T10:00:00Z", "occurred_at": "2026-03-02T10:00:00Z",
        "owner_id": "REP-02", "direction": "OUTBOUND", "status": "COMPLETED", "talk_seconds": 60,
    }  # fmt: skip
    for _ in range(2):
        reply = _post(here, here.token("manual"), [call])
        assert reply["results"][0]["status"] == "accepted"
    here.settle()
    assert dict(here.query(WON.format("calls"))) == {"REP-02": 1}
    with pytest.raises(urllib.error.HTTPError, match="401"):
        _post(here, "ps_guessed", [call])


def _post(here: Installation, token: str, events: list[dict[str, object]]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{here.url('intake')}/v1/events",
        json.dumps(events).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return dict(json.load(reply))
