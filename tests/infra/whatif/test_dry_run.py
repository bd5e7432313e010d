"""What dry runs say on a real warehouse, from the command line: numbers checked by hand."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.cli.main import app
from infra.migrations import migrate
from streams.settings import settings
from tests.infra.warehouse import serving

STINT = {"valid_from": "2020-01-01", "team_id": "t", "time_zone": "UTC"}
PLANS = """
plans:
  - plan_id: ae
    name: AE
    currency: EUR
    period: QUARTER
    valid_from: 2026-01-01
    reps: [r1, r2]
    components:
      - component_id: revenue
        tiers: [{since: 0, rate: RATE}, {since: BOUND, rate: 0.10}]
"""
OLD = PLANS.replace("RATE", "0.05").replace("BOUND", "20000")
NEW = PLANS.replace("RATE", "0.05").replace("BOUND", "10000").replace("[r1, r2]", "[r1, r3]")
KINDS: dict[str, Any] = {
    "company": {"name": "Small", "reporting_currency": "EUR", "time_zone": "UTC"},
    "roster": {"teams": [{"team_id": "t", "name": "T"}],
               "reps": [{"rep_id": f"r{n}", "history": [STINT]} for n in (1, 2, 3)]},
    "rates": {"rates": [{"base": "USD", "quote": "EUR", "on": "2020-01-01", "rate": "0.9"}]},
    "plans": {"plans": [{
        "plan_id": "ae", "name": "AE", "currency": "EUR", "period": "QUARTER",
        "valid_from": "2026-01-01", "reps": ["r1", "r2"],
        "components": [{"component_id": "revenue", "tiers": [
            {"since": "0", "rate": "0.05"}, {"since": "20000", "rate": "0.10"}]}],
    }]},
}  # fmt: skip


def credit(position: int, rep: str, deal: str, day: date, amount: int, **more: Any) -> Any:
    return {
        "entity_id": f"{deal}:REVENUE:owner", "rep_id": rep, "position": position,
        "topic": "spm.credits", "partition": 0, "kind": "credit", "deal_id": deal,
        "role": "REVENUE", "via": "owner", "source_position": position, "deleted": False,
        "stage_class": "WON", "day": day, "amount": Decimal(amount), "currency": "EUR",
        "reporting_amount": Decimal(amount), "reporting_currency": "EUR", "deal_type": "NEW",
        **more,
    }  # fmt: skip


CREDITS = [
    credit(1, "r1", "d1", date(2026, 1, 15), 50_000),
    credit(2, "r1", "d1", date(2026, 1, 15), 15_000),  # corrected: this is what counts
    credit(3, "r1", "d2", date(2026, 4, 2), 8_000),
    credit(4, "r2", "d3", date(2026, 2, 1), 1_000),
    credit(5, "r2", "d4", date(2026, 2, 2), 7_000, deleted=True),
    credit(6, "r3", "d5", date(2026, 3, 9), 2_000),
    credit(7, "r3", "d6", date(2026, 3, 9), 9_000, stage_class="OPEN"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Served]:
    with serving.embedded(tmp_path_factory.mktemp("dry-run")) as served:
        with served.client() as client:
            migrate(client)
            for row in CREDITS:
                client.insert("spm.credit", [list(row.values())], column_names=list(row))
            for kind, content in KINDS.items():
                client.insert(
                    "spm.definition",
                    [[1, kind, json.dumps(content), datetime(2026, 1, 1, tzinfo=UTC)]],
                    column_names=["sequence", "kind", "content", "written_at"],
                )
        yield served


@pytest.fixture
def run(served: serving.Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    user, token = served.auth()
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", f"http://127.0.0.1:{served.port}")
    monkeypatch.setenv("PACESETTER_WAREHOUSE_USER", user)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_TOKEN", token)
    settings.cache_clear()
    plans = tmp_path / "next.yaml"

    def invoke(command: str, *more: str, text: str = NEW) -> Result:
        plans.write_text(text)
        given = [str(plans)] if command == "dry-run" else []
        return CliRunner().invoke(app, ["plan", command, *given, *more])

    yield invoke
    settings.cache_clear()


def test_a_dry_run_says_who_gets_what_and_what_it_costs(run: Any) -> None:
    result = run("dry-run", "--period", "2026-Q1", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    changes = {one["rep_id"]: Decimal(one["change"]) for one in told["changes"]}
    # r1: 15,000 is 750 before; 500 + 500 with the lower bound. r2 leaves the plan, r3 joins it.
    assert changes == {"r1": 250, "r2": -50, "r3": 100}
    assert {k: Decimal(v) for k, v in told["cost"]["EUR"].items()} == {
        "before": 800, "after": 1_100, "change": 300}  # fmt: skip
    crossed = next(one for one in told["changes"] if one["rep_id"] == "r1")
    assert (crossed["tier_before"], crossed["tier_after"]) == (1, 2)
    covered = told["covered"]
    assert (covered["gained"], covered["lost"], covered["unpaid"]) == (["r3"], ["r2"], ["r2"])


def test_the_plans_in_force_change_nothing(run: Any) -> None:
    result = run("dry-run", "--all", text=OLD)
    assert result.exit_code == 0, result.output
    assert "Nobody earns more or less." in result.stdout
    assert "1,200.00" in result.stdout  # 750 + 400 + 50


def test_all_of_history_comes_as_a_table_for_spreadsheets(run: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(run("dry-run", "--all", "--csv").stdout)))
    assert {r["origin_start"] for r in rows} == {"2026-01-01"}
    assert {r["rep_id"]: Decimal(r["change"]) for r in rows} == {"r1": 250, "r2": -50, "r3": 100}


def test_plans_that_make_no_sense_are_told_with_their_line(run: Any) -> None:
    result = run("dry-run", "--all", text=NEW.replace("[r1, r3]", "[r1, r9]"))
    assert result.exit_code == 1
    assert "r9" in result.output
    assert "next.yaml:8" in result.output


def test_a_period_or_all_is_asked_for(run: Any) -> None:
    assert run("dry-run").exit_code == 2
    assert run("dry-run", "--period", "soon").exit_code == 2


def test_a_deal_that_might_close_says_what_it_earns_and_what_the_next_tier_needs(run: Any) -> None:
    given = ["--rep", "r1", "--deal-amount", "10,000", "--currency", "usd", "--day", "2026-03-30"]
    result = run("what-if", *given, "--json")
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)
    # 15,000 + 9,000 of 0.9 the dollar: 4,000 of it lie above the bound.
    assert [Decimal(told[name]) for name in ("before", "after")] == [750, 1_400]
    assert (told["tier_before"], told["tier_after"], told["next_needs"]) == (1, 2, None)
    short = json.loads(run("what-if", "--rep", "r1", "--deal-amount", "1000", "--day",
                           "2026-03-30", "--json").stdout)  # fmt: skip
    assert [one["next_needs"] for one in short] == ["4000"]
    people = run("what-if", "--rep", "r1", "--deal-amount", "1000", "--day", "2026-03-30").stdout
    assert "4,000.00 more, at 20000" in people


def test_a_rep_on_no_plan_or_unknown_is_told(run: Any) -> None:
    for rep, said in (("r3", "is on no plan"), ("r99", "no rep is 'r99'")):
        result = run("what-if", "--rep", rep, "--deal-amount", "1000")
        assert result.exit_code == 1
        assert said in result.output
