"""What the warehouse is to those who write into it: how it says no, and which one it is.

Streams and sinks both speak of these; the client itself is in connectors/sinks.
"""

from typing import NamedTuple


class Unavailable(Exception):
    """The warehouse or the broker cannot do it now; the same request may succeed later."""


class Fenced(Exception):
    """The warehouse is another incarnation than the writer's; the writer must start again."""


class Incarnation(NamedTuple):
    """Which warehouse a writer has read: every insert carries `name` as its condition."""

    name: str
    generation: int
