"""The fence: an insert of an older writer leaves no row, however the incarnation was changed."""

import io
import threading
import time
from collections.abc import Callable, Iterator

import polars as pl
import pytest
from clickhouse_connect.driver.client import Client

from connectors.sinks.clickhouse import Warehouse, _knows
from infra.local.warehouse.errors import ClickHouseError
from infra.local.warehouse.fence import Fence, fenced
from infra.local.warehouse.lexer import literal
from infra.local.warehouse.statements import InsertData, InsertInput, Statement, understood
from schemas.warehouse import Fenced, Incarnation, Tile
from tests.infra.warehouse.serving import Served

ROWS = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]}, schema_overrides={"a": pl.UInt32})
STRUCTURE = "a UInt32, b String"
FORMATS = frozenset({"arrowstream", "csv"})


@pytest.fixture
def sink(warehouse: Served) -> Iterator[Warehouse]:
    user, token = warehouse.auth()
    found = Warehouse.connect(warehouse.url, user, token)
    yield found
    found.close()


@pytest.fixture
def filled(client: Client, table: str) -> str:
    client.command(
        f"CREATE TABLE {table} ({STRUCTURE}) ENGINE = ReplacingMergeTree ORDER BY (a, b)"
    )
    return table


def count(client: Client, table: str) -> int:
    return int(client.command(f"SELECT count() FROM {table}"))


def renamed(client: Client, name: str) -> None:
    client.command(
        "INSERT INTO spm.warehouse (incarnation, generation, reason) "
        f"SELECT '{name}', generation, 'a test' FROM spm.warehouse FINAL"
    )


def by_insert_of_rows(client: Client, sink: Warehouse, name: str) -> None:
    client.insert("spm.warehouse", [[name, "a test"]], column_names=["incarnation", "reason"])


def by_insert_from_another_database(client: Client, sink: Warehouse, name: str) -> None:
    before = client.database
    client.database = "spm"
    client.command(f"INSERT INTO TABLE `warehouse` (incarnation, reason) VALUES ('{name}', 't')")
    client.database = before


def by_a_fenced_insert(client: Client, sink: Warehouse, name: str) -> None:
    row = pl.DataFrame({"incarnation": [name], "reason": ["a test"]})
    sink.insert("spm.warehouse", row, sink.incarnation())


def by_a_mutation(client: Client, sink: Warehouse, name: str) -> None:
    client.command(
        f"ALTER TABLE spm.warehouse UPDATE incarnation = '{name}' WHERE 1",
        settings={"mutations_sync": 0},
    )
    until = time.monotonic() + 20
    while sink.incarnation().name != name:
        assert time.monotonic() < until, "the mutation does not end"
        time.sleep(0.02)


def by_exchange(client: Client, sink: Warehouse, name: str) -> None:
    client.command("DROP TABLE IF EXISTS spm.test_other")
    client.command("CREATE TABLE spm.test_other AS spm.warehouse")
    client.command(f"INSERT INTO spm.test_other (incarnation, reason) VALUES ('{name}', 't')")
    client.command("EXCHANGE TABLES spm.warehouse AND spm.test_other")
    client.command("DROP TABLE spm.test_other")


@pytest.mark.parametrize(
    "change",
    [
        by_insert_of_rows,
        by_insert_from_another_database,
        by_a_fenced_insert,
        by_a_mutation,
        by_exchange,
    ],
)
def test_whoever_read_the_incarnation_before_a_change_writes_nothing_after_it(
    client: Client,
    sink: Warehouse,
    filled: str,
    change: Callable[[Client, Warehouse, str], None],
) -> None:
    before = sink.incarnation()
    sink.insert(filled, ROWS, before)
    change(client, sink, f"after {change.__name__}")
    with pytest.raises(Fenced):
        sink.insert(filled, ROWS.with_columns(pl.col("a") + 10), before)
    assert count(client, filled) == 3
    sink.insert(filled, ROWS.with_columns(pl.col("a") + 20), sink.incarnation())
    assert count(client, filled) == 6


def test_no_row_of_an_older_writer_comes_once_the_change_is_acknowledged(
    client: Client, ours: Served, filled: str
) -> None:
    user, token = ours.auth()
    many = pl.DataFrame({"a": range(200_000), "b": ["x" * 50] * 200_000}).cast({"a": pl.UInt32})
    refused: list[Exception] = []

    def write(first: int) -> None:
        mine = Warehouse.connect(ours.url, user, token)
        before = mine.incarnation()
        try:
            for n in range(first, 1000, 3):
                mine.insert(filled, many.with_columns(pl.col("a") + n * 200_000), before)
        except Fenced as error:
            refused.append(error)
        mine.close()

    writers = [threading.Thread(target=write, args=(first,)) for first in range(3)]
    for writer in writers:
        writer.start()
    while count(client, filled) < len(many):
        time.sleep(0.01)
    renamed(client, "behind running inserts")
    at_once = count(client, filled)
    for writer in writers:
        writer.join()
    assert len(refused) == 3
    assert count(client, filled) == at_once


