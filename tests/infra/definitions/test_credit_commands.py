"""`pacesetter deal credit` and its neighbours as a person types them."""

import json

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import deal
from infra.definitions.problems import Refused
from infra.definitions.stored import Stored
from infra.sample import DEFINITIONS
from tests.infra.definitions.conftest import Ground

app = typer.Typer()
deal.register(app)
GIVE = ("credit", "crm:deal:1", "--rep", "hp-04", "--share", "0.3", "--from", "hp-03", "--id", "m",
        "--author", "Ann", "--reason", "opened the account", "--approver")  # fmt: skip


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["deal", *args], catch_exceptions=False)


def test_a_credit_by_hand_is_given_waits_for_its_deal_and_is_taken_back(installed: Ground) -> None:
    installed.apply(DEFINITIONS)
    assert run("credits").stdout == "No credits are given by hand.\n"
    alone = run(*GIVE, "Ann")
    assert (alone.exit_code, "let somebody else approve it" in alone.stderr) == (1, True)
    planned = run(*GIVE, "Ben", "--dry-run")
    assert (planned.exit_code, planned.stdout[:19]) == (0, "Nothing is written.")
    assert run("credits").stdout == "No credits are given by hand.\n"
    done = run(*GIVE, "Ben")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "It waits for crm:deal:1, which is not there yet." in done.stdout
    (found,) = json.loads(run("credits", "--json").stdout)
    assert (found["standing"], found["approver"]) == ("waiting for the deal", "Ben")
    assert "opened the account" in run("credits", "crm:deal:1").stdout
    assert run("uncredit", "x", "--reason", "r", "--author", "Ann").exit_code == 1
    assert run("uncredit", "m", "--reason", "twice", "--author", "Ann").exit_code == 0
    assert "taken back" in run("credits").stdout
    with pytest.raises(Refused, match="is in force, and not so here"):
        installed.apply(DEFINITIONS)  # its file has none
    made = [
        r for r in Stored(installed.client).in_force().revisions.values() if r.kind == "credits"
    ]
    assert [(r.author, r.note) for r in made] == [("Ann", "m taken back: twice")]
