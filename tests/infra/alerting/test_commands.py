"""`pacesetter alerts`, as a manager types it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from streams.settings import settings
from tests.brokers import Broker
from tests.infra.alerting.conftest import Ground
from tests.infra.alerting.receivers import web


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
    assert "idle" not in run("preview", "--reader", "channel", "--as", "slack").output


def test_a_reader_nobody_knows_is_named_with_those_there_are(run: Any) -> None:
    wrong = run("preview", "--reader", "boss")
    assert wrong.exit_code == 2
    assert "MANAGER, REP, CHANNEL" in " ".join(wrong.output.split())


def test_what_is_said_about_an_alert_stands_beside_it(run: Any) -> None:
    run("run")
    assert run("ack", "burn", "idle", "--author", "bo", "--note", "we talked").exit_code == 0
    assert run("snooze", "quiet", "idle", "--until", "2199-01-01", "--author", "bo").exit_code == 0
    listed = {one["rule_id"]: one for one in json.loads(run("list", "--json").output)}
    assert listed["burn"]["acknowledged_by"] == "bo"
    assert listed["quiet"]["snoozed_until"].startswith("2199-01-01")
    assert "taken on by bo" in run("list").output
    assert run("wake", "quiet", "idle").exit_code == 0
    assert json.loads(run("list", "--json").output)[1]["snoozed_until"] is None
    nobody = run("ack", "burn", "busy")
    assert nobody.exit_code == 1
    assert "alerts list --all" in nobody.output


def test_a_channel_is_checked_and_tried_and_its_secret_never_shown(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    with web() as receiver:
        monkeypatch.setenv("PACESETTER_CHANNELS", '{"ops": {"kind": "slack"}}')
        settings.cache_clear()
        without = run("check")
        assert without.exit_code == 1
        assert "PACESETTER_CHANNEL_OPS_URL" in without.output
        assert "route MANAGER of burn leads nowhere" in without.output
        (tmp_path / "url").write_text(receiver.url)
        monkeypatch.setenv("PACESETTER_CHANNEL_OPS_URL_FILE", str(tmp_path / "url"))
        assert run("check").exit_code == 0
        tried = run("test", "--channel", "ops", "--locale", "de")
        assert (tried.exit_code, tried.output) == (0, "channel ops took it: HTTP 200\n")
        assert "Test" in receiver.posts[0].body.decode()
        receiver.answers = [(403, {}, b"invalid_token")]
        refused = json.loads(run("test", "--channel", "ops", "--json").output)
        assert refused == {"channel": "ops", "sent": False, "reason": "HTTP 403 invalid_token",
                           "kind": "NEVER"}  # fmt: skip
    assert "secretpath" not in without.output + tried.output
    assert "is no channel" in run("test", "--channel", "opps").output


def test_past_days_are_told_by_rule(run: Any, ground: Ground) -> None:
    since = str(ground.today - timedelta(days=3))
    told = json.loads(run("simulate", "--since", since, "--rule", "quiet", "--json").output)
    assert [(one["rule_id"], one["subject_id"], one["told"]) for one in told] == [
        ("quiet", "idle", True)
    ]  # fmt: skip
    assert "is no rule" in " ".join(run("simulate", "--since", since, "--rule", "x").output.split())
