"""Periods in SQL: the period of each grain a day lies in, by the company's calendar."""

from infra.bi.context import Context

ROLLING = {"last_7_days": 7, "last_30_days": 30, "last_90_days": 90}
GRAINS = ("day", "week", "month", "quarter", "year", *ROLLING)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def start(grain: str, day: str, context: Context) -> str:
    """Return SQL for the first day of the period of a grain that a day lies in.

    Of a rolling window it is that of the one window there is, which ends today.
    """
    if grain == "day":
        return day
    if grain == "week":
        return f"toDate32({day} - (toDayOfWeek({day}) + {7 - context.week_start}) % 7)"
    if grain in ROLLING:
        return f"toDate32({context.today} - {ROLLING[grain] - 1})"
    first = f"toDate32({day} - toDayOfMonth({day}) + 1)"
    months = _MONTHS[grain]
    if months == 1:
        return first
    return f"addMonths({first}, -((toMonth({day}) + {12 - context.first_month}) % {months}))"


def following(grain: str, first: str) -> str:
    """Return SQL for the first day behind a period, from its first day."""
    if grain in _MONTHS:
        return f"addMonths({first}, {_MONTHS[grain]})"
    return f"toDate32({first} + {ROLLING.get(grain, 7 if grain == 'week' else 1)})"


def within(grain: str, day: str, context: Context, *, is_previous: bool = False) -> str:
    """Return the condition that a day, or a day of the period before, counts at all."""
    if grain not in ROLLING:
        return "1"
    last = 2 * ROLLING[grain] if is_previous else ROLLING[grain]
    until = ROLLING[grain] if is_previous else 0
    return f"({day} > {context.today} - {last} AND {day} <= {context.today} - {until})"


def placed(grain: str, day: str, context: Context, *, is_previous: bool = False) -> str:
    """Return SQL for the first day of the period that a day counts in."""
    first = start(grain, day, context)
    if is_previous and grain not in ROLLING:
        return following(grain, first)
    return first
