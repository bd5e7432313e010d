"""Epochs of this installation: what the supervisor opens when a log is new to the warehouse."""

from streams.agents.pipes import PIPES
from streams.app import outside
from streams.engine.epochs import Ground, open_epochs
from streams.settings import Settings


def open_what_is_new(settings: Settings, reason: str = "a log that is new here") -> list[str]:
    """Return the topics whose logs were new to the warehouse and are open now.

    No worker may run meanwhile.

    Raises:
        Unavailable: warehouse or Kafka did not answer; run it again.
        Refused: the log continues one that this warehouse has not seen to its end.
    """
    there = outside(settings)
    ground = Ground(there.warehouse, there.kafka, there.publisher, there.ids, PIPES)
    return open_epochs(ground, reason)
