"""What counts in contests, said a second time: window, filter and the contest's own day as SQL."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.sinks.clickhouse import quoted, texts
from infra.reconcile.asking import Check
from infra.reconcile.periods import Days
from infra.reconcile.putting_in import PUT_IN

_FIELDS = {
    "products": "product",
    "segments": "segment",
    "regions": "region",
    "deal_types": "deal_type",
    "lead_sources": "lead_source",
    "sources": "source",
}
# Of a deal's row, what its contests need once its credits are put together.
KEPT = (
    "source", "created_at", "occurred_at", "won_at", "lost_at", "close_date", "product", "segment",
    "region", "deal_type", "lead_source",
)  # fmt: skip
_LATEST = "'2199-12-31'"
_AT = {
    "meetings_booked": "booked_at",
    "meetings_held": "start_at",
    "no_shows": "start_at",
    "deals_created": "created_at",
}


TABLE = "spm.contest_event"
_KEY = "measure, rep_id, day, entity_id, position"


def check_events(days: Days) -> Check:
    """Return the check of where the facts of contests are: what history puts in, and no more."""
    kept = f"SELECT {_KEY}, 0 AS due, 1 AS there FROM {TABLE} FINAL"
    put = " UNION ALL ".join(
        f"""SELECT toString(put.3) AS measure, toString(put.1) AS rep_id, put.2 AS day, entity_id,
            position, 1 AS due, 0 AS there
        FROM (SELECT entity_id, position, arrayJoin(arrayDistinct(arrayMap(p -> (p.1, p.2, p.3),
            arrayFilter(p -> startsWith(p.3, 'contest/'), {PUT_IN[table]})))) AS put
            FROM (SELECT * FROM {table} FINAL WHERE kind != 'marker'))"""
        for table in PUT_IN
    )
    sql = f"""
        SELECT
            multiIf(max(due) = 0, 'row without a source', max(there) = 0, 'no row', 'ok') AS state,
            [measure, rep_id, toString(day), entity_id] AS key, toString(max(due)) AS expected,
            toString(max(there)) AS found, toDecimal128(0, 4) AS off, '' AS currency, position
        FROM (SELECT toString(measure) AS measure, rep_id, day, entity_id, position, due, there
            FROM ({kept}) UNION ALL {put})
        WHERE {days.condition("day")} GROUP BY {_KEY}"""
    return Check(TABLE, ("measure", "rep_id", "day", "entity_id"), sql)


class Entered(NamedTuple):
    """One metric of one contest.

    Attributes:
        measure: it is kept as.
        kpi: measure it looks at.
        since, until: milliseconds since 1970, half-open.
        only: filter as it was written.
    """

    measure: str
    kpi: str
    zone: str
    since: int
    until: int
    currency: str
    only: Mapping[str, Any]


def entered(contests: Iterable[Mapping[str, Any]], known: Iterable[str]) -> tuple[Entered, ...]:
    """Return what contests count, as they were written; a KPI with a formula is counted by nobody.

    Args:
        known: measures there are.
    """
    names = set(known)
    return tuple(
        Entered(
            f"contest/{contest['contest_id']}/{metric.get('metric_id', metric['kpi'])}",
            metric["kpi"],
            contest["time_zone"],
            _millis(contest["starts_at"], contest["time_zone"]),
            _millis(contest["ends_at"], contest["time_zone"]),
            metric.get("currency") or "",
            metric.get("only") or {},
        )
        for contest in contests
        if contest.get("state", "OPEN") != "DRAFT"
        and all(each["kpi"] in names for each in contest["metrics"])
        for metric in contest["metrics"]
    )


def instant(rule: str, zone: str, *, close_date_first: bool) -> str:
    """Return SQL for when a fact counts by a rule."""
    if rule in ("deals_lost", "lost_amount"):
        return _by_date("close_date IS NOT NULL AND lost_at IS NULL", "lost_at", zone)
    if rule in ("deals_won", "cycle_days", "won_valued", "won_amount") or "revenue" in rule:
        also = "" if close_date_first else " AND won_at IS NULL"
        return _by_date(f"close_date IS NOT NULL{also}", "won_at", zone)
    return _AT.get(rule, "occurred_at")


def day(at: str, zone: str) -> str:
    """Return SQL for the day of an instant by the contest's clocks."""
    return f"toDate32({at}, {quoted(zone)})"


def condition(one: Entered, at: str, value: str, currency: str) -> str:
    """Return SQL for whether a fact counts in a contest.

    Args:
        at: SQL for when it was.
        value, currency: SQL for what it is worth.
    """
    millis = f"toUnixTimestamp64Milli({at})"
    given = [f"{millis} >= {one.since}", f"{millis} < {one.until}"]
    given.append(f"{currency} = {quoted(one.currency)}")
    given += [
        f"toString({field}) IN ({texts(one.only[name])})"
        for name, field in _FIELDS.items()
        if one.only.get(name)
    ]
    if direction := one.only.get("direction"):
        given.append(f"direction = {quoted(direction)}")
    if seconds := one.only.get("talk_seconds_min"):
        given.append(f"coalesce(talk_seconds, 0) >= {int(seconds)}")
    if least := one.only.get("value_min"):
        given.append(f"{value} >= toDecimal64({quoted(str(least))}, 4)")
    local = f"toTimeZone({at}, {quoted(one.zone)})"
    if weekdays := one.only.get("weekdays"):
        given.append(f"toDayOfWeek({local}) IN ({', '.join(str(int(d)) for d in weekdays)})")
    minute = f"toHour({local}) * 60 + toMinute({local})"
    first, last = (_minutes(one.only.get(n, d)) for n, d in _HOURS.items())
    if (first, last) != (0, 24 * 60):
        given.append(f"{minute} >= {first} AND {minute} < {last}")
    return " AND ".join(given)


_HOURS = {"hours_from": "00:00", "hours_to": "24:00"}


def _by_date(condition: str, at: str, zone: str) -> str:
    # A day of a contest begins where its clocks say so; both sides must be of one type.
    day = f"toString(ifNull(close_date, toDate32({_LATEST})))"
    begins = f"toDateTime64(concat({day}, ' 00:00:00'), 3, {quoted(zone)})"
    return f"if({condition}, toTimeZone({begins}, 'UTC'), ifNull({at}, occurred_at))"


def _millis(local: str, zone: str) -> int:
    return round(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
