"""`pacesetter definitions` as a person types it, against a real broker and warehouse."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from infra.cli.definitions import app
from infra.definitions.loading import MODELS
from infra.sample import DEFINITIONS
from schemas.definitions import KINDS
from streams.settings import settings
from tests.infra.definitions.conftest import Ground


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args], catch_exceptions=False)


def test_check_says_fine_or_every_problem_and_why(folder: Path, edit: Any) -> None:
    fine = run("check", folder)
    assert (fine.exit_code, fine.stderr) == (0, "")
    assert fine.stdout.startswith("Fine: ")
    edit("roster.yaml", "team_id: emea, manager_id", "team_id: emae, manager_id")
    wrong = run("check", folder)
    assert wrong.exit_code == 1
    assert "did you mean emea?" in wrong.stderr
    assert wrong.stdout == "1 error, 0 warnings: nothing can be applied yet.\n"
    told = json.loads(run("check", folder, "--json").stdout)["problems"]
    assert [(p["file"], p["field"], p["severity"]) for p in told] == [
        ("roster.yaml", "reps[1].history[0].team_id", "error")
    ]


def test_a_session_from_first_apply_to_a_changed_quota(
    installed: Ground, folder: Path, edit: Any
) -> None:
    planned = run("apply", folder, "--dry-run")
    assert planned.exit_code == 0
    assert "Would revise company, roster" in planned.stdout
    applied = run("apply", folder, "--note", "the start", "--author", "Dana")
    assert (applied.exit_code, applied.stderr) == (0, "")
    assert "markers stand in 20 partitions" in applied.stdout
    assert "24 people added" in applied.stdout
    again = run("apply", folder, "--note", "nothing", "--author", "Dana")
    assert again.stdout == "Nothing changed: these definitions are in force already.\n"
    assert run("repair").stdout == "Nothing was left undone.\n"

    edit("quotas.yaml", "amount: 92000", "amount: 95000")
    assert "amount: 92000 -> 95000" in run("diff", folder).stdout
    late = run("apply", folder, "-m", "more", "--author", "Dana", "--wait", "--wait-seconds", 0.1)
    assert late.exit_code == 4
    assert "crm.calls/0" in late.stderr
    revisions = json.loads(run("show", "revisions", "--json").stdout)
    assert [(r["kind"], r["note"]) for r in revisions][-2:] == [
        (list(KINDS)[-1], "the start"),
        ("quotas", "more"),
    ]
    first, last = revisions[-2]["sequence"], revisions[-1]["sequence"]
    between = run("diff", "--from", first, "--to", last)
    assert "amount: 92000 -> 95000" in between.stdout
    assert run("diff", folder).stdout == "No difference.\n"
    old = json.loads(run("show", "quotas", "--sequence", first, "--json").stdout)
    assert "92000" in [q["amount"] for q in old["quotas"]["quotas"]]


def test_show_answers_for_every_kind_and_for_a_rep_by_name(installed: Ground) -> None:
    installed.apply(DEFINITIONS)
    assert "Halden & Pine" in run("show").stdout
    for kind in ("company", "people", "identities", "calendars", "rates", "quotas", "measures"):
        shown = run("show", kind, "--on", "2026-05-04")
        assert shown.exit_code == 0
        assert len(shown.stdout.splitlines()) > 3
    plans = run("show", "plans", "--on", "2026-05-04").stdout
    assert "7 % from 0, 10 % from 200,000, 13 % from 275,000 EUR" in plans
    assert "15 reps" in plans
    assert "ae-quarter" not in run("show", "plans", "--on", "2025-12-31").stdout
    roster = run("show", "roster", "--on", "2026-03-31").stdout
    assert "Tomasz Zieliński" in roster
    assert "Ruth Abrams" not in roster
    assert next(line for line in roster.splitlines() if "hp-22" in line).split()[3] == "sdr"
    rep = run("show", "rep", "tomasz", "--on", "2026-05-04").stdout
    assert rep.startswith("Tomasz Zieliński (hp-22)")
    assert "Jonas Brandt" in rep
    assert json.loads(run("show", "rep", "hp-22", "--json").stdout)["name"] == "Tomasz Zieliński"
    nobody = run("show", "rep", "Tomas Zielinsky")
    assert nobody.exit_code == 1
    assert "did you mean Tomasz Zieliński?" in nobody.stderr
    several = run("show", "rep", "mar")
    assert several.exit_code == 1
    assert "may be hp-01, hp-09, hp-21" in several.stderr
    assert run("show", "rooster").exit_code == 2


def test_wrong_definitions_are_told_and_not_applied(
    installed: Ground, folder: Path, edit: Any
) -> None:
    edit("rates.yaml", "rate: 0.9186", "rate: about one")
    wrong = run("apply", folder, "--note", "oops", "--author", "Dana")
    assert wrong.exit_code == 1
    assert "rates.yaml:7: error: rates[1].rate is 'about one': is no number" in wrong.stderr
    assert run("diff", folder).exit_code == 1
    assert installed.stored.newest() == 0


def test_an_apply_without_a_reason_is_wrong_usage(folder: Path) -> None:
    assert run("apply", folder).exit_code == 2


def test_a_ground_that_is_away_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    away = run("apply", folder, "--note", "x", "--author", "Dana")
    settings.cache_clear()
    assert away.exit_code == 3
    assert "http://127.0.0.1:9" in away.stderr
    assert "Traceback" not in away.stderr


def test_init_begins_with_a_company_that_is_fine_and_never_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert run("init", folder).exit_code == 0
    assert run("check", folder).exit_code == 0
    assert (folder / "schema" / "roster.json").exists()
    (folder / "roster.yaml").write_text("mine")
    assert run("init", folder).exit_code == 1
    assert (folder / "roster.yaml").read_text() == "mine"


def test_schema_prints_one_or_writes_all(tmp_path: Path) -> None:
    one = json.loads(run("schema", "quotas").stdout)
    assert one["$defs"]["Quota"]["properties"]["period_end"]["description"]
    assert run("schema", "--out", tmp_path / "schema").exit_code == 0
    assert len(list((tmp_path / "schema").glob("*.json"))) == len(MODELS)
    assert run("schema", "rooster").exit_code == 2


def test_printed_holidays_are_a_calendar(tmp_path: Path) -> None:
    printed = run("holidays", "DE", "--subdivision", "BE", "--first", 2026, "--years", 1).stdout
    (tmp_path / "calendars.yaml").write_text("calendars:\n" + printed)
    assert run("check", tmp_path).exit_code == 0
    (calendar,) = yaml.safe_load("calendars:\n" + printed)["calendars"]
    assert len(calendar["holidays"]) == 10
    assert run("holidays", "XX").exit_code == 2
    assert run("holidays", "DE", "--subdivision", "XX").exit_code == 2
