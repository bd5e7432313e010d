"""What infra/prometheus ships, read as data, and its tools."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.infra.warehouse.serving import need

FOLDER = Path(__file__).resolve().parents[3] / "infra" / "prometheus"
RULES = {path.stem: yaml.safe_load(path.read_text()) for path in (FOLDER / "rules").glob("*.yml")}
UNIT_TESTS = {p.stem: yaml.safe_load(p.read_text()) for p in (FOLDER / "tests").glob("*.yml")}
ROUTES = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())
EVERY = [rule for file in RULES.values() for group in file["groups"] for rule in group["rules"]]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in EVERY if "alert" in rule}


def ran(tool: str, *arguments: str, given: bytes = b"") -> None:
    """Run a tool, which must say that all is well."""
    done = subprocess.run(
        [need(tool), *arguments], input=given, capture_output=True, check=False, cwd=FOLDER
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
