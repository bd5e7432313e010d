"""A corrected deal shows in every view within a second; unknown owners are credited once known."""

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra.sample import DEFINITIONS
from tests.end_to_end.installation import Installation, installed
from tests.ground import stretched

NOW = datetime.now(UTC)
SECONDS_MAX = 1.0  # from the intake's answer until all views tell it
# What each view says of a rep's revenue in the reporting currency this year.
OF_A_REP = {
    "rep_day": "SELECT sum(value) FROM rep_day WHERE rep_id = '{rep}'"
    " AND measure = 'revenue_won_reporting'",
    "leaderboard_day": "SELECT sum(value) FROM leaderboard_day WHERE rep_id = '{rep}'"
    " AND measure = 'revenue_won_reporting'",
    "fct_deal": "SELECT sum(amount) FROM fct_deal WHERE rep_id = '{rep}' AND stage_class = 'WON'",
    "fct_credit": "SELECT sum(reporting_amount) FROM fct_credit WHERE rep_id = '{rep}'",
    "kpi_rep": "SELECT sum(value) FROM kpi_rep WHERE rep_id = '{rep}' AND grain = 'year'"
    " AND kpi_id = 'revenue_won_reporting'",
    "attainment_current": "SELECT sum(actual_to_date) FROM attainment_current"
    " WHERE subject_kind = 'REP' AND subject_id = '{rep}' AND kpi = 'revenue_won_reporting'",
    "commission_balance": "SELECT sum(earned) / 0.07 FROM commission_balance"
    " WHERE rep_id = '{rep}'",
    "commission_ledger": "SELECT sum(amount) / 0.07 FROM commission_ledger WHERE rep_id = '{rep}'",
}
OF_A_TEAM = (
    "SELECT sum(value) FROM kpi_team WHERE team_id = '{}' AND grain = 'year'"
    " AND kpi_id = 'revenue_won_reporting'"
)
OF_ALL = (
    "SELECT sum(value) FROM kpi_company WHERE grain = 'year' AND kpi_id = 'revenue_won_reporting'"
)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_correction_shows_in_every_view_and_a_user_is_credited_once_mapped(
    tmp_path: Path,
) -> None:
    with installed(tmp_path / "data") as here:
        here.run("definitions", "apply", str(DEFINITIONS), "--note", "first", "--wait")
        _send(here, owner="hp-03", amount="1000")
        _shows(here, {"hp-03": 1000, "hp-09": 0}, {"emea": 1000, "americas": 0, "revenue": 1000})
        _send(here, owner="hp-09", amount="1500")
        took = _shows(
            here,
            {"hp-03": 0, "hp-09": 1500},
            {"emea": 0, "americas": 1500, "revenue": 1500},
        )
        print(f"a corrected deal stood in {len(OF_A_REP) + 2} views after {took:.2f} s")
        assert took < stretched(SECONDS_MAX)
        _unknown_until_mapped(here, tmp_path)


def _unknown_until_mapped(here: Installation, folder: Path) -> None:
    assert "Every user with facts is mapped." in here.run("people", "unmapped")
    _send(here, owner="newcomer", amount="700")
    _until(lambda: json.loads(here.run("people", "unmapped", "--json")))
    (user,) = json.loads(here.run("people", "unmapped", "--json"))
    assert (user["source"], user["user_id"], user["deals"], user["calls"]) == (
        "manual", "newcomer", 1, 0,
    )  # fmt: skip
    told = here.run("people", "unmapped")
    assert user["line"] in told
    identities = (DEFINITIONS / "identities.yaml").read_text()
    (folder / "identities.yaml").write_text(
        f"{identities}\n{user['line'].replace('rep_id: REP', 'rep_id: hp-04')}\n"
    )
    for name in DEFINITIONS.glob("*.yaml"):
        if name.name != "identities.yaml":
            (folder / name.name).write_text(name.read_text())
    planned = json.loads(here.run("definitions", "apply", str(folder), "--dry-run", "--json"))
    assert ["hp-04", "0", "700"] in [
        [line["subject_id"], line["before"], line["after"]]
        for line in planned["effect"]["lines"]
        if line["measure"] == "revenue_won_reporting"
    ]
    here.run("definitions", "apply", str(folder), "--note", "a newcomer", "--wait")
    _shows(here, {"hp-04": 700, "hp-09": 0}, {"emea": 700, "revenue": 700})
    assert "Every user with facts is mapped." in here.run("people", "unmapped")


def _send(here: Installation, owner: str, amount: str) -> None:
    """Say what the one deal is now; the intake answers once Kafka has it."""
    at = (NOW - timedelta(minutes=5)).isoformat()
    event = {
        "message": "deal", "source_id": "d-1", "revision": datetime.now(UTC).isoformat(),
        "created_at": at, "occurred_at": at, "owner_id": owner, "stage_id": "won",
        "stage_class": "WON", "amount": amount, "currency": "EUR", "won_at": at,
    }  # fmt: skip
    request = urllib.request.Request(
        f"{here.url('intake')}/v1/events",
        json.dumps([event]).encode(),
        {"authorization": f"Bearer {here.token('manual')}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        assert json.load(reply)["results"][0]["status"] == "accepted"


def _shows(here: Installation, reps: dict[str, Any], teams: dict[str, Any]) -> float:
    """Return after how long the tables said so; all views must then, each when first asked."""
    began = time.monotonic()
    for view in ("rep_day", "fct_credit", "commission_ledger"):  # one for each agent's own table
        for rep, value in reps.items():
            sql = OF_A_REP[view].format(rep=rep)
            _until(partial(_says, here, sql, value))
    took = time.monotonic() - began
    asked = {
        f"{view} of {rep}": (sql.format(rep=rep), value)
        for view, sql in OF_A_REP.items()
        for rep, value in reps.items()
    }
    asked |= {f"kpi_team of {t}": (OF_A_TEAM.format(t), value) for t, value in teams.items()}
    asked["kpi_company"] = (OF_ALL, sum(teams[t] for t in teams if t != "revenue"))
    told = {name: (_said(here, sql), value) for name, (sql, value) in asked.items()}
    assert {name: two for name, two in told.items() if two[0] != two[1]} == {}
    return took


def _said(here: Installation, sql: str) -> Decimal:
    return Decimal(str(here.query(sql)[0][0] or 0)).quantize(Decimal("0.01"))


def _says(here: Installation, sql: str, value: Any) -> bool:
    return _said(here, sql) == value


def _until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)  # the warehouse has more to do than to answer
