"""What each role sees, through every view, and what nobody gets at however they ask."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.warehouse.guard import FUNCTIONS, is_listed
from infra.migrations import migrate
from tests.infra.warehouse import floor, serving
from tests.infra.warehouse.serving import HTTP, REAL, Served

SECRET = "the secret of this machine"
DENIED = {"497", "164", "62", "446"}  # not open, read-only, syntax, not allowed


@pytest.fixture(scope="module")
def floor_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if REAL:
        pytest.skip("the guard is the embedded server's own")
    folder = tmp_path_factory.mktemp("floor")
    (folder / "secret.txt").write_text(SECRET)
    with serving.embedded(folder) as served:
        served.extra["secret"] = str(folder / "secret.txt")
        served.extra["outfile"] = str(folder / "out.txt")
        with served.client() as client:
            migrate(client)
            floor.fill(client)
        yield served


def rows(served: Served, name: str, sql: str) -> set[str]:
    answer = served.ask(sql, name)
    assert answer.status_code == 200, answer.text
    return set(answer.text.split("\n")[:-1])


# ---- who sees whom


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
        everybody = rows(floor_warehouse, "ann", f"SELECT DISTINCT rep_id FROM {view}")
        assert everybody > {"r2"}, f"{view} proves nothing with one rep in it"


def test_commissions_are_shown_once_with_names_and_balanced(floor_warehouse: Served) -> None:
    sql = "SELECT rep_name, amount FROM commission_ledger ORDER BY position"
    assert floor_warehouse.ask(sql, "rex").text.split("\n")[:-1] == [
        "Name of r2\t10.25", "Name of r2\t-0.25",
    ]  # fmt: skip
    sql = "SELECT rep_id, rep_name, plan_id, origin_end, currency, amount, entries FROM "
    assert rows(floor_warehouse, "mona", f"{sql} commission_balance") == {
        f"{rep}\tName of {rep}\tplan\t2026-04-01\tEUR\t10\t2"
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


def test_a_rep_who_moved_has_a_history(floor_warehouse: Served) -> None:
    sql = "SELECT team_id, is_current FROM dim_rep_history WHERE rep_id = 'r4'"
    assert rows(floor_warehouse, "ann", sql) == {"west\tfalse", "east\ttrue"}


def test_columns_come_in_the_types_declared(floor_warehouse: Served) -> None:
    declared = rows(
        floor_warehouse, "ann",
        "SELECT table, name, type FROM system.columns WHERE database = 'spm_bi'",
    )  # fmt: skip
    given = set()
    for view in {line.split("\t")[0] for line in declared}:
        told = floor_warehouse.ask(f"SELECT * FROM {view} FORMAT TSVWithNamesAndTypes", "ann").text
        names, kinds = (line.split("\t") for line in told.split("\n")[:2])
        given |= {"\t".join((view, *pair)) for pair in zip(names, kinds, strict=True)}
    assert given == declared


def test_every_column_says_what_it_means(floor_warehouse: Served) -> None:
    silent = "SELECT table_name, column_name FROM data_dictionary WHERE comment = ''"
    assert rows(floor_warehouse, "ann", silent) == set()
    mute = "SELECT table_name FROM data_dictionary WHERE table_comment = ''"
    assert rows(floor_warehouse, "ann", mute) == set()
    states = "SELECT name FROM system.columns WHERE database = 'spm_bi' AND type LIKE '%Aggregate%'"
    assert rows(floor_warehouse, "ann", states) == set()


# ---- attacks


def code(answer: httpx.Response) -> str:
    return answer.headers.get("X-ClickHouse-Exception-Code", "")


FILES = [
    "SELECT file('{secret}')",
    "SELECT FILE('{secret}')",
    "SELECT `file`('{secret}')",
    "SELECT \"file\"('{secret}')",
    "SELECT/**/file/**/('{secret}')",
    "SELECT -- x\nfile('{secret}')",
    "WITH file('{secret}') AS x SELECT x",
    "WITH x AS (SELECT file('{secret}')) SELECT * FROM x",
    "SELECT (SELECT file('{secret}'))",
    "SELECT 1 UNION ALL SELECT length(file('{secret}'))",
    "SELECT arrayMap(x -> file('{secret}'), [1])",
    "SELECT * APPLY(file) FROM (SELECT '{secret}')",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '{secret}')",
    "SELECT COLUMNS('.*') APPLY file FROM (SELECT '{secret}')",
    "SELECT * REPLACE (file('{secret}') AS a) FROM (SELECT 1 AS a)",
    "SELECT sum(number) OVER (PARTITION BY file('{secret}')) FROM numbers(2)",
    "SELECT number FROM numbers(3) ORDER BY number WITH FILL FROM 1 TO length(file('{secret}'))",
    "SELECT number AS n, 'a' AS s FROM numbers(3) ORDER BY n WITH FILL STEP 2"
    " INTERPOLATE (s AS file('{secret}'))",
    "SELECT 1 LIMIT length(file('{secret}'))",
    "SELECT 1 WHERE throwIf(1, file('{secret}'))",
    "EXPLAIN SELECT file('{secret}')",
    "EXPLAIN QUERY TREE SELECT file('{secret}')",
    "EXPLAIN SYNTAX SELECT file('{secret}')",
    "EXPLAIN QUERY TREE dump_passes = 1 SELECT file('{secret}')",
    "DESCRIBE (SELECT file('{secret}') AS x)",
    "SHOW TABLES WHERE name = file('{secret}')",
    "SHOW TABLES WHERE throwIf(1, file('{secret}'))",
    "SHOW COLUMNS FROM rep_day WHERE throwIf(1, file('{secret}'))",
    "SHOW SETTINGS WHERE throwIf(1, file('{secret}'))",
    "SELECT * FROM file('{secret}', 'LineAsString')",
    "SELECT * FROM view(SELECT file('{secret}') AS x)",
    "SELECT * FROM values('a String', (file('{secret}')))",
    "SELECT 1 WHERE 'x' IN file('{secret}', 'LineAsString', 'a String')",
    "SELECT * FROM numbers(length(file('{secret}')))",
    "DESCRIBE file('{secret}')",
    "SELECT * FROM fuzzQuery('SELECT file(''{secret}'')')",
    "SELECT * FROM eval('SELECT file(''{secret}'')')",
    "SELECT * FROM executable('cat {secret}', 'LineAsString', 'a String')",
    "SELECT * FROM python('{secret}')",
    "SELECT * FROM sqlite('{secret}', 't')",
    "SELECT * FROM filesystem('{secret}')",
    "SELECT \u2018'\u2019, file('{secret}'), \u2018'\u2019",
    "SELECT $x$ ' $x$, file('{secret}'), $x$ ' $x$",
    "SELECT 1 FORMAT Template SETTINGS format_template_row = '{secret}'",
    "SELECT 1 AS a FORMAT Protobuf SETTINGS format_schema = '{secret}:x'",
]


@pytest.mark.parametrize("sql", FILES)
@pytest.mark.parametrize("name", ["ann", "rex"])
def test_no_file_is_read(floor_warehouse: Served, sql: str, name: str) -> None:
    answer = floor_warehouse.ask(sql.replace("{secret}", floor_warehouse.extra["secret"]), name)
    assert answer.status_code >= 400, answer.text
    assert SECRET not in answer.text


OUTWARD = [
    "SELECT 1 INTO OUTFILE '{outfile}'",
    "SELECT 1 INTO OUTFILE '{outfile}' TRUNCATE FORMAT CSV",
    "EXPLAIN AST SELECT 1 INTO OUTFILE '{outfile}'",
    "SELECT 1 INTO\nOUTFILE '{outfile}'",
    "INSERT INTO FUNCTION file('{outfile}', 'CSV', 'a Int8') VALUES (1)",
    "INSERT INTO spm.person (rep_id) VALUES ('x')",
    "CREATE TABLE spm_bi.mine (a Int8) ENGINE = Memory",
    "CREATE VIEW spm_bi.mine AS SELECT * FROM spm.person",
    "CREATE TEMPORARY TABLE mine (a Int8) ENGINE = Memory",
    "CREATE FUNCTION mine AS x -> x",
    "DROP VIEW spm_bi.rep_day",
    "ALTER TABLE spm.person DELETE WHERE 1",
    "TRUNCATE TABLE spm.person",
    "OPTIMIZE TABLE spm.person",
    "BACKUP DATABASE spm TO File('{outfile}')",
    "SYSTEM SHUTDOWN",
    "KILL QUERY WHERE 1",
    "SET readonly = 0",
    "SET additional_table_filters = {{}}",
    "USE spm",
    "ATTACH TABLE spm.x",
    "SELECT 1; SELECT * FROM spm.person",
    "SELECT 1;\n-- x\nSELECT * FROM spm.person",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', 'spm', 'person')",
    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT sleep(3)",
    "SELECT sleepEachRow(1) FROM numbers(3)",
    "SELECT aiGenerate('x')",
    "EXPLAIN TABLE OVERRIDE mysql('127.0.0.1', 'a', 'b', 'c', 'd') COLUMNS (a Int8)",
]


@pytest.mark.parametrize("sql", OUTWARD)
def test_nothing_is_written_and_nobody_is_called(floor_warehouse: Served, sql: str) -> None:
    outfile = floor_warehouse.extra["outfile"]
    answer = floor_warehouse.ask(sql.replace("{outfile}", outfile).replace("{{}}", "{}"), "ann")
    assert code(answer) in DENIED, answer.text
    assert not Path(outfile).exists()


STORED = [
    "SELECT * FROM spm.person",
    "SELECT * FROM `spm`.`person`",
    "SELECT * FROM spm . person",
    "SELECT * FROM spm/**/./**/person",
    'SELECT * FROM "spm"."person"',
    "SELECT * FROM rep_day AS a JOIN spm.person AS b ON a.rep_id = b.rep_id",
    "SELECT (SELECT groupArray(name) FROM spm.person)",
    "SELECT 1 UNION ALL SELECT count() FROM spm.person",
    "SELECT 1 WHERE ('r1', 'Name of r1', '', '', 1, 0) IN spm.person",
    "SELECT 1 WHERE 'r1' IN (SELECT rep_id FROM spm.person)",
    "SELECT 1 WHERE 'r1' GLOBAL NOT IN spm.person",
    "SELECT EXISTS (SELECT 1 FROM spm.person)",
    "WITH x AS (SELECT * FROM spm.person) SELECT * FROM x",
    "WITH RECURSIVE x AS (SELECT name FROM spm.person UNION ALL SELECT 'a') SELECT * FROM x",
    "SELECT * FROM merge('spm', 'person')",
    "SELECT * FROM merge('spm_bi', 'rep_day')",
    "SELECT * FROM merge(REGEXP('spm.*'), '.*')",
    "SELECT * FROM loop(spm.person)",
    "SELECT * FROM loop('spm', 'person')",
    "SELECT * FROM view(SELECT * FROM spm.person)",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM spm.person))",
    "SELECT * FROM viewIfPermitted(SELECT * FROM spm.person ELSE null('a Int8'))",
    "SELECT * FROM mergeTreeIndex('spm', 'person')",
    "SELECT * FROM dictionary('spm.person')",
    "SELECT joinGet('spm.person', 'name', 'r1')",
    "SELECT dictGet('spm.person', 'name', 'r1')",
    "SELECT hasColumnInTable('spm', 'person', 'name')",
    "DESCRIBE spm.person",
    "SHOW CREATE TABLE spm.person",
    "EXISTS TABLE spm.person",
    "CHECK TABLE spm.person",
    "EXPLAIN SELECT * FROM spm.person",
    "EXPLAIN ESTIMATE SELECT * FROM spm.person",
    "SELECT * FROM default.x",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.parts_columns",
    "SELECT * FROM system.text_log",
    "SELECT * FROM system.users",
    "SELECT * FROM system.server_settings",
    "SELECT * FROM system.disks",
    "SELECT * FROM system.stack_trace",
    "SELECT * FROM system.query_cache",
    "SELECT * FROM system.certificates",
    "SELECT * FROM system.user_processes",
]


@pytest.mark.parametrize("sql", STORED)
@pytest.mark.parametrize("name", ["frida", "rex"])
def test_storage_is_not_read(floor_warehouse: Served, sql: str, name: str) -> None:
    answer = floor_warehouse.ask(sql, name)
    assert code(answer) in DENIED, answer.text
    assert "Name of" not in answer.text


def test_parameters_smuggle_no_names_in(floor_warehouse: Served) -> None:
    sql = "SELECT * FROM {d:Identifier}.{t:Identifier}"
    assert code(floor_warehouse.ask(sql, "ann", param_d="spm", param_t="person")) == "497"
    whole = "SELECT * FROM {t:Identifier}"
    assert floor_warehouse.ask(whole, "ann", param_t="spm.person").status_code >= 400
    assert floor_warehouse.ask(whole, "rex", param_t="rep_day").status_code == 200


ROUND_THE_FILTER = [
    "SELECT rep_id FROM rep_day",
    "SELECT rep_id FROM spm_bi.rep_day",
    "SELECT r.rep_id FROM `rep_day` AS r",
    "SELECT rep_id FROM rep_day FINAL",
    "SELECT rep_id FROM rep_day AS leaderboard_day",
    "SELECT a.rep_id FROM numbers(3000) AS n LEFT JOIN rep_day AS a ON a.value = n.number",
    "SELECT a.rep_id FROM rep_day a ASOF JOIN rep_day b ON a.day = b.day AND a.value >= b.value",
    "SELECT rep_id FROM (SELECT * FROM rep_day UNION ALL SELECT * FROM rep_day)",
    "WITH rep_day AS (SELECT * FROM spm_bi.rep_day) SELECT rep_id FROM rep_day",
    "WITH x AS (SELECT rep_id FROM rep_day) SELECT * FROM x WHERE rep_id IN x",
    "SELECT arrayJoin((SELECT groupUniqArray(rep_id) FROM rep_day))",
    "SELECT rep_id FROM rep_day WHERE 1 OR rep_id = 'r1'",
    "SELECT rep_id FROM rep_day ORDER BY value DESC LIMIT 1 BY rep_id",
    "SELECT rep_id FROM rep_day QUALIFY row_number() OVER (ORDER BY value) > 0",
    "SELECT rep_id FROM rep_day INTERSECT SELECT rep_id FROM rep_day",
    "SELECT rep_id FROM dim_rep, rep_day AS b WHERE b.day = today()",
]


@pytest.mark.parametrize("sql", ROUND_THE_FILTER)
def test_the_filter_holds_wherever_the_view_stands(floor_warehouse: Served, sql: str) -> None:
    assert rows(floor_warehouse, "rex", sql) <= {"r2", ""}


def test_membership_tells_nothing_of_others(floor_warehouse: Served) -> None:
    assert floor_warehouse.ask("SELECT 'r1' IN (SELECT rep_id FROM rep_day)", "rex").text == "0\n"
    assert floor_warehouse.ask("SELECT count() FROM dim_rep WHERE rep_id='r1'", "rex").text == "0\n"


@pytest.mark.parametrize(
    "clause",
    [
        "additional_table_filters = {}",
        "additional_table_filters = {'spm_bi.rep_day': '1'}",
        "max_execution_time = 0",
        "max_memory_usage = 0",
        "max_threads = 8",
        "max_result_bytes = 0",
        "readonly = 0",
        "readonly = 2",
        "allow_introspection_functions = 1",
    ],
)
def test_settings_in_a_statement_loosen_nothing(floor_warehouse: Served, clause: str) -> None:
    answer = floor_warehouse.ask(f"SELECT rep_id FROM rep_day SETTINGS {clause}", "rex")
    assert code(answer) == "164", answer.text
    nested = f"SELECT * FROM (SELECT rep_id FROM rep_day SETTINGS {clause})"
    assert code(floor_warehouse.ask(nested, "rex")) == "164"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("additional_table_filters", "{}"),
        ("additional_result_filter", "1"),
        ("format_schema", "/etc/passwd:x"),
        ("format_template_row", "/etc/passwd"),
        ("allow_introspection_functions", "1"),
        ("dialect", "kusto"),
        ("implicit_table_at_top_level", "spm.person"),
        ("default_table_engine", "File"),
    ],
)
def test_settings_of_a_request_loosen_nothing(
    floor_warehouse: Served, name: str, value: str
) -> None:
    assert code(floor_warehouse.ask("SELECT rep_id FROM rep_day", "rex", **{name: value})) == "164"


def test_limits_can_be_lowered_but_not_raised(floor_warehouse: Served) -> None:
    def value_of(name: str, wanted: str) -> str:
        sql = f"SELECT value FROM system.settings WHERE name = '{name}'"
        return floor_warehouse.ask(sql, "rex", **{name: wanted}).text.strip()

    assert value_of("max_execution_time", "3") == "3"
    for wanted in ("0", "9999", "-1", "1e9"):
        assert float(value_of("max_execution_time", wanted)) == 10
    assert value_of("max_threads", "64") == "1"
    assert value_of("max_memory_usage", "0") == str(512 << 20)


@pytest.mark.parametrize(
    ("sql", "codes"),
    [
        ("SELECT count() FROM numbers(1e15)", {"159"}),
        ("SELECT (SELECT count() FROM numbers(1e15))", {"159"}),
        ("SELECT groupArray(toString(number)) FROM numbers(1e9)", {"241", "159"}),
        ("SELECT repeat('x', 1000000) FROM numbers(200)", {"396"}),
    ],
)
def test_a_greedy_query_is_stopped(floor_warehouse: Served, sql: str, codes: set[str]) -> None:
    seconds = "1" if codes == {"159"} else "10"
    answer = floor_warehouse.ask(sql, "ann", max_execution_time=seconds, max_block_size="10")
    assert code(answer) in codes, answer.text


def external(served: Served, structure: str, fmt: str, data: bytes) -> httpx.Response:
    return HTTP.post(
        served.url,
        params={"query": "SELECT * FROM mine", "mine_structure": structure, "mine_format": fmt},
        files={"mine": ("mine", data)},
        auth=served.auth("rex"),
    )


def test_tables_that_come_along_hold_data_and_nothing_else(floor_warehouse: Served) -> None:
    assert external(floor_warehouse, "a UInt8", "CSV", b"7\n").text == "7\n"
    call = f"file('{floor_warehouse.extra['secret']}')"
    for structure, fmt, data in (
        ("a String", "Values", f"({call})"),
        (f"a UInt8, b String DEFAULT {call}", "CSV", "1"),
        (f"a UInt8 MATERIALIZED {call}", "CSV", "1"),
        ("a UInt8) ENGINE = File(CSV, 'x') --", "CSV", "1"),
        ("a AggregateFunction(sum, UInt8)", "RowBinary", "xxxx"),
    ):
        answer = external(floor_warehouse, structure, fmt, data.encode())
        assert answer.status_code >= 400, (structure, answer.text)
        assert SECRET not in answer.text


def test_what_clients_ask_when_they_connect_is_answered(floor_warehouse: Served) -> None:
    for sql in (
        "SELECT version(), timezone()",
        "SELECT displayName(), version(), revision(), timezone()",
        "SELECT currentUser() AS user, timezone() AS timezone, version() AS version LIMIT 1",
        "SELECT name, value, readonly FROM system.settings LIMIT 10000",
        "SELECT name FROM system.databases",
        "SELECT table_name FROM information_schema.tables",
        "SELECT column_name FROM INFORMATION_SCHEMA.COLUMNS",
        "SELECT name, comment FROM system.columns WHERE database = 'spm_bi'",
        "SELECT name FROM system.functions",
        "SELECT name FROM system.data_type_families",
        "DESCRIBE TABLE spm_bi.rep_day",
        "DESC (SELECT * FROM rep_day) FORMAT TSKV",
        "SHOW TABLES",
        "SHOW TABLES FROM spm_bi LIKE '%day%'",
        "SHOW DATABASES",
        "SHOW CREATE TABLE spm_bi.rep_day",
        "EXPLAIN SELECT * FROM rep_day",
        "SELECT currentDatabase()",
        "SELECT * FROM rep_day WHERE day > toDate('2026-01-01') AND measure IN ('won', 'calls')",
        "SELECT day, sumIf(value, measure = 'revenue') FROM rep_day GROUP BY day WITH TOTALS",
        "SELECT toStartOfMonth(day) AS m, quantile(0.9)(value) FROM rep_day GROUP BY m ORDER BY m",
    ):
        for name in ("ann", "rex"):
            answer = floor_warehouse.ask(sql, name)
            assert answer.status_code == 200, (sql, answer.text)


def test_other_databases_are_not_even_named(floor_warehouse: Served) -> None:
    seen = rows(floor_warehouse, "ann", "SELECT name FROM system.databases")
    assert seen == {"spm_bi", "system", "information_schema", "INFORMATION_SCHEMA"}
    for sql in (
        "SELECT count() FROM system.tables WHERE database = 'spm'",
        "SELECT count() FROM system.columns WHERE database = 'spm'",
        "SELECT count() FROM information_schema.tables WHERE table_schema = 'spm'",
        "SELECT count() FROM information_schema.columns WHERE table_schema = 'spm'",
    ):
        assert floor_warehouse.ask(sql, "ann").text == "0\n", sql
    assert floor_warehouse.ask("SELECT 1", "ann", database="spm").status_code == 403


@pytest.mark.parametrize(
    "name", ["file", "sleep", "dictget", "joinget", "getmacro", "aigenerate", "filestate", "fileif",
             "showcertificate", "catboostevaluate", "url", "getserversetting"],
)  # fmt: skip
def test_dangerous_functions_are_not_listed(name: str) -> None:
    assert not is_listed(name)


def test_listed_functions_exist_in_the_engine(floor_warehouse: Served) -> None:
    """What the engine dropped or renamed is taken off the list when the engine moves."""
    there = floor_warehouse.ask("SELECT lower(name) FROM system.functions").text.split()
    assert FUNCTIONS - set(there) <= {"exists", "lambda", "grouping", "untuple"}
    assert len(FUNCTIONS) > 1500
