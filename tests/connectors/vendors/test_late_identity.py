"""A record whose natural identifier is known late: the twin is merged into it, and counts once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.sources.producing import Event, EventProducer, ProducerSettings
from connectors.sources.runtime.folder import Source as Settings
from connectors.sources.runtime.folder import Sources, vendor_named
from connectors.sources.runtime.log import Kafka, ensure
from connectors.sources.runtime.mapping_loop import MappingLoop
from connectors.sources.runtime.records import framed, of_notice
from connectors.sources.runtime.state import State
from connectors.sources.runtime.world import World
from connectors.sources.vendors.contract import Notice
from tests.brokers import Broker, running_broker
from tests.connectors.vendors.test_folding import BEGUN, IDS, TEXT, Source, minute
from tests.ground import ROOT

OWN, SHARED = "acme:call:c1", "dialer:7b0e"


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    state = State(tmp_path / "state.sqlite3")
    yield Source(state)
    state.close()


def ends(events: list[Event]) -> list[tuple[str, str, str | None]]:
    return [(e.record["entity_id"], e.record["op"], e.record.get("merged_into")) for e in events]


def counted(source: Source) -> set[str]:
    """Return the entities that count after all that was sent, in whatever order it arrives."""
    newest: dict[str, dict[str, Any]] = {}
    for event in source.sent:
        known = newest.get(event.record["entity_id"])
        if known is None or event.record["revision"] > known["revision"]:
            newest[event.record["entity_id"]] = event.record
    return {name for name, record in newest.items() if record["op"] == "SET"}


def test_the_twin_is_merged_into_the_identity_that_was_known_late(source: Source) -> None:
    source.read(1, 60, 2)
    made = source.read(3, 60, 4, uuid="7b0e")
    assert ends(made) == [(OWN, "CANCELLED", SHARED), (SHARED, "SET", None)]
    assert source.read(3, 60, 5, uuid="7b0e") == []
    assert counted(source) == {SHARED}
    (end,) = source.gone(6, 6.1)
    assert ends([end]) == [(SHARED, "CANCELLED", None)]


def test_a_deleted_record_that_comes_back_with_its_identity_is_merged(source: Source) -> None:
    source.read(1, 60, 2)
    source.gone(3, 3.1)
    made = source.read(5, 60, 6, uuid="7b0e")
    assert ends(made) == [(OWN, "CANCELLED", SHARED), (SHARED, "SET", None)]


def test_an_entity_that_others_share_is_left_and_not_merged_away(source: Source) -> None:
    """The dialer's call 7b0e goes on counting when the CRM has corrected which one it meant."""
    source.read(1, 60, 2, uuid="7b0e")
    made = source.read(3, 60, 4, uuid="8c1f")
    assert ends(made) == [(SHARED, "CANCELLED", None), ("dialer:8c1f", "SET", None)]


def test_a_record_that_loses_its_identity_takes_its_own_back(source: Source) -> None:
    source.read(1, 60, 2)
    source.read(3, 60, 4, uuid="7b0e")
    made = source.read(5, 60, 6)
    assert ends(made) == [(SHARED, "CANCELLED", None), (OWN, "SET", None)]
    assert counted(source) == {OWN}
    source.epoch = 2
    assert ends(source.read(5, 60, 7)) == [(SHARED, "CANCELLED", None), (OWN, "SET", None)]
    assert counted(source) == {OWN}


def test_a_record_too_long_to_be_sent_does_not_take_its_twin_away(source: Source) -> None:
    source.read(1, 60, 2)
    assert source.read(3, 60, 4, uuid="7" * 1_000_000) == []
    assert counted(source) == {OWN}
    made = source.read(5, 60, 6, uuid="7b0e")
    assert ends(made) == [(OWN, "CANCELLED", SHARED), (SHARED, "SET", None)]


def test_a_mapping_that_learns_of_the_identity_merges_what_it_sent_before(source: Source) -> None:
    source.knows_uuid = False
    source.read(1, 60, 2, uuid="7b0e")
    source.knows_uuid, source.number = True, 1
    made = source.read(1, 60, 2, uuid="7b0e")
    assert ends(made) == [(OWN, "CANCELLED", SHARED), (SHARED, "SET", None)]
    assert counted(source) == {SHARED}


