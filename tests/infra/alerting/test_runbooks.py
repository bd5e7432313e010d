"""What sales operations hear has a runbook, and what it says to type is there."""

import re
from pathlib import Path
from typing import Any

import yaml
from typer.main import get_command

from infra import alerting
from infra.cli.main import app
from infra.sample import DEFINITIONS
from schemas.alerts import OF_OPS, Alerts

RUNBOOKS = (Path(alerting.__file__).parent / "runbooks.md").read_text()


def test_each_shipped_rule_for_sales_operations_has_its_section() -> None:
    shipped = Alerts.model_validate(yaml.safe_load((DEFINITIONS / "alerts.yaml").read_text()))
    odd = [rule.rule_id for rule in shipped.rules if rule.signal in OF_OPS]
    assert re.findall(r"^## (.+)$", RUNBOOKS, re.MULTILINE) == odd
    assert {rule.signal for rule in shipped.rules} >= OF_OPS


def test_every_command_it_names_exists() -> None:
    for words in re.findall(r"`pacesetter ([a-z -]+)", RUNBOOKS):
        known: Any = get_command(app)
        for word in words.split():
            if word.startswith("-") or not hasattr(known, "commands"):
                break
            assert word in known.commands, words
            known = known.commands[word]
