"""What the floor's gauges are made of: standings, freshness and states, read in three questions."""

from typing import NamedTuple

import polars as pl

from infra.alerting.reading import SETTINGS, Warehouse


class Floor(NamedTuple):
    """The floor as the warehouse shows it.

    Attributes:
        standings: subject_kind, subject_id, team_id, kpi, currency, period_start, period_end,
            elapsed, pace, attainment, chance.
        fresh: kind, name, as_of.
        states: rule_id, subject_kind, state, alerts: how many there are.
    """

    standings: pl.DataFrame
    fresh: pl.DataFrame
    states: pl.DataFrame


def floor_of(warehouse: Warehouse, *, with_reps: bool) -> Floor:
    """Return the floor now.

    Args:
        with_reps: reps one by one, too; else teams and the company alone.

    Raises:
        Unavailable: not now.
    """
    kinds = "('TEAM', 'COMPANY', 'REP')" if with_reps else "('TEAM', 'COMPANY')"
    standings = warehouse.frame(
        "SELECT subject_kind, subject_id, rep.team_id AS team_id, kpi, currency, period_start, "
        "period_end, toFloat64(elapsed_ratio) AS elapsed, toFloat64(pace_ratio) AS pace, "
        "toFloat64(attainment_ratio) AS attainment, toFloat64(hit_probability) AS chance "
        "FROM spm_bi.attainment_current AS now LEFT JOIN spm_bi.dim_rep AS rep "
        "ON rep.rep_id = now.subject_id AND now.subject_kind = 'REP' "
        f"WHERE NOT is_overlay AND subject_kind IN {kinds} "
        f"ORDER BY subject_kind, subject_id, kpi, currency, period_start, period_end {SETTINGS}"
    )
    fresh = warehouse.frame(
        f"SELECT kind, name, as_of FROM spm_bi.data_freshness ORDER BY as_of, kind, name {SETTINGS}"
    )
    states = warehouse.frame(
        "SELECT rule_id, subject_kind, after AS state, count() AS alerts FROM ("
        "SELECT rule_id, subject_kind, after FROM spm.alert_event FINAL "
        "ORDER BY rule_id, subject_kind, subject_id, kpi, currency, period_start, number DESC "
        "LIMIT 1 BY rule_id, subject_kind, subject_id, kpi, currency, period_start) "
        f"GROUP BY rule_id, subject_kind, state {SETTINGS}"
    )
    return Floor(standings, fresh, states)
