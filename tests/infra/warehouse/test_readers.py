"""What each role sees, through every view."""

from pathlib import Path

import pytest

from tests.infra.warehouse import serving
from tests.infra.warehouse.asking import code, rows
from tests.infra.warehouse.serving import HTTP, Served


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("frida", {"r1", "r2", "r3", "r4", "o\\'hara\\\\"}),
        ("ann", {"r1", "r2", "r3", "r4", "o\\'hara\\\\"}),
        ("mona", {"r1", "r2", "r3", "o\\'hara\\\\"}),  # r4 moved to another manager
        ("rex", {"r2"}),
    ],
)
def test_rows_are_those_of_the_role(floor_warehouse: Served, name: str, seen: set[str]) -> None:
    assert rows(floor_warehouse, name, "SELECT DISTINCT rep_id FROM rep_day") == seen
    assert rows(floor_warehouse, name, "SELECT rep_id FROM spm_bi.dim_rep") == seen


def test_every_view_with_a_rep_is_filtered(floor_warehouse: Served) -> None:
    """A view added later is filtered as well, without anybody having to think of it."""
    views = rows(
        floor_warehouse, "rex",
        "SELECT DISTINCT table FROM system.columns WHERE database = 'spm_bi' AND name = 'rep_id'",
    )  # fmt: skip
    assert {
        "rep_day",
        "dim_rep",
        "dim_rep_history",
        "fct_activity",
        "fct_deal",
        "fct_credit",
    } <= views
    assert {"commission_ledger", "commission_balance"} <= views
    for view in views:
        assert rows(floor_warehouse, "rex", f"SELECT DISTINCT rep_id FROM {view}") <= {"r2"}
        everybody = rows(floor_warehouse, "frida", f"SELECT DISTINCT rep_id FROM {view}")
        assert everybody > {"r2"}, f"{view} proves nothing with one rep in it"


def test_a_bill_says_whether_it_counts(floor_warehouse: Served) -> None:
    asked = "SELECT deal_id, state, paid_amount, invoiced_amount, cancelled_on FROM fct_bill"
    assert rows(floor_warehouse, "frida", asked) == {
        "deal:1\tCOUNTS\t7.5\t\\N\t2026-01-02",
        "deal:2\tOTHER_CURRENCY\t7.5\t\\N\t2026-01-02",
    }


PAY = {"commission_ledger", "commission_balance", "commission_posting", "commission_statement",
       "amortisation", "plan_revision", "dispute"}  # fmt: skip
ENTRIES = {"commission_ledger", "commission_posting", "commission_statement"}


def test_pay_is_read_by_payees_their_managers_and_finance(floor_warehouse: Served) -> None:
    for view in PAY:
        asked = f"SELECT count() FROM {view}"
        assert floor_warehouse.ask(asked, "ann").status_code == 403, view
        assert floor_warehouse.ask(asked, "frida").text == ("10\n" if view in ENTRIES else "5\n")
        seen = rows(floor_warehouse, "mona", f"SELECT DISTINCT rep_id FROM {view}")
        assert seen == {"r1", "r2", "r3", "o\\'hara\\\\"}, view


def test_a_view_that_reads_pay_is_pay_however_it_is_called(floor_warehouse: Served) -> None:
    text = "SELECT rep_id, sum(amount) AS much FROM spm_bi.commission_ledger GROUP BY rep_id"
    with floor_warehouse.client() as client:
        client.command(f"CREATE VIEW spm_bi.harmless AS {text}")
        client.command("CREATE VIEW spm_bi.more_harmless AS SELECT * FROM spm_bi.harmless")
    asked = "SELECT rep_id FROM more_harmless"
    serving.wait_until(lambda: floor_warehouse.ask(asked, "rex").text == "r2\n")
    for view in ("harmless", "more_harmless"):
        assert code(floor_warehouse.ask(f"SELECT * FROM {view}", "ann")) == "497"
        assert len(rows(floor_warehouse, "frida", f"SELECT * FROM {view}")) == 5
    with floor_warehouse.client() as client:
        client.command("DROP VIEW spm_bi.more_harmless")
        client.command("DROP VIEW spm_bi.harmless")


