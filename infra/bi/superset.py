"""Superset's datasets as files: columns with their meanings, from the dictionary.

Charts and the dashboard beside them are written by hand, or exported; they name datasets by uuid.
"""

from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import yaml

from infra.bi.dictionary import Column, View, dictionary

ASSETS = Path(__file__).resolve().parents[1] / "superset" / "assets"
DATABASE = "Pacesetter"
# What is worth a dataset: views that people chart. Others are a click away.
VIEWS = (
    "rep_day", "dim_rep", "fct_activity", "fct_deal", "fct_deal_version", "fct_credit",
    "fct_quota", "attainment_daily", "attainment_current", "forecast_current", "kpi_rep_totals",
    "kpi_team_totals", "kpi_company_totals", "commission_ledger", "data_freshness",
)  # fmt: skip
_TIMES = ("Date", "DateTime")
# By which time a dataset is cut, where there are several.
_MAIN = {
    "fct_activity": "day", "fct_deal": "day", "fct_deal_version": "valid_from",
    "kpi_rep_totals": "period_start", "kpi_team_totals": "period_start",
    "kpi_company_totals": "period_start", "fct_quota": "period_start",
    "commission_ledger": "posted_start",
}  # fmt: skip


def uuid_of(*name: str) -> UUID:
    """Return the identity of an asset: the same in every installation, so imports replace."""
    return uuid5(NAMESPACE_URL, "/".join(("pacesetter", "superset", *name)))


def files() -> dict[Path, str]:
    """Return what should stand in each file of a dataset."""
    views = dictionary().views
    return {
        ASSETS / "datasets" / DATABASE / f"{name}.yaml": yaml.safe_dump(
            dataset(views[name]), sort_keys=False, allow_unicode=True, width=1000
        )
        for name in VIEWS
    }


def dataset(view: View) -> dict[str, Any]:
    """Return a dataset as Superset imports it."""
    times = [c.name for c in view.columns if _is_time(c)]
    return {
        "table_name": view.name,
        "main_dttm_col": _MAIN.get(view.name, "day" if "day" in times else None),
        "description": view.comment,
        "schema": "spm_bi",
        "filter_select_enabled": True,
        "uuid": str(uuid_of("dataset", view.name)),
        "columns": [_column(column) for column in view.columns],
        "metrics": [
            {"metric_name": "count", "verbose_name": "Rows", "expression": "count()"},
        ],
        "version": "1.0.0",
        "database_uuid": str(uuid_of("database")),
    }


def _column(column: Column) -> dict[str, Any]:
    """Return a column. Numbers are for metrics, all else for groups and filters."""
    return {
        "column_name": column.name,
        "is_dttm": _is_time(column),
        "is_active": True,
        "type": column.type,
        "groupby": not column.unit or column.unit == "number",
        "filterable": True,
        "description": dictionary().comment(column),
    }


def _is_time(column: Column) -> bool:
    return column.type.removeprefix("Nullable(").startswith(_TIMES)
