"""Live: a floor's events as their time comes, by whatever clock is handed in."""

import time
from collections.abc import Iterator
from datetime import date, datetime
from typing import Protocol

from connectors.sources.simulator.bustle import Bustle
from connectors.sources.simulator.delivery import Event, Progress
from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.world import World, ms_of
from schemas.codec import SchemaIds

PROGRESS_SECONDS = 2.0  # how often a source says how far it is complete, also when idle
WAIT_SECONDS_MAX = 0.5  # between two looks at the clock, so that a stop is heeded soon
WAIT_SECONDS_MIN = 0.001  # finer than anybody sees; a clock's seconds must be able to hold it
STEP_MS_MAX = 86_400_000  # of the floor's time at once, however fast it is asked to run


class Clock(Protocol):
    """What time it is for whoever watches."""

    def now(self) -> float:
        """Return seconds since 1970 UTC."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since 1970 UTC."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


class Happening(Protocol):
    """A floor in time: a World that lives its days, or a Bustle that improvises."""

    def until(self, end: int) -> Iterator[Event]:
        """Yield, and take out, everything delivered before an instant."""

    def next_at(self) -> int:
        """Return when the next event is due, or an instant before which none is."""

    def complete_through(self, now: int) -> int:
        """Return the instant up to which all that is known has been delivered."""


def live(
    floor: Floor,
    seed: int,
    start: date,
    clock: Clock,
    *,
    speed: float = 1.0,
    since: datetime | None = None,
    dials: Dials | None = None,
    ids: SchemaIds | None = None,
) -> Iterator[Event | Progress]:
    """Yield a floor's events as their time comes, for ever, and progress every other second.

    Args:
        start: first day of the floor's history; the same day as that of a backfill goes on with it.
        speed: seconds of the floor in a second of the clock.
        since: instant of the history to begin at; None: its first.

    Raises:
        ValueError: the speed is not above 0.
    """
    if not speed > 0:
        raise ValueError(f"speed is {speed}: give how many times as fast as the clock, above 0")
    started = clock.now()
    world = World(floor, seed, start, dials=dials, ids=ids)
    begin = world.horizon if since is None else ms_of(since)
    for _ in world.until(begin):
        pass  # told already, by a backfill
    return follow(world, begin, clock, started, speed)


def bustle(
    floor: Floor,
    seed: int,
    start: date,
    clock: Clock,
    *,
    pace: float,
    dials: Dials | None = None,
    ids: SchemaIds | None = None,
) -> Iterator[Event | Progress]:
    """Yield `pace` events a second that happen now, whatever the hour, for ever, and progress.

    The floor has the history that begins on `start`: its open deals and booked meetings go on.
    """
    started = clock.now()
    world = World(floor, seed, start, dials=dials, ids=ids)
    now = int(started * 1000)
    for _ in world.until(now):
        pass
    return follow(Bustle(world, now, pace), now, clock, started)


def follow(
    happening: Happening, begin: int, clock: Clock, started: float, speed: float = 1.0
) -> Iterator[Event | Progress]:
    """Yield what happens from an instant on, at a speed.

    Args:
        started: what the clock said at that instant; it may be past, then it is caught up with.
    """
    tell_at = clock.now()
    now = begin
    while True:
        now = min(begin + int((clock.now() - started) * 1000 * speed), now + STEP_MS_MAX)
        yield from happening.until(now + 1)
        if clock.now() >= tell_at:
            yield Progress(happening.complete_through(now), now)
            tell_at = clock.now() + PROGRESS_SECONDS
        seconds = (happening.next_at() - now) / 1000 / speed
        seconds = min(seconds, tell_at - clock.now(), WAIT_SECONDS_MAX)
        clock.wait(max(WAIT_SECONDS_MIN, seconds))
