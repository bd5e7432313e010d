"""Badges and levels: what people have earned, as a set that follows from what they did. Pure.

Every award has an id that says whose it is and what for. So what is won or taken back is the
difference of two sets: nothing is given twice, and a correction takes back in silence.

Source: Plecto's achievements (award without limit, membership once per person and period, record
to one holder per period).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from schemas.contest_choices import BadgeKind, Every
from schemas.contests import Badge, Level
from schemas.definitions import NO_END, Company
from schemas.quotas import PeriodKind
from streams.domain.contest_counting import ZERO, Contribution
from streams.domain.contest_times import Millis
from streams.domain.periods import DAY, Span, period_of, week_of

AWARDS_MAX = 1000  # of one badge, rep and period: a threshold far too low for its metric


class Award(NamedTuple):
    """A badge somebody holds for a period.

    Attributes:
        number: of awards without limit the how manieth in its period; else 1.
        at: when it was earned. It is no part of what tells awards apart.
    """

    badge_id: str
    rep_id: str
    period_start: date
    number: int
    at: Millis

    @property
    def award_id(self) -> str:
        """What it is called for ever."""
        return f"{self.badge_id}:{self.rep_id}:{self.period_start}:{self.number}"


class Change(NamedTuple):
    """What a difference of two states gives and takes; what is taken is never announced."""

    given: tuple[Award, ...]
    taken: tuple[Award, ...]


def period(day: date, every: Every, company: Company) -> Span:
    """Return the day, week, fiscal month, quarter or year a day lies in."""
    if every is Every.DAY:
        return Span(day, day + DAY)
    if every is Every.WEEK:
        return week_of(day, company)
    return period_of(day, PeriodKind(every.value), company)


def awards(badge: Badge, made: Iterable[Contribution], company: Company) -> list[Award]:
    """Return every award of a badge, from what is known now, in the order they were earned."""
    valid = Span(badge.valid_from, badge.valid_to or NO_END)
    lines: dict[tuple[date, str], list[Contribution]] = {}
    for one in sorted(made, key=attrgetter("at", "event_id")):
        if one.day in valid:
            start = period(one.day, badge.every, company).start
            lines.setdefault((start, one.rep_id), []).append(one)
    if badge.kind is BadgeKind.RECORD:
        found = list(_records(badge, lines))
    else:
        found = [award for key, line in lines.items() for award in _reached(badge, key, line)]
    return sorted(found, key=lambda a: (a.at, a.award_id))


def change(before: Iterable[Award], now: Iterable[Award]) -> Change:
    """Return what is new and what is taken back between two states."""
    old, new = ({a.award_id: a for a in each} for each in (before, now))
    return Change(
        tuple(a for name, a in new.items() if name not in old),
        tuple(a for name, a in old.items() if name not in new),
    )


def announced(given: Iterable[Award], told: AbstractSet[str]) -> tuple[Award, ...]:
    """Return awards to celebrate: those never told before, so what comes back stays silent."""
    return tuple(award for award in given if award.award_id not in told)


def level_of(points: Decimal, levels: Sequence[Level]) -> Level | None:
    """Return the level somebody is on; None: they are below the first."""
    reached = [level for level in levels if level.points <= points]
    return max(reached, key=lambda level: (level.points, level.level_id), default=None)


def points_of(made: Iterable[Contribution]) -> dict[str, Decimal]:
    """Return everybody's points."""
    found: dict[str, Decimal] = {}
    for one in made:
        found[one.rep_id] = found.get(one.rep_id, ZERO) + one.amount
    return found


def _reached(badge: Badge, key: tuple[date, str], line: Sequence[Contribution]) -> Iterator[Award]:
    """Yield awards for amounts that stand at the end; each when its amount was first reached."""
    start, rep_id = key
    total = sum((one.value for one in line), ZERO)
    most = min(int(total // badge.at_least), AWARDS_MAX)
    if badge.kind is BadgeKind.MEMBERSHIP:
        most = min(most, 1)
    for number in range(1, most + 1):
        at = _first(line, badge.at_least * number)
        yield Award(badge.badge_id, rep_id, start, number, at)


def _records(
    badge: Badge, lines: Mapping[tuple[date, str], Sequence[Contribution]]
) -> Iterator[Award]:
    """Yield one holder per period: the most; of several who made it the one who had it first."""
    best: dict[date, tuple[Decimal, Millis, str]] = {}
    for (start, rep_id), line in lines.items():
        total = sum((one.value for one in line), ZERO)
        if total < badge.at_least:
            continue
        mine = (-total, _first(line, total), rep_id)
        best[start] = min(best.get(start, mine), mine)
    for start, (_, at, rep_id) in sorted(best.items()):
        yield Award(badge.badge_id, rep_id, start, 1, at)


def _first(line: Sequence[Contribution], amount: Decimal) -> Millis:
    so_far = ZERO
    for one in line:
        so_far += one.value
        if so_far >= amount:
            return one.at
    raise AssertionError("the total of a line is reached within it")
