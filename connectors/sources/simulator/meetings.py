"""Meetings: booked days ahead, often by somebody else, then held, moved, missed or called off."""

from datetime import date, timedelta
from typing import Any

import numpy as np

from connectors.sources.simulator.book import Book
from connectors.sources.simulator.crew import MINUTE_MS, Crew, Shift
from connectors.sources.simulator.habits import Ints
from connectors.sources.simulator.splits import SELLERS
from connectors.sources.simulator.stories import MICROS, Names, Record, Story, revised

GRID_MIN = 30  # meetings start on the hour or half past
AHEAD_DAYS_MEAN, AHEAD_DAYS_MAX = 3.5, 15  # working days
LENGTHS_MIN = (30, 30, 45, 60)
KINDS = ("discovery", "demo", "demo", "proposal review", "check-in")
MOVED, MISSED, CALLED_OFF, FORGOTTEN = 0.12, 0.13, 0.07, 0.04
MARKED_LATEST_MIN = 25  # after the end, in which the tidy note how it went
HELD_TOUCH = 3.0  # what a meeting held weighs beside a call answered


class Diary:
    """Which half hours of which rep are taken, so that nobody sits in two meetings at once."""

    def __init__(self) -> None:
        self._taken: set[tuple[int, int]] = set()

    def take(self, rep: int, start: int, length_min: int) -> bool:
        """Return whether the time was free; it is taken now."""
        slots = {(rep, start // (GRID_MIN * MINUTE_MS) + i) for i in range(-(-length_min // GRID_MIN))}
        if slots & self._taken:
            return False
        self._taken |= slots
        return True

    def forget_before(self, at: int) -> None:
        """Drop what is over."""
        first = at // (GRID_MIN * MINUTE_MS)
        self._taken = {(rep, slot) for rep, slot in self._taken if slot >= first}


def meeting_stories(
    crew: Crew, shift: Shift, who: Ints, at: Ints, book: Book, diary: Diary, names: Names,
    rng: np.random.Generator,
) -> list[Story]:  # fmt: skip
    """Return one story for each booking by `who` at `at` that finds a free half hour."""
    deals = book.picks(who, 0.75, rng).tolist()
    stories = []
    for booker, booked_at, place in zip(who.tolist(), at.tolist(), deals, strict=True):
        owner = booker
        if shift.roles[booker] == "SDR":
            sellers = shift.near(booker, SELLERS)
            owner = sellers[rng.integers(len(sellers))] if sellers else booker
            place = -1
        booked = _booked(crew, shift.day, owner, booker, booked_at, diary, names, rng)
        if booked is None:
            continue
        if place >= 0:
            deal = book.deals[place]
            booked |= {"deal_id": deal.entity_id, "account_id": deal.contact.account_id}
            booked["contact_id"] = deal.contact.contact_id
        story = _lived(crew, shift.day, owner, booked, diary, rng)
        if place >= 0 and story[-1]["outcome"] == "COMPLETED":
            book.deals[place].touches += HELD_TOUCH
        stories.append(story)
    return stories


def _booked(
    crew: Crew, day: date, owner: int, booker: int, at: int, diary: Diary, names: Names,
    rng: np.random.Generator,
) -> Record | None:  # fmt: skip
    length = int(rng.choice(LENGTHS_MIN))
    start = _free_start(crew, owner, day, length, diary, rng)
    if start is None:
        return None
    source_id = names.next_id()
    contact = crew.contacts[owner][rng.integers(len(crew.contacts[owner]))]
    by_other, plain = booker != owner, rng.random() < 0.7
    return {
        "entity_id": f"{names.source}:meeting:{source_id}",
        "source": names.source,
        "source_id": source_id,
        "revision": at * MICROS + int(rng.integers(MICROS)),
        "op": "SET",
        "created_at": at,
        "occurred_at": start,
        "owner_id": crew.owner_ids[owner],
        "booked_by_id": crew.owner_ids[booker] if by_other or not plain else None,
        "booked_at": None if plain and not by_other else at,
        "start_at": start,
        "end_at": start + length * MINUTE_MS,
        "outcome": "SCHEDULED",
        "meeting_type": KINDS[rng.integers(len(KINDS))],
        "external_attendee_count": int(rng.integers(1, 6)) if rng.random() < 0.9 else None,
        "deal_id": None,
        "account_id": contact.account_id,
        "contact_id": contact.contact_id,
    }


def _free_start(
    crew: Crew, owner: int, after: date, length: int, diary: Diary, rng: np.random.Generator
) -> int | None:
    """Return a free half hour on one of the owner's coming working days; None: none was found."""
    ahead = 1 + min(int(rng.exponential(AHEAD_DAYS_MEAN)), AHEAD_DAYS_MAX)
    day = crew.working_day(owner, after, ahead)
    if day is None:
        return None
    rep = crew.floor.reps[owner]
    first = -(-rep.day_starts // GRID_MIN)
    slots = np.arange(first, (rep.day_ends - length) // GRID_MIN + 1)
    midnight = crew.midnight(owner, day)
    for slot in rng.permutation(slots).tolist():
        start = midnight + slot * GRID_MIN * MINUTE_MS
        if diary.take(owner, start, length):
            return int(start)
    return None


def _lived(
    crew: Crew, day: date, owner: int, booked: Record, diary: Diary, rng: np.random.Generator
) -> Story:
    """Return what becomes of a booked meeting."""
    story = [booked]
    if rng.random() < MOVED:
        moved = _moved(crew, day, owner, booked, diary, rng)
        story += [moved] if moved else []
    last, u = story[-1], rng.random()
    if u < CALLED_OFF:
        gap = last["start_at"] - last["revision"] // MICROS
        return [*story, revised(last, max(1, int(gap * rng.uniform(0.3, 0.95))), outcome="CANCELED")]
    if u < CALLED_OFF + FORGOTTEN:
        return story
    missed = u > 1 - MISSED * (1.5 - float(crew.skill[owner]))
    marked = last["end_at"] + int(rng.uniform(1, MARKED_LATEST_MIN) * MINUTE_MS)
    return [*story, _at(last, marked, outcome="NO_SHOW" if missed else "COMPLETED")]


def _moved(
    crew: Crew, day: date, owner: int, booked: Record, diary: Diary, rng: np.random.Generator
) -> Record | None:
    """Return the meeting at another time, moved on a day before it would have begun."""
    length = (booked["end_at"] - booked["start_at"]) // MINUTE_MS
    begins = day + timedelta(days=(booked["start_at"] - booked["created_at"]) // 86_400_000)
    start = _free_start(crew, owner, max(day, begins), length, diary, rng)
    if start is None:
        return None
    gap = booked["start_at"] - booked["created_at"]
    changes: dict[str, Any] = {
        "occurred_at": start, "start_at": start, "end_at": start + length * MINUTE_MS,
        "outcome": "RESCHEDULED",
    }  # fmt: skip
    return _at(booked, booked["created_at"] + int(gap * rng.uniform(0.2, 0.9)), **changes)


def _at(record: Record, at: int, **changes: Any) -> Record:
    """Return a later state of an entity, entered at an instant."""
    return revised(record, at - record["revision"] // MICROS, **changes)
