"""The compose file: valid by the Compose Specification, pinned, closed to the outside, true."""

import subprocess
import sys
from pathlib import Path

import yaml

from streams.settings import Settings

INFRA = Path(__file__).resolve().parents[2] / "infra"
COMPOSE = yaml.safe_load((INFRA / "compose.yaml").read_text())


def test_it_is_valid_by_the_compose_specification() -> None:
    checked = subprocess.run(
        [
            sys.executable, "-m", "check_jsonschema",
            "--builtin-schema", "vendor.compose-spec", str(INFRA / "compose.yaml"),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_image_is_pinned() -> None:
    for name, service in COMPOSE["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert tag.removeprefix("v")[0].isdigit(), (
            f"{name} takes whatever {service['image']} is today"
        )


def test_every_lasting_service_tells_whether_it_is_healthy() -> None:
    silent = {n for n, s in COMPOSE["services"].items() if "healthcheck" not in s}
    assert silent == {"setup", "bi-reader"}
    assert all(COMPOSE["services"][name]["restart"] == "no" for name in silent)


def test_ports_are_published_on_loopback_alone() -> None:
    published = [p for s in COMPOSE["services"].values() for p in s.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_it_sets_only_settings_that_exist() -> None:
    known = {f"PACESETTER_{name.upper()}" for name in Settings.model_fields}
    assert set(COMPOSE["x-pacesetter"]["environment"]) <= known


def test_its_commands_are_commands() -> None:
    from typer.main import get_command

    from infra.cli.main import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    image = COMPOSE["x-pacesetter"]["image"]
    ours = {s["command"][0] for s in COMPOSE["services"].values() if s["image"] == image}
    assert ours <= commands


def test_what_it_mounts_is_there() -> None:
    mounted = [v for s in COMPOSE["services"].values() for v in s.get("volumes", ())]
    files = [v.split(":")[0] for v in mounted if v.startswith("./")]
    assert files
    assert all((INFRA / name).exists() for name in files)


def test_dashboards_are_started_only_when_asked_for() -> None:
    asked_for = {n for n, s in COMPOSE["services"].items() if s.get("profiles") == ["bi"]}
    assert asked_for == {"bi-reader", "prometheus", "alertmanager", "grafana"}
    needed = {n for s in COMPOSE["services"].values() if "profiles" not in s
              for n in s.get("depends_on", ())}  # fmt: skip
    assert not needed & asked_for


def test_prometheus_asks_every_service_where_it_tells() -> None:
    """Jobs and ports of the scrape configuration are those of the services' commands."""
    config = yaml.safe_load((INFRA / "prometheus" / "prometheus.yml").read_text())
    asked = {}
    for job in config["scrape_configs"]:
        for one in job.get("static_configs", ()):
            asked[job["job_name"]] = one["targets"][0]
        for one in job.get("dns_sd_configs", ()):
            asked[job["job_name"]] = f"{one['names'][0]}:{one['port']}"
    services = COMPOSE["services"]
    for name, target in asked.items():
        host, _, port = target.partition(":")
        assert host == name
        assert f"127.0.0.1:{port}/" in " ".join(services[name]["healthcheck"]["test"])
        command = services[name]["command"]
        if "--metrics-port" in command:
            assert command[command.index("--metrics-port") + 1] == port
    ours = {n for n, s in services.items() if s["image"] == COMPOSE["x-pacesetter"]["image"]}
    assert asked.keys() == ours - {"setup"}
