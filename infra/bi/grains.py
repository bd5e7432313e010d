"""Periods in SQL: the period of each grain a day lies in, by the company's calendar."""

from infra.bi.context import Context

# grain -> months, days, days of a window that ends today
GRAINS: dict[str, tuple[int, int, int]] = {
    "day": (0, 1, 0),
    "week": (0, 7, 0),
    "month": (1, 0, 0),
    "quarter": (3, 0, 0),
    "year": (12, 0, 0),
    "last_7_days": (0, 7, 7),
    "last_30_days": (0, 30, 30),
    "last_90_days": (0, 90, 90),
}


def following(first: str) -> str:
    """Return SQL for the first day behind a period, from its first day."""
    return f"if(months > 0, addMonths({first}, months), toDate32({first} + days))"


END = following("period_start")


def rows(context: Context) -> str:
    """Return SQL for the grains: grain, months, days, rolling, and what day it is."""
    lines = ", ".join(f"('{grain}', {m}, {d}, {r})" for grain, (m, d, r) in GRAINS.items())
    kind = "Array(Tuple(String, UInt8, UInt8, UInt8))"
    return (
        "SELECT one.1 AS grain, one.2 AS months, one.3 AS days, one.4 AS rolling, 1 AS every, "
        f"{context.today} AS today FROM (SELECT arrayJoin(CAST([{lines}], '{kind}')) AS one)"
    )


def start(context: Context) -> str:
    """Return SQL for the first day of the period of `grain` that `day` lies in.

    Of a rolling window it is that of the one window there is, which ends today.
    """
    months, days = "greatest(months, 1)", "greatest(days, 1)"
    back = f"(toMonth(day) + {12 - context.first_month}) % {months}"
    return (
        f"multiIf(months > 0, addMonths(toDate32(day - toDayOfMonth(day) + 1), -({back})), "
        f"rolling > 0, toDate32(today - rolling + 1), "
        f"toDate32(day - (toDayOfWeek(day) + {7 - context.week_start}) % {days}))"
    )


def inside(is_previous: str = "0") -> str:
    """Return the condition that `day` counts in a period of `grain` at all."""
    since = f"today - rolling * (1 + {is_previous})"
    until = f"today - rolling * {is_previous}"
    return f"(rolling = 0 OR (day > {since} AND day <= {until}))"
