"""What a forecast rests on, read from the warehouse: deals, credits, totals and the days of wins.

A deal's newest row carries its credits, so one reading of the history of deals answers everything
about deals. Nothing is read of people's names.
"""

from datetime import date
from typing import NamedTuple, Protocol

import polars as pl

from connectors.sinks.clickhouse import quoted, texts
from streams.domain.looks import LOOKBACK_DAYS, VERSION_COLUMNS
from streams.domain.outlook import WINS_MAX
from streams.domain.periods import Span

# What other work leaves over: a forecast may take seconds, an insert may not.
SETTINGS = "SETTINGS max_threads = 1, max_memory_usage = 2000000000, priority = 10"
VERSIONS_MAX = 1_000_000  # of deals, to learn from; beyond it a part of the deals stands for all
SEASON_DAYS = 3 * 366
_NEWEST = """SELECT * FROM (SELECT * FROM spm.deal WHERE kind != 'marker'
ORDER BY entity_id, position DESC LIMIT 1 BY entity_id) WHERE op = 'SET'"""
_LIVE = "generation = (SELECT generation FROM spm.warehouse FINAL)"


class Warehouse(Protocol):
    """What answers."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...


class Kpi(NamedTuple):
    """What is forecast, and how it is counted.

    Attributes:
        rule: of the measure: revenue_won, revenue_won_reporting, deals_won, or one of activities.
        currency: empty for what is no money.
    """

    name: str
    rule: str
    currency: str

    @property
    def of_deals(self) -> bool:
        """Whether won deals make it, so that open ones will."""
        return self.rule in {"revenue_won", "revenue_won_reporting", "deals_won"}


def versions(warehouse: Warehouse, today: date) -> pl.DataFrame:
    """Return how deals stood over the last LOOKBACK_DAYS: odds.VERSION_COLUMNS and `currency`."""
    since = f"fromUnixTimestamp64Micro(revision, 'UTC') >= toDateTime('{today}') - INTERVAL"
    of_late = f"kind != 'marker' AND {since} {LOOKBACK_DAYS} DAY"
    count = int(_ask(warehouse, f"SELECT count() AS n FROM spm.deal WHERE {of_late}")["n"][0])
    part = count // VERSIONS_MAX + 1
    found = _ask(
        warehouse,
        "SELECT entity_id AS deal_id, rep_id, toDate32(fromUnixTimestamp64Micro(revision, 'UTC')) "
        "AS since, pipeline_id, stage_id, deal_type, toFloat64(amount) AS amount, stage_class, "
        "close_date, currency, op FROM spm.deal "
        f"WHERE {of_late} AND cityHash64(entity_id) % {part} = 0 "
        "ORDER BY entity_id, position DESC LIMIT 1 BY entity_id, since",
    )
    if found.is_empty():
        return pl.DataFrame(schema={**VERSION_COLUMNS, "currency": pl.String})
    gone = found.filter(pl.col("op") != "SET").select("deal_id")
    kept = found.join(gone, on="deal_id", how="anti").drop("op")
    return kept.filter(pl.col("since") < today).cast({"since": pl.Date, "close_date": pl.Date})


def past(warehouse: Warehouse, today: date) -> int:
    """Return a mark of what `versions` reads: another one if a deal's past has changed.

    Live sources change deals now; what is late, and what is cancelled, changes what was learned.
    """
    found = _ask(
        warehouse,
        "SELECT count() AS n FROM spm.deal WHERE kind != 'marker' AND (op != 'SET' "
        f"OR fromUnixTimestamp64Micro(revision, 'UTC') < toDateTime('{today}', 'UTC'))",
    )
    return int(found["n"][0]) if len(found) else 0


def open_deals(warehouse: Warehouse) -> pl.DataFrame:
    """Return the deals that are open, with their REVENUE credits as lists."""
    found = _ask(
        warehouse,
        "SELECT entity_id AS deal_id, rep_id, pipeline_id, stage_id, deal_type, "
        "toFloat64(amount) AS amount, close_date, toFloat64(probability) AS probability, currency, "
        "credit_rep_id, credit_role, arrayMap(a -> toFloat64(a), credit_amount) AS credit_amount "
        f"FROM ({_NEWEST}) WHERE stage_class = 'OPEN' ORDER BY deal_id",
    )
    if found.is_empty():
        lists = {"credit_rep_id": pl.String, "credit_role": pl.String, "credit_amount": pl.Float64}
        names = ("deal_id", "rep_id", "pipeline_id", "stage_id", "deal_type", "currency")
        schema: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(names, pl.String)
        schema |= {"amount": pl.Float64, "close_date": pl.Date, "probability": pl.Float64}
        return pl.DataFrame(schema=schema | {n: pl.List(t) for n, t in lists.items()})
    return found.cast({"close_date": pl.Date})


def wins(warehouse: Warehouse, kpi: Kpi, today: date) -> pl.DataFrame:
    """Return what counted before a day: rep_id, created_on, on, value; the newest of each rep."""
    since = f"toDate32('{today}') - {LOOKBACK_DAYS}"
    if kpi.of_deals:
        sql = (f"SELECT rep_id, created_on, on, toFloat64(value) AS value FROM ({_won(kpi)}) "
               f"WHERE on >= {since} AND on < toDate32('{today}') AND value > 0")  # fmt: skip
    else:
        sql = (f"SELECT rep_id, day AS created_on, day AS on, toFloat64(total) AS value "
               f"FROM ({_totals(kpi)}) WHERE day >= {since} AND day < toDate32('{today}') "
               "AND total > 0")  # fmt: skip
    found = _ask(
        warehouse, f"{sql} ORDER BY rep_id, on DESC, created_on, value LIMIT {WINS_MAX} BY rep_id"
    )
    schema = {"rep_id": pl.String, "created_on": pl.Date, "on": pl.Date, "value": pl.Float64}
    return found.cast(schema) if len(found) else pl.DataFrame(schema=schema)  # type: ignore[arg-type]


def days(warehouse: Warehouse, kpi: Kpi, today: date) -> pl.DataFrame:
    """Return how many wins (for activities: days of reps with any) the company had on each day."""
    inside = f"day >= toDate32('{today}') - {SEASON_DAYS} AND day < toDate32('{today}')"
    source = f"SELECT on AS day FROM ({_won(kpi)})" if kpi.of_deals else _totals(kpi)
    found = _ask(warehouse, f"SELECT day, toInt64(count()) AS wins FROM ({source}) WHERE {inside} "
                            "GROUP BY day ORDER BY day")  # fmt: skip
    schema = {"day": pl.Date, "wins": pl.Int64}
    return found.cast(schema) if len(found) else pl.DataFrame(schema=schema)  # type: ignore[arg-type]


def booked(warehouse: Warehouse, kpi: Kpi, period: Span, movers: set[str]) -> pl.DataFrame:
    """Return what counts in a period: rep_id, day, value.

    The day is the period's first one, but for `movers`: theirs is told day by day.
    """
    inside = f"day >= toDate32('{period.start}') AND day < toDate32('{period.end}')"
    on = f"if(rep_id IN ({texts(sorted(movers)) or quoted('')}), day, toDate32('{period.start}'))"
    found = _ask(
        warehouse,
        f"SELECT rep_id, {on} AS on, sum(total) AS value FROM ({_totals(kpi)}) WHERE {inside} "
        "GROUP BY rep_id, on ORDER BY rep_id, on",
    )
    schema = {"rep_id": pl.String, "on": pl.Date, "value": pl.Decimal(38, 4)}
    found = found.cast(schema) if len(found) else pl.DataFrame(schema=schema)  # type: ignore[arg-type]
    return found.rename({"on": "day"})


def _totals(kpi: Kpi) -> str:
    return (f"SELECT toString(rep_id) AS rep_id, day, sum(value) AS total FROM spm.kpi_rep_day "
            f"FINAL WHERE {_LIVE} AND measure = {quoted(kpi.name)} "
            f"AND currency = {quoted(kpi.currency)} GROUP BY rep_id, day")  # fmt: skip


def _won(kpi: Kpi) -> str:
    """Return a query of won deals per payee: rep_id, created_on, on, value."""
    created = "toDate32(created_at) AS created_on"
    if kpi.rule == "deals_won":
        won = f"({_NEWEST} AND stage_class = 'WON')"
        return f"SELECT rep_id, {created}, day AS on, 1 AS value FROM {won}"
    reporting = kpi.rule == "revenue_won_reporting"
    value, code = (("credit_reporting_amount", "reporting_currency") if reporting
                   else ("credit_amount", "currency"))  # fmt: skip
    return (
        f"SELECT payee AS rep_id, {created}, credited_on AS on, worth AS value "
        f"FROM ({_NEWEST} AND stage_class = 'WON' AND {code} = {quoted(kpi.currency)}) "
        f"ARRAY JOIN credit_rep_id AS payee, credit_role AS role, credit_day AS credited_on, "
        f"{value} AS worth WHERE role = 'REVENUE'"
    )


def _ask(warehouse: Warehouse, sql: str) -> pl.DataFrame:
    return warehouse.frame(f"{sql} {SETTINGS}")
