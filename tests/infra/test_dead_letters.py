"""Records that were set aside: counted, shown with their bytes, sent again once they are usable."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.cli.main import app
from infra.cli.trouble import Trouble
from infra.dead_letters import Address
from schemas.codec import CatalogueIds, encode
from schemas.keys import partition_of
from schemas.warehouse import Message
from streams.outside import outside
from streams.settings import settings
from tests.ground import Site, site, wait_for
from tests.load import definitions
from tests.streams.engine.records import CALL

pytestmark = [pytest.mark.slow]
GOOD = encode("call", CALL, CatalogueIds())
KEY = CALL["entity_id"].encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), partitions=2) as found:
        found.define(1, definitions(3))
        found.open_epochs()
        found.start_worker()
        found.send("crm.calls", b"k", b"\xff no call at all")
        found.send("crm.progress", b"k", b"no progress")
        wrong = 1 - partition_of(KEY, 2)
        outside(found.settings).publisher.send([Message("crm.calls", KEY, GOOD, wrong)])
        wait_for(
            lambda: len(found.frame("SELECT position FROM spm.dead_letter FINAL")) == 3, "letters"
        )
        yield found


def run(made: Site, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    for name, value in made.env.items():
        if name.startswith("PACESETTER_"):
            monkeypatch.setenv(name, value)
    settings.cache_clear()
    try:
        return CliRunner().invoke(app, ["dead-letter", *arguments])
    finally:
        settings.cache_clear()


def told(result: Result) -> Any:
    return json.loads(result.stdout)


def test_they_are_counted_by_topic_and_reason(made: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(run(made, monkeypatch, "list", "--json"))
    counts = {(c["topic"], c["reason"]): c["records"] for c in found["counts"]}
    assert counts == {
        ("crm.calls", "frame"): 1,
        ("crm.calls", "value"): 1,
        ("crm.progress", "decode"): 1,
    }
    text = run(made, monkeypatch, "list", "--topic", "crm.calls").stdout
    assert "wrong partition" in text
    assert "crm.progress" not in text


def test_one_is_shown_with_its_bytes_and_what_is_wrong(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = told(run(made, monkeypatch, "list", "--json"))["letters"]
    address = next(x["address"] for x in letters if x["reason"] == "frame")
    shown = told(run(made, monkeypatch, "show", address, "--json"))
    assert bytes.fromhex(shown["value"]) == b"\xff no call at all"
    assert shown["trouble_now"]
    text = run(made, monkeypatch, "show", address).stdout
    assert "ff206e6f" in text
    result = run(made, monkeypatch, "show", "crm.calls/0/9.9")
    assert (result.exit_code, "nothing was set aside" in result.stderr) == (1, True)
    result = run(made, monkeypatch, "show", "17")
    assert isinstance(result.exception, Trouble)
    assert "crm.calls/0/1.17" in str(result.exception)


def test_what_is_usable_now_is_sent_again_and_counts_and_the_rest_stays(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = ("--topic", "crm.calls")
    assert told(run(made, monkeypatch, "replay", *calls, "--dry-run", "--json"))["usable"] == 1
    assert made.sums() == {}
    result = run(made, monkeypatch, "replay", *calls, "--json")
    assert result.exit_code == 1  # one is left
    assert [x["reason"] for x in told(result)["left"]] == ["frame"]
    wait_for(made.sums, "the call counts")
    assert {key[0]: value for key, value in made.sums().items() if key[2] == "calls"} == {"r1": 1}
    again = told(run(made, monkeypatch, "replay", *calls, "--json"))
    assert (again["sent"], len(again["left"])) == (0, 1)
    listed = told(run(made, monkeypatch, "list", "--json"))["counts"]
    assert {c["reason"]: c["replayed"] for c in listed if c["topic"] == "crm.calls"} == {
        "frame": 0, "value": 1,
    }  # fmt: skip


def test_an_unknown_topic_is_told_with_those_there_are(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(made, monkeypatch, "list", "--topic", "calls")
    assert "crm.calls" in str(result.exception)


def test_an_address_reads_back_as_written() -> None:
    address = Address("crm.calls", 3, (2 << 40) + 17)
    assert str(address) == "crm.calls/3/2.17"
    assert Address.parse(str(address)) == address
