"""A batch: what one fetch brought from one topic partition, as a single Faust message."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Partition(NamedTuple):
    """One topic partition."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.number}]"


@dataclass(slots=True, eq=False)
class Batch:
    """Records of one partition, fetched together.

    Attributes:
        assignment: number of the assignment under which it was fetched.
        start: offset from which the log was read to find them: no record stands between.
        end: offset behind its last record; what may be committed once it is settled.
        records: fetched records, as Kafka's own batches (recordsets.py) or as objects with `key`,
            `value`, `offset`; emptied once decoded.
        size: bytes they take in memory, which the bound on held bytes counts.
        oldest_at: Kafka time stamp of its first record, seconds since 1970.
    """

    partition: Partition
    assignment: int
    start: int
    end: int
    records: Sequence[Any]
    size: int
    oldest_at: float
    settled: bool = field(default=False)