def test_commissions_are_shown_once_with_names_and_balanced(floor_warehouse: Served) -> None:
    sql = "SELECT rep_name, amount FROM commission_ledger ORDER BY position"
    assert floor_warehouse.ask(sql, "rex").text.split("\n")[:-1] == [
        "Name of r2\t10.25", "Name of r2\t-0.25",
    ]  # fmt: skip
    sql = "SELECT rep_id, rep_name, plan_id, origin_end, currency, earned, owed, entries FROM "
    assert rows(floor_warehouse, "mona", f"{sql} commission_balance") == {
        f"{rep}\tName of {rep}\tplan\t2026-04-01\tEUR\t10\t0\t2"
        for rep in ("r1", "r2", "r3", "o\\'hara\\\\")
    }


def test_forecasts_are_told_by_day_and_as_they_are_now(floor_warehouse: Served) -> None:
    said = "SELECT subject_kind, subject_id, p50 FROM {} WHERE subject_kind = 'TEAM'"
    assert rows(floor_warehouse, "ann", said.format("forecast_current")) == {"TEAM\twest\t200"}
    assert rows(floor_warehouse, "ann", said.format("forecast")) == {
        "TEAM\twest\t200", "TEAM\twest\t100", "TEAM\tgone\t100",
    }  # fmt: skip
    mine = "SELECT subject_kind, subject_id, probability FROM forecast_current"
    assert rows(floor_warehouse, "rex", mine) == {"REP\tr2\t0.5"}


def test_a_view_without_reps_is_closed_unless_listed(floor_warehouse: Served) -> None:
    with floor_warehouse.client() as client:
        client.command("CREATE VIEW spm_bi.later AS SELECT name FROM spm.person FINAL")
        client.command("CREATE VIEW spm_bi.later_rep AS SELECT rep_id, name FROM spm.person FINAL")
    for sql in (
        "SELECT * FROM later",
        "SELECT * FROM spm_bi.later",
        "SELECT 1 WHERE 'Name of r1' IN later",
        "SELECT 1 WHERE 'Name of r1' IN spm_bi.later",
        "WITH later AS (SELECT 1) SELECT * FROM spm_bi.later",
        "SHOW CREATE TABLE later",
        "DESCRIBE later",
    ):
        assert code(floor_warehouse.ask(sql, "rex")) == "497", sql
    for view in ("later_rep", "spm_bi.later_rep"):  # at once, and when it is known
        first = floor_warehouse.ask(f"SELECT rep_id FROM {view}", "rex")
        assert code(first) == "497" or first.text == "r2\n"
    sql = "SELECT rep_id FROM later_rep"
    serving.wait_until(lambda: floor_warehouse.ask(sql, "rex").status_code == 200)
    assert rows(floor_warehouse, "rex", sql) == {"r2"}
    assert len(rows(floor_warehouse, "ann", "SELECT * FROM later")) == 5
    with floor_warehouse.client() as client:
        client.command("DROP VIEW spm_bi.later")
        client.command("DROP VIEW spm_bi.later_rep")


def test_public_views_are_open_to_all(floor_warehouse: Served) -> None:
    assert rows(floor_warehouse, "rex", "SELECT team_name FROM dim_team") == {"West", "East"}
    assert rows(floor_warehouse, "rex", "SELECT measure, unit FROM dim_measure") == {
        "revenue\tMONEY"
    }
    counted = rows(floor_warehouse, "rex", "SELECT topic, records FROM dead_letter_count")
    assert counted == {"crm.calls\t3"}
    steps = rows(floor_warehouse, "rex", "SELECT period_start, step, at, by FROM pay_period")
    assert steps == {"2026-01-01\tPROVISIONAL\t2026-02-02 09:00:00.500000\tfrida"}
    fresh = rows(floor_warehouse, "rex", "SELECT kind, name FROM data_freshness")
    assert "source\tdialer" in fresh


def test_one_sees_ones_own_rank_and_nobody_elses(floor_warehouse: Served) -> None:
    sql = "SELECT rep_id, rank, value FROM leaderboard_day"
    assert rows(floor_warehouse, "rex", sql) == {"r2\t4\t400"}
    assert len(rows(floor_warehouse, "ann", sql)) == 5


