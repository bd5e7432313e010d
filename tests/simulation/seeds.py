"""From a seed to a world with its mishaps: who does what when is drawn here, and nowhere else."""

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from schemas.positions import position_of
from schemas.warehouse import Message
from tests.simulation import checks
from tests.simulation.clockwork import Actor
from tests.simulation.floor import KINDS, Crm, changed, first_definitions
from tests.simulation.outside import Weather
from tests.simulation.tables import Tables
from tests.simulation.world import Process, World, Wrong

EFFECTS = ("insert spm.activity", "insert spm.deal", "insert spm.kpi_rep_day",
           "insert spm.deal_credit", "insert spm.credit", "insert spm.commission_ledger",
           "publish", "insert spm.applied", "read")  # fmt: skip


@dataclass(frozen=True)
class Mix:
    """What may happen in a seed.

    Attributes:
        mishaps: names of methods of Fate, drawn from with repetition.
        count: how many of them happen.
        revisions: how often definitions change.
        is_rough: single calls fail.
        is_memory: the broker forgets all when it dies, and tells the end of a log as Tansu does.
        is_paid: deals alone, and both stages of them.
        seconds: so long things happen; then all is delivered and comes to rest.
    """

    name: str
    mishaps: tuple[str, ...]
    count: int = 5
    revisions: int = 1
    is_rough: bool = True
    is_memory: bool = False
    is_paid: bool = False
    seconds: float = 15.0


MIXES = {
    mix.name: mix
    for mix in (
        Mix("calm", ("join", "leave"), count=2, is_rough=False),
        Mix("crashes", ("crash", "crash_at", "crash_at", "ghost", "join", "leave"), count=6),
        Mix("outages", ("warehouse_away", "kafka_away", "crash", "crash_at", "ghost", "join")),
        Mix("markers", ("crash", "crash_at", "ghost", "mark_again"), revisions=4),
        Mix("busy", ("crash_at", "ghost"), count=3, seconds=4.0),
        Mix("telling", ("crash_after_results", "crash_after_results", "ghost"), count=6),
        Mix("ghosts", ("ghost", "ghost", "crash_at", "crash"), count=6, revisions=2),
        Mix("restore", ("back_up", "back_up_at", "restore", "crash_at", "ghost", "restore"), count=7),
        Mix("retention", ("back_up_at", "restore", "forget", "crash_at", "too_old"), count=6),
        Mix("memory", ("lose_log", "crash_at", "ghost", "lose_log"), count=3, revisions=2,
            is_memory=True),
        Mix("pay", ("crash", "crash_at", "crash_at", "ghost", "mark_again"), revisions=2,
            is_paid=True),
        Mix("pay_restore", ("back_up", "back_up_at", "restore", "crash_at", "restore"), count=6,
            is_paid=True),
        Mix("pay_ghosts", ("ghost", "ghost", "crash"), is_paid=True),
        Mix("pay_retention", ("too_old", "forget", "back_up_at", "restore"), count=4,
            is_paid=True),
        Mix("pay_memory", ("lose_log", "crash_at", "lose_log"), count=3, is_memory=True,
            is_paid=True),
        Mix("all", ("crash", "crash_at", "ghost", "join", "leave", "warehouse_away", "kafka_away",
                    "mark_again", "back_up", "back_up_at", "restore", "lose_log", "forget"),
            count=9, revisions=3, is_memory=True),
    )
}  # fmt: skip


def mix_of(seed: int) -> Mix:
    """Return the mix of a seed, unless one is asked for."""
    return list(MIXES.values())[seed % len(MIXES)]


def run(seed: int, mix: Mix | None = None, *, traced: bool = False) -> World:
    """Return the world of a seed at its end, held to what must be.

    Raises:
        Wrong: something is not as it must be.
    """
    mix = mix or mix_of(seed)
    choice = random.Random(seed * 7919)
    used = ("crm.deals",) if mix.is_paid else _topics(choice)
    if "crm.deals" in used and (mix.is_paid or choice.random() < 0.6):
        used = (*used, "spm.credits")
    world = World(
        seed,
        topics_used=used,
        tells_starts=mix.is_memory and choice.random() < 0.7,
        traced=traced,
    )
    try:
        world.run(Fate(world, mix).script())
    except Wrong as wrong:
        wrong.world = world  # type: ignore[attr-defined]
        raise
    return world


def _topics(choice: random.Random) -> tuple[str, ...]:
    both = choice.choice([("crm.calls", "crm.deals"), ("crm.deals", "crm.meetings"),
                          ("crm.emails", "crm.deals"), ("crm.calls", "crm.meetings")])  # fmt: skip
    return both if choice.random() < 0.3 else both[:1] if choice.random() < 0.5 else both[1:]


