"""Reading by the batch gives the records that aiokafka gives one by one."""

from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
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
    return bytes(data)


def read(kind: Any, data: bytes, offset: int) -> tuple[list[Any], int]:
    records = kind(PLACE, fetching.Kept(data), None, offset, None, None, True, 0)
    found = fetching.flat(list(records))
    return [
        (r.offset, r.key, r.value, r.timestamp, r.timestamp_type) for r in found
    ], records.next_fetch_offset


@pytest.mark.parametrize("compression", [0, 3])
@pytest.mark.parametrize("offset", [10, 12, 15, 17])
def test_by_the_batch_is_as_one_by_one(
    monkeypatch: pytest.MonkeyPatch, compression: int, offset: int
) -> None:
    monkeypatch.setattr(fetcher, "PartitionRecords", fetching.Stock)
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    fetching.install([PLACE.topic])
    data = batch(10, 5, compression) + batch(15, 7) + batch(30, 1, compression)
    by_batch, one_by_one = (read(k, data, offset) for k in (fetching.Batches, fetching.Stock))
    assert by_batch == one_by_one
    assert by_batch[1] == 31


def test_a_damaged_batch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "PartitionRecords", fetching.Stock)
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    fetching.install([PLACE.topic])
    data = bytearray(batch(10, 5))
    data[-3] ^= 1
    with pytest.raises(CorruptRecordException):
        read(fetching.Batches, bytes(data), 10)
