"""What contests are made of, read from history: activities and deals as they are known now.

An entity's newest row says which measures it puts in, and for whom; its instant is that of the
rule: when the call was, the meeting started or was booked, the deal was won, lost or created. Where
a deal counts by its close date there is no instant: the day's first one stands for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.sinks.clickhouse import quoted
from schemas.contests import Contest
from schemas.definitions import Bundle, WonDay
from schemas.positions import OFFSET_BITS
from streams.domain.contest_counting import Event
from streams.domain.contest_measures import measure_of
from streams.domain.contest_times import Millis, days, midnight

Cut = Mapping[str, int]  # topic/partition -> position behind the last record that is in it
_STARTED, _BOOKED = frozenset({"meetings_held", "no_shows"}), frozenset({"meetings_booked"})
_LOST = frozenset({"deals_lost", "lost_amount"})
_CREATED = frozenset({"deals_created"})
_MEASURES = (
    "arrayJoin(arrayZip(measure, measure_rep_id, measure_day, measure_currency, measure_value))"
)
_ACTIVITY = (
    "toUnixTimestamp64Milli(occurred_at)",
    "toUnixTimestamp64Milli(created_at)",
    "JSONExtract(state, 'start_at', 'Nullable(Int64)')",
    "JSONExtract(state, 'booked_at', 'Nullable(Int64)')",
    "source", "direction", "talk_seconds", "'' AS a", "'' AS b", "'' AS c", "'' AS d", "'' AS e",
)  # fmt: skip
_DEAL = (
    "toUnixTimestamp64Milli(occurred_at)",
    "toUnixTimestamp64Milli(created_at)",
    "toUnixTimestamp64Milli(won_at)",
    "toUnixTimestamp64Milli(lost_at)",
    "source", "'' AS a", "NULL AS b", "product", "segment", "region", "deal_type", "lead_source",
)  # fmt: skip


def cut(client: Any) -> dict[str, int]:
    """Return how far every partition of facts is applied now."""
    found = client.query(
        "SELECT concat(topic, '/', toString(partition)),"
        f" max(bitShiftLeft(toUInt64(epoch), {OFFSET_BITS}) + offset_to) FROM spm.applied"
        " WHERE startsWith(topic, 'crm.') GROUP BY topic, partition ORDER BY topic, partition"
    )
    return {str(key): int(position) for key, position in found.result_rows}


def events(client: Any, bundle: Bundle, contest: Contest, until: Cut | None = None) -> list[Event]:
    """Return every event of a contest's measures around its window.

    Args:
        until: facts behind it are not seen; None: all that there is.
    """
    names = [metric.kpi for metric in contest.metrics]
    return events_of(client, bundle, names, days(contest), contest.time_zone, until=until)


def events_of(
    client: Any, bundle: Bundle, measures: Iterable[str], some: tuple[date, date], zone: str,
    *, until: Cut | None = None,
) -> list[Event]:  # fmt: skip
    """Return every event of some measures, around some days of a zone's clocks.

    Args:
        some: first day, and the one behind the last.
        until: facts behind it are not seen; None: all that there is.
    """
    rules = {m.measure: m.rule for m in bundle.measures.measures}
    of = {m.measure: m.of for m in bundle.measures.measures}
    asked = sorted({name for name in measures if name in rules})
    # A rep's day may begin a day before or after that of the zone.
    span = (some[0] - timedelta(days=1), some[1] + timedelta(days=1))
    activities = [name for name in asked if of[name] != "deal"]
    deals = [name for name in asked if of[name] == "deal"]
    by_date = bundle.company.won_day is WonDay.CLOSE_DATE
    found: list[Event] = []
    for row in _rows(client, ("spm.activity", _ACTIVITY), activities, span, until):
        found.append(_event(row, _activity_at(rules[row[1]], *row[6:10])))
    for row in _rows(client, ("spm.deal", (*_DEAL, "close_date")), deals, span, until):
        at = _deal_at(rules[row[1]], row, zone, by_date=by_date)
        found.append(_event(row, at))
    return found


def entered(
    client: Any, bundle: Bundle, contest: Contest, only: Iterable[tuple[str, date]] | None = None
) -> list[Event]:
    """Return the events that are folded for a contest, as spm.contest_event finds them.

    As `events` counts them afresh; here the cost goes by the contest and not by all history.

    Args:
        only: reps and days of the contest's clocks; None: all. More than these may be returned.
    """
    rules = {m.measure: m.rule for m in bundle.measures.measures}
    of = {m.measure: m.of for m in bundle.measures.measures}
    by_date = bundle.company.won_day is WonDay.CLOSE_DATE
    found: list[Event] = []
    for table, kept in (("spm.activity", _ACTIVITY), ("spm.deal", (*_DEAL, "close_date"))):
        is_deal = table == "spm.deal"
        mine = [m for m in contest.metrics if (of[m.kpi] == "deal") == is_deal]
        if not mine:
            continue
        wanted = ", ".join(quoted(measure_of(contest, m)) for m in mine)
        where = f"measure IN ({wanted})" + ("" if only is None else f" AND {_of_days(only)}")
        entities = f"SELECT entity_id FROM spm.contest_event WHERE {where}"
        names = sorted({m.kpi for m in mine})
        for row in _newest(client, (table, kept), names, entities, "1"):
            rule = rules[row[1]]
            at = (
                _deal_at(rule, row, contest.time_zone, by_date=by_date)
                if is_deal
                else _activity_at(rule, *row[6:10])
            )
            found.append(_event(row, at))
    return found


def _of_days(only: Iterable[tuple[str, date]]) -> str:
    pairs = ", ".join(f"({quoted(rep)}, toDate32('{day}'))" for rep, day in only)
    return f"(rep_id, day) IN ({pairs})"


def _rows(
    client: Any, kept: tuple[str, Sequence[str]], measures: Sequence[str], span: tuple[date, date],
    until: Cut | None,
) -> Iterable[Sequence[Any]]:  # fmt: skip
    table = kept[0]
    if not measures:
        return ()
    names = ", ".join(quoted(name) for name in measures)
    entities = (
        f"SELECT entity_id FROM {table} WHERE kind != 'marker' AND hasAny(measure, [{names}]) AND"
        f" arrayExists(d -> d >= '{span[0]}' AND d < '{span[1]}', measure_day)"
    )
    return _newest(client, kept, measures, entities, _below(until))


def _newest(
    client: Any, kept: tuple[str, Sequence[str]], measures: Sequence[str], entities: str, below: str
) -> list[Sequence[Any]]:
    """Return what the newest rows of some entities put into measures."""
    table, columns = kept
    names = ", ".join(quoted(name) for name in measures)
    sql = (
        f"SELECT entity_id, one.1, one.2, one.3, one.4, one.5, {', '.join(columns)} FROM ("
        f"SELECT *, {_MEASURES} AS one FROM ("
        f"SELECT * FROM {table} WHERE kind != 'marker' AND {below} AND entity_id IN ({entities})"
        " ORDER BY entity_id, position DESC LIMIT 1 BY entity_id"
        f") WHERE op = 'SET') WHERE one.1 IN ({names})"
    )
    return list(client.query(sql).result_rows)


def _below(until: Cut | None) -> str:
    if until is None:
        return "1"
    keys = ", ".join(quoted(key) for key in until) or "''"
    ends = ", ".join(map(str, until.values())) or "0"
    place = "concat(topic, '/', toString(partition))"
    reached = f"arrayMap(x -> toUInt64(x), [{ends}])"
    return f"position < transform({place}, [{keys}], {reached}, toUInt64(0))"


def _event(row: Sequence[Any], at: Millis) -> Event:
    entity_id, kpi, rep_id, _, currency, value = row[:6]
    source, direction, talk, product, segment, region, kind, lead = row[10:18]
    return Event(entity_id, rep_id, kpi, currency, at, Decimal(value), source, direction, talk,
                 product, segment, region, kind, lead)  # fmt: skip


def _activity_at(
    rule: str, occurred: Millis, created: Millis, started: Millis | None, booked: Millis | None
) -> Millis:
    if rule in _STARTED:
        return occurred if started is None else started
    if rule in _BOOKED:
        return created if booked is None else booked
    return occurred


def _deal_at(rule: str, row: Sequence[Any], zone: str, *, by_date: bool) -> Millis:
    """Return when a deal counts: as the rules of days have it."""
    day, (occurred, created, won, lost), closes = row[3], row[6:10], row[18]
    if rule in _CREATED:
        return int(created)
    at = lost if rule in _LOST else won
    goes_by_date = closes is not None and (at is None or (by_date and rule not in _LOST))
    if goes_by_date:
        return midnight(day, zone)
    return int(occurred if at is None else at)


def told_cut(until: Cut) -> Iterator[str]:
    """Yield a cut as text, a partition each."""
    return (f"{key}={position}" for key, position in until.items())
