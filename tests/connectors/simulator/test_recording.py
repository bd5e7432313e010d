"""Recordings: what goes in comes out, and a damaged file is refused before anything is sent."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sources.simulator import recording
from connectors.sources.simulator.delivery import Event, Progress
from connectors.sources.simulator.recording import Damaged, encode_to, entries, open_recording
from schemas import codec
from tests.connectors.simulator.floors import IDS, story


def items() -> list[Event | Progress]:
    return [*islice(story(), 3000), Progress(5, 6)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "load.events"
    encode_to(path, items(), "simulator", about={"seed": 7})
    return path


def test_what_goes_in_comes_out(file: Path) -> None:
    found = open_recording(file)
    assert (found.count, found.source, found.about) == (3001, "simulator", {"seed": 7})
    *facts, last = entries(found)
    assert [(e.message, e.at, e.key, e.value) for e in facts] == [
        (e.message, e.at, e.key, e.value) for e in islice(story(), 3000)
    ]
    message, record = codec.decode(last.value, IDS)
    assert (message, last.key, record["source"]) == ("progress", b"simulator", "simulator")
    assert record["complete_through"].timestamp() * 1000 == 5


def test_entries_may_lie_across_chunks(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(entries(open_recording(file)))
    for size in (64, 997):
        monkeypatch.setattr(recording, "CHUNK_BYTES", size)
        assert list(entries(open_recording(file))) == whole


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("recording") / "small.events"
    encode_to(path, islice(story(), 40), "simulator")
    return path.read_bytes()


@settings(deadline=None)  # it writes files, beside whatever else the machine does
@given(data=st.data())
def test_any_missing_or_altered_byte_is_noticed(
    whole: bytes, data: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    begins = whole.index(b"\n") + 1
    at = data.draw(st.integers(begins, len(whole) - 1))
    flipped = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    path = tmp_path_factory.mktemp("damaged") / "x"
    for damaged in (whole[:at], flipped):
        path.write_bytes(damaged)
        with pytest.raises(Damaged, match="record it again"):
            open_recording(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"hello", b'{"format":"other"}\n'])
def test_another_file_is_told_apart(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(Damaged, match="no recording"):
        open_recording(path)


def test_a_recording_that_fails_leaves_no_file_under_its_name(tmp_path: Path) -> None:
    def broken() -> Any:
        yield story()[0]
        raise RuntimeError("the floor burned down")

    with pytest.raises(RuntimeError):
        encode_to(tmp_path / "x", broken(), "simulator")
    assert not (tmp_path / "x").exists()


def test_values_are_framed_anew_under_other_schema_ids(file: Path) -> None:
    class Registry:
        def id_of(self, message: str) -> int:
            return 900 + len(message)

        def schema_of(self, schema_id: int) -> Any:
            raise AssertionError

    sent: list[tuple[str, bytes]] = []

    class Sink:
        def flush(self) -> None:
            pass

        def send_batch(self, message: str, batch: list[dict[str, bytes]]) -> None:
            sent.extend((message, each["value"]) for each in batch)

    recording.replay(open_recording(file), Sink(), ids=Registry())  # type: ignore[arg-type]
    assert Counter(codec.schema_id_of(v) - 900 - len(m) for m, v in sent) == {0: 3001}
    assert Counter(v[5:] for _, v in sent[:-1]) == Counter(
        e.value[5:] for e in islice(story(), 3000)
    )
    assert sent[-1][0] == "progress", "it must not promise what is not sent yet"
