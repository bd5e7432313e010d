"""One world of the simulation: the engine's workers, and Kafka and a warehouse around them."""

import asyncio
import json
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

import polars as pl

from schemas import topics
from schemas.codec import CatalogueIds
from schemas.positions import place_of, position_of
from schemas.warehouse import Incarnation, Message, Tile, Unavailable
from streams.agents.pipes import PIPES
from streams.engine import epochs, starting, tempo, waits, worker
from streams.engine.batches import Partition
from streams.engine.epochs import Ground, marker_message, open_epochs
from streams.engine.poison import Poison
from streams.engine.tempo import Tempo
from streams.engine.worker import Worker
from tests.simulation.clockwork import Actor, Loop
from tests.simulation.kafka import Cluster, Consumer
from tests.simulation.outside import Trap, Weather, fenced, outside
from tests.simulation.tables import Table, Tables
from tests.simulation.truth import Sent

REST_SECONDS_MAX = 900.0  # everything that is out there is in the warehouse by then
HELD_BYTES_MAX = 4_000
_IDS = CatalogueIds()
_TILES = f"SELECT {', '.join(Tile._fields)} FROM spm.applied"


class Wrong(AssertionError):
    """The world did not end as it must."""


@dataclass
class Process:
    """One running worker."""

    actor: Actor
    worker: Worker
    consumer: Consumer


@dataclass
class Delivered:
    """A record and where it stood in which log."""

    sent: Sent
    partition: Partition
    cluster: str
    offset: int


