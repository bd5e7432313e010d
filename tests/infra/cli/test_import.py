"""`pacesetter import` into a real broker, as a user types it."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from infra.cli import deal, imports
from streams.settings import settings
from tests.brokers import Broker, running_broker
from tests.samples import ROOT, sample

DEALS = ROOT / "infra" / "sample" / "mappings" / "deals.csv"
app = typer.Typer()
imports.register(app)
deal.register(app)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACESETTER_KAFKA_BOOTSTRAP", broker.address)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def typed(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, words)])


def test_the_shipped_sample_is_in_kafka_and_twice_says_the_same(broker: Broker) -> None:
    first = typed(DEALS, "--mapping", "deals")
    assert first.exit_code == 0, first.output
    assert "6 deals sent, acknowledged by Kafka (1 as cancelled)" in first.output
    typed(DEALS, "--mapping", "deals")
    records = [r for _, _, _, r in broker.records("crm.deals") if r["source"] == "files"]
    assert set(Counter(json.dumps(r, default=str) for r in records).values()) == {2}


def test_meridian_totals_in_kafka_are_those_of_the_file(broker: Broker) -> None:
    path = sample("meridian_sales_demo/deals.csv")
    result = typed(path, "--mapping", "meridian_deals", "--as-of", "2026-03-15T00:00:00Z", "--json")
    assert result.exit_code == 0, result.output
    account = json.loads(result.stdout)
    assert (account["read"], account["sent"], account["refused"]) == (75, {"deal": 75}, 0)
    stored = [r for _, _, _, r in broker.records("crm.deals") if r["source"] == "meridian"]
    won = Counter[str]()
    for record in stored:
        won[record["owner_id"]] += (
            record["amount"] if record["stage_class"] == "WON" else Decimal(0)
        )
    frame = pd.read_csv(path)
    wanted = frame[frame.stage == "Closed Won"].groupby("rep_id").deal_value.sum().to_dict()
    assert {rep: int(total) for rep, total in won.items() if total} == wanted


def test_a_dry_run_lists_and_sends_nothing(here: Path, broker: Broker) -> None:
    text = DEALS.read_text().replace("D-", "DRY-").replace("Closed Lost", "Lostt")
    (here / "d.csv").write_text(text)
    result = typed("d.csv", "--mapping", "deals", "--dry-run")
    assert result.exit_code == 2
    assert "row 4: Stage (stage_class) is Lostt: is not in the lookup" in result.output
    assert "5 deals would be sent" in result.output
    assert [p.name for p in here.iterdir()] == ["d.csv"]
    records = broker.records("crm.deals")
    assert not [r for _, _, _, r in records if r["source_id"].startswith("DRY-")]


def test_refused_rows_are_written_corrected_and_imported(here: Path, broker: Broker) -> None:
    text = DEALS.read_text().replace("D-", "FIX-").replace("7200", "7200 EUR")
    (here / "d.csv").write_text(text)
    result = typed("d.csv", "--mapping", "deals")
    assert result.exit_code == 2
    assert "1 refused" in result.output
    refused = here / "d.refused.csv"
    assert refused.name in result.output
    refused.write_text(refused.read_text().replace("7200 EUR", "7200"))
    assert typed(refused, "--mapping", "deals").exit_code == 0
    ids = {r["source_id"] for _, _, _, r in broker.records("crm.deals")}
    assert {f"FIX-{n}" for n in range(1001, 1007)} <= ids


def test_canonical_lines_need_no_mapping(here: Path, broker: Broker) -> None:
    line = (ROOT / "schemas" / "examples" / "call.json").read_text().replace("\n", " ")
    (here / "e.jsonl").write_text(line + "\n" + '{"message": "calls"}\n')
    result = typed("e.jsonl")
    assert result.exit_code == 2
    assert "1 call sent" in result.output
    assert "message is calls: is no message of sources" in result.output
    assert json.loads((here / "e.refused.jsonl").read_text())["_problem"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("absent.csv", "--mapping", "deals"), "cannot be read"),
        ((DEALS,), "name a mapping with --mapping"),
        ((DEALS, "--mapping", "dealz"), "calls, deals, hubspot_calls"),
        (
            (DEALS, "--mapping", "meridian_deals", "--as-of", "2026-03-15T00:00Z"),
            "there is no column",
        ),
        ((DEALS, "--mapping", "meridian_deals"), "pass --as-of"),
        ((DEALS, "--mapping", "deals", "--as-of", "yesterday"), "is no instant"),
        ((DEALS, "--mapping", "deals", "--as-of", "2026-03-15T08:00"), "names no time zone"),
        ((DEALS, "--mapping", "deals", "--with", "x=y.csv"), "has no such file"),
        ((DEALS, "--mapping", "deals", "--with", "x"), "names no file"),
        ((DEALS, "--mapping", DEALS), "deals.csv"),
        (("semi.csv", "--mapping", "deals"), 'write file.delimiter: ";"'),
        ((DEALS, "--mapping", "meridian_reps"), "--out DIR"),
        ((DEALS, "--mapping", "hubspot_deals", "--as-of", "2026-03-15"), "pass --with stage=FILE"),
        (("bad.csv", "--mapping", "deals", "--refused", "semi.csv/r.csv"), "semi.csv"),
    ],
)
def test_wrong_words_are_told_and_nothing_is_sent(
    here: Path, words: tuple[str, ...], told: str
) -> None:
    (here / "bad.csv").write_text(DEALS.read_text().replace("EUR", "euro"))
    (here / "semi.csv").write_text(DEALS.read_text().replace(",", ";"))
    result = typed(*words)
    assert result.exit_code == 1, result.output
    assert told in result.output
    assert "Traceback" not in result.output


def test_without_kafka_it_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACESETTER_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setattr("infra.cli.kafka.ANSWER_SECONDS", 1.0)
    settings.cache_clear()
    result = typed(DEALS, "--mapping", "deals")
    assert result.exit_code == 1
    assert "nothing was sent: no broker at 127.0.0.1:1" in result.output


def test_without_topics_it_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_broker(with_topics=False) as empty:
        monkeypatch.setenv("PACESETTER_KAFKA_BOOTSTRAP", empty.address)
        settings.cache_clear()
        result = typed(DEALS, "--mapping", "deals")
    assert result.exit_code == 1
    assert "run `pacesetter setup`" in result.output


def test_people_become_definitions_that_pass_the_check(here: Path) -> None:
    from infra.definitions.checking import check
    from infra.definitions.loading import load
    from infra.definitions.problems import Severity

    path = sample("meridian_sales_demo/reps.csv")
    result = typed(path, "--mapping", "meridian_reps", "--out", "company")
    assert result.exit_code == 0, result.output
    loaded = load(here / "company")
    assert not loaded.problems, [str(p) for p in loaded.problems]
    assert not [str(f) for f in check(loaded.values) if f.severity is Severity.ERROR]
    again = typed(path, "--mapping", "meridian_reps", "--out", "company", "--json")
    assert json.loads(again.stdout)["files"] == []
