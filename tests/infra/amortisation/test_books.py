"""The books of a month on a real warehouse: the story of two deals, from ledger to journal."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.cli.main import app
from streams.settings import settings
from tests.infra.amortisation.two_deals import CONTRACTS, filled
from tests.infra.warehouse import serving


def D(value: object) -> Decimal:
    return Decimal(str(value))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Served]:
    with filled(tmp_path_factory.mktemp("books")) as served:
        yield served


@pytest.fixture
def run(served: serving.Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    user, token = served.auth()
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", f"http://127.0.0.1:{served.port}")
    monkeypatch.setenv("PACESETTER_WAREHOUSE_USER", user)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_TOKEN", token)
    settings.cache_clear()
    contracts = tmp_path / "contracts.csv"
    contracts.write_text(CONTRACTS)

    def invoke(command: str, period: str, *more: str) -> Result:
        given = ["--period", period, "--contracts", str(contracts), *more]
        return CliRunner().invoke(app, ["amortisation", command, *given])

    yield invoke
    settings.cache_clear()


def totals(result: Result) -> dict[str, Decimal]:
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)["totals"]
    return {name: Decimal(told[name]) for name in told if name != "currency" and told[name]}


def test_each_month_counts_what_arose_in_it(run: Any) -> None:
    posted = {m: totals(run("show", f"2026-{m:02}", "--json"))["posted"] for m in range(1, 6)}
    # The correction of January's deal was made in March, and the better rate in April.
    assert posted == {1: D(755), 2: D(260), 3: D(-140), 4: D(30), 5: D(0)}


def test_a_deal_is_told_month_by_month(run: Any) -> None:
    told = json.loads(run("show", "2026-06", "--deal", "d1", "--json").stdout)
    by_component = {cost["component_id"]: cost for cost in told["costs"]}
    months = by_component["revenue"]["months"]
    charged = [(m["month"], m["added"], m["amortised"], m["written_off"]) for m in months]
    assert charged == [
        ("2026-01", "700.00", "0.00", "0.00"),
        ("2026-02", "0.00", "70.00", "0.00"),
        ("2026-03", "-140.00", "54.44", "0.00"),
        # 24.00 of the 30.00: 8,000 of 10,000 credited; the estimate of May ends it with that month
        ("2026-04", "24.00", "57.44", "0.00"),
        ("2026-05", "0.00", "57.45", "344.67"),
    ]
    assert "draw" not in by_component  # it belongs to no deal
    assert by_component["bonus"]["costs"] == [{"on": "2026-02-10", "amount": "100.00"}]
    assert "incremental" in run("show", "2026-06", "--deal", "d1").output


def test_the_journal_is_balanced_and_ties_to_the_ledger(run: Any) -> None:
    for month, posted in (("2026-01", 755), ("2026-02", 260), ("2026-03", -140)):
        out = run("journal", month, "--csv")
        assert out.exit_code == 0, out.output
        lines = list(csv.DictReader(io.StringIO(out.stdout)))
        assert sum(D(x["debit"]) for x in lines) == sum(D(x["credit"]) for x in lines) > 0
        payable = [x for x in lines if x["account"] == "2310"]
        assert sum(D(x["credit"]) - D(x["debit"]) for x in payable) == posted
        assert len({x["line_id"] for x in lines}) == len(lines)
    by_deal = json.loads(run("journal", "2026-02", "--by-deal", "--json").stdout)["lines"]
    assert {x["deal_id"] for x in by_deal} == {"d1", "d2"}
    assert "EUR: debit" in run("journal", "2026-02").output


def test_a_month_before_everything_is_empty(run: Any) -> None:
    assert "no commissions were posted" in run("show", "2025-12").output
    assert "nothing is to be booked" in run("journal", "2025-12").output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("deal_id,term_months\nd1,12\n", "service_start: column is missing"),
        ("deal_id,service_start,term_months,x\n", "x: is no column"),
        ("deal_id,service_start,term_months\nd1,2026-02-30,12\n",
         "contracts.csv:2: error: service_start is '2026-02-30': is no date"),
        ("deal_id,service_start,term_months\nd1,2026-02-01,12\nd1,2026-02-01,13\n",
         "stands twice for d1"),
        ("deal_id,service_start,term_months\nd1,2026-02-01\n", "has not as many cells"),
    ],
)  # fmt: skip
def test_contracts_that_cannot_be_read_are_told_with_their_line(
    run: Any, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "contracts.csv").write_text(text)
    shown = run("show", "2026-02")
    assert shown.exit_code == 1
    assert says in shown.output


def test_a_period_is_a_month(run: Any) -> None:
    assert run("show", "2026-Q1").exit_code == 2


@pytest.mark.parametrize("command", ["show", "journal", "write"])
def test_help_teaches_with_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, ["amortisation", command, "--help"])
    assert f"pacesetter amortisation {command}" in shown.output
