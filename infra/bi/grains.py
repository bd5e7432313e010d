"""Periods in SQL: the period of each grain a day lies in, by the company's calendar."""

from collections.abc import Iterable

from connectors.sinks.clickhouse import quoted
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

OF_MONTHS = ("month", "quarter", "year")  # unless the fiscal year is made of weeks


def following(first: str, context: Context) -> str:
    """Return SQL for the first day behind a period, from its first day."""
    found = f"if(months > 0, addMonths({first}, months), toDate32({first} + days))"
    if not context.starts:
        return found
    listed = f"toDate32(arrayFirst(s -> s > toInt32({first}), starts))"
    return f"if(notEmpty(starts), {listed}, {found})"


def rows(context: Context, some: Iterable[str] = GRAINS) -> str:
    """Return SQL for some grains: grain, months, days, rolling, and what day it is."""
    lines = ", ".join(
        f"('{grain}', {', '.join(map(str, GRAINS[grain]))}, {list(context.starts.get(grain, ()))})"
        for grain in some
    )
    kind = "Array(Tuple(String, UInt8, UInt8, UInt8, Array(Int32)))"
    literal = f"CAST({quoted(f'[{lines}]')}, {quoted(kind)})"
    return (
        "SELECT one.1 AS grain, one.2 AS months, one.3 AS days, one.4 AS rolling, 1 AS every, "
        f"one.5 AS starts, {context.today} AS today FROM (SELECT arrayJoin({literal}) AS one)"
    )


def start(context: Context) -> str:
    """Return SQL for the first day of the period of `grain` that `day` lies in.

    Of a rolling window it is that of the one window there is, which ends today.
    """
    months, days = "greatest(months, 1)", "greatest(days, 1)"
    back = f"(toMonth(day) + {12 - context.first_month}) % {months}"
    listed = "toDate32(arrayLast(s -> s <= toInt32(day), starts))"
    weeks = f"notEmpty(starts), {listed}, " if context.starts else ""
    return (
        f"multiIf({weeks}months > 0, addMonths(toDate32(day - toDayOfMonth(day) + 1), -({back})), "
        f"rolling > 0, toDate32(today - rolling + 1), "
        f"toDate32(day - (toDayOfWeek(day) + {7 - context.week_start}) % {days}))"
    )


def of_month(grain: str, context: Context) -> str:
    """Return SQL for the first day of the period of a grain that calendar month `month` lies in.

    The engine's own functions where they do: it leaves out months by them.
    """
    size, first = GRAINS[grain][0], context.first_month
    if size == 1:
        return "month"
    if size == 3 and first % 3 == 1:
        return "toDate32(toStartOfQuarter(month))"
    if size == 12 and first == 1:
        return "toDate32(toStartOfYear(month))"
    return f"addMonths(month, -((toMonth(month) + {12 - first}) % {size}))"


def inside(is_previous: str = "0") -> str:
    """Return the condition that `day` counts in a period of `grain` at all."""
    since = f"today - rolling * (1 + {is_previous})"
    until = f"today - rolling * {is_previous}"
    return f"(rolling = 0 OR (day > {since} AND day <= {until}))"
