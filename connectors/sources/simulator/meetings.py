"""Meetings: booked days ahead, often by somebody else, then held, moved, missed or called off."""

from connectors.sources.simulator.crew import MINUTE_MS
from connectors.sources.simulator.habits import Ints
from connectors.sources.simulator.records import MeetingRecord
from connectors.sources.simulator.splits import SELLERS
from connectors.sources.simulator.stories import MICROS, Story, revised_at
from connectors.sources.simulator.today import SLOT_MIN, Today

ABOUT_DEALS = 0.75
AHEAD_DAYS_MEAN, AHEAD_DAYS_MAX = 3.5, 15  # working days
DAY_MS = 86_400_000
LENGTHS_MIN = (30, 30, 45, 60)
KINDS = ("discovery", "demo", "demo", "proposal review", "check-in")
MOVED, CALLED_OFF, FORGOTTEN, MISSED = 0.12, 0.07, 0.04, 0.13
PLAIN = 0.7  # of those who book for themselves leave booked_by and booked_at empty
MARKED_LATEST_MIN = 25  # after the end, by when it is noted how it went
HELD_TOUCH = 3.0  # what a meeting held weighs beside a call answered


def meeting_stories(today: Today, who: Ints, at: Ints) -> list[Story]:
    """Return one story for each booking by `who` at `at` that finds a free half hour."""
    places = today.book.picks(who, ABOUT_DEALS, today.rng)
    told = (
        _story(today, *row) for row in zip(who.tolist(), at.tolist(), places.tolist(), strict=True)
    )
    return [story for story in told if story]


def _story(today: Today, booker: int, at: int, place: int) -> Story:
    """Return everything about one meeting; nothing if there was no time free for it."""
    owner = booker
    if today.shift.roles[booker] == "SDR":  # books for those who sell, before there is a deal
        sellers = today.shift.near(booker, SELLERS)
        owner, place = (today.dice.choice(sellers) if sellers else booker), -1
    booked = _booked(today, owner, booker, at)
    if booked is None:
        return []
    if place >= 0:
        deal_id, contact = today.person(owner, place, 0)
        booked = booked._replace(
            deal_id=deal_id, account_id=contact.account_id, contact_id=contact.contact_id
        )
    story = _lived(today, owner, booked)
    if place >= 0 and story[-1].outcome == "COMPLETED":
        today.book.deals[place].touches += HELD_TOUCH
    return story


def _booked(today: Today, owner: int, booker: int, at: int) -> MeetingRecord | None:
    dice, length = today.dice, today.dice.choice(LENGTHS_MIN)
    start = _free_start(today, owner, 0, length)
    if start is None:
        return None
    source, source_id = today.names.source, today.names.next_id()
    contact = dice.choice(today.crew.contacts[owner])
    says_who = booker != owner or dice.random() > PLAIN
    return MeetingRecord(
        entity_id=f"{source}:meeting:{source_id}",
        source=source,
        source_id=source_id,
        revision=at * MICROS + dice.randrange(MICROS),
        op="SET",
        created_at=at,
        occurred_at=start,
        owner_id=today.crew.owner_ids[owner],
        booked_by_id=today.crew.owner_ids[booker] if says_who else None,
        booked_at=at if says_who else None,
        start_at=start,
        end_at=start + length * MINUTE_MS,
        outcome="SCHEDULED",
        meeting_type=dice.choice(KINDS),
        external_attendee_count=dice.randint(1, 5) if dice.random() < 0.9 else None,
        deal_id=None,
        account_id=contact.account_id,
        contact_id=contact.contact_id,
    )


def _free_start(today: Today, owner: int, days_on: int, length: int) -> int | None:
    """Return a free half hour on a coming working day of the owner's; None: none was found.

    Args:
        days_on: calendar days from today after which the search begins.
    """
    crew, dice = today.crew, today.dice
    ahead = 1 + min(int(dice.expovariate(1 / AHEAD_DAYS_MEAN)), AHEAD_DAYS_MAX)
    day = crew.working_day(owner, today.shift.day, ahead, skip=days_on)
    if day is None:
        return None
    rep, midnight = crew.floor.reps[owner], crew.midnight(owner, day)
    slots = range(-(-rep.day_starts // SLOT_MIN), (rep.day_ends - length) // SLOT_MIN + 1)
    first = dice.randrange(len(slots))
    for slot in (*slots[first:], *slots[:first]):
        start: int = midnight + slot * SLOT_MIN * MINUTE_MS
        if today.diary.take(owner, start, length):
            return start
    return None


def _lived(today: Today, owner: int, booked: MeetingRecord) -> Story:
    """Return what becomes of a booked meeting."""
    dice, story = today.dice, [booked]
    if dice.random() < MOVED:
        moved = _moved(today, owner, booked)
        story += [moved] if moved else []
    last, u = story[-1], dice.random()
    if u < CALLED_OFF:
        known = last.revision // MICROS
        at = known + int((last.start_at - known) * dice.uniform(0.3, 0.95))
        return [*story, revised_at(last, at, outcome="CANCELED")]
    if u < CALLED_OFF + FORGOTTEN:
        return story
    missed = u > 1 - MISSED * (1.5 - float(today.crew.skill[owner]))
    marked = last.end_at + int(dice.uniform(1, MARKED_LATEST_MIN) * MINUTE_MS)
    return [*story, revised_at(last, marked, outcome="NO_SHOW" if missed else "COMPLETED")]


def _moved(today: Today, owner: int, booked: MeetingRecord) -> MeetingRecord | None:
    """Return the meeting at a later time, moved before it would have begun."""
    length = (booked.end_at - booked.start_at) // MINUTE_MS
    ahead = booked.start_at - booked.created_at
    start = _free_start(today, owner, ahead // DAY_MS, length)
    if start is None:
        return None
    at = booked.created_at + int(ahead * today.dice.uniform(0.2, 0.9))
    end = start + length * MINUTE_MS
    times = {"occurred_at": start, "start_at": start, "end_at": end}
    return revised_at(booked, at, outcome="RESCHEDULED", **times)
