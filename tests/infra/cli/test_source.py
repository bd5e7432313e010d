"""`pacesetter source`, walked through as somebody does who connects a CRM for the first time."""

import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from connectors.sources.runtime.folder import Sources
from connectors.sources.runtime.state import State
from connectors.sources.vendors.contract import Unavailable
from infra.cli.source import app
from infra.sources.looking import patiently
from streams.settings import settings
from tests.brokers import Broker, running_broker
from tests.connectors.vendors.hubspot_standin import HubSpotStandin

pytestmark = pytest.mark.slow
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


def run(*args: str, said: str = "") -> Result:
    return CliRunner().invoke(app, args, input=said, catch_exceptions=False)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.fixture(scope="module")
def hubspot() -> Iterator[HubSpotStandin]:
    made = HubSpotStandin()
    made.start()
    made.user("501", "ana@example.com", "Ana Alba")
    for number in range(3):
        made.put("deal", str(1001 + number), AT + timedelta(minutes=number), owner="501",
                 name=f"Deal {number}", amount=f"{number + 1}000.50", currency="EUR", stage="WON",
                 close_date="2026-03-02")  # fmt: skip
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, broker: Broker
) -> Sources:
    data = tmp_path_factory.getbasetemp() / "connected"
    data.mkdir(exist_ok=True)
    monkeypatch.chdir(data)
    monkeypatch.setenv("PACESETTER_DATA_DIR", str(data))
    monkeypatch.setenv("PACESETTER_BROKER_PORT", str(broker.port))
    monkeypatch.setenv("PACESETTER_PUBLIC_URL", "https://hooks.example.com")
    settings.cache_clear()
    return Sources(data / "sources")


def given(hubspot: HubSpotStandin, **other: str) -> list[str]:
    said = {**{k: str(v) for k, v in hubspot.settings.items()}, **other}
    return [word for name, value in said.items() for word in ("--set", f"{name}={value}")]


def test_a_wrong_token_is_told_before_anything_is_kept(
    hubspot: HubSpotStandin, folder: Sources
) -> None:
    answer = run("add", "hubspot", "--yes", *given(hubspot, token="pat-wrong-wrong"))
    assert answer.exit_code == 1
    assert "HubSpot" in answer.output
    assert "pat-wrong" not in answer.output
    assert folder.names() == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "siebel"), "no source siebel; there are"),
        (("add", "hubspot", "--yes"), "--set token=... is missing"),
        (("add", "hubspot", "--yes", "--set", "tokn=x"), "has no setting tokn"),
        (("add", "hubspot", "--yes", "--set", "token=@/nowhere"), "/nowhere"),
        (("status", "hubspott"), "there is no source hubspott"),
        (("pause", "hubspott"), "there is no source hubspott"),
    ],
)
def test_a_slip_is_told_with_what_there_is(words: tuple[str, ...], told: str) -> None:
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code != 0
    assert told in answer.output + str(answer.exception)


def test_it_is_added_looked_at_and_listed(
    hubspot: HubSpotStandin, folder: Sources, broker: Broker, tmp_path: Path
) -> None:
    secret = tmp_path / "token.txt"
    secret.write_text(str(hubspot.settings["token"]) + "\n")
    words = given(hubspot, token=f"@{secret}", hook="client-secret-of-the-app")
    added = run("add", "hubspot", "--yes", *words)
    assert added.exit_code == 0, added.output
    assert "target URL https://hooks.example.com/hooks/hubspot" in added.output
    assert "deals: 3 records" in added.output
    assert "It is live" in added.output
    names = {record["name"] for _, _, _, record in broker.records("crm.deals")}
    assert names == {"Deal 0", "Deal 1", "Deal 2"}
    kept = folder.root / "hubspot" / "secrets"
    assert {path.name for path in kept.iterdir()} == {"token", "hook"}
    assert all(stat.S_IMODE(os.stat(path).st_mode) == 0o600 for path in kept.iterdir())
    assert secret.read_text().strip() not in (folder.root / "hubspot/source.yaml").read_text()
    assert run("add", "hubspot", "--yes", *words).exit_code == 1, "the name is taken"


