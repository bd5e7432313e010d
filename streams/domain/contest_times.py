"""When a contest takes place: its window, its rounds and its days, in its own zone. Pure."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.contests import Contest

Millis = int  # since 1970 UTC
HOUR_MS = 3_600_000


class Window(NamedTuple):
    """Instants from `start` up to, not including, `end`."""

    start: Millis
    end: Millis

    def __contains__(self, at: object) -> bool:
        return isinstance(at, int) and self.start <= at < self.end


class Phase(StrEnum):
    """Where a contest stands."""

    COMING = "COMING"
    RUNNING = "RUNNING"
    GRACE = "GRACE"  # over; late data still counts
    FROZEN = "FROZEN"  # nothing that comes now counts


def instant(local: str, zone: str) -> Millis:
    """Return the instant of a local time; of one that comes twice the first.

    >>> instant("2026-07-01T09:00", "Europe/Berlin") - instant("2026-07-01T09:00", "UTC")
    -7200000
    """
    return millis(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)))


def has_zone(name: str) -> bool:
    """Return whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def exists(local: str, zone: str) -> bool:
    """Return whether clocks ever show a local time: they skip an hour in spring."""
    nominal = datetime.fromisoformat(local)
    shown = nominal.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
    return shown.replace(tzinfo=None) == nominal


def millis(at: datetime) -> Millis:
    """Return an aware instant as milliseconds since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def moment(at: Millis) -> datetime:
    """Return milliseconds since 1970 as an instant in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)


def local_of(at: Millis, zone: str) -> datetime:
    """Return what clocks show in a zone at an instant."""
    return moment(at).astimezone(ZoneInfo(zone))


@lru_cache(1 << 12)  # contests of a year have few days, and events many
def midnight(day: date, zone: str) -> Millis:
    """Return the first instant of a day in a zone."""
    return millis(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def window(contest: Contest) -> Window:
    """Return the window of a contest."""
    zone = contest.time_zone
    return Window(instant(contest.starts_at, zone), instant(contest.ends_at, zone))


def frozen_at(contest: Contest) -> Millis:
    """Return the instant from which nothing that comes counts."""
    return window(contest).end + contest.grace_hours * HOUR_MS


def phase(contest: Contest, now: Millis) -> Phase:
    """Return where a contest stands at an instant."""
    whole = window(contest)
    if now < whole.start:
        return Phase.COMING
    if now < whole.end:
        return Phase.RUNNING
    return Phase.GRACE if now < frozen_at(contest) else Phase.FROZEN


def rounds(contest: Contest) -> tuple[Window, ...]:
    """Return the rounds: so many local days each, the last as long as the contest lasts."""
    begin, end = (datetime.fromisoformat(each) for each in (contest.starts_at, contest.ends_at))
    bounds = []
    while begin < end:
        bounds.append(begin)
        begin += timedelta(days=contest.round_days)
    texts = [each.isoformat(timespec="minutes") for each in (*bounds, end)]
    at = [instant(text, contest.time_zone) for text in texts]
    return tuple(Window(a, b) for a, b in pairwise(at))


def days(contest: Contest) -> tuple[date, date]:
    """Return the first local day of the window and the first one behind it."""
    first = datetime.fromisoformat(contest.starts_at)
    last = datetime.fromisoformat(contest.ends_at) - timedelta(minutes=1)
    return first.date(), last.date() + timedelta(days=1)
