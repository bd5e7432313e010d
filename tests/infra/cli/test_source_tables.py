"""`pacesetter source tables`: rates of Salesforce become definitions that can be applied."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from streams.settings import settings
from tests.connectors.vendors.salesforce_ground import standin
from tests.connectors.vendors.salesforce_standin import SalesforceStandin

__all__ = ["standin"]  # a fixture
AT = datetime(2026, 3, 2, tzinfo=UTC)


def _run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["source", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_rates_of_a_source_are_written_and_fit_their_schema(
    standin: SalesforceStandin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACESETTER_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    for number, (code, rate) in enumerate((("EUR", "1"), ("USD", "1.084")), 1):
        values = {"IsoCode": code, "ConversionRate": Decimal(rate), "IsCorporate": code == "EUR"}
        standin.org.write("CurrencyType", [f"01L{number:0>15}"], AT, values)
    sets = [
        text for name, value in standin.settings.items() for text in ("--set", f"{name}={value}")
    ]
    said = _run("add", "salesforce", "--yes", "--no-wait", *sets)
    assert "subscribe to /data/ChangeEvents" in said
    assert standin.http.client_secret not in said
    folder = tmp_path / "definitions"
    told = json.loads(_run("tables", "salesforce", "--out", str(folder), "--json"))
    assert told["counts"]["rates"] == 1
    assert "rate: 1.084" in (folder / "rates.yaml").read_text().replace("'", "")
    checked = CliRunner().invoke(app, ["definitions", "check", str(folder)])
    assert checked.exit_code == 0, checked.output
    standin.outage(True)
    assert "503" in _run("tables", "salesforce", "--out", str(folder), code=1)
