"""Which days a run looks at."""

import re
from datetime import date, timedelta
from typing import NamedTuple

_FORMS = "2026, 2026-Q4, 2026-11, 2026-11-03 or 2026-11-03..2026-11-09"
FIRST, LAST = date(1970, 1, 1), date(2200, 1, 1)


class Days(NamedTuple):
    """Days from one up to, not including, another."""

    since: date
    until: date

    def condition(self, column: str) -> str:
        """Return the condition of SQL that a day is among them."""
        return f"({column} >= toDate32('{self.since}') AND {column} < toDate32('{self.until}'))"


ALL = Days(FIRST, LAST)


def days_of(text: str) -> Days:
    """Return the days of a year, calendar quarter, month, day, or of a span with both ends.

    Raises:
        ValueError: it is none of these.

    >>> days_of("2026-Q4")
    Days(since=datetime.date(2026, 10, 1), until=datetime.date(2027, 1, 1))
    """
    first, dots, last = text.partition("..")
    try:
        since, until = _span(first)
        if dots:
            until = _span(last).until
    except ValueError:
        raise ValueError(f"{text!r} is no period; write {_FORMS}") from None
    if until <= since:
        raise ValueError(f"{text!r} ends before it begins; swap its ends")
    return Days(since, until)


def month_of(today: date) -> Days:
    """Return the month a day lies in."""
    return _months(today.year, today.month, 1)


def _span(text: str) -> Days:
    if re.fullmatch(r"\d{4}", text):
        return _months(int(text), 1, 12)
    if found := re.fullmatch(r"(\d{4})-[Qq]([1-4])", text):
        return _months(int(found[1]), 3 * int(found[2]) - 2, 3)
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return _months(int(found[1]), int(found[2]), 1)
    day = date.fromisoformat(text)
    return Days(day, day + timedelta(days=1))


def _months(year: int, month: int, count: int) -> Days:
    end = year * 12 + month - 1 + count
    return Days(date(year, month, 1), date(end // 12, end % 12 + 1, 1))
