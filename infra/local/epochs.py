"""Epochs of this installation: what the supervisor opens when a log is new to the warehouse."""

from collections.abc import Callable

from infra.rebuild import layout, telling
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
    return open_epochs(_ground(settings), reason)


def lay_out(settings: Settings, say: Callable[[str], None]) -> None:
    """Lay history and results out by the partitions that topics made anew have, if they differ.

    No worker may run meanwhile. Epochs are opened afterwards.

    Raises:
        Unavailable: warehouse or Kafka did not answer; run it again.
        Busy: a rebuild runs.
    """
    if done := layout.change(_ground(settings), say):
        say(telling.told(done))


def _ground(settings: Settings) -> Ground:
    there = outside(settings)
    return Ground(there.warehouse, there.kafka, there.publisher, there.ids, PIPES)
