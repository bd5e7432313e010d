"""The shipped rules and routes: valid, tested alert by alert, and about what there is."""

import re
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from typer.main import get_command

from connectors.boards.metrics import Metrics
from connectors.sources.gateway.measuring import Measures as Hooked
from connectors.sources.intake.measuring import Measures
from connectors.sources.runtime.folder import Sources
from infra.alerting import gauges as alerting
from infra.cli.main import app
from infra.contests import gauges as contests
from infra.forecasting import watching as forecasting
from infra.reconcile import watching as reconciling
from infra.settling import watching as settling
from infra.sources.gauges import Gauges as SourceGauges
from streams.engine.metrics import REGISTRY
from streams.settings import Settings
from tests.infra.prometheus.shipped import ALERTS, EVERY, FOLDER, ROUTES, RULES, UNIT_TESTS, ran

RUNBOOKS = (FOLDER / "runbooks.md").read_text()
SECTIONS = {line[3:].strip() for line in RUNBOOKS.splitlines() if line.startswith("## ")}
ENDS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


def registries() -> dict[str, CollectorRegistry]:
    """Return what each of our processes tells, by its job."""
    found = {"worker": REGISTRY, "board": Metrics().registry, "intake": Measures().registry}
    modules = {
        "reconcile": reconciling, "forecast": forecasting, "settle": settling, "alerts": alerting,
        "contests": contests
    }  # fmt: skip
    for job, module in modules.items():
        found[job] = CollectorRegistry()
        module.Gauges(found[job])
    found["gateway"] = Hooked().registry
    found["sources"] = CollectorRegistry()
    found["sources"].register(SourceGauges(Sources(FOLDER)))
    return found


def told() -> set[str]:
    """Return the name of every series that our processes tell."""
    names = {"up"}
    for registry in registries().values():
        for family in registry.collect():
            names |= {family.name + end for end in ENDS.get(family.type, ("",))}
    return names


@pytest.mark.external
def test_rules_and_configurations_are_valid() -> None:
    ran("promtool", "check", "rules", *(f"rules/{name}.yml" for name in RULES))
    ran("promtool", "check", "config", "prometheus.yml", "embedded.yml")
    ran("amtool", "check-config", "alertmanager.yml")


@pytest.mark.external
def test_metrics_are_named_by_convention() -> None:
    for registry in registries().values():
        ran("promtool", "check", "metrics", given=generate_latest(registry))


def test_one_machine_is_asked_on_the_ports_it_has_by_itself() -> None:
    config = yaml.safe_load((FOLDER / "embedded.yml").read_text())
    asked = {c["job_name"]: c["static_configs"][0]["targets"][0] for c in config["scrape_configs"]}
    names = {"worker": "metrics"}
    ports = {job: f"{names.get(job, job)}_port" for job in registries()}
    assert asked == {
        job: f"127.0.0.1:{Settings.model_fields[name].default}" for job, name in ports.items()
    }


@pytest.mark.external
def test_every_alert_fires_when_it_should_and_not_before() -> None:
    ran("promtool", "test", "rules", *(f"tests/{name}.yml" for name in UNIT_TESTS))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_tested_both_ways(name: str) -> None:
    cases = [
        case["exp_samples"][0]["value"]
        for file in UNIT_TESTS.values()
        for test in file["tests"]
        for case in test.get("promql_expr_test", ())
        if f'"{name}"' in case["expr"]
    ]
    assert any(value > 0 for value in cases)
    assert 0 in cases or name == "PacesetterDeadman"  # which never is quiet


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_is_and_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    notes = alert["annotations"]
    assert notes["summary"].endswith(".")
    assert notes["description"].endswith(".")
    page, _, anchor = notes["runbook_url"].partition("#")
    assert page == "infra/prometheus/runbooks.md"
    assert anchor in {section.lower() for section in SECTIONS}
    assert alert["labels"]["severity"] in {"critical", "warning", "none"}
    assert alert["labels"]["scope"] in {"pipeline", "floor"}


