"""What the engine needs of the outside. The sinks provide it; tests provide it in memory."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import polars as pl

from schemas.warehouse import Incarnation


class Warehouse(Protocol):
    """Where history and results are. Every method may raise schemas.warehouse.Unavailable."""

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        """Insert rows, all or none.

        Raises:
            schemas.warehouse.Fenced: it is another incarnation.
        """


class Message(NamedTuple):
    """One message to send."""

    topic: str
    key: bytes
    value: bytes


class Publisher(Protocol):
    """Where messages go."""

    def send(self, messages: Iterable[Message]) -> None:
        """Return once Kafka has acknowledged all of them.

        Raises:
            schemas.warehouse.Unavailable: not now; sending them again is harmless.
        """


class LogIdentity(NamedTuple):
    """Which log a topic is right now: a topic made anew, or a broker that lost all, has another."""

    cluster_id: str
    topic_id: str
    partitions: int


class LogInspector(Protocol):
    """What Kafka says of its logs."""

    def identities(self, topics: Iterable[str]) -> dict[str, LogIdentity]:
        """Return the identity of each topic.

        Raises:
            schemas.warehouse.Unavailable: Kafka does not answer, or a topic is missing.
        """
