"""Contests as a board knows them: definitions, rows as they stand, who passed whom, results.

Rows come from spm.contest-scores, seeded once. Steps of a contest are numbered; of two rows of a
participant the one with the higher number is newer, so order of arrival and repeats do not matter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas.contest_choices import State
from schemas.contests import Contest, Contests

PASSES_MAX = 8  # more than any screen shows
SHOWN_AFTER = timedelta(days=30)  # an older contest is history, which BI shows


class Phase(StrEnum):
    """Where a contest stands, by the clock and its result."""

    COMING = "COMING"
    RUNNING = "RUNNING"
    GRACE = "GRACE"  # over; late data still counts
    FROZEN = "FROZEN"  # nothing that comes now counts; not final yet
    FINAL = "FINAL"


class Row(NamedTuple):
    """How one participant stands; a place of 0 is none."""

    number: int
    place: int
    is_tied: bool
    score: Decimal
    behind: Decimal
    percent: Decimal | None
    events: int
    reached_at: datetime | None


class Pass(NamedTuple):
    """Somebody went past others, because their own score rose."""

    number: int
    participant: str
    passed: tuple[str, ...]
    at: datetime


class Placed(NamedTuple):
    """One participant of a final result."""

    participant: str
    place: int
    is_tied: bool
    score: Decimal
    events: int
    reached_at: datetime | None
    prize: Decimal
    currency: str
    things: str
    finalized_at: datetime
    author: str


class Told(NamedTuple):
    """One row of a step, or of the seed."""

    contest_id: str
    participant: str
    is_in: bool
    row: Row
    at: datetime
    passed: tuple[str, ...]


@dataclass(slots=True)
class Standing:
    """One contest as it stands.

    Attributes:
        number: of the newest step.
        at: when that was seen.
        before: places as the day began; empty: it had not begun, or nobody knows.
    """

    number: int = 0
    at: datetime | None = None
    rows: dict[str, Row] = field(default_factory=dict)
    out: dict[str, int] = field(default_factory=dict)  # who takes part no longer, since which step
    passes: list[Pass] = field(default_factory=list)
    before: Mapping[str, int] = field(default_factory=dict)

    def take(self, told: Told) -> bool:
        """Return whether a row is newer than what is known of its participant."""
        name = told.participant
        known = max(self.rows[name].number if name in self.rows else -1, self.out.get(name, -1))
        if told.row.number <= known:
            return False
        self.rows.pop(name, None)
        self.out.pop(name, None)
        if told.is_in:
            self.rows[name] = told.row
        else:
            self.out[name] = told.row.number
        self.number = max(self.number, told.row.number)
        self.at = max(self.at or told.at, told.at)
        if told.passed:
            one = Pass(told.row.number, name, told.passed, told.at)
            every = sorted([one, *self.passes], key=lambda p: (-p.number, p.participant))
            self.passes = every[:PASSES_MAX]
        return True

    def only(self, names: Iterable[str], number: int) -> bool:
        """Return whether somebody left: a whole standing of a step does not name them."""
        there = set(names)
        gone = [n for n, row in self.rows.items() if n not in there and row.number <= number]
        for name in gone:
            del self.rows[name]
            self.out[name] = number
        return bool(gone)


@dataclass(frozen=True, slots=True)
class Known:
    """What is read of contests beside their rows: it changes seldom."""

    contests: Mapping[str, Contest] = field(default_factory=dict)
    results: Mapping[str, tuple[Placed, ...]] = field(default_factory=dict)


class Course:
    """All contests of a board."""

    def __init__(self) -> None:
        self.known = Known()
        self.details: dict[str, Mapping[str, Any]] = {}  # what rows do not say: matches, rounds
        self._standings: dict[str, Standing] = {}

    def seed(
        self, known: Known, rows: Iterable[Told], before: Mapping[tuple[str, str], int]
    ) -> None:
        """Begin again from what is stored."""
        self.known, self._standings, self.details = known, {}, {}
        for told in rows:
            self.standing(told.contest_id).take(told)
        for (contest_id, name), place in before.items():
            one = self.standing(contest_id)
            one.before = {**one.before, name: place}

    def standing(self, contest_id: str) -> Standing:
        """Return how a contest stands; empty before anything is known of it."""
        return self._standings.setdefault(contest_id, Standing())

    def apply(self, message: Mapping[str, Any]) -> bool:
        """Return whether a message of spm.contest-scores says anything new."""
        one = self.standing(message["contest_id"])
        rows = [told_of(message, row) for row in message["rows"]]
        changed = [one.take(told) for told in rows]
        left = message["is_whole"] and one.only((t.participant for t in rows), message["number"])
        return any(changed) or left

    def follows(self, message: Mapping[str, Any]) -> bool:
        """Return whether a message continues what is known; if not, seed again.

        A whole standing with a lower number comes from a warehouse that was restored: its steps
        are counted on from there.
        """
        known = self.standing(message["contest_id"]).number
        return not (message["is_whole"] and message["number"] < known)

    def new_day(self) -> None:
        """Take places as they are for those the day began with."""
        for one in self._standings.values():
            one.before = {name: row.place for name, row in one.rows.items()}

    def phases(self, now: datetime) -> tuple[tuple[str, Phase], ...]:
        """Return where every contest stands."""
        known = self.known
        return tuple(
            (name, phase_of(c, name in known.results, now)) for name, c in known.contests.items()
        )

    def shown(self, now: datetime, *, manages: bool) -> list[Contest]:
        """Return the contests to list: those that run first, then coming ones, then past ones."""
        found = [
            c for c in self.known.contests.values()
            if is_visible(c, manages=manages) and window_of(c)[1] + SHOWN_AFTER > now
        ]  # fmt: skip
        order = list(Phase)

        def place(one: Contest) -> tuple[int, float, str]:
            phase = phase_of(one, one.contest_id in self.known.results, now)
            start, end = window_of(one)
            rank = order.index(phase) if phase is not Phase.COMING else order.index(Phase.RUNNING)
            near = end if phase is Phase.RUNNING else start
            sign = -1 if rank > 1 else 1
            late = 0.5 if phase is Phase.COMING else 0
            return (int(2 * (rank + late)), sign * near.timestamp(), one.contest_id)

        return sorted(found, key=place)


def told_of(message: Mapping[str, Any], row: Mapping[str, Any]) -> Told:
    """Return one row of a message of spm.contest-scores."""
    names = ("place", "is_tied", "score", "behind", "percent", "events", "reached_at")
    made = Row(message["number"], *(row[name] for name in names))
    return Told(message["contest_id"], row["participant_id"], row["is_in"], made, message["at"],
                tuple(row["passed"]))  # fmt: skip


def known_of(contests: Contests, results: Mapping[str, tuple[Placed, ...]]) -> Known:
    """Return contests by id, and the results of those that are final."""
    return Known({c.contest_id: c for c in contests.contests}, results)


def is_visible(contest: Contest, *, manages: bool) -> bool:
    """Return whether somebody may see a contest: drafts and hidden ones are for managers."""
    return manages or not (contest.hidden or contest.state is State.DRAFT)


def window_of(contest: Contest) -> tuple[datetime, datetime]:
    """Return the first instant of a contest and the first one behind it."""
    zone = ZoneInfo(contest.time_zone)
    start, end = (datetime.fromisoformat(t) for t in (contest.starts_at, contest.ends_at))
    return start.replace(tzinfo=zone), end.replace(tzinfo=zone)


def frozen_at(contest: Contest) -> datetime:
    """Return the instant from which nothing that becomes known counts."""
    end = window_of(contest)[1].timestamp() + 3600 * contest.grace_hours
    return datetime.fromtimestamp(end, ZoneInfo("UTC"))


def phase_of(contest: Contest, is_final: bool, now: datetime) -> Phase:
    """Return where a contest stands at an instant."""
    if is_final:
        return Phase.FINAL
    start, end = window_of(contest)
    if now < start:
        return Phase.COMING
    if now < end:
        return Phase.RUNNING
    return Phase.GRACE if now < frozen_at(contest) else Phase.FROZEN
