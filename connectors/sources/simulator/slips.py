"""Slips: what goes wrong while people type into a CRM, and how it is put right.

Lateness, corrections, cancellations and unknown owners of activities. A story goes in as life wrote
it and comes out as the CRM tells it.
"""

from collections.abc import Callable
from math import log
from random import Random
from typing import Any

import numpy as np

from connectors.sources.simulator.crew import MINUTE_MS
from connectors.sources.simulator.records import CallRecord, EmailRecord, MeetingRecord
from connectors.sources.simulator.stories import MICROS, Story, revised
from connectors.sources.simulator.today import Today

HOUR_MS = 3_600_000
LATE_MEDIAN_H, LATE_SIGMA, LATE_MAX_H = 5.0, 1.0, 72.0
MENDED_MEDIAN_MIN, MENDED_SIGMA, MENDED_MAX_MIN = 60.0, 1.6, 14 * 24 * 60.0
RESTORED = 0.1  # of what was deleted
NOBODY_AT_ALL = 0.25  # of unknown owners
GHOSTS = 5  # users that have left, or that nobody mapped
Changes = dict[str, object]


def slip(today: Today, message: str, stories: list[Story], owners: list[int]) -> None:
    """Change stories in place, each dial on its share of them.

    Args:
        owners: the rep each story is about, by place on the floor.
    """
    dials, dice = today.dials, today.dice
    u = today.rng.random((4, len(stories)))
    # The untidy are late more often than the dial says, the tidy less; at 1 nobody is on time.
    tidiness = today.crew.tidiness[np.array(owners, np.int64)]
    late = np.where(dials.lateness < 1, dials.lateness * 2 * (1.17 - tidiness), 1)
    for i in np.flatnonzero(u[0] < late).tolist():
        _delay(stories[i], dice)
    for i in np.flatnonzero(u[1] < dials.unknown_owners).tolist():
        stranger = unknown_owner(dice)
        stories[i][:] = [record._replace(owner_id=stranger) for record in stories[i]]
    for i in np.flatnonzero(u[2] < dials.corrections).tolist():
        changes = _MENDS[message](today, stories[i][-1], owners[i])
        stories[i].append(revised(stories[i][-1], mended_after(dice), **changes))
    for i in np.flatnonzero(u[3] < dials.cancellations).tolist():
        _cancel(stories[i], dice)


def unknown_owner(dice: Random) -> str | None:
    """Return a user that no identity map knows, or None: nobody at all."""
    return None if dice.random() < NOBODY_AT_ALL else f"ghost-{dice.randint(1, GHOSTS)}"


def late_by(dice: Random) -> int:
    """Return how long somebody puts off typing something in, ms."""
    hours = min(dice.lognormvariate(log(LATE_MEDIAN_H), LATE_SIGMA), LATE_MAX_H)
    return int(hours * HOUR_MS)


def mended_after(dice: Random) -> int:
    """Return how long it takes until a mistake is put right, ms."""
    minutes = min(dice.lognormvariate(log(MENDED_MEDIAN_MIN), MENDED_SIGMA), MENDED_MAX_MIN)
    return 1 + int(minutes * MINUTE_MS)


def _delay(story: Story, dice: Random) -> None:
    """Half are typed in late, so created late; half sync late from a phone, created on time."""
    delay, typed = late_by(dice), dice.random() < 0.5
    for i, record in enumerate(story):
        late = record._replace(revision=record.revision + delay * MICROS)
        story[i] = late._replace(created_at=record.created_at + delay) if typed else late


def _cancel(story: Story, dice: Random) -> None:
    gone = revised(story[-1], mended_after(dice), op="CANCELLED")
    story.append(gone)
    if dice.random() < RESTORED:
        story.append(revised(gone, mended_after(dice), op="SET"))


def _other_owner(today: Today, rep: int) -> Changes:
    """It was a colleague in the same place who did it."""
    shift = today.shift
    here = shift.on_duty & (shift.midnight == shift.midnight[rep])
    others = [i for i in np.flatnonzero(here).tolist() if i != rep]
    return {"owner_id": today.crew.owner_ids[today.dice.choice(others)]} if others else {}


def _other_day(today: Today, record: CallRecord | EmailRecord, rep: int) -> Changes:
    """It happened on the working day before, at the same time of day."""
    day = today.crew.working_day(rep, today.shift.day, -1)
    if day is None:
        return {}
    back = int(today.shift.midnight[rep]) - today.crew.midnight(rep, day)
    return {"occurred_at": record.occurred_at - back}


def _mend_call(today: Today, call: CallRecord, rep: int) -> Changes:
    dice, u = today.dice, today.dice.random()
    if u < 0.2:
        return _other_owner(today, rep)
    if u < 0.4:
        return _other_day(today, call, rep)
    if u < 0.7 and call.talk_seconds:
        return {"talk_seconds": max(1, int(call.talk_seconds * dice.uniform(0.5, 1.5)))}
    if call.connected:
        return {"connected": False, "status": "VOICEMAIL", "talk_seconds": None}
    return {"connected": True, "status": "COMPLETED", "talk_seconds": dice.randint(20, 600)}


def _mend_email(today: Today, email: EmailRecord, rep: int) -> Changes:
    u = today.dice.random()
    if u < 0.3:
        return _other_owner(today, rep)
    if u < 0.5:
        return _other_day(today, email, rep)
    if u < 0.7 and email.status == "SENT":
        return {"status": "BOUNCED"}
    return {"is_automated": not email.is_automated}


def _mend_meeting(today: Today, meeting: MeetingRecord, rep: int) -> Changes:
    if meeting.outcome in ("COMPLETED", "NO_SHOW") and today.dice.random() < 0.7:
        return {"outcome": "NO_SHOW" if meeting.outcome == "COMPLETED" else "COMPLETED"}
    return {"external_attendee_count": today.dice.randint(1, 8)}


_MENDS: dict[str, Callable[[Today, Any, int], Changes]] = {
    "call": _mend_call,
    "email": _mend_email,
    "meeting": _mend_meeting,
}
