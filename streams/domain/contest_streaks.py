"""Streaks: periods in a row in which somebody did enough. Pure.

Source: SalesScreen's streaks: counted from two in a row; a missed period resets it, unless nobody
works then. Days off, holidays and days of leave are skipped, not missed. A period that still runs
counts once it is made and is not missed before it is over.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from schemas.contests import Streak
from schemas.definitions import NO_END, Company
from streams.domain.contest_badges import period
from streams.domain.contest_counting import ZERO, Contribution
from streams.domain.periods import Span
from streams.domain.workdays import Workdays

SHOWN_FROM = 2


class Run(NamedTuple):
    """Somebody's streak.

    Attributes:
        current: periods in a row up to now.
        longest: most there ever were.
        total: all periods made, in a row or not.
        since: first day of the current one; None: there is none.
    """

    current: int
    longest: int
    total: int
    since: date | None

    @property
    def shown(self) -> int:
        """What boards show: nothing below two in a row."""
        return self.current if self.current >= SHOWN_FROM else 0


def run(
    streak: Streak, made: Iterable[Contribution], workdays: Workdays, today: date, company: Company
) -> Run:
    """Return one rep's streak on a day.

    Args:
        made: what the rep did, of this streak's metric.
        workdays: of the rep, with leave; a day of which anything is worked may be missed.
        today: the day it is told on: its period is never missed yet.
    """
    totals: dict[date, Decimal] = {}
    for one in made:
        if streak.valid_from <= one.day < (streak.valid_to or NO_END):
            start = period(one.day, streak.every, company).start
            totals[start] = totals.get(start, ZERO) + one.value
    current = longest = total = 0
    since: date | None = None
    for span in _periods(streak, today, company):
        if totals.get(span.start, ZERO) >= streak.at_least:
            since = since if current else span.start
            current, total = current + 1, total + 1
            longest = max(longest, current)
        elif _is_missed(span, workdays, today):
            current, since = 0, None
    return Run(current, longest, total, since)


def runs(
    streak: Streak, made: Iterable[Contribution], calendars: Mapping[str, Workdays], today: date,
    company: Company,
) -> dict[str, Run]:  # fmt: skip
    """Return the streak of every rep of whom there are working days."""
    by_rep: dict[str, list[Contribution]] = {rep_id: [] for rep_id in calendars}
    for one in made:
        by_rep.setdefault(one.rep_id, []).append(one)
    return {
        rep_id: run(streak, by_rep[rep_id], workdays, today, company)
        for rep_id, workdays in calendars.items()
    }


def _periods(streak: Streak, today: date, company: Company) -> Iterator[Span]:
    """Yield periods from the first day that counts to that of today; a part of one is one, too."""
    day = streak.valid_from
    while day <= today and day < (streak.valid_to or NO_END):
        span = period(day, streak.every, company)
        yield span
        day = span.end


def _is_missed(span: Span, workdays: Workdays, today: date) -> bool:
    return today >= span.end and any(workdays.weight(day) > 0 for day in span.each())
