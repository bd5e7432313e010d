"""Bustle: a floor that improvises at a given pace, right now, whatever the hour.

It goes on from a world's history: the deals open in it are what gets won here. Reps in their
working hours act first; when it is night on the whole floor, everybody does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

import numpy as np

from connectors.sources.simulator.calls import call_stories
from connectors.sources.simulator.crew import MINUTE_MS
from connectors.sources.simulator.deals import Deal
from connectors.sources.simulator.delivery import Event
from connectors.sources.simulator.emails import email_stories
from connectors.sources.simulator.habits import ROLES, Bools
from connectors.sources.simulator.meetings import meeting_stories
from connectors.sources.simulator.records import CallRecord, EmailRecord, MeetingRecord
from connectors.sources.simulator.selling import happen
from connectors.sources.simulator.slips import slip
from connectors.sources.simulator.stories import MICROS, Story, known_ms
from connectors.sources.simulator.today import Book, Diary, Today
from connectors.sources.simulator.world import World

T = TypeVar("T", CallRecord, EmailRecord)
PACE_MAX = 200.0  # things a second; above it, a backfill or a replay is what is wanted
KINDS = ("call", "email", "meeting", "deal")
SHARES = (46, 30, 11, 13)  # of what happens; more meetings and deals than a real day, to be seen
CREATED = 0.27  # of what happens to deals: one in about 3.7 moves, so that the pipeline lasts
HELD = 0.6  # of meetings: one just held; the others are booked
LOOKED_AT = 3  # deals, of which the one longest untouched moves


class Bustle:
    """An improvised floor in time."""

    def __init__(self, world: World, now: int, pace: float) -> None:
        if not 0 < pace <= PACE_MAX:
            raise ValueError(f"pace is {pace}: give things a second, above 0 and up to {PACE_MAX}")
        self._world, self._now, self._pace = world, now, pace
        self._timeline = world.timeline
        self._names = world.names.branch(now)
        world.pipeline.names = self._names
        key = [world.crew.seed, now, 3]
        self._rng = np.random.default_rng(key)
        self._dice = Random(str(key))  # noqa: S311 - chance of a story, of nothing secret

    def until(self, end: int) -> Iterator[Event]:
        """Yield, and take out, everything delivered before an instant, in order."""
        while self._now < end:
            self._improvise()
        yield from self._timeline.due(end)

    def next_at(self) -> int:
        """Return when the next event is due, or an instant before which none is."""
        return min(self._timeline.next_at() or self._now, self._now)

    def complete_through(self, now: int) -> int:
        """Return the instant up to which all that the CRM knows has been delivered."""
        return self._timeline.complete_through(now)

    def _improvise(self) -> None:
        """Let one thing happen, and set when the next one does."""
        at = self._now
        today = self._today(at)
        kind = self._dice.choices(KINDS, SHARES)[0]
        rep = self._someone(today, kind, at)
        if kind == "deal":
            stories = [self._deal(today, rep, at)]
        else:
            tell = {"call": call_stories, "email": email_stories, "meeting": meeting_stories}[kind]
            stories = [self._present(s, at) for s in tell(today, np.array([rep]), np.array([at]))]
            slip(today, kind, stories, [rep] * len(stories))
        self._timeline.add(self._world.courier.events(kind, stories, self._rng))
        self._now += max(1, int(self._dice.expovariate(self._pace) * 1000))

    def _today(self, at: int) -> Today:
        world = self._world
        day = datetime.fromtimestamp(at / 1000, UTC).date()
        book = Book(world.pipeline.open)
        shift = world.crew.shift(day)
        # A diary of its own each time: at a demo's pace, real ones would be full within the hour.
        return Today(
            world.crew, shift, book, Diary(), self._names, world.dials, self._rng, self._dice,
            self._rng,
        )  # fmt: skip

    def _someone(self, today: Today, kind: str, at: int) -> int:
        """Return a rep who does such a thing: at work if anybody is, else anybody employed."""
        crew, habit = today.crew, KINDS.index(kind)  # a Habit begins with what these do in a day
        habits = np.array([ROLES[r][habit] if r else 0.0 for r in today.shift.roles])
        weights = habits * crew.diligence
        busy = weights * self._at_work(at)
        chosen = busy if busy.any() else weights if weights.any() else np.ones(crew.size)
        return self._dice.choices(range(crew.size), chosen.tolist())[0]

    def _at_work(self, at: int) -> Bools:
        """Return who is in the middle of a working day."""
        crew, day = self._world.crew, datetime.fromtimestamp(at / 1000, UTC).date()
        found = np.zeros(crew.size, bool)
        for shift in (crew.shift(day + timedelta(days=d)) for d in (-1, 0, 1)):
            since = at - shift.midnight - crew.starts
            found |= shift.on_duty & (since >= 0) & (since < crew.lasts)
        return found

    def _present(self, story: Story, at: int) -> Story:
        """Return a story of which the news is now: the call has just ended, the meeting too."""
        first = story[0]
        if isinstance(first, MeetingRecord):
            return [_just_held(first, at)] if self._dice.random() < HELD else story
        if len(story) > 1:
            return story
        back = known_ms(first) - at
        return [_earlier(first, back)]

    def _deal(self, today: Today, rep: int, at: int) -> Story:
        pipeline, dice = self._world.pipeline, self._dice
        # What the history already has in store for the rest of its day is left alone.
        free = [d for d in pipeline.open[rep] if known_ms_of(d) < at - MINUTE_MS]
        if not free or dice.random() < CREATED:
            deal = pipeline.create(rep, at, today.shift.day.toordinal(), dice)
            return [deal.record(today.crew.owner_ids)]
        done = [d for d in pipeline.closed if d.stage_class == "WON" and known_ms_of(d) < at]
        if done and dice.random() < today.dials.amendments / 4:
            return happen(pipeline, "reprice", dice.choice(done), at, today)
        looked_at = [dice.choice(free) for _ in range(LOOKED_AT)]
        return happen(pipeline, "advance", min(looked_at, key=known_ms_of), at, today)


def known_ms_of(deal: Deal) -> int:
    """Return when a deal's record was last changed, ms."""
    return deal.revision // MICROS


def _earlier(record: T, back: int) -> T:
    """Return an activity moved back in time as a whole."""
    return record._replace(
        revision=record.revision - back * MICROS,
        created_at=record.created_at - back,
        occurred_at=record.occurred_at - back,
    )


def _just_held(booked: MeetingRecord, at: int) -> MeetingRecord:
    """Return a meeting that was booked as long before as planned and has just ended."""
    back = booked.end_at + MINUTE_MS - at
    return booked._replace(
        revision=at * MICROS + booked.revision % MICROS,
        created_at=booked.created_at - back,
        occurred_at=booked.occurred_at - back,
        booked_at=booked.booked_at and booked.booked_at - back,
        start_at=booked.start_at - back,
        end_at=booked.end_at - back,
        outcome="COMPLETED",
    )
