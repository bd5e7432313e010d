"""What readers cannot loosen, and what they can: settings, limits, tables of their own, names."""

import httpx
import pytest

from infra.local.warehouse.guard import FUNCTIONS, is_listed
from tests.infra.warehouse.asking import SECRET, code, rows
from tests.infra.warehouse.serving import HTTP, Served


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
