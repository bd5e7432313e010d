"""Every record of a batch becomes a fact, a marker or a dead letter, whatever it is."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.keys import partition_of
from streams.agents.folds import FOLDS
from streams.engine.decoding import Reading, decode
from tests.streams.engine.records import CALL, IDS, batch

FOLD = FOLDS["crm.calls"]
READING = Reading("call", FOLD.faults, partitions=1)
MARKER = {"sequence": 7, "written_at": datetime(2026, 1, 1, tzinfo=UTC), "reason": "test"}


def fact(number: int, **changes: Any) -> tuple[bytes, bytes]:
    record = CALL | {"entity_id": f"dialer:{number}"} | changes
    return record["entity_id"].encode(), encode("call", record, IDS)


def decoded(pairs: list[tuple[bytes | None, bytes | None]]) -> Any:
    return decode([batch("crm.calls", 0, pairs, start=10)], READING, IDS)


def test_facts_and_markers_keep_their_offsets() -> None:
    pairs = [fact(1), (b"m", encode("marker", MARKER, IDS)), fact(2)]
    found = decoded(pairs)
    assert found.frame["offset"].to_list() == [10, 12]
    assert [(m.offset, m.sequence) for m in found.markers] == [(11, 7)]
    assert not found.dead


GOOD = [encode("call", CALL, IDS), encode("marker", MARKER, IDS)]
BYTES = st.one_of(
    st.none(),
    st.binary(max_size=8),
    st.sampled_from(GOOD).flatmap(lambda value: st.sampled_from([value, value[:7], value[1:]])),
)


@given(st.lists(st.one_of(BYTES, st.just(GOOD[0])), max_size=40))
def test_every_record_is_found_once_whatever_its_frame(values: list[bytes | None]) -> None:
    found = decoded([(CALL["entity_id"].encode(), value) for value in values])
    places = [*found.frame["offset"], *(m.offset for m in found.markers)]
    assert sorted([*places, *(d.offset for d in found.dead)]) == [
        10 + i for i in range(len(values))
    ]
    expected = [10 + i for i, value in enumerate(values) if value == GOOD[0]]
    assert found.frame["offset"].to_list() == expected
    assert [m.offset for m in found.markers] == [
        10 + i for i, value in enumerate(values) if value == GOOD[1]
    ]
    assert {d.offset: d.value for d in found.dead} == {
        10 + i: value for i, value in enumerate(values) if value not in GOOD
    }


RUNS = ((1, 2, 3), (4, 5, 6))


def test_offsets_that_kafka_left_out_are_left_out() -> None:
    # After a compaction, or where a transaction ends.
    batches = [batch("crm.calls", 0, [fact(i) for i in some], 10 * some[0]) for some in RUNS]
    for record, offset in zip(batches[1].records, (41, 44, 45), strict=True):
        record.offset = offset
    assert decode(batches, READING, IDS).frame["offset"].to_list() == [10, 11, 12, 41, 44, 45]
    batches[0].records[1].value = None  # then rows are chosen
    found = decode(batches, READING, IDS)
    assert found.frame["offset"].to_list() == [10, 12, 41, 44, 45]
    assert [d.offset for d in found.dead] == [11]


@pytest.mark.parametrize(
    ("pair", "reason", "says"),
    [
        ((b"k", None), "frame", "too few"),
        ((b"k", b"{}"), "frame", "too few"),
        ((b"k", b'{"entity_id": 1}'), "frame", "magic byte"),
        ((b"k", b"\0\0\0\0\x63abc"), "frame", "not in the catalogue"),
        ((b"k", b"\0\0\0\0\x01abc"), "decode", "no call"),
        ((b"k", encode("progress", _progress := {
            "source": "s", "complete_through": MARKER["written_at"],
            "observed_at": MARKER["written_at"], "detail": None}, IDS)), "message", "progress"),
        ((b"other", fact(5)[1]), "value", "not the entity_id"),
        (fact(5, op="UNKNOWN"), "value", "neither SET nor CANCELLED"),
        (fact(5, source=""), "value", "source is empty"),
        (fact(5, occurred_at=datetime(9000, 1, 1, tzinfo=UTC)), "value", "outside 1970 to 2199"),
    ],
)  # fmt: skip
def test_a_bad_record_is_set_aside_and_its_neighbours_go_on(
    pair: tuple[bytes | None, bytes | None], reason: str, says: str
) -> None:
    found = decoded([fact(1), pair, fact(2)])
    assert found.frame["entity_id"].to_list() == ["dialer:1", "dialer:2"]
    assert [(d.offset, d.reason, d.value) for d in found.dead] == [(11, reason, pair[1])]
    assert says in found.dead[0].detail


def test_two_damaged_neighbours_are_both_found() -> None:
    (k1, v1), (k2, v2) = fact(1), fact(2)
    found = decoded([fact(0), (k1, v1[:-1]), (k2, v2 + b"\0"), fact(3)])
    assert found.frame["entity_id"].to_list() == ["dialer:0", "dialer:3"]
    assert [d.offset for d in found.dead] == [11, 12]


def test_a_key_in_the_wrong_partition_is_set_aside() -> None:
    key, value = fact(1)
    right = partition_of(key, 4)
    reading = Reading("call", FOLD.faults, partitions=4)
    good = decode([batch("crm.calls", right, [(key, value)])], reading, IDS)
    bad = decode([batch("crm.calls", (right + 1) % 4, [(key, value)])], reading, IDS)
    assert len(good.frame) == 1
    assert "murmur2_random" in bad.dead[0].detail


def test_a_batch_of_nothing_good_is_an_empty_frame() -> None:
    found = decoded([(b"k", b"")])
    assert found.frame.is_empty()
    assert len(found.dead) == 1
