"""The world: a floor day after day, from a first day on, as a stream of events without end."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np

from connectors.sources.simulator.calls import call_stories
from connectors.sources.simulator.crew import Crew
from connectors.sources.simulator.delivery import Courier, Event, Progress, Timeline
from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.emails import email_stories
from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.habits import Floats, Ints
from connectors.sources.simulator.meetings import meeting_stories
from connectors.sources.simulator.pipeline import Pipeline
from connectors.sources.simulator.selling import bill, rehearse, sell
from connectors.sources.simulator.slips import slip
from connectors.sources.simulator.stories import Names, Story
from connectors.sources.simulator.today import Book, Diary, Today
from schemas.codec import CatalogueIds, SchemaIds

WARM_UP_DAYS = 90  # before the first day, deals alone: so that it begins with a full pipeline
AT_ONCE = 256  # stories; their records must be encoded before they leave the processor's cache
EASTMOST_MS = 14 * 3_600_000  # Kiribati begins a day 14 hours before UTC
QUIET_DAYS_MAX = 14  # nobody works: to look further ahead at once would be no use
DAYS_MAX = 3660  # ten years; a longer history is a slip of the pen


Teller = Callable[[Today, Ints, Ints], list[Story]]


class World:
    """A floor that lives. Its whole future is decided by what it is made of."""

    def __init__(
        self,
        floor: Floor,
        seed: int,
        start: date,
        *,
        dials: Dials | None = None,
        ids: SchemaIds | None = None,
    ) -> None:
        if seed < 0:
            raise ValueError(f"the seed is {seed}; give 0 or more")
        self.dials = dials or Dials()
        self.courier = Courier(self.dials, ids or CatalogueIds())
        self.crew = Crew(floor, seed)
        self.names = Names.of(floor, seed, start, self.dials)
        self.pipeline = Pipeline(self.crew, self.names, self.dials)
        self.timeline = Timeline()
        self.diary = Diary()
        self.day = start - timedelta(days=WARM_UP_DAYS)
        while self.day < start:
            rehearse(self.pipeline, self.today())
            self.day += timedelta(days=1)
        self.pipeline.bills.forget()  # of deals nobody has heard of
        self._take_over()

    @property
    def horizon(self) -> int:
        """The instant before which nothing more will be thought of, ms."""
        return day_ms(self.day) - EASTMOST_MS

    def until(self, end: int) -> Iterator[Event]:
        """Yield, and take out, everything delivered before an instant, in order."""
        while self.horizon < end:
            self._live_a_day()
            yield from self.timeline.due(min(self.horizon, end))
        yield from self.timeline.due(end)

    def next_at(self) -> int:
        """Return when the next event is due, or an instant before which none is."""
        for _ in range(QUIET_DAYS_MAX):
            at = self.timeline.next_at()
            if at is not None and at < self.horizon:
                return at
            self._live_a_day()
        return self.horizon

    def complete_through(self, now: int) -> int:
        """Return the instant up to which all that the CRM knows has been delivered."""
        return self.timeline.complete_through(now)

    def _live_a_day(self) -> None:
        """Live one more local day everywhere."""
        today = self.today()
        shift = today.shift
        self._tell(today, "call", shift.calls, call_stories)
        self._tell(today, "email", shift.emails, email_stories)
        self._tell(today, "meeting", shift.bookings, meeting_stories)
        self.timeline.add(self.courier.events("deal", sell(self.pipeline, today), today.way))
        billed = bill(self.pipeline, self.day.toordinal(), day_ms(self.day))
        self.timeline.add(self.courier.events("deal", billed, today.way))
        self.day += timedelta(days=1)
        self.diary.forget_before(self.horizon)

    def today(self) -> Today:
        """Return the day that is lived next."""
        key = [self.crew.seed, self.day.toordinal(), 2]
        return Today(
            self.crew,
            self.crew.shift(self.day),
            Book(self.pipeline.open),
            self.diary,
            self.names,
            self.dials,
            np.random.default_rng(key),
            Random(str(key)),  # noqa: S311 - chance of a story, of nothing secret
            np.random.default_rng([*key, 1]),
        )

    def _tell(self, today: Today, message: str, rates: Floats, tell: Teller) -> None:
        """Let everybody do one kind of thing as often as they do it on such a day."""
        everybody = np.repeat(np.arange(self.crew.size), today.rng.poisson(rates))
        for first in range(0, len(everybody), AT_ONCE):
            who = everybody[first : first + AT_ONCE]
            stories = tell(today, who, self.crew.times(today.shift, who, today.rng))
            owners = [self.crew.place[story[0].owner_id] for story in stories]
            slip(today, message, stories, owners)
            self.timeline.add(self.courier.events(message, stories, today.way))

    def _take_over(self) -> None:
        """The pipeline open on the first day comes first, as it stands: a CRM's first sync."""
        opens = self.horizon
        stories = [
            [deal.record(self.crew.owner_ids)] for owned in self.pipeline.open for deal in owned
        ]
        events = self.courier.events("deal", stories, self.today().way)
        self.timeline.add([event._replace(at=opens, known_at=opens) for event in events])


def history(
    floor: Floor,
    seed: int,
    start: date,
    end: datetime,
    *,
    dials: Dials | None = None,
    ids: SchemaIds | None = None,
) -> Iterator[Event]:
    """Yield all that a floor does from a day on, as delivered before an instant, in order.

    A history with a later end begins with the very same events.

    Raises:
        ValueError: the span is empty or absurd.
    """
    _check_span(start, end)
    return World(floor, seed, start, dials=dials, ids=ids).until(ms_of(end))


def catch_up(world: World, end: datetime) -> Iterator[Event | Progress]:
    """Yield a new world's events up to an instant and how far that makes it complete.

    Raises:
        ValueError: the span is empty or absurd.
    """
    _check_span(world.day, end)
    return _caught_up(world, end)


def _caught_up(world: World, end: datetime) -> Iterator[Event | Progress]:
    yield from world.until(ms_of(end))
    yield Progress(world.complete_through(ms_of(end)), ms_of(end))


def _check_span(start: date, end: datetime) -> None:
    days = (end.astimezone(UTC).date() - start).days
    if not 0 <= days <= DAYS_MAX:
        raise ValueError(f"from {start} to {end} are {days} days; give 0 to {DAYS_MAX}")


def ms_of(instant: datetime) -> int:
    """Return an instant in ms since 1970 UTC."""
    return int(instant.timestamp() * 1000)


def day_ms(day: date) -> int:
    """Return the midnight UTC that begins a day, ms."""
    return ms_of(datetime(day.year, day.month, day.day, tzinfo=UTC))
