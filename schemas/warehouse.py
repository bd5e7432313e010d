"""What streams and sinks say to each other about the warehouse and Kafka. Clients are in sinks."""

from typing import NamedTuple


class Unavailable(Exception):
    """The warehouse or the broker cannot do it now; the same request may succeed later."""


class Fenced(Exception):
    """The warehouse is another incarnation than the writer's; the writer must start again."""


class Incarnation(NamedTuple):
    """Which warehouse a writer has read: every insert carries `name` as its condition.

    Attributes:
        generation: of results that is live.
        paused: why workers must not begin now; empty if they may.
    """

    name: str
    generation: int
    paused: str = ""


class Tile(NamedTuple):
    """A row of spm.applied, by its key: records of a partition that were flushed."""

    topic: str
    partition: int
    epoch: int
    offset_from: int
    offset_to: int


class LogIdentity(NamedTuple):
    """Which log a topic is right now: a topic made anew, or a broker that lost all, has another."""

    cluster_id: str
    topic_id: str
    partitions: int


class Message(NamedTuple):
    """One Kafka message to send. `partition`: None lets the key decide, as it must for facts."""

    topic: str
    key: bytes
    value: bytes
    partition: int | None = None
