"""A rep reads their own pay, a manager their tree's, finance everybody's: through every path."""

import json
import os
import subprocess
import sys

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.statements.explaining import explained
from tests.ground import ROOT
from tests.infra.statements.company import PEOPLE, Company
from tests.infra.statements.conftest import Lived
from tests.infra.statements.test_stories import QUARTER, shown

pytestmark = [pytest.mark.slow]
PAID = {"dana", "rex", "omar", "mona"}
READS = {
    "frida": PAID,
    "mona": {"mona", "dana"},  # tess is below dana, and has earned nothing
    "dana": {"dana"},
    "rex": {"rex"},
}
VIEWS = ("commission_ledger", "commission_balance", "commission_posting", "plan_revision",
         "fct_credit_version")  # fmt: skip


@pytest.mark.parametrize("who", READS)
def test_statements_are_those_one_may_read(lived: Lived, who: str) -> None:
    ledger = lived.company.ledger(who)
    assert set(ledger.payees(QUARTER)) == READS[who]
    for rep in PEOPLE:
        if rep in READS[who]:
            name = ledger.find(rep)[1]
            mine = ledger.statement(rep, name, QUARTER)
            assert mine.earned == shown(lived, rep).statement.earned
        else:
            # Asked by id, past every look-up, the warehouse tells nothing either.
            assert ledger.statement(rep, "", QUARTER).lines == ()
            for entry in (line.entry for line in shown(lived, rep).statement.lines):
                with pytest.raises(LookupError, match="no entry that you may read"):
                    ledger.entry(entry.entry_id)


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
    entries = [line.entry for line in shown(lived, "rex").statement.lines]
    found = explained(company.client("rex"), company.ledger("rex"), entries)
    assert [one.checks for one in found] == [True] * 3
    assert {one.recomputed.amount for one in found} == {None}


def command(company: Company, who: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PACESETTER_")},
        "PACESETTER_DATA_DIR": str(company.site.folder / who),
        "PACESETTER_WAREHOUSE_URL": company.site.settings.warehouse_url,
        "PACESETTER_WAREHOUSE_USER": who,
        "PACESETTER_WAREHOUSE_TOKEN": company.tokens[who],
    }
    return subprocess.run(
        [sys.executable, "-m", "infra.cli.main", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_commands_read_as_whoever_the_token_is_of(lived: Lived) -> None:
    company, period = lived.company, ("--period", "2026-Q1")
    mine = command(company, "rex", "statement", "show", "rex", *period, "--json")
    assert json.loads(mine.stdout)["totals"][0]["earned"] == "500.00", mine.stderr
    others = command(company, "rex", "statement", "show", "dana", *period)
    assert (others.returncode, others.stdout) == (1, "")
    assert "nobody whose pay you may read is 'dana'" in others.stderr
    tree = company.site.folder / "mona-writes"
    all_of = command(company, "mona", "statement", "all", str(tree), *period, "--format", "csv")
    assert all_of.returncode == 0, all_of.stderr
    assert {p.name for p in tree.iterdir()} == {
        "statement-2026-Q1-dana.csv", "statement-2026-Q1-mona.csv",
    }  # fmt: skip
    none = command(company, "ann", "commission", "explain", "--rep", "dana", *period)
    assert (none.returncode, none.stdout) == (1, "")
    assert "reads nobody's pay" in none.stderr
