"""Reading by the batch gives the records that aiokafka gives one by one, and says from where."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from streams.engine import fetching

PLACE = TopicPartition("crm.fetched", 3)


def batch(first: int, count: int, compression: int = 0, control: bool = False) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for i in range(count):
        value = None if i % 5 == 4 else b"value %d" % i
        builder.append(i, timestamp=1_000 + i, key=b"key %d" % i, value=value, headers=[])
    data = bytearray(builder.build())
    data[:8] = first.to_bytes(8, "big")  # the broker sets it; no checksum covers it
    if control:
        data[22] |= 0x20
        data[17:21] = calc_crc32c(bytes(data[21:])).to_bytes(4, "big")
    return bytes(data)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fetcher, "PartitionRecords", fetching.Stock)
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    fetching.install([PLACE.topic])
    yield
    fetching._bare.clear()


def fetched(data: bytes, offset: int, kind: Any = fetching.Batches) -> Any:
    return kind(PLACE, fetching.Kept(data), None, offset, None, None, True, 0)


def spans(data: bytes, offset: int) -> list[tuple[int, int]]:
    return [(part.since, part.end) for part in fetched(data, offset)]


def read(kind: Any, data: bytes, offset: int) -> tuple[list[Any], int]:
    records = fetched(data, offset, kind)
    found = list(records)
    if kind is fetching.Batches:
        found = list(fetching.flat(found))
    return [
        (r.offset, r.key, r.value, r.timestamp, r.timestamp_type) for r in found
    ], records.next_fetch_offset


@pytest.mark.parametrize("compression", [0, 3])
@pytest.mark.parametrize("offset", [10, 12, 15, 17])
def test_by_the_batch_is_as_one_by_one(compression: int, offset: int) -> None:
    data = batch(10, 5, compression) + batch(15, 7) + batch(30, 1, compression)
    by_batch, one_by_one = (read(k, data, offset) for k in (fetching.Batches, fetching.Stock))
    assert by_batch == one_by_one
    assert by_batch[1] == 31


def test_a_damaged_batch_is_refused() -> None:
    data = bytearray(batch(10, 5))
    data[-3] ^= 1
    with pytest.raises(CorruptRecordException):
        read(fetching.Batches, bytes(data), 10)


def test_records_are_said_to_begin_where_reading_began() -> None:
    assert spans(batch(10, 5) + batch(15, 7), 7) == [(7, 15), (15, 22)]
    assert spans(batch(10, 5) + batch(30, 2), 12) == [(12, 15), (15, 32)]


def test_what_is_no_record_belongs_to_the_records_before_and_to_those_behind_it() -> None:
    """The end of a transaction takes an offset; it may come with either fetch, or alone."""
    assert spans(batch(10, 5) + batch(15, 1, control=True), 10) == [(10, 15)]
    assert fetching.behind(PLACE, 15) == 16
    assert spans(batch(16, 2), 16) == [(15, 18)]
    assert spans(batch(18, 1, control=True), 18) == []
    assert spans(batch(19, 1, control=True) + batch(20, 1), 19) == [(18, 21)]


def test_a_seek_in_between_is_not_taken_for_a_stretch_without_records() -> None:
    spans(batch(10, 5) + batch(15, 1, control=True), 10)
    assert spans(batch(40, 2), 40) == [(40, 42)]
    assert fetching.behind(PLACE, 42) == 42