class World:
    """Everything outside the engine, and the processes of ours in it."""

    running: ClassVar[list["World"]] = []

    def __init__(
        self, seed: int, *, topics_used: Sequence[str] = tuple(PIPES), partitions: int = 2,
        tells_starts: bool = False, traced: bool = False,
    ) -> None:  # fmt: skip
        self.choice = random.Random(seed)
        self.loop = Loop()
        self.kinds = {name: PIPES[name] for name in PIPES if name in topics_used}
        self.partitions, self.tells_starts = partitions, tells_starts
        self.trace: list[str] | None = [] if traced else None
        self.tables = Tables()
        self.weather = Weather(away=0.0, lost=0.0)
        self.traps: list[Trap] = []
        self.asked: set[str] = set()
        self.clusters: list[Cluster] = []
        self.processes: list[Process] = []
        self.delivered: list[Delivered] = []
        self.definitions: list[tuple[int, Mapping[str, Any]]] = []
        self.junk: list[tuple[Partition, str, int]] = []
        self.died: list[str] = []
        self.refused: str | None = None
        self.must_refuse: str | None = None
        self._made = 0
        self._known: tuple[Table, int, str] | None = None  # the incarnation, and how it was found
        self.tables.insert("spm.warehouse", pl.DataFrame([{"incarnation": "i0", "reason": "new"}]))
        self.new_cluster()

    # What everybody asks.

    @property
    def now(self) -> float:
        return self.loop.time()

    @property
    def cluster(self) -> Cluster:
        return self.clusters[-1]

    @property
    def read_partitions(self) -> list[Partition]:
        return [Partition(name, n) for name in self.kinds for n in range(self.partitions)]

    def note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.now:8.3f}  {text}")

    def reachable(self) -> Cluster:
        if self.cluster.is_down:
            raise Unavailable("kafka is away")
        return self.cluster

    def fence(self, mine: Incarnation, last: Tile | None = None) -> None:
        known = last is None or last in set(self.tables.frame(_TILES).iter_rows())
        fenced(mine, self.incarnation(), known)

    def incarnation(self) -> str:
        table = self.tables.tables["spm.warehouse"]
        if self._known is None or self._known[:2] != (table, len(table.written)):
            found = self.tables.frame("SELECT incarnation FROM spm.warehouse FINAL").row(0)[0]
            self._known = (table, len(table.written), found)
        return self._known[2]

    def applied(self) -> dict[Partition, int]:
        """Return the position behind what is applied."""
        return starting.applied_ends(self.tables, self.read_partitions)  # type: ignore[arg-type]

    # Traps.

    def trap(self, at: str, then: Callable[[Actor], None], **options: Any) -> Trap:
        """Let something happen at a call, once."""
        self.traps.append(Trap(at, then, **options))
        return self.traps[-1]

    def spring(self, actor: Actor, name: str, *, after: bool) -> None:
        for trap in self.traps:
            is_met = trap.after == after and name.startswith(trap.at)
            if trap.is_sprung or not is_met or not actor.name.startswith(trap.who):
                continue
            if trap.skip:
                trap.skip -= 1
                continue
            trap.is_sprung = True
            trap.then(actor)

    # Kafka.

    def new_cluster(self) -> None:
        name = f"cluster{len(self.clusters)}"
        made = Cluster(name, self.partitions, lambda: self.now, self.tells_starts)
        self.clusters.append(made)

    def lose_log(self) -> None:
        """The broker dies and its memory with it; another one takes its place."""
        self.note("the broker is gone and all it held")
        self.cluster.is_down = True
        self.new_cluster()

    def produce(self, sent: Sent) -> None:
        key = sent.record["entity_id"].encode()
        topic = topics.BY_FACT[sent.message].name
        [(partition, offset)] = self.cluster.append([Message(topic, key, sent.value)])
        self.delivered.append(Delivered(sent, partition, self.cluster.name, offset))
        r = sent.record
        self.note(f"produced {partition} {offset}: {r['entity_id']} revision {r['revision']} "
                  f"{r['op']} {r['owner_id']}")  # fmt: skip

    # Definitions.

    def define(self, sequence: int, raw: Mapping[str, Any]) -> None:
        """Write a revision of the definitions into the warehouse."""
        rows = [
            {"sequence": sequence, "kind": kind, "content": json.dumps(content)}
            for kind, content in raw.items()
        ]
        self.tables.insert("spm.definition", pl.DataFrame(rows))
        self.note(f"definitions {sequence} are in the warehouse")

    def mark(self, sequence: int) -> None:
        """Let definitions take effect in every partition."""
        marked = [t for t in topics.TOPICS if t.carries_markers]
        self.cluster.append(
            marker_message(Partition(topic.name, number), sequence, "definitions", _IDS)
            for topic in marked
            for number in range(self.partitions)
        )
        self.note(f"markers of {sequence} are in every partition")

    # Workers.

    def start_worker(self) -> Process:
        """Start a worker and let it join the group."""
        self._made += 1
        actor = Actor(f"worker{self._made}")
        given = outside(self, actor)
        made = Worker(self.kinds, given, Tempo(0.05, 0.4, 40), HELD_BYTES_MAX, Poison())
        consumer = Consumer(self.cluster, actor, made, self.choice, 12, self.note)
        process = Process(actor, made, consumer)
        self.processes.append(process)
        for work in (made.run(), consumer.fetch_for_ever(), consumer.commit_for_ever()):
            actor.spawn(work)
        self.note(f"{actor.name} starts")
        self.join(process)
        return process

    def join(self, process: Process) -> None:
        if process.consumer.cluster is not self.cluster:
            return  # it knows a broker that is no more
        process.consumer.is_ghost = False
        self.cluster.group.members.append(process.consumer)
        self.rebalance()

    def rebalance(self) -> None:
        group = self.cluster.group
        self.loop.create_task(group.rebalance(self.choice, self.read_partitions))

    def crash(self, process: Process) -> None:
        """kill -9."""
        self.note(f"{process.actor.name} is killed")
        process.actor.kill()
        self.processes.remove(process)

    def crash_actor(self, actor: Actor) -> None:
        for process in self.processes:
            if process.actor is actor:
                self.crash(process)
                return
        actor.kill()

    async def stop(self, process: Process) -> None:
        """SIGTERM."""
        self.note(f"{process.actor.name} is asked to stop")
        ending = process.actor.spawn(process.consumer.revoked())
        await asyncio.wait([ending], timeout=9)
        if process in self.processes:
            self.processes.remove(process)
        process.actor.kill()

    def make_ghost(self, process: Process) -> None:
        """Let the group go on without a worker that does not know it."""
        self.note(f"{process.actor.name} is out of the group and does not know")
        process.consumer.is_ghost = True
        if process.consumer in self.cluster.group.members:
            self.cluster.group.members.remove(process.consumer)
        self.rebalance()

    async def notice(self, process: Process) -> None:
        """Let a ghost see that it is none of the group, and join again."""
        self.note(f"{process.actor.name} sees that the group went on without it")
        await process.actor.spawn(process.consumer.revoked())
        if not process.actor.is_dead:
            self.join(process)

    # Epochs.

    async def open_epochs(self) -> bool:
        """Run the procedure until it ends; return whether it refused."""
        while True:
            self._made += 1
            actor = Actor(f"opening{self._made}")
            there = outside(self, actor)
            ground = Ground(there.warehouse, there.kafka, there.publisher, there.ids, self.kinds)
            try:
                await actor.spawn(actor.in_thread(0, open_epochs, ground, "simulated"))
            except Unavailable as trouble:
                self.note(f"opening epochs: {trouble}; again")
            except asyncio.CancelledError:
                if not actor.is_dead:
                    raise
                self.note("opening epochs was killed; again")
            except starting.Refused as refusal:
                self.refused = str(refusal)
                return True
            else:
                self.note("epochs are open")
                return False
            await asyncio.sleep(self.choice.uniform(0.1, 2))

    # Backups.

    def restore(self, copy: Tables, *, told: bool = True) -> None:
        """Put an earlier state of the warehouse in place of this one; who knows may say nothing."""
        self.tables = copy.copy()
        if not told:
            self.note("the warehouse is an earlier copy now, and nobody says so")
            return
        self._made += 1
        row = {"incarnation": f"restored{self._made}", "reason": "restored"}
        self.tables.insert("spm.warehouse", pl.DataFrame([row]))
        self.note("the warehouse is an earlier copy now")

    # The end.

    async def pass_time(self, seconds: float) -> None:
        """Let others act for a while."""
        await asyncio.sleep(seconds)

    async def rest(self) -> None:
        """Wait until all that stands in the logs is applied, or refused."""
        end = self.now + REST_SECONDS_MAX
        quiet = 0
        while quiet < 2:
            self.check()
            await asyncio.sleep(0.5)
            refused = {p for one in self.processes for p in one.worker.preparation.refused}
            if refused:
                self.refused = str([one.worker.preparation.refused for one in self.processes])
                if self.must_refuse:
                    return
            quiet = quiet + 1 if self._is_at_rest() else 0
            if self.now > end:
                raise Wrong(f"not at rest within {REST_SECONDS_MAX} s: {self._troubles()}")

    def check(self) -> None:
        if self.died:
            raise Wrong("a worker died: " + "; ".join(self.died))

    def _is_at_rest(self) -> bool:
        reached, epoch = self.applied(), self.open_epoch()
        return all(
            reached.get(p, 0) == position_of(epoch[p.topic] or 0, end)
            for p in self.read_partitions
            if (end := self.cluster.logs[p.topic].end(p.number))
        )

    def open_epoch(self) -> dict[str, int | None]:
        """Return the open epoch of each topic in the present log."""
        identities = {name: self.cluster.logs[name].identity for name in self.kinds}
        return starting.epochs(self.tables, identities)  # type: ignore[arg-type]

    def _troubles(self) -> str:
        behind = {
            str(p): (place_of(reached), self.cluster.logs[p.topic].end(p.number))
            for p in self.read_partitions
            for reached in [self.applied().get(p, 0)]
        }
        return f"{[one.worker.waits.current() for one in self.processes]} {behind}"

    def run(self, script: Any) -> None:
        """Run a script to its end."""
        asyncio.set_event_loop(self.loop)
        self.running.append(self)
        try:
            with in_simulated_time(self):
                self.loop.run_until_complete(script)
        finally:
            self.running.remove(self)
            self._close()

    def _close(self) -> None:
        for process in self.processes:
            process.actor.kill()
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self.loop.close()
        asyncio.set_event_loop(None)


class _Notes(logging.Handler):
    def __init__(self, world: World) -> None:
        super().__init__(logging.INFO)
        self.world = world

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            text += f": {record.exc_info[1]!r}"
        self.world.note(f"    log: {text}")


@contextmanager
def in_simulated_time(world: World) -> Iterator[None]:
    """Let the engine read this world's clock, draw from its seed, and die inside it."""
    clock = SimpleNamespace(monotonic=lambda: world.now, time=lambda: world.now)

    def die(reason: str) -> None:
        world.died.append(reason)
        world.note(f"a worker dies: {reason}")

    notes = _Notes(world)
    logger = logging.getLogger("streams")
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO if world.trace is not None else logging.CRITICAL)
    logger.propagate = False
    logger.addHandler(notes)
    try:
        with (
            mock.patch.object(tempo, "time", clock),
            mock.patch.object(worker, "time", clock),
            mock.patch.object(waits, "random", world.choice),
            mock.patch.object(Worker, "die", staticmethod(die)),
            mock.patch.object(epochs, "uuid", SimpleNamespace(uuid4=world.choice.random)),
        ):
            yield
    finally:
        logger.removeHandler(notes)
        logger.setLevel(level)
        logger.propagate = propagate
