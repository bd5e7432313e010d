"""Both dashboards: every query runs as an analyst and has something to show."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from prometheus_client import CollectorRegistry

from infra.forecasting import watching as forecasting
from infra.reconcile import watching as reconciling
from streams.engine.metrics import REGISTRY
from tests.infra.bi.grafana import Shown, filled
from tests.infra.warehouse.serving import absent

INFRA = Path(__file__).resolve().parents[3] / "infra"
DASHBOARDS = {p.stem: json.loads(p.read_text("utf-8"))
              for p in sorted((INFRA / "grafana" / "dashboards").glob("*.json"))}  # fmt: skip
CLICKHOUSE = "grafana-clickhouse-datasource"
PANELS = [
    pytest.param(name, panel, id=f"{name}: {panel['title']}")
    for name, board in DASHBOARDS.items()
    for panel in board["panels"]
    if panel["datasource"]["type"] == CLICKHOUSE
]
EXPRESSIONS = [
    target["expr"]
    for board in DASHBOARDS.values()
    for panel in board["panels"]
    for target in panel["targets"]
    if target["datasource"]["type"] == "prometheus"
]
Row = dict[str, Any]


def rows(client: Client, sql: str) -> list[Row]:
    answer = client.query(sql)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


@pytest.fixture(scope="module")
def shown(analyst: Client) -> dict[str, Shown]:
    """Each dashboard with the first choice of each variable, over a month: nights are quiet."""
    now = datetime.now(UTC)
    found = {}
    for name, board in DASHBOARDS.items():
        here = Shown(now - timedelta(30), now, {})
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                options = rows(analyst, filled(variable["query"], here))
                assert [*options[0]] == ["value", "text"], variable["name"]
                here.chosen[variable["name"]] = options[0]["value"]
            elif variable["type"] == "custom":
                here.chosen[variable["name"]] = variable["current"]["value"]
        found[name] = here
    return found


def asked(client: Client, panel: dict[str, Any], here: Shown) -> list[Row]:
    (target,) = panel["targets"]
    return rows(client, filled(target["rawSql"], here))


def panel_of(board: str, title: str) -> dict[str, Any]:
    (found,) = [p for p in DASHBOARDS[board]["panels"] if p["title"] == title]
    return dict(found)


def test_it_opens_on_the_company_and_a_goal_of_now(shown: dict[str, Shown]) -> None:
    chosen = shown["sales-floor"].chosen
    assert chosen["subject"] == "COMPANY:company"
    assert chosen["kpi"] == "revenue_won_reporting"
    assert chosen["currency"] == "EUR"  # what the company reports in
    first, last = chosen["period"].split("/")
    assert first <= f"{datetime.now(UTC):%Y-%m-%d}" < last


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_has_something_to_show(
    analyst: Client, shown: dict[str, Shown], board: str, panel: dict[str, Any]
) -> None:
    found = asked(analyst, panel, shown[board])
    assert found
    nothing = (None, "") if panel["type"] == "stat" else (None, "", 0)  # none is good news there
    assert any(value not in nothing for row in found for value in row.values())
    (target,) = panel["targets"]
    assert (target["queryType"], target["format"]) == (
        ("timeseries", 0) if panel["type"] == "timeseries" else ("table", 1)
    )
    if panel["type"] == "timeseries":
        times = [row["time"] for row in found]
        assert all(isinstance(at, datetime) for at in times)
        assert times == sorted(times)
    if panel["type"] == "stat":
        assert len(found) == len(found[0]) == 1
    named = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]}
    assert named <= set(found[0])


OF_TEAMS = [p for p in PANELS if "${subject" in json.dumps(p.values[1])]


@pytest.mark.parametrize(("board", "panel"), OF_TEAMS)
def test_a_panel_answers_for_a_team_too(
    analyst: Client, shown: dict[str, Shown], board: str, panel: dict[str, Any]
) -> None:
    here = shown[board]
    team = here._replace(chosen={**here.chosen, "subject": "TEAM:emea", "currency": "EUR"})
    assert asked(analyst, panel, team)


def test_amounts_are_never_of_two_currencies() -> None:
    money = ("amount", "revenue_won", "attainment_current", "attainment_daily", "kpi_company")
    for board in DASHBOARDS.values():
        for panel in board["panels"]:
            for target in panel["targets"]:
                sql = target.get("rawSql", "")
                if any(word in sql for word in money):
                    assert "${currency:singlequote}" in sql, panel["title"]


def test_the_company_is_what_the_views_say(analyst: Client, shown: dict[str, Shown]) -> None:
    here = shown["sales-floor"]
    ((actual, quota),) = analyst.query(
        "SELECT actual_to_date, quota FROM attainment_current WHERE subject_kind = 'COMPANY'"
        " AND kpi = 'revenue_won_reporting'"
    ).result_rows
    (told,) = asked(analyst, panel_of("sales-floor", "Actual"), here)
    assert told == {"told": actual}
    days = asked(analyst, panel_of("sales-floor", "Against the plan"), here)
    assert days[-1]["actual"] == actual
    assert {row["quota"] for row in days} == {quota}
    reps = asked(analyst, panel_of("sales-floor", "Where everybody stands"), here)
    names = {row["rep"] for row in reps}
    assert len(names) == len(reps) > 10
    assert any(row["chance"] is not None for row in reps)
    stages = asked(analyst, panel_of("sales-floor", "Open pipeline by stage"), here)
    sql = "SELECT count() FROM fct_deal WHERE stage_class = 'OPEN' AND currency = 'EUR'"
    assert sum(row["deals"] for row in stages) == analyst.query(sql).result_rows[0][0]


def test_health_tells_what_is_wrong(analyst: Client, shown: dict[str, Shown]) -> None:
    here = shown["pipeline-health"]
    assert asked(analyst, panel_of("pipeline-health", "Set aside"), here) == [{"records": 1}]
    assert asked(analyst, panel_of("pipeline-health", "Results that differ"), here) == [
        {"differing": Decimal(0)}
    ]


def test_panels_lie_side_by_side_and_have_their_own_numbers() -> None:
    for board in DASHBOARDS.values():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])}  # fmt: skip
            assert at["x"] + at["w"] <= 24
            assert not cells & taken, panel["title"]
            taken |= cells
        assert len({p["id"] for p in board["panels"]}) == len(board["panels"])
        assert all(p["description"] for p in board["panels"])


def test_every_metric_is_one_that_is_told() -> None:
    ours = CollectorRegistry()
    reconciling.Gauges(ours)
    forecasting.Gauges(ours)
    told = set()
    for registry in (ours, REGISTRY):
        for family in registry.collect():
            ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
            told |= {family.name + end for end in ends.get(family.type, [""])}
    named = {name for e in EXPRESSIONS for name in re.findall(r"pacesetter_\w+", e)}
    assert named
    assert named <= told


@pytest.mark.external
def test_every_expression_is_one(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        absent("promtool is not installed")
    rules = [
        {"record": f"panel:n{n}", "expr": e.replace("$__rate_interval", "1m")}
        for n, e in enumerate(EXPRESSIONS)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    config = INFRA / "prometheus" / "prometheus.yml"
    for command in (["rules", str(file)], ["config", str(config)]):
        done = subprocess.run(
            ["promtool", "check", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_provisioned_fits_and_holds_no_secret() -> None:
    provisioned = INFRA / "grafana" / "provisioning"
    sources = yaml.safe_load((provisioned / "datasources" / "pacesetter.yaml").read_text())
    by_type = {s["type"]: s for s in sources["datasources"]}
    wanted = {
        v["query"] for b in DASHBOARDS.values() for v in b["templating"]["list"]
        if v["type"] == "datasource"
    }  # fmt: skip
    assert wanted == by_type.keys()
    warehouse = by_type[CLICKHOUSE]
    assert warehouse["secureJsonData"] == {"password": "$PACESETTER_BI_PASSWORD"}
    assert warehouse["jsonData"]["protocol"] == "http"
    compose = yaml.safe_load((INFRA / "compose.yaml").read_text())["services"]["grafana"]
    set_there = {*compose["environment"], *re.findall(r"\w+(?==)", compose["entrypoint"][-1])}
    text = "".join(p.read_text() for p in provisioned.rglob("*.yaml"))
    assert set(re.findall(r"\$(PACESETTER_\w+)", text)) <= set_there
    providers = yaml.safe_load((provisioned / "dashboards" / "pacesetter.yaml").read_text())
    (provider,) = providers["providers"]
    assert any(v.split(":")[1] == provider["options"]["path"] for v in compose["volumes"])


def test_the_reader_of_compose_is_made_by_sql_that_parses(analyst: Client) -> None:
    script = (INFRA / "clickhouse" / "reader.sh").read_text()
    body = script[script.index("<<SQL\n") + 6 : script.rindex("SQL")]
    body = body.replace("$password", "abc123").replace("$views", "SELECT ON spm_bi.rep_day")
    statements = [s.strip() for s in body.split(";") if s.strip()]
    assert len(statements) == 7
    for statement in statements:
        assert analyst.query(
            "SELECT formatQuery({s:String})", parameters={"s": statement}
        ).row_count
    grants = [s for s in statements if s.startswith("GRANT SELECT")]
    assert grants == [
        "GRANT SELECT ON spm_bi.rep_day TO spm_bi_reader",
        "GRANT SELECT ON spm_bi.* TO spm_bi_finance",
    ]


def test_the_reader_of_compose_reads_all_but_pay(company: Any, analyst: Client) -> None:
    """As an analyst of the embedded warehouse does, where pay is found by what views read."""
    script = (INFRA / "clickhouse" / "reader.sh").read_text()
    query = script[script.index("<<'SQL'\n") + 8 :].split("\nSQL\n", 1)[0]
    with company.client() as pipeline:
        told = pipeline.query(query).result_rows[0][0]
        every = {name for (name,) in pipeline.query(
            "SELECT name FROM system.tables WHERE database = 'spm_bi'").result_rows}  # fmt: skip
    granted = {grant.removeprefix("SELECT ON spm_bi.") for grant in told.split(", ")}
    closed = set()
    for view in every:
        try:
            analyst.query(f"DESCRIBE spm_bi.{view}")
        except DatabaseError:
            closed.add(view)
    assert closed >= {"commission_ledger", "commission_balance", "dispute", "plan_revision"}
    assert granted == every - closed