def test_a_log_that_was_lost_is_told_again_that_the_twin_is_none(source: Source) -> None:
    """A worker may have had the twin and not yet what became of it."""
    source.read(1, 60, 2)
    first = source.read(3, 60, 4, uuid="7b0e")
    source.epoch = 2
    again = source.read(3, 60, 5, uuid="7b0e")
    assert [e.record for e in again] == [e.record for e in first]
    assert source.read(3, 60, 6, uuid="7b0e") == [], "once for each log"
    source.epoch = 3
    assert ends(source.gone(7, 7.1)) == [
        (OWN, "CANCELLED", SHARED), (SHARED, "CANCELLED", None),
    ]  # fmt: skip


def test_what_is_of_no_kind_any_more_is_told_to_a_new_log_too(source: Source) -> None:
    source.read(1, 60, 2)
    (end,) = source.read(3, 60, 4, kind="note")
    source.epoch = 2
    assert [e.record for e in source.read(3, 60, 5, kind="note")] == [end.record]


class Dying(EventProducer):
    """Sends the first of two messages that belong together, and is killed."""

    def publish(self, events: list[Event], *, patient: bool = False) -> Any:  # type: ignore[override]
        if any(event.record.get("merged_into") for event in events):
            super().publish(events[:-1], patient=patient).wait()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().publish(events, patient=patient)


def world(folder: Path, address: str, made: type[EventProducer] = EventProducer) -> World:
    sources = Sources(folder)
    kafka = Kafka({"bootstrap.servers": address, "log_level": 0}, IDS)
    producer = made(ProducerSettings(address, deadline_seconds=10.0), IDS)
    source = sources.read("acme")
    return World(source, vendor_named(source), sources, kafka, producer)


def mapped(one: World) -> None:
    """Map all that stands in the log."""
    loop, state = MappingLoop(one), one.state()
    for _ in range(5):
        loop.turn(state)
    loop._close()
    state.close()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.mark.slow
def test_kill_9_between_the_two_messages_leaves_one_call(broker: Broker, tmp_path: Path) -> None:
    sources = Sources(tmp_path)
    sources.add(Settings("acme", "webhook"), {"hook": "whsec_c2VjcmV0c2VjcmV0c2VjcmV0"})
    sources.mapping_path("acme").write_text(TEXT.replace("SECONDS", "seconds"))
    one = world(tmp_path, broker.address)
    ensure(one.kafka, "acme")
    record = {"id": "c1", "changed": BEGUN.isoformat(), "seconds": 60}
    told = [record, record | {"changed": minute(3).isoformat(), "uuid": "7b0e"}]
    for said in told[:1]:
        _kept(one, said)
    mapped(one)
    _kept(one, told[1])
    child = subprocess.run(
        [sys.executable, "-c", "from tests.connectors.vendors import test_late_identity as t; "
         f"from pathlib import Path; t.mapped(t.world(Path({str(tmp_path)!r}), "
         f"{broker.address!r}, t.Dying))"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr[-2000:]
    assert [r["op"] for r in _in_kafka(broker, SHARED)] == [], "it was killed between the two"
    mapped(one)
    twin = _in_kafka(broker, OWN)
    assert [(r["op"], r["merged_into"]) for r in twin] == [
        ("SET", None), ("CANCELLED", SHARED), ("CANCELLED", SHARED),
    ]  # fmt: skip
    assert twin[1] == twin[2], "what is done again changes nothing"
    assert [r["op"] for r in _in_kafka(broker, SHARED)] == ["SET"]
    one.producer.close(1.0)


def _kept(one: World, record: dict[str, Any]) -> None:
    notice = Notice("call", "c1", None, record)
    one.send([framed(of_notice("acme", notice, datetime.now(UTC)), IDS)])


def _in_kafka(broker: Broker, entity_id: str) -> list[dict[str, Any]]:
    rows = broker.records("crm.calls")
    return [record for _, key, _, record in rows if key == entity_id.encode()]