def test_a_runbook_names_only_alerts_and_commands_that_exist() -> None:
    assert ALERTS.keys() >= SECTIONS
    commands = get_command(app)
    for words in re.findall(r"`pacesetter ([a-z -]+)", RUNBOOKS):
        known: Any = commands
        for word in words.split():
            if word.startswith("-") or not hasattr(known, "commands"):
                break
            assert word in known.commands, words
            known = known.commands[word]


def test_rules_read_only_what_is_told() -> None:
    recorded = {rule["record"] for rule in EVERY if "record" in rule}
    names = told()
    for rule in EVERY:
        text = re.sub(r'"[^"]*"|#.*', "", rule["expr"])
        read = set(re.findall(r"(?:[a-z]+:)?pacesetter_\w+(?::\w+)?", text))
        assert read <= names | recorded, rule
    assert all(re.fullmatch(r"(\w+:)?pacesetter_\w+(:\w+)+", name) for name in recorded)


def test_nobody_is_warned_of_and_nobody_is_named_by_prometheus() -> None:
    for group in RULES["floor"]["groups"]:
        for rule in group["rules"]:
            if "alert" in rule and "quota" in rule["expr"]:
                assert 'scope=~"team|company"' in rule["expr"]
            assert "rep" not in re.findall(r"by \(([^)]*)\)", rule["expr"])


def test_whatever_makes_numbers_old_or_wrong_keeps_the_floor_quiet() -> None:
    (mute,) = [r for r in ROUTES["inhibit_rules"] if r["target_matchers"] == ['scope="floor"']]
    assert mute == {"source_matchers": ['stale="true"'], "target_matchers": ['scope="floor"']}
    stale = {name for name, alert in ALERTS.items() if alert["labels"].get("stale") == "true"}
    assert stale == {
        "PacesetterNoWorker", "PacesetterAlertsBlind", "PacesetterSourceLate",
        "PacesetterDataLate", "PacesetterLagGrave", "PacesetterKafkaAway", "PacesetterWaits",
        "PacesetterRefused", "PacesetterDiffers", "PacesetterGaps",
    }  # fmt: skip
    for alert in ALERTS.values():  # what the mute outlives must not be told as an end meanwhile
        if alert["labels"]["scope"] == "floor" and "quota" in alert["expr"]:
            assert alert["keep_firing_for"]


def test_alertmanager_names_alerts_that_exist_and_keeps_no_secret() -> None:
    text = (FOLDER / "alertmanager.yml").read_text()
    assert set(re.findall(r"Pacesetter\w+", text)) <= ALERTS.keys()
    assert not re.search(r"(password|credentials|token|secret|api_url|routing_key):", text)


@pytest.mark.external
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("alertname=PacesetterDeadman severity=none scope=pipeline", "deadman"),
        ("alertname=PacesetterQuotaUnlikely severity=warning scope=floor team=emea", "floor"),
        ("alertname=PacesetterDiffers severity=critical scope=pipeline stale=true", "ops"),
        ("alertname=PacesetterSlow severity=warning scope=pipeline", "ops"),
        ("alertname=Other", "ops"),
    ],
)
def test_an_alert_goes_where_it_belongs(labels: str, receivers: str) -> None:
    ran(
        "amtool", "config", "routes", "test", "--config.file=alertmanager.yml",
        f"--verify.receivers={receivers}", *labels.split(),
    )  # fmt: skip


def test_what_is_grave_is_told_at_any_hour_and_the_rest_when_people_work() -> None:
    by_matcher = {route["matchers"][0]: route for route in ROUTES["route"]["routes"]}
    assert "active_time_intervals" not in by_matcher['severity="critical"']
    for waits in ('scope="floor"', 'severity="warning"'):
        assert by_matcher[waits]["active_time_intervals"] == ["business-hours"]
