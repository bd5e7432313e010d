"""How far each source is complete, judged against the clock: live, quiet or late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LATE_AFTER = timedelta(minutes=5)  # longer than the usual polling of a CRM takes
QUIET_AFTER = timedelta(minutes=10)  # a floor at work rarely has so long a pause
GONE_AFTER = timedelta(days=7)  # a source without a word for a week has been taken away


class State(StrEnum):
    """How a source looks."""

    LIVE = "live"  # complete up to now
    QUIET = "quiet"  # complete up to now, and nothing has happened for a while
    LATE = "late"  # asked lately, but complete only up to some time ago
    SILENT = "silent"  # no word from it for some time


@dataclass(frozen=True, slots=True)
class Progress:
    """What a source said last about itself."""

    source: str
    complete_through: datetime
    observed_at: datetime
    detail: str = ""


def newer(one: Progress | None, other: Progress) -> Progress:
    """Return the one observed later; order of arrival does not matter."""
    return other if one is None or other.observed_at >= one.observed_at else one


def state_of(progress: Progress, now: datetime, changed_at: datetime) -> State:
    """Return how a source looks, given when anything on the floor last changed."""
    if now - progress.observed_at > LATE_AFTER:
        return State.SILENT
    if now - progress.complete_through > LATE_AFTER:
        return State.LATE
    return State.QUIET if now - changed_at > QUIET_AFTER else State.LIVE


def is_gone(progress: Progress, now: datetime) -> bool:
    """Return whether a source has been silent for so long that it is no longer listed."""
    return now - progress.observed_at > GONE_AFTER