def test_rows_of_another_structure_are_converted(client: Client, filled: str) -> None:
    rows, body = pl.DataFrame({"a": ["7", "8"], "b": ["p", "q"]}), io.BytesIO()
    rows.write_ipc_stream(body, compat_level=pl.CompatLevel.oldest())
    name = client.command("SELECT any(incarnation) FROM spm.warehouse FINAL")
    client.command(
        f"INSERT INTO {filled} (a, b) SELECT a, b FROM input('a String, b String') "
        "WHERE throwIf((SELECT any(incarnation) FROM spm.warehouse FINAL) "
        f"!= '{name}', 'x') = 0 FORMAT ArrowStream",
        data=body.getvalue(),
    )
    assert client.query(f"SELECT * FROM {filled} ORDER BY a").result_rows == [(7, "p"), (8, "q")]


def test_a_table_made_anew_with_other_types_is_noticed(
    client: Client, sink: Warehouse, filled: str
) -> None:
    sink.insert(filled, ROWS, sink.incarnation())
    client.command(f"DROP TABLE {filled}")
    client.command(f"CREATE TABLE {filled} (a String, b String) ENGINE = MergeTree ORDER BY a")
    sink.insert(filled, ROWS, sink.incarnation())  # knows the old structure, which SQL converts
    assert client.command(f"SELECT groupArray(a) FROM {filled}") == "['1','2','3']"


# The fence by itself.


def an_insert(name: str = "one", table: str = "spm.t") -> InsertInput:
    sql = (
        f"INSERT INTO {table} (a, b) SELECT a, b FROM input('{STRUCTURE}') WHERE throwIf("
        f"(SELECT any(incarnation) FROM spm.warehouse FINAL) != '{name}', 'another one') = 0 "
        "FORMAT ArrowStream\n"
    )
    text = understood(sql.encode() + b"data", FORMATS)
    assert isinstance(text, InsertInput)
    return text


class Engine:
    """Answers as the engine does, and counts how often it is asked."""

    def __init__(self) -> None:
        self.incarnation, self.mutations, self.asked = "one", 0, 0

    def __call__(self, sql: str) -> str:
        self.asked += 1
        if "system.columns" in sql:
            return "a\tUInt32\nb\tString"
        return f"{self.incarnation}\t{self.mutations}"


def passes(fence: Fence, name: str = "one") -> bool:
    asked = fenced(an_insert(name))
    assert asked is not None
    try:
        with fence.passed(asked) as is_of_table:
            return is_of_table
    except ClickHouseError as error:
        if (error.code, error.message) != (395, "another one"):
            raise
        return False


def test_the_engine_is_asked_once() -> None:
    engine = Engine()
    fence = Fence(engine)
    assert all(passes(fence) for _ in range(10))
    assert engine.asked == 2  # the incarnation, and the table's columns
    assert not passes(fence, "two")


def test_what_is_known_is_forgotten_before_and_after_a_change() -> None:
    engine = Engine()
    fence = Fence(engine)
    assert passes(fence)
    with fence.changing(Statement("ALTER TABLE spm.other DELETE WHERE 1")):
        engine.incarnation = "two"
        assert not passes(fence)
        engine.incarnation = "three"
        assert passes(fence, "three")  # nothing is kept meanwhile
        engine.incarnation = "four"
    assert not passes(fence, "three")
    assert passes(fence, "four")


def test_nothing_is_kept_while_a_mutation_of_the_table_runs() -> None:
    engine = Engine()
    engine.mutations = 1
    fence = Fence(engine)
    assert passes(fence)
    engine.incarnation, engine.mutations = "two", 0
    assert not passes(fence)


