"""The bundle for Superset: shaped as its import asks, in step, and every chart answers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import yaml
from clickhouse_connect.driver.client import Client

from infra.bi.dictionary import dictionary
from infra.bi.superset import ASSETS

FILES: dict[str, Any] = {
    str(path.relative_to(ASSETS)): yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    for path in sorted(ASSETS.rglob("*.yaml"))
}
KINDS = {kind: {n: f for n, f in FILES.items() if n.startswith(f"{kind}/")}
         for kind in ("databases", "datasets", "charts", "dashboards")}  # fmt: skip
# What Superset's import schemas (ImportV1*Schema of 6.1) ask for and let pass.
REQUIRED = {
    "databases": {"database_name", "sqlalchemy_uri", "uuid", "version"},
    "datasets": {"table_name", "uuid", "version", "database_uuid"},
    "charts": {"slice_name", "viz_type", "uuid", "version", "dataset_uuid"},
    "dashboards": {"dashboard_title", "uuid", "version"},
}
OPTIONAL = {
    "databases": {"cache_timeout", "expose_in_sqllab", "allow_run_async", "allow_ctas",
                  "allow_cvas", "allow_dml", "allow_csv_upload", "extra"},
    "datasets": {"main_dttm_col", "description", "schema", "filter_select_enabled", "columns",
                 "metrics"},
    "charts": {"description", "params", "cache_timeout"},
    "dashboards": {"description", "css", "slug", "published", "position", "metadata"},
}  # fmt: skip
GRAINS = {"P1M": "toStartOfMonth(toDateTime({}))", "P1D": "toStartOfDay(toDateTime({}))"}
RANGES = {"Last year : ": 365, "Last month : ": 31}
BY_UUID = {f["uuid"]: f for kind in ("datasets", "charts") for f in KINDS[kind].values()}


def test_files_are_shaped_as_the_import_asks() -> None:
    assert FILES["metadata.yaml"] | {"timestamp": ""} == {
        "version": "1.0.0", "type": "assets", "timestamp": "",
    }  # fmt: skip
    for kind, files in KINDS.items():
        assert files
        for name, file in files.items():
            assert REQUIRED[kind] <= file.keys(), name
            assert file.keys() <= REQUIRED[kind] | OPTIONAL[kind], name
            assert str(UUID(file["uuid"])) == file["uuid"]
            assert file["version"] == "1.0.0"
    (database,) = KINDS["databases"].values()
    assert database["sqlalchemy_uri"].startswith("clickhousedb://")
    assert "@" not in database["sqlalchemy_uri"], "no user and no password in a file"


def test_everything_named_is_there() -> None:
    (database,) = KINDS["databases"].values()
    assert {d["database_uuid"] for d in KINDS["datasets"].values()} == {database["uuid"]}
    assert all(c["dataset_uuid"] in BY_UUID for c in KINDS["charts"].values())
    (dashboard,) = KINDS["dashboards"].values()
    position = dashboard["position"]
    placed = [p["meta"] for p in position.values() if isinstance(p, dict) and p["type"] == "CHART"]
    assert {m["uuid"] for m in placed} == {c["uuid"] for c in KINDS["charts"].values()}
    assert all(BY_UUID[m["uuid"]]["slice_name"] == m["sliceName"] for m in placed)
    for place in position.values():
        if isinstance(place, dict):
            assert all(position[child]["id"] == child for child in place.get("children", ()))
            assert (
                place["type"] != "ROW"
                or sum(position[child]["meta"]["width"] for child in place["children"]) == 12
            )
    for one in dashboard["metadata"]["native_filter_configuration"]:
        (target,) = one["targets"]
        dataset = BY_UUID[target["datasetUuid"]]
        assert target["column"]["name"] in {c["column_name"] for c in dataset["columns"]}


@pytest.mark.parametrize("name", KINDS["charts"])
def test_a_chart_answers(analyst: Client, name: str) -> None:
    chart = KINDS["charts"][name]
    answer = analyst.query(sql_of(chart))
    assert answer.result_rows
    wanted = chart["params"].get("all_columns") or [m["label"] for m in chart["params"]["metrics"]]
    assert set(wanted) <= set(answer.column_names)
    for metric in chart["params"].get("metrics", ()):
        place = answer.column_names.index(metric["label"])
        assert any(row[place] for row in answer.result_rows)


def test_no_chart_adds_up_over_currencies() -> None:
    for chart in KINDS["charts"].values():
        money = [m for m in chart["params"].get("metrics", ()) if "amount" in m["sqlExpression"]]
        groups = {*chart["params"].get("groupby", ())}
        assert not money or groups & {"currency", "reporting_currency"}, chart["slice_name"]


def sql_of(chart: dict[str, Any]) -> str:
    """Return the query that Superset makes of a chart."""
    params, view = chart["params"], BY_UUID[chart["dataset_uuid"]]["table_name"]
    known = {c.name for c in dictionary().views[view].columns}
    conditions = [_condition(one, known) for one in params["adhoc_filters"]]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if params.get("query_mode") == "raw":
        assert set(params["all_columns"]) <= known
        orders = [json.loads(order) for order in params["order_by_cols"]]
        order = ", ".join(f"{column} {'ASC' if up else 'DESC'}" for column, up in orders)
        columns = ", ".join(params["all_columns"])
        return f"SELECT {columns} FROM spm_bi.{view}{where} ORDER BY {order} LIMIT 1000"
    groups = {name: name for name in params["groupby"]}
    if "x_axis" in params:
        axis = params["x_axis"]
        kind = next(c.type for c in dictionary().views[view].columns if c.name == axis)
        grain = GRAINS[params["time_grain_sqla"]] if kind.startswith("Date") else "{}"
        groups = {axis: grain.format(axis)} | groups
    assert set(groups) <= known
    taken = [f"{expression} AS `{name}`" for name, expression in groups.items()]
    taken += [f"{m['sqlExpression']} AS `{m['label']}`" for m in params["metrics"]]
    by = ", ".join(f"`{name}`" for name in groups)
    return f"SELECT {', '.join(taken)} FROM spm_bi.{view}{where} GROUP BY {by} LIMIT 1000"


def _condition(one: dict[str, Any], known: set[str]) -> str:
    if one["expressionType"] == "SQL":
        return f"({one['sqlExpression']})"
    subject, value = one["subject"], one["comparator"]
    assert subject in known
    if one["operator"] == "TEMPORAL_RANGE":
        since = datetime.now(UTC) - timedelta(RANGES[value])
        return f"{subject} >= toDate('{since:%Y-%m-%d}')"
    if one["operator"] == "IN":
        return f"{subject} IN ({', '.join(map(repr, value))})"
    return f"{subject} = {value!r}"