def test_a_revoked_token_stops_at_once(floor_warehouse: Served) -> None:
    from connectors.principals import PrincipalFile
    from schemas.principals import Principal, Role

    process = floor_warehouse.process
    assert process is not None
    args = list(process.args)  # type: ignore[call-overload]
    file = PrincipalFile(Path(args[args.index("--principals") + 1]))
    token = file.add(Principal("temp", Role.ANALYST))
    auth = ("temp", token)
    assert HTTP.post(floor_warehouse.url, content="SELECT 1", auth=auth).status_code == 200
    file.remove("temp")
    assert HTTP.post(floor_warehouse.url, content="SELECT 1", auth=auth).status_code == 403


# ---- the views themselves


def test_facts_are_shown_once_and_as_they_are_now(floor_warehouse: Served) -> None:
    ask = floor_warehouse.ask
    total = ask("SELECT rep_id, rep_name, value FROM rep_day WHERE rep_id = 'r3'", "ann")
    assert total.text == "r3\tName of r3\t600\n"  # newest of each partial, of generation 1 alone
    calls = rows(floor_warehouse, "ann", "SELECT activity_id, rep_id, status FROM fct_activity")
    assert calls == {"call:1\tr2\tCONNECTED", "call:2\tr1\tCONNECTED"}
    deals = rows(floor_warehouse, "ann", "SELECT deal_id, stage_class, amount FROM fct_deal")
    assert deals == {"deal:1\tWON\t12.5", "deal:2\tOPEN\t\\N"}
    credits = rows(floor_warehouse, "ann", "SELECT rep_name, deal_id, amount FROM fct_credit")
    assert credits == {"Name of r2\tdeal:1\t12.5", "Name of r4\tdeal:2\t7"}
    first = rows(floor_warehouse, "ann", "SELECT deal_id FROM fct_credit WHERE stage_class='OPEN'")
    assert first == set()
    # A filter must not change which version is chosen: call:1 is no longer r1's.
    mine = rows(floor_warehouse, "ann", "SELECT activity_id FROM fct_activity WHERE rep_id = 'r1'")
    assert mine == {"call:2"}


def test_where_somebody_stands_is_told_to_them_and_their_managers(floor_warehouse: Served) -> None:
    """Of half a period half is due; everybody has their own row, and the team that of today."""
    sql = "SELECT subject_id, quota, actual_to_date, plan_to_date FROM attainment_current"
    assert rows(floor_warehouse, "rex", sql) == {"r2\t1000\t400\t500"}
    assert {line.split("\t")[0] for line in rows(floor_warehouse, "mona", sql)} == {
        "r1", "r2", "r3", "o\\'hara\\\\"
    }  # fmt: skip
    team = rows(floor_warehouse, "ann", f"{sql} WHERE subject_kind = 'TEAM'")
    assert team == {"west\t1000\t1200\t500"}
    daily = "SELECT count() FROM attainment_daily"
    assert rows(floor_warehouse, "rex", daily) == {"11"}
    assert rows(floor_warehouse, "rex", "SELECT amount FROM fct_quota") == {"1000"}
    version = "SELECT amount, is_current FROM fct_quota_version"
    assert rows(floor_warehouse, "rex", version) == {"1000\ttrue", "1\tfalse"}


def test_a_rep_who_moved_has_a_history(floor_warehouse: Served) -> None:
    sql = "SELECT team_id, is_current FROM dim_rep_history WHERE rep_id = 'r4'"
    assert rows(floor_warehouse, "ann", sql) == {"west\tfalse", "east\ttrue"}


def test_columns_come_in_the_types_declared(floor_warehouse: Served) -> None:
    declared = rows(
        floor_warehouse, "frida",
        "SELECT table, name, type FROM system.columns WHERE database = 'spm_bi'",
    )  # fmt: skip
    given = set()
    for view in {line.split("\t")[0] for line in declared}:
        told = floor_warehouse.ask(
            f"SELECT * FROM {view} FORMAT TSVWithNamesAndTypes", "frida"
        ).text
        names, kinds = (line.split("\t") for line in told.split("\n")[:2])
        given |= {"\t".join((view, *pair)) for pair in zip(names, kinds, strict=True)}
    assert given == declared


def test_every_column_says_what_it_means(floor_warehouse: Served) -> None:
    for place in ("system.columns", "system.tables"):
        silent = f"SELECT name FROM {place} WHERE database = 'spm_bi' AND comment = ''"
        assert rows(floor_warehouse, "ann", silent) == set()
    states = "SELECT name FROM system.columns WHERE database = 'spm_bi' AND type LIKE '%Aggregate%'"
    assert rows(floor_warehouse, "ann", states) == set()
