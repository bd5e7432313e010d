"""Inserts: every format, data with anything in it, fences, and nothing written by halves."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.infra.warehouse.serving import Served

NASTY = [
    "plain",
    "semi;colon",
    "line\nbreak",
    "empty\n\nlines\n\n",
    "it's",
    'say "so"',
    "a\\b",
    "€ 🎉",
]
STRUCTURE = "a UInt32, b String"


def arrow_stream(rows: pa.Table) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, rows.schema) as writer:
        writer.write_table(rows)
    return out.getvalue()


def nasty_rows() -> pa.Table:
    return pa.table({"a": pa.array(range(len(NASTY)), pa.uint32()), "b": NASTY})


def parquet(rows: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(rows, out)
    return out.getvalue()


def json_rows(rows: pa.Table) -> bytes:
    return "\n\n".join(json.dumps(row) for row in rows.to_pylist()).encode()


def csv_rows(rows: pa.Table) -> bytes:
    lines = (f'{row["a"]},"{row["b"].replace(chr(34), chr(34) * 2)}"' for row in rows.to_pylist())
    return "\n".join(lines).encode()


FORMATS = {
    "ArrowStream": arrow_stream,
    "Parquet": parquet,
    "JSONEachRow": json_rows,
    "CSV": csv_rows,
}


@pytest.fixture
def filled(client: Client, table: str) -> str:
    client.command(f"CREATE TABLE {table} ({STRUCTURE}) ENGINE = MergeTree ORDER BY a")
    return table


def contents(client: Client, table: str) -> list[str]:
    return [b for (b,) in client.query(f"SELECT b FROM {table} ORDER BY a").result_rows]


@pytest.mark.parametrize("fmt", sorted(FORMATS))
@pytest.mark.parametrize("apart", [True, False], ids=["statement in the URL", "all in the body"])
def test_data_arrives_whole_whatever_it_holds(
    client: Client, warehouse: Served, filled: str, fmt: str, apart: bool
) -> None:
    data, sql = FORMATS[fmt](nasty_rows()), f"INSERT INTO {filled} (a, b) FORMAT {fmt}"
    body, params = (data, {"query": sql}) if apart else (sql.encode() + b"\n" + data, {})
    answer = warehouse.ask(body, **params)
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == str(len(NASTY))
    assert contents(client, filled) == NASTY


@pytest.mark.parametrize("fmt", sorted(FORMATS))
def test_input_reads_the_body(client: Client, filled: str, fmt: str) -> None:
    sql = (
        f"INSERT INTO {filled} SELECT a + 100, b FROM input('{STRUCTURE}') WHERE a < 5 FORMAT {fmt}"
    )
    client.command(sql, data=FORMATS[fmt](nasty_rows()))
    assert contents(client, filled) == NASTY[:5]
    assert client.command(f"SELECT min(a) FROM {filled}") == 100


def test_values_are_written_with_their_parameters(warehouse: Served, filled: str) -> None:
    sql = f"INSERT INTO {filled} (a, b) VALUES (1 + 1, 'x;y'), ({{n:UInt32}}, concat('p', 'q'))"
    assert warehouse.ask(sql, param_n="9").status_code == 200
    assert warehouse.ask(f"SELECT * FROM {filled} ORDER BY a").text == "2\tx;y\n9\tpq\n"


def test_insert_select_runs_inside(warehouse: Served, filled: str) -> None:
    warehouse.ask(f"INSERT INTO {filled} SELECT number, toString(number) FROM numbers(10)")
    warehouse.ask(f"INSERT INTO {filled} WITH 5 AS five SELECT five, 'x'")
    assert warehouse.ask(f"SELECT count() FROM {filled}").text == "11\n"


def incarnation(client: Client) -> str:
    return str(client.command("SELECT any(incarnation) FROM spm.warehouse FINAL"))


def fenced(table: str, mine: str) -> str:
    return (
        f"INSERT INTO {table} (a, b) SELECT a, b FROM input('{STRUCTURE}')"
        " WHERE throwIf((SELECT any(incarnation) FROM spm.warehouse FINAL)"
        f" != '{mine}', 'this warehouse is another one now') = 0 FORMAT ArrowStream"
    )


def test_a_fenced_insert_of_this_incarnation_is_written(client: Client, filled: str) -> None:
    client.command(fenced(filled, incarnation(client)), data=arrow_stream(nasty_rows()))
    assert contents(client, filled) == NASTY


def test_a_fenced_insert_of_another_incarnation_writes_nothing(client: Client, filled: str) -> None:
    with pytest.raises(DatabaseError, match="395") as refused:
        client.command(fenced(filled, "an older one"), data=arrow_stream(nasty_rows()))
    assert "another one now" in str(refused.value)
    assert contents(client, filled) == []


def test_damaged_data_writes_nothing(client: Client, warehouse: Served, filled: str) -> None:
    whole = arrow_stream(pa.table({"a": pa.array(range(5000), pa.uint32()), "b": ["x"] * 5000}))
    lines = b"".join(b"%d,x\n" % n for n in range(200_000))
    for fmt, data in (("ArrowStream", whole[: len(whole) // 2]), ("CSV", lines + b"boo,x\n")):
        for sql in (
            f"INSERT INTO {filled} (a, b) FORMAT {fmt}",
            f"INSERT INTO {filled} SELECT * FROM input('{STRUCTURE}') FORMAT {fmt}",
        ):
            assert warehouse.ask(data, query=sql).status_code >= 400
    assert contents(client, filled) == []


def test_input_without_a_format_is_told_not_swallowed(warehouse: Served, filled: str) -> None:
    answer = warehouse.ask(f"INSERT INTO {filled} SELECT * FROM input('{STRUCTURE}')")
    assert answer.status_code >= 400


def test_nothing_of_a_body_is_left_on_the_disk(
    ours: Served, client: Client, filled: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    client.command(fenced(filled, incarnation(client)), data=arrow_stream(nasty_rows()))
    scratch = list(tmp_path_factory.getbasetemp().glob("warehouse*/data/scratch"))
    assert scratch
    assert [left for folder in scratch for left in folder.iterdir()] == []


FIRST = datetime(1970, 1, 2)  # noqa: DTZ001 - the zone is drawn apart
LAST = datetime(2200, 1, 1)  # noqa: DTZ001
ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**32 - 1),
        st.text(max_size=20),
        st.none() | st.decimals(-(10**9), 10**9, places=4, allow_nan=False),
        st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
        st.dates(date(1970, 1, 2), date(2200, 1, 1)),
        st.lists(st.text(max_size=5), max_size=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS)
def test_what_goes_in_comes_out(client: Client, table: str, rows: list[Any]) -> None:
    client.command(
        f"CREATE OR REPLACE TABLE {table}"
        " (n UInt32, a UInt32, b String, c Nullable(Decimal(18, 4)),"
        " d DateTime64(3, 'UTC'), e Date32, f Array(LowCardinality(String)), g Bool)"
        " ENGINE = MergeTree ORDER BY n"
    )
    kept = [
        (n, a, b, c, d.replace(microsecond=d.microsecond // 1000 * 1000), *rest)
        for n, (a, b, c, d, *rest) in enumerate(rows)
    ]
    client.insert(table, kept)
    sql = f"SELECT * FROM {table} ORDER BY n"
    back = client.query(sql, query_formats={"DateTime64": "native"}, query_tz="UTC").result_rows
    assert [_plain(row) for row in back] == [_plain(row) for row in kept]


def _plain(row: tuple[object, ...]) -> list[object]:
    return [
        value.replace(tzinfo=UTC) if isinstance(value, datetime)
        else Decimal(value) if isinstance(value, Decimal) else value
        for value in row
    ]  # fmt: skip
