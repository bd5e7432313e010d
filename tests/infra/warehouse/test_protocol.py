"""ClickHouse's HTTP interface, behaviour by behaviour, as any HTTP client sees it."""

import bz2
import gzip
import json
import lzma
import threading
import time
import zlib

import cramjam
import httpx
import lz4.frame
import pytest
import zstandard

from infra.local.warehouse.blocks import framed, unframed
from tests.infra.warehouse.serving import HTTP, SERVICE, Served


def test_health_is_told_without_a_token(warehouse: Served) -> None:
    for path in ("/", "/ping", "/replicas_status"):
        answer = HTTP.get(warehouse.url + path)
        assert (answer.status_code, answer.text) == (200, "Ok.\n")
    assert HTTP.head(warehouse.url + "/ping").status_code == 200


def test_an_unknown_path_says_what_there_is(warehouse: Served) -> None:
    answer = HTTP.get(warehouse.url + "/nothing-here")
    assert answer.status_code == 404
    assert "/ping" in answer.text


def test_query_and_body_are_one_statement(warehouse: Served) -> None:
    parted = warehouse.ask("1 + 1", query="SELECT")
    assert parted.text == "2\n"
    assert warehouse.ask("SELECT 3").text == "3\n"


def test_get_reads_and_changes_nothing(warehouse: Served) -> None:
    def get(sql: str) -> httpx.Response:
        return HTTP.get(warehouse.url, params={"query": sql}, auth=warehouse.auth())

    assert get("SELECT 7").text == "7\n"
    refused = get("CREATE TABLE spm.never (a UInt8) ENGINE = Memory")
    assert refused.headers["X-ClickHouse-Exception-Code"] == "164"
    assert get("INSERT INTO spm.person (rep_id) VALUES ('x')").headers[
        "X-ClickHouse-Exception-Code"
    ] == "164"  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "params", "headers", "text", "fmt"),
    [
        ("SELECT 1 AS x", {}, {}, "1\n", "TabSeparated"),
        ("SELECT 1 AS x FORMAT CSVWithNames", {}, {}, '"x"\n1\n', "CSVWithNames"),
        ("SELECT 1 AS x", {"default_format": "JSONEachRow"}, {}, '{"x":1}\n', "JSONEachRow"),
        ("SELECT 1 AS x", {}, {"X-ClickHouse-Format": "CSV"}, "1\n", "CSV"),
        ("SELECT 1 AS x FORMAT CSV", {"default_format": "JSON"}, {}, "1\n", "CSV"),
        ("SELECT 'FORMAT JSON' -- FORMAT XML", {}, {}, "FORMAT JSON\n", "TabSeparated"),
    ],
)
def test_the_format_is_the_statements_else_the_requests(
    warehouse: Served,
    sql: str,
    params: dict[str, str],
    *,
    headers: dict[str, str],
    text: str,
    fmt: str,
) -> None:
    answer = HTTP.post(
        warehouse.url, content=sql, params=params, headers=headers, auth=warehouse.auth()
    )
    assert answer.text == text
    assert answer.headers["X-ClickHouse-Format"] == fmt


def test_parameters_come_escaped(warehouse: Served) -> None:
    answer = warehouse.ask(
        "SELECT {a:UInt32} + 1, {s:String} = 'tab\\there', {n:Nullable(String)} IS NULL,"
        " {l:Array(String)}[2]",
        param_a="41", param_s="tab\\there", param_n="\\N", param_l="['x','it\\'s']",
    )  # fmt: skip
    assert answer.text == "42\t1\t1\tit\\'s\n"


def test_the_query_id_comes_back(warehouse: Served) -> None:
    assert warehouse.ask("SELECT 1", query_id="mine-1").headers["X-ClickHouse-Query-Id"] == "mine-1"
    ids = {warehouse.ask("SELECT 1").headers["X-ClickHouse-Query-Id"] for _ in range(3)}
    assert len(ids) == 3