@pytest.mark.parametrize(
    "change",
    [
        InsertData("INSERT INTO spm.warehouse (a)", "CSV", memoryview(b"")),
        InsertData("insert into table `spm`.`warehouse`", "CSV", memoryview(b"")),
        an_insert(table="spm.warehouse"),
        Statement("INSERT INTO spm.warehouse SELECT * FROM spm.kept"),
        Statement("INSERT INTO warehouse VALUES (1)"),
        Statement("TRUNCATE TABLE spm.warehouse"),
        Statement("RENAME TABLE spm.kept TO spm.`warehouse`"),
    ],
)
def test_a_change_of_the_incarnation_waits_for_inserts_and_they_for_it(
    change: InsertData | InsertInput | Statement,
) -> None:
    assert fenced(change) is None
    engine, order = Engine(), list[str]()
    fence = Fence(engine)
    asked = fenced(an_insert())
    assert asked is not None
    begun = threading.Event()

    def rename() -> None:
        begun.set()
        with fence.changing(change):
            order.append("changed")
            time.sleep(0.1)
            engine.incarnation = "two"

    def insert() -> None:
        order.append("in" if passes(fence) else "refused")

    changer, later = threading.Thread(target=rename), threading.Thread(target=insert)
    with fence.passed(asked):
        changer.start()
        begun.wait()
        time.sleep(0.1)
        later.start()
        time.sleep(0.1)
        order.append("inserted")
    changer.join()
    later.join()
    assert order == ["inserted", "changed", "refused"]


@pytest.mark.parametrize(
    "other",
    [
        InsertData("INSERT INTO spm.t", "CSV", memoryview(b"")),
        Statement("INSERT INTO spm.t SELECT * FROM spm.warehouse"),
        Statement("ALTER TABLE spm.t DELETE WHERE 1"),
    ],
)
def test_other_changes_hold_nobody_up(other: InsertData | Statement) -> None:
    fence = Fence(Engine())
    asked = fenced(an_insert())
    assert asked is not None
    with fence.passed(asked), fence.changing(other):
        assert passes(fence)


def test_an_insert_that_says_more_than_the_fence_is_left_to_the_engine() -> None:
    whole = an_insert()
    swapped = whole.before.replace("SELECT a, b", "SELECT b, a")
    greatest = whole.after.replace("any(incarnation)", "max(incarnation)")
    for before, after in (
        (swapped, whole.after),
        (whole.before, whole.after + " AND a > 1"),
        (whole.before, greatest),
    ):
        assert fenced(InsertInput(before, whole.structure, after, whole.fmt, whole.data)) is None


def test_a_flush_that_must_be_known_is_asked_for_while_the_fence_holds() -> None:
    """Left to the engine, its insert could end after a change of the incarnation."""
    tile = Tile("crm.calls", 1, 2, 30, 40)
    whole = an_insert()
    after = f"{whole.after.rstrip()} AND {_knows(Incarnation('one', 1), tile)}"
    asked = fenced(InsertInput(whole.before, whole.structure, after, whole.fmt, whole.data))
    assert asked is not None
    assert "offset_from = 30 AND offset_to = 40" in asked.last
    engine = Engine()
    tiles = list[str]()
    fence = Fence(lambda sql: tiles.append(sql) or "1" if sql == asked.last else engine(sql))
    for _ in range(6):  # as many as the inserts of a flush
        with fence.passed(asked) as is_of_table:
            assert is_of_table
    assert tiles == [asked.last]
    with fence.changing(Statement("ALTER TABLE spm.applied DELETE WHERE 1")):
        pass
    with fence.passed(asked):
        assert len(tiles) == 2, "after a change it is asked for again"
    forgetful = Fence(lambda sql: "0" if sql == asked.last else engine(sql))
    with pytest.raises(ClickHouseError, match="has forgotten"), forgetful.passed(asked):
        pytest.fail("it was let in")
    elsewhere = after.replace("FINAL) = 'one'", "FINAL) = 'two'")
    assert fenced(InsertInput(whole.before, whole.structure, elsewhere, whole.fmt, b"")) is None


def test_a_structure_is_the_tables_when_names_and_types_are() -> None:
    fence = Fence(Engine())
    for structure, is_of_table in ((STRUCTURE, True), ("a UInt64, b String", False)):
        whole = an_insert()
        asked = fenced(
            InsertInput(whole.before, literal(structure), whole.after, whole.fmt, whole.data)
        )
        assert asked is not None
        with fence.passed(asked) as found:
            assert found == is_of_table


def test_a_handle_used_again_knows_nothing_of_the_request_before(ours: Served) -> None:
    sql = "SELECT currentDatabase(), getSetting('max_block_size'), getSetting('max_threads')"
    plain = ours.ask(sql).text
    assert ours.ask(sql, database="spm", max_block_size="77").text.startswith("spm\t77\t")
    ours.ask("SET max_block_size = 55")
    ours.ask("USE spm")
    ours.ask("SELECT 1 SETTINGS max_block_size = 66")
    ours.ask("CREATE TEMPORARY TABLE mine (a UInt8)")
    ours.ask("SELECT throwIf(1)")
    for _ in range(3):
        assert ours.ask(sql).text == plain
    assert ours.ask("SELECT * FROM mine").status_code == 404
