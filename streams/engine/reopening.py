"""A log that goes on in a new epoch: cut by retention, short of its tail, or back again.

Its offsets stay what they are, so the new epoch begins behind what is applied of it. That is
written down as the epoch's first tile of `applied`, from 0 to where it begins.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl

from schemas.warehouse import Incarnation
from streams.engine import history
from streams.engine.batches import Partition
from streams.engine.ports import LogInspector, Warehouse


class Standing(NamedTuple):
    """How much of a partition is applied in its present epoch, and what Kafka holds of it."""

    partition: Partition
    reached: int
    first: int
    end: int

    @property
    def is_cut(self) -> bool:
        """Return whether it cannot go on in this epoch."""
        return not self.first <= self.reached <= self.end

    @property
    def begins(self) -> int:
        """Return the offset a new epoch begins at: nothing applied is read again."""
        return max(self.first, min(self.reached, self.end))

    def __str__(self) -> str:
        if self.reached < self.first:
            return (
                f"{self.partition}: {self.first - self.reached} records are lost; applied up to "
                f"offset {self.reached}, Kafka holds it from {self.first} on"
            )
        return f"{self.partition}: applied up to offset {self.reached}, Kafka ends at {self.end}"


def standings(
    warehouse: Warehouse, kafka: LogInspector, epochs: Mapping[Partition, int | None]
) -> list[Standing]:
    """Return how partitions stand, given the open epoch of each; None for a log that is new.

    Raises:
        Unavailable: not now.
    """
    firsts, ends = kafka.firsts(epochs), kafka.ends(epochs)
    reached = _reached(warehouse, epochs)
    found = []
    for partition in epochs:
        one = Standing(partition, reached.get(partition, 0), firsts[partition], ends[partition])
        # The embedded broker tells the beginning of its last batch for the end of a log.
        if one.reached > one.end and kafka.holds(*partition, one.reached - 1):
            one = one._replace(end=one.reached)
        found.append(one)
    return found


def begin(
    warehouse: Warehouse, found: Iterable[Standing], epochs: Mapping[str, int], now: Incarnation
) -> None:
    """Write down where the new epochs of partitions begin."""
    rows = [
        {
            "topic": one.partition.topic,
            "partition": one.partition.number,
            "epoch": epochs[one.partition.topic],
            "offset_from": 0,
            "offset_to": one.begins,
            **dict.fromkeys(("accepted", "duplicate", "stale", "dead", "marker", "sequence"), 0),
        }
        for one in found
        if one.begins
    ]
    if rows:
        warehouse.insert("spm.applied", pl.DataFrame(rows), now)


def newest(warehouse: Warehouse) -> dict[str, int]:
    """Return the greatest epoch there is of each topic."""
    rows = warehouse.frame("SELECT topic, max(epoch) AS newest FROM spm.log GROUP BY topic")
    return dict(rows.iter_rows())


def _reached(warehouse: Warehouse, epochs: Mapping[Partition, int | None]) -> dict[Partition, int]:
    """Return the offset up to which each partition is applied in a given epoch."""
    if not epochs:
        return {}
    rows = warehouse.frame(
        f"SELECT topic, partition, epoch, max(offset_to) AS reached FROM spm.applied "
        f"WHERE {history.where(list(epochs))} GROUP BY topic, partition, epoch"
    )
    return {
        Partition(topic, number): reached
        for topic, number, epoch, reached in rows.iter_rows()
        if epochs[Partition(topic, number)] == epoch
    }
