"""aiokafka's reading of a fetch, with Kafka's own batches in place of single records.

aiokafka makes an object of Python for every record, beside the one its parser in C makes: that took
as long as all the rest of reading. For the topics that are named here the parser's records are
handed on as they are, a list for each batch. Checks, positions, and what is skipped stay aiokafka's
own; other topics pass through.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

Stock: Any = fetcher.PartitionRecords
_topics: set[str] = set()


class Batches(Stock):  # type: ignore[misc]  # the library is untyped
    """Records of one partition, as one fetch brought them."""

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Any]:
        if self._tp.topic not in _topics or self._isolation_level != fetcher.READ_UNCOMMITTED:
            yield from super()._unpack_records()
            return
        while self._records.has_next():
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            records = [] if batch.is_control_batch else list(batch)
            if records and records[0].offset < self.next_fetch_offset:
                records = [r for r in records if r.offset >= self.next_fetch_offset]
            self.next_fetch_offset = batch.next_offset
            if records:
                yield records


def install(topics: Iterable[str]) -> None:
    """Have these topics read by the batch in this process."""
    _topics.update(topics)
    fetcher.PartitionRecords = Batches


def flat(fetched: list[Any]) -> list[Any]:
    """Return the records of what one fetch brought from a partition."""
    if fetched and isinstance(fetched[0], list):
        return [record for batch in fetched for record in batch]
    return fetched
