"""The warehouse as a sink: fenced, all or nothing, and named when it says no."""

from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sinks.clickhouse import Warehouse
from infra.migrations import migrate
from schemas.warehouse import Fenced, Incarnation, Tile, Unavailable
from streams.engine import history
from tests.ground import free_port, warehouse

ODD = ["line\nwith break", "q'\\n", "\\", "", "plain", "a,b", "ü\t\x1f"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    port = free_port()
    with warehouse(tmp_path_factory.mktemp("warehouse"), port) as token:
        found = Warehouse.connect(f"http://127.0.0.1:{port}", "service", token)
        with pytest.raises(Unavailable, match="pacesetter migrate"):
            found.incarnation()
        migrate(found._client)
        yield found


TEXT = st.text(max_size=14) | st.sampled_from(["", "twelve bytes", "and thirteen!", "long" * 99])
ROW = st.tuples(TEXT, st.none() | TEXT, st.lists(TEXT, max_size=3))
KINDS = {"a": pl.String, "b": pl.String, "c": pl.List(pl.String), "n": pl.UInt32}
OLD, NEW = "25.8.1.1", ""  # "": as new as it is


@pytest.mark.parametrize("version", [OLD, NEW])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROW, min_size=1, max_size=40))
def test_rows_arrive_as_they_are_whatever_version_reads_them(
    made: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    rows: list[tuple[str, str | None, list[str]]],
) -> None:
    table = "spm.test_rows"
    columns = "a String, b Nullable(String), c Array(String), n UInt32"
    made.command(f"CREATE OR REPLACE TABLE {table} ({columns}) ENGINE = MergeTree ORDER BY n")
    with monkeypatch.context() as patch:
        if version:
            patch.setattr(made._client, "server_version", version)
        sent = [(*row, n) for n, row in enumerate(rows)]
        made.insert(table, pl.DataFrame(sent, schema=KINDS, orient="row"), made.incarnation())
    back = made.frame(f"SELECT a, b, c, n FROM {table} ORDER BY n")
    assert back.rows() == sent


def person(rep_id: str) -> pl.DataFrame:
    return pl.DataFrame([{"rep_id": rep_id, "name": "it's \\ Ana", "version": 1}])


def test_what_is_inserted_is_read(made: Warehouse) -> None:
    made.insert("spm.person", person("r1"), made.incarnation())
    rows = made.frame("SELECT rep_id, name, email FROM spm.person WHERE rep_id = 'r1'")
    assert rows.rows() == [("r1", "it's \\ Ana", "")]


def test_another_incarnation_is_fenced_off_and_writes_nothing(made: Warehouse) -> None:
    with pytest.raises(Fenced):
        made.insert("spm.person", person("r2"), Incarnation("of yesterday", 1))
    assert made.frame("SELECT rep_id FROM spm.person WHERE rep_id = 'r2'").is_empty()


def test_a_flush_is_made_known_only_where_the_one_before_it_is(made: Warehouse) -> None:
    now = made.incarnation()
    first, second = Tile("crm.calls", 3, 1, 0, 7), Tile("crm.calls", 3, 1, 7, 9)
    tiles = {tile: pl.DataFrame([tile._asdict()]) for tile in (first, second)}
    with pytest.raises(Fenced, match="has forgotten what it had acknowledged"):
        made.insert("spm.applied", tiles[second], now, last=first)
    made.insert("spm.applied", tiles[first], now)
    made.insert("spm.applied", tiles[second], now, last=first)
    for other in (first._replace(epoch=2), first._replace(offset_to=6), second._replace(topic="x")):
        with pytest.raises(Fenced, match="has forgotten"):
            made.insert("spm.applied", tiles[second], now, last=other)
    with pytest.raises(Fenced, match="another incarnation"):
        made.insert("spm.applied", tiles[second], Incarnation("elsewhere", 1), last=first)
    kept = "SELECT offset_from, offset_to FROM spm.applied WHERE partition = 3 ORDER BY ALL"
    assert made.frame(kept).rows() == [(0, 7), (7, 9)]


@pytest.mark.parametrize("asked", [ODD, ODD[:1], ODD[:2], ODD[2:4], [""], ["n"], []])
def test_exactly_the_rows_with_one_of_the_names_are_found(
    made: Warehouse, asked: list[str]
) -> None:
    rows = pl.concat([person(name) for name in [*ODD, "n", "\\", "q'", "line\nwith"]])
    made.insert("spm.person", rows, made.incarnation())
    found = made.frame(
        f"SELECT DISTINCT rep_id FROM spm.person WHERE {history.among('rep_id', asked)}"
    )
    assert sorted(found["rep_id"] if len(found) else []) == sorted(set(asked))


def test_a_missing_table_says_what_to_do(made: Warehouse) -> None:
    with pytest.raises(Unavailable, match="pacesetter migrate"):
        made.insert("spm.nothing", person("r1"), made.incarnation())


def test_a_warehouse_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        Warehouse.connect("http://127.0.0.1:1", "service", "")
