"""Slips: what goes wrong while people type into a CRM, and how it is put right.

Lateness, corrections, cancellations and unknown owners of activities. A story goes in as life wrote
it and comes out as the CRM tells it.
"""

from collections.abc import Callable

import numpy as np

from connectors.sources.simulator.crew import MINUTE_MS, Crew, Shift
from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.stories import MICROS, Record, Story, revised

HOUR_MS = 3_600_000
LATE_MEDIAN_H, LATE_SIGMA, LATE_MAX_H = 5.0, 1.0, 72.0
MENDED_MEDIAN_MIN, MENDED_SIGMA, MENDED_MAX_MIN = 60.0, 1.6, 14 * 24 * 60.0
RESTORED = 0.1  # of what was deleted
NOBODY_AT_ALL = 0.25  # of unknown owners
GHOSTS = 5  # users that have left, or that nobody mapped


def slip(
    message: str, stories: list[Story], owners: list[int], crew: Crew, shift: Shift, dials: Dials,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Change stories in place, each dial on its share of them.

    Args:
        owners: the rep each story is about, by place on the floor.
    """
    u = rng.random((4, len(stories)))
    untidy = 2 * (1.2 - crew.tidiness[np.array(owners, np.int64)]) if owners else np.zeros(0)
    for i in np.flatnonzero(u[0] < np.minimum(dials.lateness * untidy, 1)).tolist():
        _delay(stories[i], rng)
    for i in np.flatnonzero(u[1] < dials.unknown_owners).tolist():
        stranger = unknown_owner(rng)
        stories[i][:] = [{**record, "owner_id": stranger} for record in stories[i]]
    for i in np.flatnonzero(u[2] < dials.corrections).tolist():
        changes = _MENDS[message](stories[i][-1], owners[i], crew, shift, rng)
        stories[i].append(revised(stories[i][-1], mended_after(rng), **changes))
    for i in np.flatnonzero(u[3] < dials.cancellations).tolist():
        _cancel(stories[i], rng)


def unknown_owner(rng: np.random.Generator) -> str | None:
    """Return a user that no identity map knows, or None: nobody at all."""
    if rng.random() < NOBODY_AT_ALL:
        return None
    return f"ghost-{rng.integers(1, GHOSTS + 1)}"


def late_by(rng: np.random.Generator) -> int:
    """Return how long somebody puts off typing something in, ms."""
    hours = min(rng.lognormal(np.log(LATE_MEDIAN_H), LATE_SIGMA), LATE_MAX_H)
    return int(hours * HOUR_MS)


def mended_after(rng: np.random.Generator) -> int:
    """Return how long it takes until a mistake is put right, ms."""
    minutes = min(rng.lognormal(np.log(MENDED_MEDIAN_MIN), MENDED_SIGMA), MENDED_MAX_MIN)
    return 1 + int(minutes * MINUTE_MS)


def _delay(story: Story, rng: np.random.Generator) -> None:
    """Half are typed in late, so created late; half sync late from a phone, created on time."""
    delay, typed = late_by(rng), rng.random() < 0.5
    for i, record in enumerate(story):
        late = {**record, "revision": record["revision"] + delay * MICROS}
        story[i] = {**late, "created_at": record["created_at"] + delay} if typed else late


def _cancel(story: Story, rng: np.random.Generator) -> None:
    gone = revised(story[-1], mended_after(rng), op="CANCELLED")
    story.append(gone)
    if rng.random() < RESTORED:
        story.append(revised(gone, mended_after(rng), op="SET"))


Changes = dict[str, object]


def _other_owner(rep: int, crew: Crew, shift: Shift, rng: np.random.Generator) -> Changes:
    """It was a colleague in the same place who did it."""
    same = [
        i
        for i in np.flatnonzero(shift.on_duty & (shift.midnight == shift.midnight[rep])).tolist()
        if i != rep
    ]
    return {"owner_id": crew.owner_ids[same[rng.integers(len(same))]]} if same else {}


def _other_day(
    record: Record, rep: int, crew: Crew, shift: Shift, rng: np.random.Generator
) -> Changes:
    """It happened on the working day before, at the same time of day."""
    day = crew.working_day(rep, shift.day, -1)
    if day is None:
        return {}
    return {"occurred_at": record["occurred_at"] - int(shift.midnight[rep]) + crew.midnight(rep, day)}


def _mend_call(
    call: Record, rep: int, crew: Crew, shift: Shift, rng: np.random.Generator
) -> Changes:
    u = rng.random()
    if u < 0.2:
        return _other_owner(rep, crew, shift, rng)
    if u < 0.4:
        return _other_day(call, rep, crew, shift, rng)
    if u < 0.7 and call["talk_seconds"]:
        return {"talk_seconds": max(1, int(call["talk_seconds"] * rng.uniform(0.5, 1.5)))}
    if call["connected"]:
        return {"connected": False, "status": "VOICEMAIL", "talk_seconds": None}
    return {"connected": True, "status": "COMPLETED", "talk_seconds": int(rng.integers(20, 600))}


def _mend_email(
    email: Record, rep: int, crew: Crew, shift: Shift, rng: np.random.Generator
) -> Changes:
    u = rng.random()
    if u < 0.3:
        return _other_owner(rep, crew, shift, rng)
    if u < 0.5:
        return _other_day(email, rep, crew, shift, rng)
    if u < 0.7 and email["status"] == "SENT":
        return {"status": "BOUNCED"}
    return {"is_automated": not email["is_automated"]}


def _mend_meeting(
    meeting: Record, rep: int, crew: Crew, shift: Shift, rng: np.random.Generator
) -> Changes:
    if meeting["outcome"] in ("COMPLETED", "NO_SHOW") and rng.random() < 0.7:
        return {"outcome": "NO_SHOW" if meeting["outcome"] == "COMPLETED" else "COMPLETED"}
    return {"external_attendee_count": int(rng.integers(1, 9))}


_MENDS: dict[str, Callable[[Record, int, Crew, Shift, np.random.Generator], Changes]] = {
    "call": _mend_call,
    "email": _mend_email,
    "meeting": _mend_meeting,
}
