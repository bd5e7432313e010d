"""`pacesetter simulate` against a real broker, as a person and as a program uses it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from infra.cli import simulate
from tests.brokers import Broker, free_port, running_broker

SPAN = ("--from", "2026-03-16", "--to", "2026-03-18")
runner = CliRunner()


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    root = typer.Typer()
    simulate.register(root)
    root.command()(lambda: None)
    return root


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(app: typer.Typer, *words: str, code: int = 0) -> str:
    found = runner.invoke(app, ["simulate", *words])
    assert found.exit_code == code, found.output
    return found.output if code else found.stdout


def told(app: typer.Typer, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(app, *words, "--json"))
    return found


def test_a_backfill_of_the_sample_company_is_acknowledged(app: typer.Typer, broker: Broker) -> None:
    found = told(app, "backfill", *SPAN, "--bootstrap", broker.address)
    assert found["sent"] == found["acknowledged"]
    assert found["acknowledged"]["progress"] == 1
    assert sum(found["acknowledged"].values()) > 1000
    assert found["reps"] >= 20
    owners = {record["owner_id"] for *_, record in broker.records("crm.calls")}
    assert "sim-03" in owners


def test_a_recording_is_replayed_whole(app: typer.Typer, broker: Broker, tmp_path: Path) -> None:
    file = str(tmp_path / "load.events")
    encoded = told(app, "encode", file, *SPAN, "--reps", "16", "--seed", "3")
    replayed = told(app, "replay", file, "--bootstrap", broker.address)
    assert replayed["acknowledged"] == encoded["encoded"]
    assert (replayed["seed"], replayed["reps"]) == (3, 16)


def test_live_keeps_its_pace_and_ends_when_asked(app: typer.Typer, broker: Broker) -> None:
    recently = (datetime.now(UTC) - timedelta(days=5)).strftime("%Y-%m-%d")
    words = ("live", "--pace", "40", "--seconds", "4", "--reps", "16", "--from", recently)
    found = told(app, *words, "--bootstrap", broker.address)
    facts = sum(n for message, n in found["acknowledged"].items() if message != "progress")
    assert 50 < facts < 400
    assert found["acknowledged"]["progress"] >= 2
    assert found["sent"] == found["acknowledged"]


def test_dials_are_set_by_name_over_the_mess(app: typer.Typer, tmp_path: Path) -> None:
    words = ("encode", str(tmp_path / "x"), *SPAN, "--reps", "4", "--mess", "0")
    found = told(app, *words, "--dial", "duplicates=0.5")
    billing = {name: found["dials"][name] for name in ("invoiced", "paid")}  # no mess, but usual
    assert min(billing.values()) > 0.5
    assert found["dials"] == {**dict.fromkeys(found["dials"], 0), **billing, "duplicates": 0.5}


def test_people_read_a_table(app: typer.Typer, tmp_path: Path) -> None:
    text = run(app, "encode", str(tmp_path / "x"), *SPAN, "--reps", "4")
    assert "call" in text
    assert "a second" in text


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        (("backfill", "--dial", "duplicate=1"), 2, "names are duplicates"),
        (("backfill", "--dial", "duplicates=lots"), 2, "write a share"),
        (("backfill", "--dial", "duplicates=2"), 2, "write a share"),
        (("live", "--pace", "1", "--speed", "1"), 2, "give one"),
        (("replay", "nowhere.events"), 1, "nowhere.events"),
        (("encode", "x", "--from", "2026-03-18", "--to", "2026-03-16"), 1, "give 0 to"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_mistakes_are_told_with_their_remedy(
    app: typer.Typer, words: tuple[str, ...], code: int, remedy: str
) -> None:
    assert remedy in " ".join(run(app, *words, code=code).replace("│", " ").split())


def test_no_broker_is_one_line_without_a_traceback(app: typer.Typer) -> None:
    from connectors.sources.simulator import producer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(producer, "LOOK_SECONDS", 1.0)
        address = f"127.0.0.1:{free_port()}"
        text = run(app, "backfill", *SPAN, "--bootstrap", address, code=1)
    assert "no Kafka broker answers" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("command", ["backfill", "live", "encode", "replay"])
def test_help_teaches_by_example(app: typer.Typer, command: str) -> None:
    assert "Example: pacesetter simulate" in run(app, command, "--help")
