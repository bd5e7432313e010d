"""`pacesetter quota import | check` on files, as a person types it."""

import json
import shutil
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli.main import app
from infra.sample import DEFINITIONS

HEADER = "owner_kind,owner_id,kpi,period_start,period_end,amount,currency"


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFINITIONS, tmp_path / "definitions"))


def test_an_import_tells_who_changes_by_how_much_before_it_writes(
    folder: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "q1.csv"
    sheet.write_text(
        f"{HEADER}\n"
        "rep,hp-02,revenue_won_reporting,2026-01-01,2026-04-01,95000.50,EUR\n"
        "REP,hp-02,revenue_won_reporting,2027-04-01,2027-07-01,100000,EUR\n"
    )
    before = (folder / "quotas.yaml").read_text("utf-8")
    planned = run("quota", "import", sheet, "--out", folder, "--dry-run")
    assert planned.exit_code == 0
    assert "92,000.00  95,000.50   +3,000.50" in planned.stdout
    assert "-          100,000.00  +100,000.00" in planned.stdout
    assert (folder / "quotas.yaml").read_text("utf-8") == before
    done = json.loads(run("quota", "import", sheet, "--out", folder, "--json").stdout)
    assert [(a["before"], a["after"], a["by"]) for a in done["amounts"]] == [
        ("92000", "95000.50", "3000.50"), (None, "100000", "100000"),
    ]  # fmt: skip
    assert (done["read"], done["refused"], done["findings"]) == (2, 0, [])
    again = run("quota", "import", sheet, "--out", folder)
    assert again.stdout.endswith("Nothing changed.\n")
    assert run("definitions", "check", folder).exit_code == 0
    assert "ramp: ae" in (folder / "quotas.yaml").read_text("utf-8")  # others stay as they were


def test_rows_that_cannot_be_used_are_told_by_cell_and_the_others_go_in(
    folder: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "q.csv"
    sheet.write_text(
        f"{HEADER}\n"
        "REP,hp-03,calls,2027-01-01,2027-02-01,lots,\n"
        "CREW,hp-03,calls,2027-01-01,2027-02-01,5,\n"
        "REP,hp-03,calls,2027-01-01,2027-02-01,,\n"
        "REP,hp-03,calls,2027-01-01,2027-02-01,40,\n"
        "REP,hp-03,calls,2027-01-01,2027-03-01,41,\n"
    )
    told = run("quota", "import", sheet, "--out", folder)
    assert told.exit_code == 2
    lines = told.stdout.splitlines()
    assert lines[0].startswith("row 2: amount is lots: is no number")
    assert lines[1].startswith("row 3: owner_kind is CREW: is not allowed")
    assert lines[2] == "row 4: amount: is empty; correct the cell"
    assert lines[3].startswith("row 6: quota_id is REP:hp-03:calls:2027-01-01: says again")
    assert "5 rows, 0 skipped, 4 refused. Wrote 1 entries" in lines[-1]


def test_a_wide_workbook_has_a_column_for_each_quarter(folder: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Rep", "Q2", "Q3"])
    book.active.append(["hp-03", 260000.75, None])
    book.active.append(["hp-04", 1, 2])
    book.save(tmp_path / "plan.xlsx")
    quarters = "\n".join(
        f"  - {{amount: {q}, kpi: revenue_won_reporting, period_start: {a}, period_end: {b},"
        " currency: EUR}"
        for q, a, b in (("Q2", "2027-04-01", "2027-07-01"), ("Q3", "2027-07-01", "2027-10-01"))
    )
    mapping = tmp_path / "wide.yaml"
    mapping.write_text(
        "message: quotas\nfields: {owner_kind: {constant: REP}, owner_id: Rep}\n"
        f"quotas:\n{quarters}\n"
    )
    done = run("quota", "import", tmp_path / "plan.xlsx", "--mapping", mapping, "--out", folder,
               "--json")  # fmt: skip
    assert done.exit_code == 0
    amounts = json.loads(done.stdout)["amounts"]
    assert [(a["owner_id"], a["period_start"], a["after"]) for a in amounts] == [
        ("hp-03", "2027-04-01", "260000.75"), ("hp-04", "2027-04-01", "1"),
        ("hp-04", "2027-07-01", "2"),
    ]  # fmt: skip


def test_what_an_import_breaks_is_told_at_once(folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "q.csv"
    sheet.write_text(
        f"{HEADER}\nREP,hp-3,calls,2027-01-01,2027-02-01,5,\n"
        "REP,hp-02,revenue_won_reporting,2026-02-01,2026-03-01,5,EUR\n"
    )
    told = run("quota", "import", sheet, "--out", folder, "--dry-run").stdout
    assert (
        "error: hp-3: is no rep that exists; did you mean hp-23?" in told or "did you mean" in told
    )
    assert "overlaps this owner's quota from 2026-01-01 up to 2026-04-01" in told


def test_check_finds_the_team_that_does_not_add_up_and_who_has_no_quota(folder: Path) -> None:
    fine = run("quota", "check", folder, "--on", "2026-05-04")
    assert fine.exit_code == 0
    assert "0 outside the bounds" in fine.stdout
    text = (folder / "quotas.yaml").read_text("utf-8")
    (folder / "quotas.yaml").write_text(
        text.replace("owner_id: apac, kpi: revenue_won_reporting, period_start: 2026-01-01,"
                     " period_end: 2026-04-01, amount: 605000",
                     "owner_id: apac, kpi: revenue_won_reporting, period_start: 2026-01-01,"
                     " period_end: 2026-04-01, amount: 705000")
    )  # fmt: skip
    told = run("quota", "check", folder, "--on", "2026-05-04")
    assert told.exit_code == 0
    assert "is more than the 642000 its reps' quotas add up to" in told.stderr
    assert "TEAM apac  revenue_won_reporting EUR  2026-01-01  2026-04-01  705,000.00" in told.stdout
    assert "0.9106" in told.stdout
    assert run("quota", "check", folder, "--strict").exit_code == 1
    checked = json.loads(run("quota", "check", folder, "--on", "2026-05-04", "--json").stdout)
    assert checked["without_quota"]["reps"] == ["hp-01", "hp-19"]
    (wrong,) = [s for s in checked["sums"] if not s["adds_up"]]
    assert (wrong["owner_id"], wrong["reps"]) == ("apac", "642000")


def test_programs_read_who_changed_a_quota_and_why(folder: Path) -> None:
    path = folder / "quotas.yaml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if "owner_id: hp-02" in line and "{" in line)
    change = "{on: 2026-02-01, amount: 100000, reason: leave, author: ana, approver: ben}"
    lines[at] = lines[at].rstrip().removesuffix("}") + f", changes: [{change}]}}\n"
    path.write_text("".join(lines))
    out = run("quota", "check", folder, "--on", "2026-09-04", "--json").stdout
    (told,) = json.loads(out)["changes"]
    assert (told["owner_id"], told["on"], told["amount"]) == ("hp-02", "2026-02-01", "100000")
    assert (told["reason"], told["author"], told["approver"]) == ("leave", "ana", "ben")
    assert float(told["was"]) > 0
