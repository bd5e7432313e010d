"""Floors and histories that the simulator's tests share, and clocks that tests own."""

from collections import defaultdict
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from connectors.sources.simulator.delivery import Event
from connectors.sources.simulator.dials import CALM, Dials
from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.world import history
from schemas import codec
from schemas.codec import CatalogueIds

Record = dict[str, Any]
IDS = CatalogueIds()
FLOOR = Floor.synthetic(24)
START = date(2026, 3, 16)
END = datetime(2026, 4, 20, 15, tzinfo=UTC)  # over a change of clocks and Easter
SOON = datetime(2026, 4, 2, tzinfo=UTC)  # enough for what a single dial does
MESSY = Dials().times(4)


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def decoded(events: tuple[Event, ...]) -> list[tuple[str, Record]]:
    return [codec.decode(event.value, IDS) for event in events]


def lives(records: list[tuple[str, Record]]) -> dict[tuple[str, str], list[Record]]:
    """Every entity's records in the order of their arrival."""
    found = defaultdict(list)
    for message, record in records:
        found[message, record["entity_id"]].append(record)
    return dict(found)


@cache
def story(dials: Dials = MESSY, end: datetime = END) -> tuple[Event, ...]:
    return tuple(history(FLOOR, 7, START, end, dials=dials))


@cache
def told(dials: Dials = MESSY, end: datetime = END) -> list[tuple[str, Record]]:
    return decoded(story(dials, end))


@cache
def calm() -> list[tuple[str, Record]]:
    return told(CALM)


class HandClock:
    """A clock that moves only when somebody waits."""

    def __init__(self, at: datetime) -> None:
        self.seconds = at.timestamp()

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