class Fate:
    """What happens in one world."""

    def __init__(self, world: World, mix: Mix) -> None:
        self.world, self.mix, self.choice = world, mix, world.choice
        self.crm = Crm(self.choice, [name for name in world.kinds if name in KINDS])
        self.copies: list[Tables] = []
        self.pending: set[asyncio.Task[Any]] = set()
        self.opening: asyncio.Task[Any] | None = None

    async def script(self) -> None:
        """Begin, let things happen, come to rest, and check."""
        world, choice = self.world, self.choice
        self._define(first_definitions(), is_late=choice.random() < 0.2)
        await world.open_epochs()
        for _ in range(choice.randint(1, 3)):
            world.start_worker()
        if self.mix.is_rough:
            world.weather = Weather(away=0.02, lost=0.02, slow=choice.choice([0.02, 0.1, 0.4]))
        await asyncio.gather(self._produce(), self._author(), self._mishaps())
        while self.pending:
            await asyncio.wait(self.pending)
        world.weather = Weather()
        for process in list(world.processes):
            process.actor.slow = 0
            if process.consumer.is_ghost or process.consumer.cluster is not world.cluster:
                world.crash(process)
        if not world.processes and not world.refused:
            world.start_worker()
        if not world.refused:
            await world.rest()
        if world.refused:
            await asyncio.sleep(5)  # others go on with what they may
        self._judge()

    def _judge(self) -> None:
        world = self.world
        world.check()
        if world.refused:
            if not world.must_refuse:
                raise Wrong(f"refused without need: {world.refused}")
            world.note(f"refused, as it must: {world.must_refuse}")
            checks.never_ahead(world)
            return
        checks.everything(world)

    def later(self, work: Awaitable[Any]) -> None:
        """Do something beside; the end waits for it."""
        task = asyncio.ensure_future(work)
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)

    async def _some(self, least: float, most: float) -> None:
        await asyncio.sleep(self.choice.uniform(least, most))

    # What happens anyway.

    async def _produce(self) -> None:
        records = self.choice.randint(40, 100)
        bursts = sorted(self.choice.uniform(0, self.mix.seconds) for _ in range(records // 6))
        for at in bursts:
            await asyncio.sleep(max(0.0, at - self.world.now))
            await self._until_open()
            for _ in range(self.choice.randint(1, 11)):
                self.world.produce(self.crm.next())
            if self.choice.random() < 0.03:
                self._produce_junk()

    def _produce_junk(self) -> None:
        topic = self.choice.choice(list(self.world.kinds))
        value = self.choice.choice([b"", b"{}", b"\0\0\0\0\x01abc"])
        [(partition, offset)] = self.world.cluster.append([Message(topic, b"junk", value)])
        self.world.junk.append((partition, self.world.cluster.name, offset))
        self.world.note(f"produced {partition} {offset}: junk")

    async def _until_open(self) -> None:
        if self.opening and self.choice.random() < 0.5:
            await asyncio.wait([self.opening])

    async def _author(self) -> None:
        times = sorted(self.choice.uniform(1, self.mix.seconds) for _ in range(self.mix.revisions))
        for at in times:
            await asyncio.sleep(max(0.0, at - self.world.now))
            what, raw = changed(self.world.definitions[-1][1], self.choice)
            self.world.note(f"from now on {what}")
            self._define(raw, is_late=self.choice.random() < 0.3)

    def _define(self, raw: Any, *, is_late: bool) -> None:
        world = self.world
        sequence = len(world.definitions) + 1
        world.definitions.append((sequence, raw))
        if not is_late:
            world.define(sequence, raw)
            world.mark(sequence)
            return
        world.mark(sequence)
        self.later(self._define_late(sequence, world.cluster.name))

    async def _define_late(self, sequence: int, cluster: str) -> None:
        await self._some(0.5, 6)
        world = self.world
        world.define(sequence, world.definitions[sequence - 1][1])
        if world.cluster.name != cluster:
            world.mark(sequence)

    # Mishaps.

    async def _mishaps(self) -> None:
        times = sorted(self.choice.uniform(0.2, self.mix.seconds) for _ in range(self.mix.count))
        for at in times:
            await asyncio.sleep(max(0.0, at - self.world.now))
            if self.world.refused or self.world.must_refuse:
                return
            name = self.choice.choice(self.mix.mishaps)
            done = getattr(self, f"_{name}")()
            if done is not None:
                await done

    def _one(self) -> Process | None:
        some = [p for p in self.world.processes if not p.consumer.is_ghost]
        return self.choice.choice(some) if some else None

    def _join(self) -> None:
        if len(self.world.processes) < 3:
            self.world.start_worker()

    async def _leave(self) -> None:
        process = self._one()
        if process and len(self.world.processes) > 1:
            await self.world.stop(process)
            self.world.rebalance()

    def _crash(self) -> None:
        process = self._one()
        if process:
            self.world.crash(process)
            self.later(self._replace())

    def _crash_at(self) -> None:
        self._trap_crash(self.choice.choice(EFFECTS), after=self.choice.random() < 0.7)

    def _trap_crash(self, at: str, *, after: bool) -> None:
        def die(actor: Actor) -> None:
            self.world.crash_actor(actor)
            if actor.name.startswith("worker"):
                self.later(self._replace())

        self.world.trap(at, die, after=after, skip=self.choice.randrange(3))

    def _crash_after_results(self) -> None:
        self._trap_crash("insert spm.kpi_rep_day", after=True)

    async def _replace(self) -> None:
        """The group notices after a while; somebody starts another worker, sooner or later."""
        await self._some(0, 6)
        self.world.rebalance()
        await self._some(0, 3)
        if self.opening:
            await asyncio.wait([self.opening])
        if not self.world.refused and len(self.world.processes) < 3:
            self.world.start_worker()

    def _ghost(self) -> None:
        process = self._one()
        if process:
            process.actor.slow = self.choice.choice([0.1, 1, 4])
            self.world.make_ghost(process)
            if len(self.world.processes) < 2 or self.choice.random() < 0.3:
                self.world.start_worker()
            self.later(self._awake(process))

    async def _awake(self, process: Process) -> None:
        await self._some(0.5, 12)
        process.actor.slow = 0
        await self._some(0, 1)
        if process.actor.is_dead or process.consumer.cluster is not self.world.cluster:
            return
        if self.choice.random() < 0.5:
            self.world.crash(process)
        else:
            await self.world.notice(process)

    def _warehouse_away(self) -> None:
        self.world.weather.warehouse_until = self.world.now + self.choice.uniform(0.5, 8)
        self.world.note("the warehouse is away for a while")

    def _kafka_away(self) -> None:
        self.world.weather.kafka_until = self.world.now + self.choice.uniform(0.5, 8)
        self.world.note("kafka takes no messages for a while")

    def _mark_again(self) -> None:
        self.world.mark(self.choice.randint(1, len(self.world.definitions)))

    def _back_up(self) -> None:
        self.copies.append(self.world.tables.copy())
        self.world.note("the warehouse is copied")

    def _back_up_at(self) -> None:
        self.world.trap(self.choice.choice(EFFECTS[:-1]), lambda _: self._back_up())

    async def _restore(self) -> None:
        world = self.world
        if not self.copies:
            self._back_up_at()
            return
        if self.opening:
            return
        world.restore(self.choice.choice(self.copies))
        self.later(self._define_again())
        world.must_refuse = checks.must_refuse(world)
        if None in world.open_epoch().values():
            for process in list(world.processes):
                world.crash(process)
            await self._open()

    async def _too_old(self) -> None:
        """What Kafka has forgotten since a copy was made, no replay brings back."""
        self._back_up()
        copy = self.copies[-1]
        await self._some(3, 7)
        self._forget("crm.deals" if "crm.deals" in self.world.kinds else None)
        if not self.opening:
            self.copies = [copy]
            await self._restore()

    async def _define_again(self) -> None:
        await self._some(0.5, 4)
        for sequence, raw in self.world.definitions:
            self.world.define(sequence, raw)
        self.world.mark(len(self.world.definitions))

    def _forget(self, topic: str | None = None) -> None:
        """Kafka's retention: it forgets what is committed and applied of a topic."""
        world = self.world
        topic = topic or self.choice.choice(list(world.kinds))
        applied, epochs = world.applied(), world.open_epoch()
        for partition in world.read_partitions:
            epoch = epochs[partition.topic]
            known = applied.get(partition, 0) - position_of(epoch or 0, 0)
            most = min(known, world.cluster.committed.get(partition, 0))
            log = world.cluster.logs[partition.topic]
            if partition.topic == topic and epoch and most > log.first[partition.number]:
                first = self.choice.randint(log.first[partition.number], most)
                log.first[partition.number] = first
                world.note(f"kafka forgets {partition} below {first}")

    async def _lose_log(self) -> None:
        world = self.world
        if self.opening:
            return
        world.lose_log()
        left = list(world.processes)
        spared = self.choice.choice(left) if left and self.choice.random() < 0.4 else None
        self.opening = asyncio.ensure_future(self._reopen(spared))
        await self.opening
        self.opening = None

    async def _reopen(self, spared: Process | None) -> None:
        """The supervisor ends the workers, but for one it cannot reach, and opens the new log."""
        await self._some(0, 1.5)
        for process in list(self.world.processes):
            if process is spared:
                process.actor.slow = self.choice.choice([0.1, 1, 4])
            else:
                self.world.crash(process)
        await self._open()
        if spared and not spared.actor.is_dead and self.choice.random() < 0.7:
            self.later(self._end(spared))

    async def _end(self, process: Process) -> None:
        await self._some(0, 6)
        if not process.actor.is_dead:
            self.world.crash(process)
            self.world.rebalance()

    async def _open(self) -> None:
        for _ in range(self.choice.choice([0, 0, 1, 2])):
            self.world.trap(
                self.choice.choice(["insert", "publish", "read", "beginnings"]),
                self.world.crash_actor, who="opening", skip=self.choice.randrange(8),
            )  # fmt: skip
        if not await self.world.open_epochs():
            self.world.start_worker()