def test_the_summary_counts_in_text(warehouse: Served, table: str) -> None:
    warehouse.ask(f"CREATE TABLE {table} (a UInt64) ENGINE = MergeTree ORDER BY a")
    wrote = warehouse.ask(f"INSERT INTO {table} FORMAT CSV\n1\n2\n3\n")
    assert json.loads(wrote.headers["X-ClickHouse-Summary"])["written_rows"] == "3"
    read = warehouse.ask(f"SELECT a FROM {table} WHERE a > 1")
    summary = json.loads(read.headers["X-ClickHouse-Summary"])
    assert summary["read_rows"] == "3"
    assert int(summary["elapsed_ns"]) > 0
    assert all(isinstance(count, str) for count in summary.values())


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELEKT 1 FROM", 400, "62"),
        ("SELECT * FROM spm.no_such_table", 404, "60"),
        ("SELECT no_such_function(1)", 404, "46"),
        ("SELECT no_such_column FROM spm.person", 404, "47"),
        ("SELECT * FROM no_such_database.t", 404, "81"),
        ("SELECT 1 FORMAT NoSuchFormat", 404, "73"),
        ("SELECT throwIf(1)", 500, "395"),
        ("SELECT toUInt8('boo')", 400, "6"),
    ],
)
def test_errors_have_number_name_and_status(
    warehouse: Served, sql: str, status: int, code: str
) -> None:
    answer = warehouse.ask(sql)
    assert answer.headers["X-ClickHouse-Exception-Code"] == code
    assert answer.status_code == status
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "(version " in answer.text


def test_two_statements_in_one_request_are_refused(warehouse: Served) -> None:
    assert warehouse.ask("SELECT 1; SELECT 2").headers["X-ClickHouse-Exception-Code"] == "62"
    assert warehouse.ask("SELECT 1;").text == "1\n"
    assert warehouse.ask("").headers["X-ClickHouse-Exception-Code"] == "62"
    mistyped = warehouse.ask("SELEC 1").text
    assert "Syntax error: failed at position 7 " in mistyped


def test_settings_apply_to_one_request(warehouse: Served) -> None:
    sql = "SELECT getSetting('max_block_size')"
    assert warehouse.ask(sql, max_block_size="1234").text == "1234\n"
    assert warehouse.ask(sql).text != "1234\n"
    unknown = warehouse.ask("SELECT 1", no_such_setting="1")
    assert unknown.headers["X-ClickHouse-Exception-Code"] == "115"


def test_what_clients_send_as_a_matter_of_course_is_taken(warehouse: Served) -> None:
    noise = {
        "cancel_http_readonly_queries_on_client_close": "1",
        "send_progress_in_http_headers": "0",
        "http_headers_progress_interval_ms": "120000",
        "wait_end_of_query": "1",
        "buffer_size": "1048576",
        "enable_http_compression": "1",
        "session_timezone": "Europe/Berlin",
        "date_time_input_format": "best_effort",
        "cast_string_to_dynamic_use_inference": "0",
        "quota_key": "x",
    }
    answer = warehouse.ask("SELECT toString(toDateTime(0))", **noise)
    assert answer.text == "1970-01-01 01:00:00\n"
    assert answer.headers["X-ClickHouse-Timezone"] == "Europe/Berlin"


def test_the_database_of_a_request_is_where_bare_names_are(warehouse: Served) -> None:
    assert warehouse.ask("SELECT currentDatabase()", database="spm").text == "spm\n"
    by_header = HTTP.post(
        warehouse.url,
        content="SELECT currentDatabase()",
        headers={"X-ClickHouse-Database": "system"},
        auth=warehouse.auth(),
    )
    assert by_header.text == "system\n"
    assert warehouse.ask("SELECT 1", database="nope").headers["X-ClickHouse-Exception-Code"] == "81"


