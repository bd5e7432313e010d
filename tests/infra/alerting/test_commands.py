"""`pacesetter alerts`, as a manager types it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from streams.settings import settings
from tests.brokers import Broker
from tests.infra.alerting.conftest import Ground


@pytest.fixture
def run(
    ground: Ground, server: tuple[str, str, Any], broker: Broker,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any,
) -> Any:  # fmt: skip
    url, token, _ = server
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", url)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_TOKEN", token)
    monkeypatch.setenv("PACESETTER_KAFKA_BOOTSTRAP", broker.address)
    monkeypatch.setenv("PACESETTER_DATA_DIR", str(tmp_path))
    settings.cache_clear()

    def invoke(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["alerts", *arguments])

    yield invoke
    settings.cache_clear()


def test_run_list_and_preview_tell_one_story(run: Any) -> None:
    first = run("list")
    assert (first.exit_code, "nothing fires" in first.output) == (0, True), first.output
    ran = run("run")
    assert (ran.exit_code, ran.output) == (
        0, "looked at 4 (subject, rule) pairs; 2 began or ended\n"
    )  # fmt: skip
    listed = json.loads(run("list", "--json").output)
    assert [(one["rule_id"], one["subject_id"]) for one in listed] == [
        ("burn", "idle"), ("quiet", "idle")
    ]  # fmt: skip
    told = run("preview").output
    assert "idle (All) is €3,000 behind plan in Revenue" in told
    assert "Pace 0%; attainment 0% with 50% of the plan due" in told
    assert told.endswith("2 alerts; nothing was sent\n")
    assert "idle" not in run("preview", "--reader", "channel").output


def test_a_reader_nobody_knows_is_named_with_those_there_are(run: Any) -> None:
    wrong = run("preview", "--reader", "boss")
    assert wrong.exit_code == 2
    assert "MANAGER, REP, CHANNEL" in " ".join(wrong.output.split())
