"""Working days: which days count on a calendar, and how much of them a person is there. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from schemas.calendars import Absence, Calendar
from streams.domain.periods import Span

ONE, NONE = Decimal(1), Decimal(0)


class Workdays(NamedTuple):
    """Working days of a place, and one person's leave.

    Attributes:
        weekdays: ISO weekdays on which people work.
        holidays: day off -> its name.
        leave: day -> part of it the person is away.
    """

    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    holidays: Mapping[date, str] = {}
    leave: Mapping[date, Decimal] = {}

    def is_open(self, day: date) -> bool:
        """Return whether people work on a day."""
        return day.isoweekday() in self.weekdays and day not in self.holidays

    def weight(self, day: date) -> Decimal:
        """Return how much of a working day a day is for the person: 1, 0 or a part."""
        return ONE - self.leave.get(day, NONE) if self.is_open(day) else NONE

    def days_in(self, span: Span) -> Decimal:
        """Return the working days of a span, the first included and the end not.

        >>> Workdays().days_in(Span(date(2026, 11, 1), date(2026, 12, 1)))
        Decimal('21')
        """
        return sum((self.weight(day) for day in span.each()), NONE)

    def with_leave(self, leave: Mapping[date, Decimal]) -> "Workdays":
        """Return the same calendar for somebody with leave."""
        return self._replace(leave=leave)


EVERYWHERE = Workdays()  # Monday to Friday: where nobody has named a calendar


def workdays_of(calendar: Calendar | None) -> Workdays:
    """Return the working days of a calendar; None: Monday to Friday."""
    if calendar is None:
        return EVERYWHERE
    holidays = {h.on: h.name for h in calendar.holidays}
    return Workdays(frozenset(calendar.working_days), holidays)


def leave_of(absences: Iterable[Absence], within: Span) -> dict[date, Decimal]:
    """Return how much of each day of a span one person is away; never more than all of it."""
    away: dict[date, Decimal] = {}
    for absence in absences:
        for day in Span(absence.valid_from, absence.valid_to).within(within).each():
            away[day] = min(ONE, away.get(day, NONE) + absence.share)
    return away


def ordinals(workdays: Workdays, span: Span) -> dict[date, tuple[int, int]]:
    """Return for each day of a span which working day it is, and how many are left with it.

    The first number counts up to and including the day, 0 before the first working day.
    """
    days = list(span.each())
    flags = [workdays.is_open(day) for day in days]
    total, seen, found = sum(flags), 0, {}
    for day, is_open in zip(days, flags, strict=True):
        seen += is_open
        found[day] = (seen, total - seen + is_open)
    return found
