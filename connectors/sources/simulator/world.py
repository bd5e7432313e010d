"""The world: a floor day after day, from a first day on, as a stream of events without end."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np

from connectors.sources.simulator.calls import call_stories
from connectors.sources.simulator.crew import Crew, Shift
from connectors.sources.simulator.delivery import Event, Timeline, delivered
from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.emails import email_stories
from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.habits import Floats, Ints
from connectors.sources.simulator.meetings import Diary, meeting_stories
from connectors.sources.simulator.pipeline import Pipeline
from connectors.sources.simulator.selling import sell
from connectors.sources.simulator.slips import slip
from connectors.sources.simulator.stories import Names

DAY_MS = 86_400_000
WARM_UP_DAYS = 120  # before the first day, deals alone: so that it begins with a full pipeline
EASTMOST_MS = 14 * 3_600_000  # Kiribati begins a day 14 hours before UTC
DAYS_MAX = 3660  # ten years; a longer history is a slip of the pen


class World:
    """A floor that lives. Its whole future is decided by what it is made of."""

    def __init__(self, floor: Floor, seed: int, start: date, dials: Dials | None = None) -> None:
        self.dials = dials or Dials()
        self.crew = Crew(floor, seed)
        self.names = Names.of(floor, seed, start, self.dials)
        self.pipeline = Pipeline(self.crew, self.names, self.dials)
        self.timeline = Timeline()
        self.diary = Diary()
        self.day = start - timedelta(days=WARM_UP_DAYS)
        while self.day < start:
            shift, rng = self._begin_day()
            sell(self.pipeline, shift, rng, rehearsal=True)
            self.day += timedelta(days=1)
        self._take_over()

    def events(self) -> Iterator[Event]:
        """Yield everything in order of delivery, for ever. To be asked for once."""
        while True:
            yield from self.advance()

    def advance(self) -> list[Event]:
        """Live one more local day everywhere; return what is delivered until the next begins."""
        shift, rng = self._begin_day()
        book = self.pipeline.book()
        everything = (self.crew, shift, self.dials, rng)
        for message, rate, tell in (("call", shift.calls, call_stories),
                                    ("email", shift.emails, email_stories)):  # fmt: skip
            who, at = self._moments(shift, rate, rng)
            stories = tell(self.crew, shift, who, at, book, self.names, rng)
            slip(message, stories, who.tolist(), *everything)
            self.timeline.add(delivered(message, stories, self.dials, rng))
        who, at = self._moments(shift, shift.bookings, rng)
        stories = meeting_stories(self.crew, shift, who, at, book, self.diary, self.names, rng)
        owners = [self._place[s[0]["owner_id"]] for s in stories]
        slip("meeting", stories, owners, *everything)
        self.timeline.add(delivered("meeting", stories, self.dials, rng))
        self.timeline.add(delivered("deal", sell(self.pipeline, shift, rng), self.dials, rng))
        self.day += timedelta(days=1)
        horizon = day_ms(self.day) - EASTMOST_MS
        self.diary.forget_before(horizon)
        return self.timeline.due(horizon)

    def _begin_day(self) -> tuple[Shift, np.random.Generator]:
        rng = np.random.default_rng([self.crew.seed, self.day.toordinal(), 2])
        return self.crew.shift(self.day), rng

    def _moments(
        self, shift: Shift, rate: Floats, rng: np.random.Generator
    ) -> tuple[Ints, Ints]:
        """Return who does something and when."""
        who = np.repeat(np.arange(self.crew.size), rng.poisson(rate))
        return who, self.crew.times(shift, who, rng)

    def _take_over(self) -> None:
        """The pipeline open on the first day comes first, as it stands: a CRM's first sync."""
        opens = day_ms(self.day) - EASTMOST_MS
        owner_ids = self.crew.owner_ids
        self.timeline.add([
            Event(opens, opens, "deal", deal.record(owner_ids))
            for owned in self.pipeline.open
            for deal in owned
        ])  # fmt: skip

    @property
    def _place(self) -> dict[str, int]:
        return {owner_id: i for i, owner_id in enumerate(self.crew.owner_ids)}


def history(
    floor: Floor, seed: int, start: date, end: datetime, dials: Dials | None = None
) -> Iterator[Event]:
    """Yield all that a floor does from a day on, as delivered before an instant, in order.

    A history with a later end begins with the very same events.

    Raises:
        ValueError: the span is empty or absurd.
    """
    days = (end.astimezone(UTC).date() - start).days
    if not 0 <= days <= DAYS_MAX:
        raise ValueError(f"from {start} to {end} are {days} days; give 0 to {DAYS_MAX}")
    return _before(World(floor, seed, start, dials), int(end.timestamp() * 1000))


def _before(world: World, end: int) -> Iterator[Event]:
    for event in world.events():
        if event.at >= end:
            return
        yield event


def day_ms(day: date) -> int:
    """Return the midnight UTC that begins a day, ms."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
