"""All sources of an installation at work: each has its loops, and is taken up when it is added.

A source is held by one process at a time, by a lock on its folder. Whoever is told to stop lets the
loops end; whoever is killed loses nothing, because nothing moves before Kafka has what lies before.
"""

import fcntl
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from connectors.sinks.clickhouse import Warehouse
from connectors.sources.producing import EventProducer
from connectors.sources.runtime.aside_loop import AsideLoop
from connectors.sources.runtime.asking_loop import AskingLoop
from connectors.sources.runtime.folder import BadSource, Source, Sources, vendor_named
from connectors.sources.runtime.listening_loop import ListeningLoop
from connectors.sources.runtime.log import Kafka
from connectors.sources.runtime.mapping_loop import MappingLoop
from connectors.sources.runtime.world import World

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # how soon an added, changed or paused source is noticed
END_SECONDS = 10.0  # what loops may take to end; what is under way then is done again


@dataclass(frozen=True, slots=True)
class Ground:
    """What sources stand on.

    Attributes:
        public_url: base of hooks' addresses; empty: pushes are not wanted.
        warehouse: connects to where dead letters go.
    """

    sources: Sources
    kafka: Kafka
    producer: EventProducer
    warehouse: Callable[[], Warehouse]
    public_url: str = ""

    def hook_url(self, name: str) -> str | None:
        """Return the public address of a source's hook; None: there is none."""
        return hook_url(self.public_url, name) if self.public_url else None


class Held(RuntimeError):
    """Another process runs this source."""


class Running:
    """One source at work.

    Raises:
        Held: another process runs it.
    """

    def __init__(self, ground: Ground, source: Source) -> None:
        self.source = source
        self._lock = _locked(ground.sources.root / source.name / "lock")
        vendor = vendor_named(source)
        self.world = World(source, vendor, ground.sources, ground.kafka, ground.producer)
        self.world.state().close()  # makes the tables before the loops race to
        self._listening: ListeningLoop | None = None
        loops: list[MappingLoop | AskingLoop | AsideLoop | ListeningLoop] = [
            MappingLoop(self.world),
            AsideLoop(self.world, ground.warehouse),
        ]
        if vendor.client is not None:
            loops.append(AskingLoop(self.world, ground.hook_url(source.name)))
            self._listening = ListeningLoop(self.world)
            loops.append(self._listening)
        self._threads = [
            threading.Thread(target=loop.run, name=f"{source.name}-{n}", daemon=True)
            for n, loop in enumerate(loops)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the loops, and let another process take the source."""
        self.world.stop.set()
        if self._listening is not None:
            self._listening.close()
        for thread in self._threads:
            thread.join(END_SECONDS)
        if any(thread.is_alive() for thread in self._threads):
            log.warning("%s: a call to the vendor does not end", self.source.name)
            return  # the lock stays: it still works
        self._lock.close()


class Runtime:
    """All sources that are not paused."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._running: dict[str, Running] = {}
        self._held: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Keep sources at work until told to stop."""
        try:
            while not stop.is_set():
                self.look()
                stop.wait(LOOK_SECONDS)
        finally:
            for name in list(self._running):
                self._end(name)

    def look(self) -> None:
        """Take up what was added, let go of what was removed or paused, begin anew what changed."""
        wanted = {}
        for name in self._ground.sources.names():
            try:
                source = self._ground.sources.read(name)
            except BadSource as error:
                log.warning("%s", error)
                continue
            if not source.is_paused:
                wanted[name] = source
        for name in list(self._running):
            if wanted.get(name) != self._running[name].source:
                self._end(name)
        for name, source in wanted.items():
            if name not in self._running:
                self._begin(name, source)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the sources that are at work."""
        return tuple(self._running)

    def _begin(self, name: str, source: Source) -> None:
        try:
            self._running[name] = Running(self._ground, source)
        except Held:
            if name not in self._held:
                log.warning("%s is run by another process", name)
            self._held.add(name)
            return
        except BadSource as error:
            log.warning("%s", error)
            return
        self._held.discard(name)
        log.info("%s is at work", name)

    def _end(self, name: str) -> None:
        self._running.pop(name).stop()
        log.info("%s rests", name)


def hook_url(public_url: str, name: str) -> str:
    """Return the public address of a source's hook."""
    return f"{public_url.rstrip('/')}/hooks/{name}"


def is_held(sources: Sources, name: str) -> bool:
    """Return whether a process runs a source now."""
    try:
        _locked(sources.root / name / "lock").close()
    except Held:
        return True
    return False


def _locked(path: Path) -> IO[str]:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Held(f"{path.parent.name} is run by another process") from None
    return file