def test_a_session_keeps_temporary_tables_and_settings(warehouse: Served) -> None:
    session = {"session_id": "s-keep"}
    warehouse.ask("CREATE TEMPORARY TABLE mine (a UInt8) ENGINE = Memory", **session)
    warehouse.ask("INSERT INTO mine VALUES (1), (2)", **session)
    assert warehouse.ask("SELECT sum(a) FROM mine", **session).text == "3\n"
    assert warehouse.ask("SELECT sum(a) FROM mine", session_id="s-other").status_code == 404
    warehouse.ask("SET max_block_size = 77", **session)
    sql = "SELECT getSetting('max_block_size')"
    assert warehouse.ask(sql, **session, max_block_size="99").text == "99\n"
    assert warehouse.ask(sql, **session).text == "77\n"
    missing = warehouse.ask("SELECT 1", session_id="s-never", session_check="1")
    assert missing.headers["X-ClickHouse-Exception-Code"] == "372"


def test_a_session_serves_one_request_at_a_time(warehouse: Served) -> None:
    slow = threading.Thread(
        target=warehouse.ask, args=("SELECT sleep(1.5)",), kwargs={"session_id": "s-busy"}
    )
    slow.start()
    time.sleep(0.5)
    second = warehouse.ask("SELECT 1", session_id="s-busy")
    slow.join()
    assert second.headers["X-ClickHouse-Exception-Code"] == "373"
    assert warehouse.ask("SELECT 1", session_id="s-busy").text == "1\n"


def test_requests_of_the_pipeline_run_side_by_side(warehouse: Served) -> None:
    begun = time.monotonic()
    asking = [threading.Thread(target=warehouse.ask, args=("SELECT sleep(1)",)) for _ in range(6)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert time.monotonic() - begun < 4


DEFLATED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(cramjam.brotli.compress(data)),
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "snappy": lambda data: bytes(cramjam.snappy.compress_raw(data)),
}


@pytest.mark.parametrize("encoding", sorted(DEFLATED))
def test_bodies_come_in_every_encoding(warehouse: Served, encoding: str) -> None:
    sql = b"SELECT sum(number) FROM numbers(10) -- " + b"x" * 5000
    answer = HTTP.post(
        warehouse.url,
        content=DEFLATED[encoding](sql),
        headers={"Content-Encoding": encoding},
        auth=warehouse.auth(),
    )
    assert answer.text == "45\n"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "lz4"])
def test_answers_go_out_in_the_encoding_asked_for(warehouse: Served, encoding: str) -> None:
    sql = "SELECT number FROM numbers(5000)"
    with HTTP.stream(
        "POST",
        warehouse.url,
        content=sql,
        params={"enable_http_compression": "1"},
        headers={"Accept-Encoding": encoding},
        auth=warehouse.auth(),
    ) as answer:
        assert answer.headers["Content-Encoding"] == encoding
        raw = b"".join(answer.iter_raw())
    unpack = {
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
        "lz4": lz4.frame.decompress,
    }[encoding]
    assert unpack(raw).decode().split() == [str(n) for n in range(5000)]


def test_clickhouses_own_blocks_go_both_ways(warehouse: Served) -> None:
    sql = b"SELECT number FROM numbers(300000)"
    answer = HTTP.post(
        warehouse.url,
        content=framed(sql),
        params={"compress": "1", "decompress": "1"},
        auth=warehouse.auth(),
    )
    assert len(answer.content) < 1_900_000
    assert unframed(answer.content, 1 << 24).count(b"\n") == 300_000


