"""clickhouse-connect as people use it: sync and async, frames, Arrow, SQLAlchemy."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import clickhouse_connect
import pandas as pd
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from sqlalchemy import Column, MetaData, Table, create_engine, inspect, select, text

from tests.infra.warehouse.serving import Served

COLUMNS = """id UInt64, name String, kind LowCardinality(String), note Nullable(String),
    amount Decimal(18, 4), share Nullable(Decimal(9, 6)), day Date32, at DateTime64(3, 'UTC'),
    tags Array(LowCardinality(String)), ok Bool, ratio Float64, state Enum8('open' = 1, 'won' = 2),
    key UUID, counts Map(String, UInt32)"""
NAMES = [
    "id",
    "name",
    "kind",
    "note",
    "amount",
    "share",
    "day",
    "at",
    "tags",
    "ok",
    "ratio",
    "state",
]
AT = datetime(2026, 11, 22, 9, 30, 0, 250000, tzinfo=UTC)
KEY = UUID("12345678-1234-5678-1234-567812345678")
ROW = (1, "Dana", "AE", None, Decimal("25000.5000"), Decimal("0.5"), date(2026, 11, 22), AT,
       ["a", "b"], True, 0.25, "won", KEY, {"calls": 3})  # fmt: skip


@pytest.fixture
def people(client: Client, table: str) -> str:
    client.command(f"CREATE TABLE {table} ({COLUMNS}) ENGINE = MergeTree ORDER BY id")
    client.insert(table, [ROW])
    return table


def test_rows_go_in_and_come_out(client: Client, people: str) -> None:
    (row,) = client.query(f"SELECT * FROM {people}", query_tz="UTC").result_rows
    back = list(row)
    back[7] = back[7].replace(tzinfo=UTC)
    assert tuple(back) == ROW


def test_parameters_are_bound_by_the_server(client: Client, people: str) -> None:
    sql = f"SELECT name FROM {people} WHERE name = {{n:String}} AND day >= {{d:Date}}"
    found = client.query(sql, parameters={"n": "Dana", "d": date(2026, 1, 1)}).result_rows
    assert found == [("Dana",)]
    assert client.query(sql, parameters={"n": "x' OR 1=1 --", "d": date(2026, 1, 1)}).row_count == 0


def test_columns_and_streams(client: Client) -> None:
    result = client.query("SELECT number, toString(number) FROM numbers(200000)")
    assert sum(result.result_columns[0]) == 200_000 * 199_999 // 2
    with client.query_row_block_stream("SELECT number FROM numbers(200000)") as blocks:
        assert sum(len(block) for block in blocks) == 200_000


def test_pandas_frames(client: Client, people: str) -> None:
    frame = client.query_df(f"SELECT {', '.join(NAMES)} FROM {people}")
    assert frame.loc[0, "name"] == "Dana"
    assert frame.loc[0, "at"] == pd.Timestamp(AT) or frame.loc[0, "at"] == pd.Timestamp(
        AT.replace(tzinfo=None)
    )
    more = frame.assign(id=[2], name=["Rex"])
    client.insert_df(people, more, column_names=list(more.columns))
    assert client.command(f"SELECT count() FROM {people}") == 2


def test_arrow_tables(client: Client, people: str) -> None:
    rows = client.query_arrow(f"SELECT id, name, kind, amount, at, tags FROM {people}")
    assert rows.column("id").to_pylist() == [1]
    mine = pa.table({"id": pa.array(range(10, 110), pa.uint64()), "name": ["n"] * 100})
    client.insert_arrow(people, mine)
    assert client.command(f"SELECT count() FROM {people}") == 101


def test_insert_tells_what_it_wrote(client: Client, people: str) -> None:
    summary = client.insert(people, [[7, "x"], [8, "y"]], column_names=["id", "name"])
    assert summary.written_rows == 2


@pytest.mark.parametrize("compress", [True, False, "lz4", "zstd", "gzip"])
def test_any_compression(warehouse: Served, compress: bool | str) -> None:
    with warehouse.client(compress=compress) as client:
        assert client.query("SELECT sum(number) FROM numbers(100000)").result_rows[0][0] > 0
        assert (
            len(client.query("SELECT toString(number) FROM numbers(100000)").result_rows) == 10**5
        )


def test_sessions_as_the_client_makes_them(warehouse: Served) -> None:
    with warehouse.client(autogenerate_session_id=True) as client:
        client.command("CREATE TEMPORARY TABLE mine (a UInt8) ENGINE = Memory")
        client.insert("mine", [[1], [2]])
        assert client.command("SELECT sum(a) FROM mine") == 3


def test_settings_and_database(warehouse: Served) -> None:
    with warehouse.client(database="spm", settings={"max_block_size": 1000}) as client:
        assert client.command("SELECT currentDatabase()") == "spm"
        assert client.command("SELECT getSetting('max_block_size')") == 1000
        assert client.query("SELECT 1", settings={"max_threads": 1}).result_rows == [(1,)]


def test_external_data(client: Client) -> None:
    from clickhouse_connect.driver.external import ExternalData

    data = ExternalData(
        file_name="mine.csv", data=b"1,x\n2,y\n", fmt="CSV", structure=["a UInt8", "b String"]
    )
    assert client.query("SELECT sum(a) FROM mine", external_data=data).result_rows == [(3,)]


def test_errors_carry_their_number(client: Client) -> None:
    with pytest.raises(clickhouse_connect.driver.exceptions.DatabaseError, match="60"):
        client.query("SELECT * FROM spm.no_such_table")


def test_the_async_client(warehouse: Served, people: str) -> None:
    async def talk() -> None:
        name, token = warehouse.auth()
        client = await clickhouse_connect.get_async_client(
            host=warehouse.host,
            port=warehouse.port,
            username=name,
            password=token,
            autogenerate_session_id=False,
        )
        await client.insert(people, [[20, "async"]], column_names=["id", "name"])
        asked = [client.query(f"SELECT {n}, name FROM {people} WHERE id = 20") for n in range(8)]
        answers = await asyncio.gather(*asked)
        assert [answer.result_rows for answer in answers] == [[(n, "async")] for n in range(8)]
        rows = await client.query_arrow(f"SELECT id FROM {people}")
        assert rows.num_rows == 2
        frame = await client.query_df(f"SELECT id, name FROM {people}")
        assert len(frame) == 2
        await client.close()

    asyncio.run(talk())


def test_sqlalchemy(warehouse: Served, people: str) -> None:
    name, token = warehouse.auth()
    engine = create_engine(f"clickhousedb://{name}:{token}@{warehouse.host}:{warehouse.port}/spm")
    with engine.connect() as connection:
        bare = people.removeprefix("spm.")
        found = inspect(engine)
        assert bare in found.get_table_names(schema="spm")
        assert {column["name"] for column in found.get_columns(bare, schema="spm")} >= set(NAMES)
        there = Table(bare, MetaData(schema="spm"), Column("id"), Column("name"))
        rows = connection.execute(select(there.c.name).where(there.c.id == 1)).all()
        assert [tuple(row) for row in rows] == [("Dana",)]
        count = connection.execute(text(f"SELECT count() FROM {people}")).scalar()
        assert count == 1
    engine.dispose()


def test_readers_use_the_same_clients(ours: Served) -> None:
    name, token = ours.auth("ann")
    with ours.client("ann") as client:
        assert client.query("SELECT count() FROM rep_day").row_count == 1
        assert (
            "rep_id"
            in client.query_df("SELECT * FROM spm_bi.data_dictionary")["column_name"].values
        )
        assert client.query_arrow("SELECT * FROM dim_team").num_rows == 0
    with ours.client("ann", autogenerate_session_id=True, database="spm_bi") as client:
        assert client.command("SELECT 1") == 1
    engine = create_engine(f"clickhousedb://{name}:{token}@{ours.host}:{ours.port}/spm_bi")
    with engine.connect() as connection:
        found = inspect(engine)
        assert "rep_day" in found.get_table_names(schema="spm_bi") + found.get_view_names("spm_bi")
        assert connection.execute(text("SELECT count() FROM spm_bi.rep_day")).scalar() is not None
    engine.dispose()
