"""Kafka's batches taken apart in columns are what aiokafka's parser makes of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.recordsets import Fetched, Unusual, _in_columns, columns_of, record_set

HEADER = 61
LONG = st.sampled_from([0, 63, 64, 8_191, 8_192, 70_000])


class Row(NamedTuple):
    key: bytes | None
    value: bytes | None
    after_ms: int
    headers: list[tuple[str, bytes | None]]


texts = st.binary(max_size=70) | LONG.map(lambda size: b"x" * size)
plain = st.builds(Row, texts, texts, st.integers(-100, 10**6), st.just([]))
odd = st.builds(
    Row,
    st.none() | texts,
    st.none() | texts,
    st.integers(-(10**15), 10**15),
    st.lists(st.tuples(st.text(max_size=3), st.none() | st.binary(max_size=3)), max_size=2),
)


def packed(rows: Sequence[Row], base: int, compression: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 30,
    )
    for i, row in enumerate(rows):
        builder.append(i, 10**15 + row.after_ms, row.key, row.value, row.headers)
    data = bytearray(builder.build())
    data[:8] = base.to_bytes(8, "big")
    return bytes(data)


def taken_apart(fetched: Fetched) -> list[tuple[Any, ...]]:
    offsets, keys, values = columns_of([fetched])
    return [(o, keys.at(i), values.at(i)) for i, o in enumerate(offsets.tolist())]


def one_by_one(fetched: Fetched) -> list[tuple[Any, ...]]:
    return [(record.offset, record.key, record.value) for record in fetched[:]]


def fetched_of(batches: Sequence[tuple[Sequence[Row], int, int]], skipped: int = 0) -> Fetched:
    sets, base = [], 1_000
    for rows, gap, compression in batches:
        base += gap
        found = record_set(packed(rows, base, compression), 1_000 + skipped)
        assert found is not None
        base += len(rows)
        if found.first < found.end:
            sets.append(found)
    return Fetched(sets)


def batches_of(rows: Any) -> Any:
    one = st.tuples(
        st.lists(rows, min_size=1, max_size=5), st.integers(0, 9), st.sampled_from([0, 1, 3, 4])
    )
    return st.lists(one, min_size=1, max_size=4)


@settings(max_examples=80, deadline=None)
@given(batches_of(plain), st.integers(0, 4))
def test_columns_are_what_the_parser_gives(batches: Any, skipped: int) -> None:
    fetched = fetched_of(batches, skipped)
    if fetched.sets:
        _in_columns(fetched.sets)  # nothing unusual about them
        assert taken_apart(fetched) == one_by_one(fetched)
        assert len(fetched) == len(one_by_one(fetched))


@settings(max_examples=80, deadline=None)
@given(batches_of(plain | odd), st.integers(0, 4))
def test_what_is_unusual_is_read_all_the_same(batches: Any, skipped: int) -> None:
    fetched = fetched_of(batches, skipped)
    if fetched.sets:
        assert taken_apart(fetched) == one_by_one(fetched)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(plain, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_damage_is_never_read_as_anything_else(rows: list[Row], damages: Any) -> None:
    data = bytearray(packed(rows, 5))
    for at, byte in damages:
        data[HEADER + at % (len(data) - HEADER)] = byte
    found = record_set(bytes(data), 5)
    assert found is not None
    try:
        offsets, keys, values = _in_columns([found])
    except Unusual:
        return
    parsed = found.records()  # the parser takes it, too
    assert [(r.offset, r.key, r.value) for r in parsed] == [
        (o, keys.at(i), values.at(i)) for i, o in enumerate(offsets.tolist())
    ]


def test_damage_nobody_can_read_is_the_parsers_error() -> None:
    data = packed([Row(b"k", b"v", 0, [])], 0)
    found = record_set(data[:-2], 0)
    assert found is not None
    with pytest.raises(CorruptRecordException):
        columns_of([Fetched([found])])


def test_a_compacted_batch_is_left_to_the_parser() -> None:
    data = bytearray(packed([Row(b"k", b"v", 0, [])] * 3, 0))
    data[57:61] = (2).to_bytes(4, "big")
    assert record_set(bytes(data), 0) is None