def test_it_says_how_it_does() -> None:
    assert "hubspot" in run("list").output
    told = run("status", "hubspot")
    assert told.exit_code == 0, told.output
    assert "complete to" in told.output
    (one,) = json.loads(run("status", "--json").output)
    assert (one["state"], one["events"], one["records"]) == ("RESTS", 3, 3)
    checked = run("check", "hubspot")
    assert checked.exit_code == 0, checked.output
    assert "ok  mapping.yaml" in checked.output


def test_ten_records_are_shown_before_and_after(folder: Sources) -> None:
    shown = run("preview", "hubspot", "deals")
    assert "deals 1001 -> deal" in shown.output
    assert "amount: 1000.5" in shown.output
    (first, *_) = json.loads(run("preview", "hubspot", "deals", "--count", "1", "--json").output)
    assert first["after"]["stage_class"] == "WON"
    path = folder.mapping_path("hubspot")
    before = path.read_text()
    path.write_text(before.replace("owner_id:", "ownr_id:", 1))
    broken = run("check", "hubspot")
    assert broken.exit_code == 1
    assert "did you mean owner_id?" in broken.output
    assert run("replay", "hubspot").exit_code == 1, "a broken mapping is not replayed"
    path.write_text(before)


def test_a_limit_of_seconds_is_waited_for_and_one_of_a_day_is_told() -> None:
    waits = [Unavailable("its limit is reached", 1.0)]
    slept: list[float] = []

    def ask() -> str:
        if waits:
            raise waits.pop()
        return "answered"

    assert patiently(ask, slept.append) == "answered"
    assert slept == [1.0]
    for patience in (None, 900.0):
        waits = [Unavailable("its limit is reached", patience)]
        with pytest.raises(Unavailable):
            patiently(ask, slept.append)


def test_users_come_as_lines_and_as_a_sheet(tmp_path: Path) -> None:
    out = tmp_path / "users.csv"
    told = run("users", "hubspot", "--out", str(out))
    assert "ana@example.com" in told.output
    assert out.read_text().splitlines()[1].startswith("501,Ana Alba,ana@example.com")


def test_a_mended_mapping_is_mapped_anew_without_asking(
    hubspot: HubSpotStandin, folder: Sources, broker: Broker
) -> None:
    path = folder.mapping_path("hubspot")
    path.write_text(path.read_text().replace("properties.dealname", "properties.dealstage"))
    asked = hubspot.asked
    assert run("replay", "hubspot").exit_code == 0
    assert hubspot.asked == asked
    reconciled = run("reconcile", "hubspot")
    assert reconciled.exit_code == 0, reconciled.output
    newest = {record["source_id"]: record for _, _, _, record in broker.records("crm.deals")}
    assert {record["name"] for record in newest.values()} == {"closedwon"}
    assert "3 records were not as hubspot has them" in reconciled.output
    assert "Everything was here as hubspot has it." in run("reconcile", "hubspot").output


def test_it_rests_goes_on_and_goes(folder: Sources) -> None:
    assert run("pause", "hubspot").exit_code == 0
    assert "paused" in run("status", "hubspot").output
    assert run("backfill", "hubspot").exit_code == 1
    assert run("resume", "hubspot").exit_code == 0
    before = folder.hook_secrets("hubspot")
    assert run("secret", "hubspot").exit_code == 0
    assert folder.hook_secrets("hubspot")[1:] == before
    assert run("secret", "hubspot", "--drop-previous").exit_code == 0
    assert len(folder.hook_secrets("hubspot")) == 1
    state = State(folder.state_path("hubspot"))
    assert state.counts()["records"] == 3
    state.close()
    assert run("remove", "hubspot", "--yes").exit_code == 0
    assert folder.names() == []
    assert "There is no source yet" in run("list").output


def test_it_asks_for_what_it_needs_and_hides_what_is_secret(hubspot: HubSpotStandin) -> None:
    words = given(hubspot)
    at = words.index(f"token={hubspot.settings['token']}")
    del words[at - 1 : at + 1]
    token = str(hubspot.settings["token"])
    answers = "\n".join([token, *[""] * 6]) + "\n"
    added = run("add", "hubspot", "--name", "asked", "--no-wait", *words, said=answers)
    assert added.exit_code == 0, added.output
    assert token not in added.output
    assert run("remove", "asked", "--yes").exit_code == 0
