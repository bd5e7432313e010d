"""aiokafka's reading of a fetch, with Kafka's own batches in place of single records.

aiokafka makes an object of Python for every record, beside the one its parser in C makes: that took
longer than all the rest of reading. For the topics that are named here batches are handed on as the
bytes they came in, to be taken apart in columns later (recordsets.py); what is unusual about one,
as a list of the parser's records. Checks, positions, and what is skipped stay aiokafka's own; other
topics pass through.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from streams.engine.recordsets import Fetched, RecordSet, record_set, size_of

Stock: Any = fetcher.PartitionRecords
_topics: set[str] = set()
# Offsets at the end of what was fetched that hold no record, such as the end of a transaction.
_bare: dict[Any, range] = {}


class Part(NamedTuple):
    """Consecutive records, and the offsets they stand for, those without a record included.

    Attributes:
        since: offset from which the log was read to find them: told by the reading itself. Where
            the next read should begin may have been changed while these were on their way.
        end: offset behind the last of them.
    """

    since: int
    end: int
    records: RecordSet | list[Any]


class Kept:
    """aiokafka's MemoryRecords, and the bytes they are made of."""

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        self._parsed = MemoryRecords(data)
        self.size_in_bytes = self._parsed.size_in_bytes
        self.has_next = self._parsed.has_next
        self.next_batch = self._parsed.next_batch


class Batches(Stock):  # type: ignore[misc]  # the library is untyped
    """Records of one partition, as one fetch brought them."""

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Any]:
        if self._tp.topic not in _topics or self._isolation_level != fetcher.READ_UNCOMMITTED:
            yield from super()._unpack_records()
            return
        data, end = self._records.data, 0
        since = self._since()
        while self._records.has_next():
            start, end = end, end + size_of(data, end)
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            wanted, self.next_fetch_offset = self.next_fetch_offset, batch.next_offset
            if batch.is_control_batch or batch.next_offset <= wanted:
                continue
            found: Any = record_set(bytes(data[start:end]), wanted)
            if found is None:
                found = [record for record in batch if record.offset >= wanted]
            if found:
                yield Part(since, self.next_fetch_offset, found)
                since = self.next_fetch_offset
        _bare[self._tp] = range(since, self.next_fetch_offset)

    def _since(self) -> int:
        before = _bare.get(self._tp, range(0))
        return before.start if before.stop == self.next_fetch_offset else self.next_fetch_offset


def install(topics: Iterable[str]) -> None:
    """Have these topics read by the batch in this process."""
    _topics.update(topics)
    fetcher.PartitionRecords = Batches
    fetcher.MemoryRecords = Kept


def behind(place: Any, end: int) -> int:
    """Return the offset behind records, and behind what follows them and is no record.

    Args:
        place: topic and partition, as a tuple.
        end: offset behind the records.
    """
    bare = _bare.get(place, range(0))
    return bare.stop if bare.start == end else end


def flat(fetched: Sequence[Part]) -> Sequence[Any]:
    """Return the records of what one fetch brought from a partition."""
    parts = [part.records for part in fetched]
    sets = [part for part in parts if isinstance(part, RecordSet)]
    if len(sets) == len(parts):
        return Fetched(sets)
    records: list[Any] = []
    for part in parts:
        records += part.records() if isinstance(part, RecordSet) else part
    return records
