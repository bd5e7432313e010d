"""What nobody gets at, however they ask: files, the network, storage, what others may see."""

from pathlib import Path

import pytest

from tests.infra.warehouse.asking import DENIED, SECRET, code, rows
from tests.infra.warehouse.serving import Served

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


# Questions whose error would tell of a row: none of them may come to look at it.
ERRORS = [
    "SELECT count() FROM commission_ledger WHERE throwIf(rep_id = 'r1') = 0",
    "SELECT count() FROM commission_ledger WHERE throwIf(rep_name = 'Name of r1') = 0",
    "SELECT count() FROM commission_ledger WHERE throwIf(rep_id = 'r1' AND amount > 5) = 0",
    "SELECT count() FROM commission_balance WHERE throwIf(rep_id = 'r1') = 0",
    "SELECT count() FROM commission_ledger WHERE intDiv(1, if(rep_id = 'r1', 0, 1)) = 1",
    "SELECT count() FROM commission_ledger WHERE toUInt8(if(rep_id = 'r1', 'x', '1')) = 1",
    "SELECT count() FROM commission_ledger WHERE toDate(if(rep_id = 'r1', 'x', '2026-01-01'))"
    " > '2000-01-01'",
    "SELECT count() FROM commission_ledger WHERE length(range(if(rep_id = 'r1', 1000000000, 1)))"
    " > 0",
    "SELECT count() FROM commission_ledger WHERE length(repeat('a', if(rep_id = 'r1', 1000000000,"
    " 1))) > 0",
    "SELECT count() FROM commission_ledger WHERE match('a', if(rep_id = 'r1', '(', 'a'))",
    "SELECT count() FROM commission_ledger WHERE arrayMap(x -> throwIf(x = 'r1'), [rep_id])[1] = 0",
    "SELECT count() FROM commission_ledger WHERE tuple(1, throwIf(rep_id = 'r1')).2 = 0",
    "SELECT count() FROM commission_ledger GROUP BY throwIf(rep_id = 'r1')",
    "SELECT sum(throwIf(rep_id = 'r1')) FROM commission_ledger",
    "SELECT rep_id FROM commission_ledger ORDER BY throwIf(rep_id = 'r1')",
    "SELECT count() FROM commission_ledger AS a JOIN commission_ledger AS b"
    " ON a.plan_id = b.plan_id AND throwIf(b.rep_id = 'r1') = 0",
    "SELECT count() FROM dispute WHERE throwIf(rep_id = 'r1') = 0",
    "SELECT count() FROM plan_revision WHERE throwIf(rep_id = 'r1') = 0",
    "SELECT count() FROM fct_credit_version WHERE throwIf(rep_id = 'r1') = 0",
    "SELECT count() FROM rep_day WHERE throwIf(rep_id = 'r1') = 0",
]


@pytest.mark.parametrize("sql", ERRORS)
def test_no_error_tells_of_a_row_that_is_not_ones_own(floor_warehouse: Served, sql: str) -> None:
    assert floor_warehouse.ask(sql, "rex").status_code == 200
    if "throwIf" in sql:
        assert floor_warehouse.ask(sql.replace("'r1'", "'r2'").replace("of r1", "of r2"), "rex"
                                   ).status_code == 500  # fmt: skip


def test_membership_tells_nothing_of_others(floor_warehouse: Served) -> None:
    assert floor_warehouse.ask("SELECT 'r1' IN (SELECT rep_id FROM rep_day)", "rex").text == "0\n"
    assert floor_warehouse.ask("SELECT count() FROM dim_rep WHERE rep_id='r1'", "rex").text == "0\n"
