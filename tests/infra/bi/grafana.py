"""What Grafana and its ClickHouse plugin make of a query before it is sent.

Variables as Grafana fills them in, macros as the plugin expands them (pkg/macros/macros.go of it).
"""

import re
from datetime import datetime
from typing import NamedTuple

INTERVAL_SECONDS = 3600  # of a panel that shows a month
MACRO = re.compile(r"\$__(\w+)(?:\(([^()]*)\))?")


class Shown(NamedTuple):
    """The time range of a dashboard and what is chosen in its variables."""

    since: datetime
    until: datetime
    chosen: dict[str, str]


def filled(sql: str, shown: Shown) -> str:
    """Return a query as it is sent.

    Raises:
        KeyError: it names a variable or macro that does not exist.
    """
    with_values = re.sub(r"\$\{(\w+):(\w+)\}", lambda m: _value(m[1], m[2], shown), sql)
    assert "${" not in with_values, f"a variable without :singlequote in {sql}"
    return MACRO.sub(lambda m: _macro(m[1], m[2] or "", shown), with_values)


def _value(name: str, how: str, shown: Shown) -> str:
    assert how == "singlequote", f"{how} does not quote"
    return "'" + shown.chosen[name].replace("'", "\\'") + "'"


def _macro(name: str, column: str, shown: Shown) -> str:
    stamps = [f"toDateTime({int(at.timestamp())})" for at in (shown.since, shown.until)]
    days = [f"toDate('{at:%Y-%m-%d}')" for at in (shown.since, shown.until)]
    interval = f"INTERVAL {INTERVAL_SECONDS} second"
    return {
        "timeFilter": f"{column} >= {stamps[0]} AND {column} <= {stamps[1]}",
        "dateFilter": f"{column} >= {days[0]} AND {column} <= {days[1]}",
        "timeInterval": f"toStartOfInterval(toDateTime({column}), {interval})",
    }[name]
