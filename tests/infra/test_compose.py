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
        assert tag[0].isdigit(), f"{name} takes whatever {service['image']} is today"


def test_every_lasting_service_tells_whether_it_is_healthy() -> None:
    assert {n for n, s in COMPOSE["services"].items() if "healthcheck" not in s} == {"setup"}


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
    ours = {s["command"][0] for s in COMPOSE["services"].values() if "command" in s}
    assert ours <= commands