def test_a_damaged_block_is_told(warehouse: Served) -> None:
    block = bytearray(framed(b"SELECT 1 -- a statement long enough to be packed, packed, packed"))
    block[-3] ^= 1
    answer = HTTP.post(
        warehouse.url, content=bytes(block), params={"decompress": "1"}, auth=warehouse.auth()
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "40"


def test_credentials_come_in_three_ways_but_one_at_a_time(warehouse: Served) -> None:
    name, token = warehouse.auth()
    header = {"X-ClickHouse-User": name, "X-ClickHouse-Key": token}
    sql = "SELECT 1"
    assert HTTP.post(warehouse.url, content=sql, headers=header).text == "1\n"
    by_query = HTTP.post(warehouse.url, content=sql, params={"user": name, "password": token})
    assert by_query.text == "1\n"
    both = HTTP.post(warehouse.url, content=sql, headers=header, auth=(name, token))
    assert both.headers["X-ClickHouse-Exception-Code"] == "516"


def test_a_wrong_token_is_refused_and_told_nothing(ours: Served) -> None:
    wrong = HTTP.post(ours.url, content="SELECT 1", auth=(SERVICE, "ps_wrong"))
    assert (wrong.status_code, wrong.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    others = HTTP.post(ours.url, content="SELECT 1", auth=("frida", ours.tokens[SERVICE]))
    assert others.status_code == 403
    nobody = HTTP.post(ours.url, content="SELECT 1")
    assert (nobody.status_code, nobody.headers["X-ClickHouse-Exception-Code"]) == (401, "194")
    assert nobody.headers["WWW-Authenticate"].startswith("Basic")
    assert ours.tokens[SERVICE] not in wrong.text + others.text + nobody.text


@pytest.mark.parametrize("name", ["lobby", "dialer"])
def test_screens_and_sources_have_no_sql(ours: Served, name: str) -> None:
    assert ours.ask("SELECT 1", name).headers["X-ClickHouse-Exception-Code"] == "497"


def test_external_tables_come_with_the_request(warehouse: Served) -> None:
    answer = HTTP.post(
        warehouse.url,
        params={
            "query": "SELECT sum(a), any(b) FROM mine",
            "mine_structure": "a UInt8, b LowCardinality(String)",
            "mine_format": "CSV",
        },
        files={"mine": ("mine.csv", b"1,x\n2,x\n")},
        auth=warehouse.auth(),
    )
    assert answer.text == "3\tx\n"


def test_a_form_may_carry_statement_and_parameters(warehouse: Served) -> None:
    answer = HTTP.post(
        warehouse.url,
        files={"query": (None, "SELECT {a:UInt8} * 2"), "param_a": (None, "21")},
        auth=warehouse.auth(),
    )
    assert answer.text == "42\n"


def test_a_body_beyond_the_limit_is_refused_before_it_is_unpacked(ours: Served) -> None:
    bomb = gzip.compress(b"0" * (300 << 20), compresslevel=1)
    answer = HTTP.post(
        ours.url,
        content=bomb,
        headers={"Content-Encoding": "gzip"},
        auth=ours.auth(),
    )
    assert answer.status_code == 413
    assert "several inserts" in answer.text


def test_roles_in_sql_are_not_offered_and_said_so(ours: Served) -> None:
    assert "not offered" in ours.ask("SELECT 1", role="admin").text


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT `file`('/etc/passwd')",
        "SELECT 1 INTO OUTFILE '/tmp/never'",
        "INSERT INTO FUNCTION file('/tmp/never', 'CSV', 'a Int8') VALUES (1)",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV')",
        "CREATE TABLE spm.never (a Int8) ENGINE = File(CSV)",
        "INSERT INTO spm.person FROM INFILE '/etc/passwd' FORMAT CSV",
    ],
)
def test_not_even_the_pipeline_reaches_outside(ours: Served, sql: str) -> None:
    assert ours.ask(sql).headers["X-ClickHouse-Exception-Code"] == "497"


def test_a_small_answer_does_not_wait_for_the_network(warehouse: Served) -> None:
    """With Nagle's delay on, not one of them would come in under 40 ms."""
    quickest = 1.0
    for _ in range(30):
        begun = time.perf_counter()
        warehouse.ask("SELECT 1")
        quickest = min(quickest, time.perf_counter() - begun)
    assert quickest < 0.03
