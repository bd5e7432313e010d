"""Folding: pushes and reads of one change give one event, whatever came first or twice."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sources.producing import Event
from connectors.sources.runtime.folding import Fold, Kept
from connectors.sources.runtime.records import framed, notice_of, of_notice
from connectors.sources.runtime.state import State
from connectors.sources.vendors.contract import Notice
from connectors.sources.vendors.mapping import parsed
from connectors.sources.vendors.webhook import VENDOR
from schemas.codec import CatalogueIds, decode

BEGUN = datetime(2026, 3, 1, 8, tzinfo=UTC)
IDS = CatalogueIds()
TEXT = """
source: acme
objects:
  call:
    message: call
    skip_if: {column: kind, is: note}
    fields:
      source_id: id
      entity_id: {template: "dialer:{uuid}", when: {column: uuid, empty: false}}
      revision: changed
      created_at: {constant: "2026-03-01T08:00:00Z"}
      occurred_at: {constant: "2026-03-01T08:00:00Z"}
      owner_id: owner
      direction: {constant: OUTBOUND}
      status: {constant: COMPLETED}
      talk_seconds: SECONDS
"""


def minute(count: float) -> datetime:
    return BEGUN + timedelta(minutes=count)


@dataclass
class Source:
    """One source's memory and what it has sent."""

    state: State
    number: int = 0
    can_read: bool = True
    epoch: int = 1
    seconds: str = "seconds"
    knows_uuid: bool = True
    sent: list[Event] = field(default_factory=list)
    offset: int = 0

    def take(self, notice: Notice, at: datetime) -> list[Event]:
        """Fold what the vendor was heard to say when it was asked."""
        text = TEXT.replace("SECONDS", self.seconds)
        mapping = parsed(text if self.knows_uuid else text.replace("entity_id:", "#"), "m.yaml")
        fold = Fold(VENDOR, mapping, self.number, self.state, can_read=self.can_read)
        row = framed(of_notice("acme", notice, at), IDS)
        raw = decode(row.value, IDS)[1]
        self.offset += 1
        with self.state.changing():
            made = fold.events(Kept(raw, self.epoch, self.offset, row.key, row.value))
        self.sent += made
        return made

    def read(self, changed: float, seconds: int, at: float, **more: Any) -> list[Event]:
        record = {"id": "c1", "changed": minute(changed).isoformat(), "seconds": seconds, **more}
        return self.take(Notice("call", "c1", minute(changed), record), minute(at))

    def gone(self, at: float | None, read_at: float) -> list[Event]:
        when = None if at is None else minute(at)
        return self.take(Notice("call", "c1", when, gone=True), minute(read_at))

    @property
    def now(self) -> Any:
        return max((e.record for e in self.sent), key=lambda r: r["revision"], default=None)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    state = State(tmp_path / "state.sqlite3")
    yield Source(state)
    state.close()


def test_what_is_read_twice_is_sent_once(source: Source) -> None:
    assert len(source.read(1, 60, 2)) == 1
    assert source.read(1, 60, 3) == []
    assert source.read(0.5, 50, 4) == [], "an older state is no news"


def test_a_part_that_changed_without_a_sign_is_sent_when_it_is_read_later(source: Source) -> None:
    source.read(1, 60, 2)
    assert source.read(1, 70, 1.5) == [], "that was asked for earlier"
    (event,) = source.read(1, 70, 3)
    assert event.record["talk_seconds"] == 70
    assert source.now["talk_seconds"] == 70


def test_a_deletion_repeats_the_last_state_and_comes_once(source: Source) -> None:
    source.read(1, 60, 2)
    (event,) = source.gone(3, 3.1)
    assert (event.record["op"], event.record["talk_seconds"]) == ("CANCELLED", 60)
    assert source.gone(4, 4.1) == []
    assert source.gone(None, 5) == []


def test_a_read_from_before_a_deletion_does_not_bring_it_back(source: Source) -> None:
    source.read(1, 60, 2)
    source.gone(3, 3.1)
    assert source.read(1, 60, 3.2) == []
    assert source.state.counts()["wanted"] == 1, "it is asked again when it is sure"
    assert source.now["op"] == "CANCELLED"


def test_a_restored_record_that_was_not_changed_is_there_again(source: Source) -> None:
    source.read(1, 60, 2)
    source.gone(3, 3.1)
    (event,) = source.read(1, 60, 9)
    assert event.record["op"] == "SET"
    assert source.now["op"] == "SET"
    assert source.read(1, 60, 10) == []


def test_a_deletion_heard_of_before_the_record_holds(source: Source) -> None:
    assert source.gone(3, 3.1) == []
    assert source.read(1, 60, 3.2) == []
    (event,) = source.read(4, 60, 5)
    assert event.record["op"] == "SET"


def test_what_is_of_no_kind_any_more_is_taken_back(source: Source) -> None:
    source.read(1, 60, 2)
    (event,) = source.read(3, 60, 4, kind="note")
    assert event.record["op"] == "CANCELLED"
    (event,) = source.read(5, 60, 6)
    assert event.record["op"] == "SET"


def test_a_mapping_that_was_mended_wins_over_what_it_sent_before(source: Source) -> None:
    source.seconds = "wrong"
    source.read(1, 60, 2)
    source.seconds, source.number = "seconds", 1
    (event,) = source.read(1, 60, 2)
    assert event.record["talk_seconds"] == 60
    assert event.record["revision"] == source.sent[0].record["revision"] + 1
    assert source.now["talk_seconds"] == 60


def test_a_new_number_alone_sends_nothing(source: Source) -> None:
    source.read(1, 60, 2)
    source.number = 3
    assert source.read(1, 60, 2) == []


def test_a_log_that_was_lost_is_told_everything_again_with_the_same_revision(
    source: Source,
) -> None:
    source.read(1, 60, 2)
    source.epoch = 2
    (event,) = source.read(1, 60, 3)
    assert event.record == source.sent[0].record


def test_what_cannot_be_mapped_is_set_aside_with_its_bytes(source: Source) -> None:
    assert source.read(1, "many", 2) == []  # type: ignore[arg-type]
    (aside,) = source.state.aside(10)
    assert aside.reason == "mapping"
    assert "seconds" in aside.detail
    raw = decode(aside.value, IDS)[1]
    assert notice_of(raw).record_id == "c1"


STEP = st.tuples(st.sampled_from(["set", "set", "delete"]), st.integers(1, 500))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=1, max_size=6), seed=st.integers(0, 2**16))
def test_however_reads_come_the_last_one_decides(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], seed: int
) -> None:
    """Reads of a history, repeated and in any order, and one in the end: it stands as it is."""
    source = Source(State(tmp_path_factory.mktemp("s") / "s.sqlite3"))
    chance, told = random.Random(seed), []
    for number, (what, seconds) in enumerate(steps):
        at = number * 10.0
        told += [(what, at, seconds)] * chance.randint(1, 2)
    chance.shuffle(told)
    what, at, seconds = steps[-1][0], (len(steps) - 1) * 10.0, steps[-1][1]
    for kind, then, value in [*told, (what, at, seconds)]:
        if kind == "set":
            source.read(then, value, then + 1 if (kind, then) != (what, at) else at + 5)
        else:
            source.gone(then, then + 1)
    if what == "set":
        assert (source.now["op"], source.now["talk_seconds"]) == ("SET", seconds)
    elif source.now is not None:
        assert source.now["op"] == "CANCELLED"
    revisions = [event.record["revision"] for event in source.sent]
    assert len(set(revisions)) == len(revisions), "no revision says two things"
    source.state.close()
