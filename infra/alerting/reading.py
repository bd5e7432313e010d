"""What alerts are watched by, read from the public views: standings, sums, deals, freshness."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import polars as pl

from connectors.sinks.clickhouse import quoted
from schemas.alerts import Subject
from schemas.warehouse import Incarnation

SETTINGS = "SETTINGS max_threads = 1, priority = 10"  # an insert must not wait for a tick
DEALS_DAYS = 200  # of which the usual deal is made: this quarter, and one or two before
_VIEWS = {Subject.REP: "rep", Subject.TEAM: "team", Subject.COMPANY: "company"}


class Warehouse(Protocol):
    """What answers, and keeps what was noticed."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        """Insert rows, all or none, unless the warehouse is another incarnation."""
        ...

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is."""
        ...


def standings(warehouse: Warehouse, since: date, today: date) -> pl.DataFrame:
    """Return attainment by day, of quotas that run on a day or ended the day before it."""
    return warehouse.frame(
        "SELECT day, subject_kind, subject_id, subject_name, rep_id, kpi, currency, period_start, "
        "period_end, quota, actual_to_date, plan_to_date FROM spm_bi.attainment_daily "
        f"WHERE day >= '{since}' AND day <= '{today}' AND period_start <= '{today}' "
        f"AND period_end >= '{today}' AND NOT is_overlay AND is_additive "
        f"AND subject_kind != 'REGION' {SETTINGS}"
    )


def current(warehouse: Warehouse) -> pl.DataFrame:
    """Return where everybody stands now, with the chance of reaching the quota."""
    return warehouse.frame(
        "SELECT day, subject_kind, subject_id, rep_id, subject_name, kpi, currency, period_start, "
        "period_end, quota, actual_to_date, plan_to_date, elapsed_ratio, attainment_ratio, "
        "pace_ratio, gap_amount, business_days_left, required_per_business_day, hit_probability, "
        "forecast_p10, forecast_p90 FROM spm_bi.attainment_current WHERE NOT is_overlay "
        f"AND is_additive AND subject_kind != 'REGION' {SETTINGS}"
    )


def deal_sizes(
    warehouse: Warehouse, kpis: Iterable[tuple[str, str]], today: date
) -> dict[tuple[str, str, str, str], Decimal]:
    """Return the usual deal by subject, KPI and currency; none for who has not won any of late."""
    found: dict[tuple[str, str, str, str], Decimal] = {}
    since = today - timedelta(days=DEALS_DAYS)
    for kpi, currency in sorted(set(kpis)):
        for subject, view in _VIEWS.items():
            who = f"{view}_id" if subject is not Subject.COMPANY else "'company'"
            rows = warehouse.frame(
                f"SELECT {who} AS subject_id, sumIf(value, kpi_id = {quoted(kpi)} "
                f"AND currency = {quoted(currency)}) AS amount, "
                "sumIf(value, kpi_id = 'deals_won') AS deals "
                f"FROM spm_bi.kpi_{view}_measures WHERE grain = 'month' "
                f"AND period_start >= '{since}' "
                f"AND kpi_id IN ({quoted(kpi)}, 'deals_won') GROUP BY subject_id "
                f"HAVING deals > 0 AND amount > 0 {SETTINGS}"
            )
            for subject_id, amount, deals in rows.iter_rows():
                found[subject, subject_id, kpi, currency] = amount / deals
    return found


def sums(
    warehouse: Warehouse, subject: Subject, kpi: str, currency: str, since: date
) -> dict[str, dict[date, Decimal]]:
    """Return what came in of a measure by subject and day."""
    view = _VIEWS[subject]
    who = f"{view}_id" if subject is not Subject.COMPANY else "'company'"
    rows = warehouse.frame(
        f"SELECT {who} AS subject_id, period_start AS day, value FROM spm_bi.kpi_{view}_measures "
        f"WHERE grain = 'day' AND period_start >= '{since}' AND kpi_id = {quoted(kpi)} "
        f"AND currency = {quoted(currency)} {SETTINGS}"
    )
    found: dict[str, dict[date, Decimal]] = {}
    for subject_id, day, value in rows.iter_rows():
        found.setdefault(subject_id, {})[day] = value or Decimal(0)
    return found


def oldest_news(warehouse: Warehouse) -> tuple[str, datetime] | None:
    """Return the source that has been silent the longest, and since when; None: there is none."""
    rows = warehouse.frame(
        "SELECT name, as_of FROM spm_bi.data_freshness WHERE kind = 'source' ORDER BY as_of LIMIT 1"
    )
    return None if rows.is_empty() else rows.row(0)


def recent(warehouse: Warehouse, measure: str) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Return what came in of a measure in the last thirty days, and in a usual thirty, by subject.

    Usual is a third of the last ninety days.
    """
    found: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for subject in (Subject.REP, Subject.TEAM):
        view = _VIEWS[subject]
        rows = warehouse.frame(
            f"SELECT {view}_id AS subject_id, sumIf(value, grain = 'last_30_days') AS now, "
            f"sumIf(value, grain = 'last_90_days') AS usual FROM spm_bi.kpi_{view}_measures "
            f"WHERE grain IN ('last_30_days', 'last_90_days') AND kpi_id = {quoted(measure)} "
            f"GROUP BY subject_id {SETTINGS}"
        )
        for subject_id, now, usual in rows.iter_rows():
            found[subject, subject_id] = (now or Decimal(0), (usual or Decimal(0)) / 3)
    return found


def names(warehouse: Warehouse) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the name of each subject, and of a rep the team."""
    reps = warehouse.frame(f"SELECT rep_id, rep_name, team_name FROM spm_bi.dim_rep {SETTINGS}")
    teams = warehouse.frame(f"SELECT team_id, team_name FROM spm_bi.dim_team {SETTINGS}")
    found = {("REP", rep): (name or rep, team or "") for rep, name, team in reps.iter_rows()}
    return found | {("TEAM", team): (name or team, "") for team, name in teams.iter_rows()}
