"""What a process of ours sees of the outside: warehouse and Kafka, and what can go wrong with them.

Every call gives way before it takes effect and again before it is answered. So a crash can fall
before an effect, after it, and between any two; and others act in the meantime.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import polars as pl
from greenlet import GreenletExit

from schemas import topics
from schemas.codec import CatalogueIds
from schemas.warehouse import Fenced, Incarnation, LogIdentity, Message, Tile, Unavailable
from streams.engine.batches import Partition
from streams.engine.preparing import Outside
from tests.simulation.clockwork import NEVER, Actor, pause
from tests.simulation.kafka import Log, values_of

if TYPE_CHECKING:
    from tests.simulation.world import World


_TOTALS = topics.REP_DAYS.name
MERGES = 0.1  # after so many inserts a table is merged


@dataclass
class Weather:
    """How likely each call fails, and who is away until when.

    Attributes:
        away: a call is not carried out.
        lost: an insert or a message is carried out and answered with an error.
        slow: seconds a call takes at most.
    """

    away: float = 0.0
    lost: float = 0.0
    slow: float = 0.05
    warehouse_until: float = 0.0
    kafka_until: float = 0.0


@dataclass
class Trap:
    """Something that happens at a call, once: `at` names the call, `who` the process."""

    at: str
    then: Callable[[Actor], None]
    after: bool = True  # the effect has taken place
    who: str = ""
    skip: int = 0
    is_sprung: bool = field(default=False)


class Calls:
    """Calls of one process."""

    def __init__(self, world: "World", actor: Actor) -> None:
        self.world, self.actor = world, actor

    def begin(self, name: str, of: str) -> None:
        """Let time pass before an effect; it may not come to it."""
        world = self.world
        world.spring(self.actor, name, after=False)
        self._pass()
        weather = world.weather
        until = weather.warehouse_until if of == "warehouse" else weather.kafka_until
        if world.now < until or world.choice.random() < weather.away:
            world.note(f"{self.actor.name}: {name}: unavailable")
            raise Unavailable(f"{of} is away")

    def end(self, name: str, note: str = "") -> None:
        """Let time pass after an effect; the answer may not come."""
        world = self.world
        if note:
            world.note(f"{self.actor.name}: {name} {note}")
        world.spring(self.actor, name, after=True)
        self._pass()
        if note and world.choice.random() < world.weather.lost:
            world.note(f"{self.actor.name}: {name}: done, but the answer is lost")
            raise Unavailable("the connection was lost")

    def _pass(self) -> None:
        pause(self.world.choice.uniform(0, self.world.weather.slow + self.actor.slow))
        if self.actor.is_dead:
            self.stop()

    def stop(self) -> NoReturn:
        pause(NEVER)
        raise GreenletExit


class Warehouse(Calls):
    """The port of that name."""

    def incarnation(self) -> Incarnation:
        found = self.frame("SELECT incarnation, generation FROM spm.warehouse FINAL")
        return Incarnation(*found.row(0))

    def frame(self, sql: str) -> pl.DataFrame:
        self.begin("read", "warehouse")
        found = self.world.tables.frame(sql)
        self.world.asked.add(sql)
        self.end("read")
        return found

    def insert(
        self, table: str, rows: pl.DataFrame, incarnation: Incarnation, *, last: Tile | None = None
    ) -> None:
        if rows.is_empty():
            return
        name = f"insert {table}"
        self.begin(name, "warehouse")
        self.world.fence(incarnation, last)
        self.world.tables.insert(table, rows)
        if self.world.choice.random() < MERGES:
            self.world.tables.tables[table].merge()
        self.end(name, f"({len(rows)} rows)")


class Publisher(Calls):
    """The port of that name."""

    def send(self, messages: Iterable[Message]) -> None:
        # Totals of a flush are told in no order, and a seed must always tell the same story.
        wanted = sorted(messages, key=lambda m: (m.topic, m.key if m.topic == _TOTALS else b""))
        if not wanted:
            return
        self.begin("publish", "kafka")
        cluster = self.world.reachable()
        some = len(wanted)
        if self.world.choice.random() < self.world.weather.away:
            some = self.world.choice.randrange(len(wanted))
        cluster.append(wanted[:some])
        self.end("publish", f"({some} of {len(wanted)} messages)")
        if some < len(wanted):
            raise Unavailable("not all were acknowledged")


class Inspector(Calls):
    """The port LogInspector."""

    def identities(self, topics: Iterable[str]) -> dict[str, LogIdentity]:
        self.begin("identities", "kafka")
        logs = self.world.reachable().logs
        found = {name: logs[name].identity for name in topics}
        self.end("identities")
        return found

    def firsts(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        self.begin("firsts", "kafka")
        found = {p: self._log(p.topic).first[p.number] for p in partitions}
        self.end("firsts")
        return found

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        self.begin("ends", "kafka")
        found = {p: self.world.reachable().told_end(p) for p in partitions}
        self.end("ends")
        return found

    def beginnings(self, name: str, partitions: int, count: int) -> dict[int, list[bytes]]:
        self.begin("beginnings", "kafka")
        log = self._log(name)
        found = {n: list(values_of(log, n).values())[:count] for n in range(partitions)}
        self.end("beginnings")
        return found

    def holds(self, name: str, number: int, offset: int) -> bool:
        self.begin("holds", "kafka")
        log = self._log(name)
        found = log.first[number] <= offset < log.end(number)
        self.end("holds")
        return found

    def _log(self, name: str) -> Log:
        return self.world.reachable().logs[name]


def outside(world: "World", actor: Actor) -> Outside:
    """Return what one process sees."""
    return Outside(
        Warehouse(world, actor), Publisher(world, actor), Inspector(world, actor), CatalogueIds()
    )


def fenced(mine: Incarnation, there: str, knows: bool) -> None:
    if mine.name != there:
        raise Fenced(f"{mine.name} is not {there}")
    if not knows:
        raise Fenced("it has forgotten what it had acknowledged")
