"""What the engine needs of the outside. The sinks provide it; tests provide it in memory."""

from collections.abc import Iterable
from typing import Protocol

import polars as pl

from schemas.warehouse import Incarnation, LogIdentity, Message, Tile
from streams.engine.batches import Partition


class Warehouse(Protocol):
    """Where history and results are. Every method may raise schemas.warehouse.Unavailable."""

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""

    def insert(
        self, table: str, rows: pl.DataFrame, incarnation: Incarnation, *, last: Tile | None = None
    ) -> None:
        """Insert rows, all or none.

        Args:
            last: what must be known to be applied.

        Raises:
            schemas.warehouse.Fenced: it is another incarnation, or has forgotten `last`.
        """


class Publisher(Protocol):
    """Where messages go."""

    def send(self, messages: Iterable[Message]) -> None:
        """Return once Kafka has acknowledged all of them.

        Raises:
            schemas.warehouse.Unavailable: not now; sending them again is harmless.
        """


class LogInspector(Protocol):
    """What Kafka says of its logs."""

    def identities(self, topics: Iterable[str]) -> dict[str, LogIdentity]:
        """Return the identity of each topic.

        Raises:
            schemas.warehouse.Unavailable: Kafka does not answer, or a topic is missing.
        """

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the offset behind the last record of each partition, or one below it.

        Raises:
            schemas.warehouse.Unavailable: Kafka does not answer.
        """

    def firsts(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the first offset Kafka holds of each partition.

        Raises:
            schemas.warehouse.Unavailable: Kafka does not answer.
        """

    def beginnings(self, name: str, partitions: int, count: int) -> dict[int, list[bytes]]:
        """Return the values of the first records of each partition, at most `count` of each."""

    def holds(self, name: str, number: int, offset: int) -> bool:
        """Return whether a partition has a record at an offset."""
