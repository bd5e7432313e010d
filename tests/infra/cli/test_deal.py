"""`pacesetter deal win` and its neighbours, through a real intake into a real broker."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from connectors.sources.intake.serving import server_of
from infra.cli import by_hand, deal, imports
from infra.cli.by_hand import Floor, floor
from infra.cli.intake import config
from infra.local.secrets import ensure_tokens
from schemas.definitions import Company, Identities, Identity, Rep, Roster, Stint
from streams.settings import settings
from tests.brokers import Broker, free_port, running_broker

app = typer.Typer()
imports.register(app)
deal.register(app)
FLOOR = Floor({"hp-01": "Dana Ruiz", "hp-02": "Dan Brown", "hp-03": "Ana O'Neil"},
              {"hp-01": "dana", "hp-03": "ana"}, "EUR")  # fmt: skip


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACESETTER_KAFKA_BOOTSTRAP", broker.address)
    monkeypatch.setenv("PACESETTER_INTAKE_PORT", str(free_port()))
    monkeypatch.setattr(by_hand, "floor_of", lambda _: FLOOR)
    settings.cache_clear()
    ensure_tokens(settings().data_dir)
    server = server_of(config())
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield tmp_path
    server.should_exit = True
    thread.join(20)
    settings.cache_clear()


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_won_deal_is_in_kafka_and_can_be_taken_back(here: Path, broker: Broker) -> None:
    won = typed("deal", "win", "--rep", "dana", "--amount", "25,000.50", "--name", "Big")
    assert won.exit_code == 0, won.output
    assert "Dana Ruiz (hp-01) won 25,000.50 EUR: manual:deal:" in won.output
    deal_id = won.output.rsplit(maxsplit=1)[-1]
    cancelled = typed("deal", "cancel", deal_id)
    assert cancelled.exit_code == 0, cancelled.output
    first, second = (r for _, _, _, r in broker.records("crm.deals") if r["entity_id"] == deal_id)
    assert (first["owner_id"], first["amount"], first["stage_class"], first["name"]) == (
        "dana", Decimal("25000.50"), "WON", "Big"
    )  # fmt: skip
    assert second["op"] == "CANCELLED"
    assert second["revision"] > first["revision"]
    assert second["created_at"] == first["created_at"]
    assert typed("deal", "cancel", deal_id).exit_code == 1


def test_lost_deals_and_calls(here: Path, broker: Broker) -> None:
    lost = typed("deal", "lose", "--rep", "HP-03", "--currency", "usd", "--reason", "Price")
    assert lost.exit_code == 0, lost.output
    call = typed("call", "log", "--rep", "o'n", "--minutes", "2.5", "--inbound")
    assert call.exit_code == 0, call.output
    (record,) = (r for _, _, _, r in broker.records("crm.deals") if r["stage_class"] == "LOST")
    assert (record["lost_reason"], record["currency"]) == ("Price", "USD")
    ((_, _, _, logged),) = broker.records("crm.calls")
    assert (logged["owner_id"], logged["talk_seconds"], logged["direction"]) == (
        "ana",
        150,
        "INBOUND",
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("deal", "win", "--rep", "dan", "--amount", "1"), 1, "may be several"),
        (("deal", "win", "--rep", "zoe", "--amount", "1"), 1, "is nobody: there are Dana Ruiz"),
        (("deal", "win", "--rep", "hp-02", "--amount", "1"), 1, "user_id: hp-02, rep_id"),
        (("deal", "win", "--rep", "dana", "--amount", "lots"), 1, "is no number"),
        (("deal", "win", "--rep", "dana", "--amount", "-5"), 1, "is no amount"),
        (("deal", "win", "--rep", "dana", "--amount", "1", "--currency", "e"), 3, "capitals"),
        (("deal", "cancel", "manual:deal:x"), 1, "was not made by hand here; there is none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(here: Path, words: tuple[str, ...], code: int, told: str) -> None:
    result = typed(*words)
    assert result.exit_code == code, result.output
    assert told in result.output


def test_without_an_intake_it_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACESETTER_INTAKE_PORT", str(free_port()))
    settings.cache_clear()
    result = typed("deal", "win", "--rep", "dana", "--amount", "1")
    assert result.exit_code == 3
    assert "no intake answers" in result.output


def test_the_floor_is_who_is_there_today() -> None:
    def rep(rep_id: str, until: date | None) -> Rep:
        stint = Stint(valid_from=date(2024, 1, 1), valid_to=until, team_id="t", time_zone="UTC")
        return Rep(rep_id=rep_id, history=(stint,))

    values = {
        "roster": Roster(teams=(), reps=(rep("a", None), rep("b", date(2026, 1, 1)))),
        "identities": Identities(
            identities=(
                Identity(source="manual", user_id="ua", rep_id="a"),
                Identity(source="crm", user_id="x", rep_id="a"),
            )
        ),
        "company": Company(name="c", reporting_currency="USD", time_zone="UTC"),
    }
    there = floor(values, {"a": "Ana"}, datetime(2026, 3, 1, tzinfo=UTC).date())
    assert (there.names, there.users, there.currency) == ({"a": "Ana"}, {"a": "ua"}, "USD")
