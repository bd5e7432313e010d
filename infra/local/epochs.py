"""Epochs of this installation: what the supervisor opens when a log is new to the warehouse."""

from collections.abc import Callable

from infra.rebuild import layout, telling
from streams.agents.pipes import PIPES
from streams.engine.epochs import Ground, cuts, open_epochs
from streams.outside import outside
from streams.settings import Settings


def open_what_is_new(
    settings: Settings, reason: str = "a log that is new here", also_cut: bool = False
) -> list[str]:
    """Return the topics whose logs were new to the warehouse and are open now.

    No worker may run meanwhile.

    Args:
        also_cut: logs that Kafka holds in part only go on, too.

    Raises:
        Unavailable: warehouse or Kafka did not answer; run it again.
        Refused: the log continues one that this warehouse has not seen to its end.
    """
    return open_epochs(_ground(settings), reason, also_cut)


def lay_out(settings: Settings, say: Callable[[str], None]) -> None:
    """Lay history and results out by the partitions that topics made anew have, if they differ.

    No worker may run meanwhile. Epochs are opened afterwards.

    Raises:
        Unavailable: warehouse or Kafka did not answer; run it again.
        Busy: a rebuild runs.
    """
    if done := layout.change(_ground(settings), say):
        say(telling.told(done))


def what_was_cut(settings: Settings) -> list[str]:
    """Return what Kafka no longer holds, or holds no more, one line for each partition.

    Raises:
        Unavailable: warehouse or Kafka did not answer; run it again.
    """
    return [str(one) for one in cuts(_ground(settings))]


def _ground(settings: Settings) -> Ground:
    there = outside(settings)
    return Ground(there.warehouse, there.kafka, there.publisher, there.ids, PIPES)
