"""A rep reads their own pay, a manager their tree's, finance everybody's: through every path."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from clickhouse_connect.driver.exceptions import ClickHouseError
from pydantic import SecretStr
from typer.testing import CliRunner

from infra.cli.main import app
from infra.local import found
from infra.statements.explaining import explained
from streams.settings import Settings
from tests.infra.statements.conftest import Lived
from tests.infra.statements.test_stories import QUARTER, kept

pytestmark = [pytest.mark.slow]
PAID = {"dana", "rex", "omar", "mona"}
READS = {
    "frida": PAID,
    "mona": {"mona", "dana"},  # tess is below dana, and has earned nothing
    "dana": {"dana"},
    "rex": {"rex"},
}
VIEWS = ("commission_ledger", "commission_balance", "commission_posting", "commission_statement",
         "amortisation", "plan_revision", "fct_credit_version")  # fmt: skip


@pytest.mark.parametrize("who", READS)
def test_statements_are_those_one_may_read(lived: Lived, who: str) -> None:
    ledger = lived.company.ledger(who)
    assert set(ledger.payees(QUARTER)) == READS[who]
    for rep in ("dana", "rex"):
        if rep in READS[who]:
            mine = ledger.statement(*ledger.find(rep), QUARTER)
            assert len(mine.lines) == len(kept(lived, rep).lines)
            assert mine.totals == kept(lived, rep).totals
        else:
            # Asked by id, past every look-up, the warehouse tells nothing either.
            assert ledger.statement(rep, "", QUARTER).lines == ()
            with pytest.raises(LookupError, match="no entry that you may read"):
                ledger.entry(kept(lived, rep).lines[0].entry.entry_id)


@pytest.mark.parametrize("who", READS)
def test_views_of_pay_hold_those_one_may_read(lived: Lived, who: str) -> None:
    for view in VIEWS:
        rows = lived.company.client(who).query(f"SELECT DISTINCT rep_id FROM spm_bi.{view}")
        assert {rep for (rep,) in rows.result_rows} & PAID == READS[who], view


def test_an_analyst_reads_deals_and_nobodys_pay(lived: Lived) -> None:
    ann = lived.company.client("ann")
    assert ann.query("SELECT count() FROM spm_bi.fct_deal").result_rows == [(6,)]
    for view in (*VIEWS[:-1], "dispute"):
        with pytest.raises(ClickHouseError, match="ACCESS_DENIED"):
            ann.query(f"SELECT * FROM spm_bi.{view}")
    with pytest.raises(LookupError, match="reads nobody's pay"):
        lived.company.ledger("ann").payees(QUARTER)


def test_a_plan_tells_the_figures_of_nobody_else(lived: Lived) -> None:
    rows = lived.company.client("rex").query(
        "SELECT definition FROM spm_bi.plan_revision WHERE plan_id = 'field'"
    )
    told = [definition for (definition,) in rows.result_rows]
    assert told
    for definition in told:
        assert "777" in definition
        assert "888" not in definition
        assert json.loads(definition)["reps"] == ["rex"]
        assert "omar" not in definition


# What rex asks, and the little he is told: his own.
ROUND_IT = (
    ("SELECT count() FROM commission_ledger WHERE rep_id = 'dana'", 0),
    ("SELECT sum(amount) FROM commission_ledger WHERE rep_id = 'dana' OR 1", 500),
    ("SELECT count() FROM commission_ledger WHERE rep_name LIKE 'Dana%'", 0),
    (
        "SELECT count() FROM commission_ledger WHERE throwIf(rep_id = 'dana' AND amount > 9) = 0",
        3,
    ),
    ("SELECT count() FROM commission_ledger WHERE intDiv(1, if(amount = 2100, 0, 1)) = 1", 3),
    (
        "SELECT count() FROM commission_ledger AS a JOIN commission_ledger AS b"
        " ON a.plan_id != b.plan_id",
        0,
    ),
    (
        "SELECT sum(amount) FROM (SELECT * FROM commission_ledger UNION ALL SELECT * FROM"
        " spm_bi.commission_ledger)",
        1000,
    ),
    ("SELECT count() FROM commission_posting WHERE rep_id != 'rex'", 0),
    (
        "SELECT count() FROM commission_ledger"
        " WHERE length(range(if(rep_id = 'dana', 1000000000, 1))) > 0",
        3,
    ),
    (
        "WITH commission_ledger AS (SELECT * FROM spm_bi.commission_ledger) SELECT count() FROM"
        " commission_ledger WHERE rep_id != 'rex'",
        0,
    ),
    ("SELECT count() FROM dispute WHERE rep_id != 'rex'", 0),
    ("SELECT sum(amount) FROM commission_statement WHERE rep_id = 'dana' OR 1", 500),
    ("SELECT count() FROM commission_statement WHERE throwIf(rep_id = 'dana') = 0", 3),
    ("SELECT count() FROM amortisation WHERE throwIf(posted > 1500) = 0", 2),
    ("SELECT count() FROM fct_credit_version WHERE deal_id = 'sim:deal:Atlas'", 0),
)
CLOSED = (
    "SELECT * FROM spm.commission_ledger",
    "SELECT * FROM spm.credit",
    "SELECT content FROM spm.definition WHERE kind IN ('plans', 'payroll')",
    "SELECT * FROM spm.dispute",
    "SELECT * FROM merge('spm_bi', 'commission_.*')",
    "SELECT * FROM view(SELECT * FROM spm_bi.commission_ledger)",
    "SELECT * FROM commission_ledger SETTINGS additional_table_filters = {'x': '1'}",
    "SELECT * FROM commission_ledger SETTINGS short_circuit_function_evaluation = 'disable'",
    "INSERT INTO spm.dispute (dispute_id) VALUES ('x')",
)


def test_no_question_of_a_rep_tells_of_anothers_pay(lived: Lived) -> None:
    rex = lived.company.client("rex")
    for sql, told in ROUND_IT:
        assert rex.query(sql).result_rows == [(told,)], sql


@pytest.mark.parametrize("who", ["rex", "frida"])
def test_storage_behind_the_views_is_nobodys(lived: Lived, who: str) -> None:
    client = lived.company.client(who)
    for sql in CLOSED:
        with pytest.raises(ClickHouseError, match=r"ACCESS_DENIED|READONLY"):
            client.query(sql)


def test_a_rep_explains_their_own_by_its_trace(lived: Lived) -> None:
    company = lived.company
    entries = [line.entry for line in kept(lived, "rex").lines]
    found = explained(company.client("rex"), company.ledger("rex"), entries)
    assert [one.checks for one in found] == [True] * 3
    assert {one.recomputed.amount for one in found} == {None}


@pytest.fixture
def command(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command with somebody's token in the environment."""

    def run(who: str, *arguments: str) -> Result:
        of = lived.company.site
        theirs = Settings(
            data_dir=of.folder / who, warehouse_url=of.settings.warehouse_url, warehouse_user=who,
            warehouse_token=SecretStr(lived.company.tokens[who]),
        )  # fmt: skip
        monkeypatch.setattr(found, "found_settings", lambda: theirs)
        return CliRunner().invoke(app, list(arguments))

    return run


def test_commands_read_as_whoever_the_token_is_of(
    lived: Lived, command: Callable[..., Result], tmp_path: Path
) -> None:
    period = ("--period", "2026-Q1")
    mine = command("rex", "statement", "show", "rex", *period, "--json")
    assert json.loads(mine.stdout)["totals"][0]["earned"] == "500.00", mine.stderr
    others = command("rex", "statement", "show", "dana", *period)
    assert (others.exit_code, others.stdout) == (1, "")
    assert "nobody whose pay you may read is 'dana'" in others.stderr
    all_of = command("mona", "statement", "all", str(tmp_path), *period, "--format", "csv")
    assert all_of.exit_code == 0, all_of.stderr
    assert {p.name for p in tmp_path.iterdir()} == {
        "statement-2026-Q1-dana.csv", "statement-2026-Q1-mona.csv",
    }  # fmt: skip
    none = command("ann", "commission", "explain", "--rep", "dana", *period)
    assert (none.exit_code, none.stdout) == (1, "")
    assert "reads nobody's pay" in none.stderr
    screen = command("lobby", "statement", "show", "dana", *period)
    assert (screen.exit_code, screen.stdout) == (3, "")
    entry = kept(lived, "rex").lines[-1].entry.entry_id
    asked = command("rex", "dispute", "open", "--entry", entry, "--text", "why?", "--by", "rex")
    assert (asked.exit_code, "this token only reads" in asked.stderr) == (1, True)
