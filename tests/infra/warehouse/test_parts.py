"""The server's parts by themselves: statements, blocks, Native revisions, turns, sessions."""

import asyncio

import chdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.warehouse import settings
from infra.local.warehouse.blocks import framed, unframed
from infra.local.warehouse.errors import ClickHouseError, error_of
from infra.local.warehouse.gate import Gate
from infra.local.warehouse.lexer import literal, tokens
from infra.local.warehouse.limits import Limits
from infra.local.warehouse.native import with_flags, without_flags
from infra.local.warehouse.outward import check_outward
from infra.local.warehouse.rows import World, rules_for
from infra.local.warehouse.sessions import Sessions
from infra.local.warehouse.statements import (
    InsertData,
    InsertInput,
    Statement,
    output_format,
    understood,
)
from schemas.principals import Principal, Role

FORMATS = frozenset({"csv", "arrowstream", "native", "jsoneachrow", "values"})


# ---- statements


@pytest.mark.parametrize(
    ("raw", "head", "fmt", "data"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2", "INSERT INTO t ", "CSV", b"1,2"),
        (b"INSERT INTO t (a, `FORMAT`) FORMAT CSV 1", "INSERT INTO t (a, `FORMAT`) ", "CSV", b"1"),
        (b"insert into t format Native\r\n\n\x00", "insert into t ", "Native", b"\n\x00"),
        (
            b"/* VALUES */ INSERT INTO t VALUES (1)",
            "/* VALUES */ INSERT INTO t ",
            "Values",
            b" (1)",
        ),
        (b"INSERT INTO t SETTINGS a='FORMAT X' FORMAT CSV\n1", None, "CSV", b"1"),
        (b"INSERT INTO t VALUES ('x; SELECT FORMAT CSV')", None, "Values", None),
        (b"INSERT INTO t FORMAT JSONEachRow {}", "INSERT INTO t ", "JSONEachRow", b"{}"),
    ],
)
def test_an_insert_is_parted_from_its_data(
    raw: bytes, head: str | None, fmt: str, data: bytes | None
) -> None:
    said = understood(raw, FORMATS)
    assert isinstance(said, InsertData)
    assert said.fmt == fmt
    assert head is None or said.head == head
    assert data is None or bytes(said.data) == data


def test_an_input_is_found_and_replaced() -> None:
    raw = b"INSERT INTO t SELECT a FROM input('a Int8, b String') WHERE a IN (1) FORMAT CSV\n1,x\n"
    said = understood(raw, FORMATS)
    assert isinstance(said, InsertInput)
    assert bytes(said.data) == b"1,x\n"
    over = said.over_file("/tmp/it's")
    assert "FROM file('/tmp/it\\'s', 'CSV', 'a Int8, b String') WHERE a IN (1)" in over
    assert "FORMAT" not in over


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t SELECT format('{}', a) FROM u",
        "INSERT INTO t SELECT a AS format FROM u",
        "INSERT INTO t WITH 1 AS x SELECT x",
        "SELECT 'INSERT INTO t FORMAT CSV'",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
    ],
)
def test_other_statements_are_left_whole(sql: str) -> None:
    assert understood(sql.encode(), FORMATS) == Statement(sql)


@given(st.text(max_size=40))
def test_a_literal_is_one_token_whatever_it_holds(text: str) -> None:
    (token,) = tokens(literal(text))
    assert token.kind == "string"


@given(
    st.lists(st.text("'\\,\n a", max_size=6), min_size=1, max_size=5), st.sampled_from([",", ", "])
)
def test_texts_with_commas_between_are_one_token(texts: list[str], comma: str) -> None:
    (token,) = tokens(comma.join(map(literal, texts)))
    assert token.kind == "string"


def test_what_reaches_outside_is_seen_behind_many_texts() -> None:
    listed = ", ".join(literal(f"it's {i}") for i in range(1_000))
    with pytest.raises(ClickHouseError, match=r"file\(\)"):
        check_outward(Statement(f"SELECT 1 WHERE 'a' IN ({listed}, file('/etc/passwd'))"))
    check_outward(Statement(f"SELECT 1 WHERE 'a' IN ({listed}, 'file(1)')"))


@given(st.text(alphabet="'\"`\\-/*#\n $a;()", max_size=30))
def test_tokens_cover_a_text_in_order(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert token.start >= end
        assert text[token.start : token.end] == token.text
        end = token.end


@pytest.mark.parametrize(
    ("sql", "fmt"),
    [
        ("SELECT 1", None),
        ("SELECT 1 FORMAT JSON", "JSON"),
        ("SELECT 1 FORMAT JSON SETTINGS max_threads = 1", "JSON"),
        ("SELECT * FROM (SELECT 1 AS FORMAT) -- FORMAT CSV", None),
        ("SELECT 1 FORMAT CSV;", "CSV"),
    ],
)
def test_the_format_clause_is_found(sql: str, fmt: str | None) -> None:
    assert output_format(sql) == fmt


def test_errors_of_the_engine_are_read() -> None:
    error = error_of("Code: 60. DB::Exception: No (such) table. (UNKNOWN_TABLE) (version 26.9)")
    assert (error.code, error.name, error.status) == (60, "UNKNOWN_TABLE", 404)
    assert error.message == "No (such) table."
    assert error_of("what?").code == 1002


# ---- blocks


@given(st.binary(max_size=5000), st.integers(0, 3))
def test_blocks_hold_what_was_put_in(data: bytes, many: int) -> None:
    assert unframed(framed(data * 10**many), 1 << 26) == data * 10**many


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_changed_block_is_never_read(data: bytes, draw: st.DataObject) -> None:
    block = bytearray(framed(data))
    at = draw.draw(st.integers(0, len(block) - 1))
    block[at] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(ClickHouseError):
        unframed(bytes(block), 1 << 20)


# ---- Native

TYPES = """
    toUInt8(n) AS a, toInt256(n) AS b, toString(n) AS c, if(n % 2, NULL, repeat('x', n % 300)) AS d,
    toLowCardinality(toString(n % 5)) AS e, toLowCardinality(toNullable(toString(n % 3))) AS f,
    range(n % 7) AS g, arrayMap(x -> toString(x), range(n % 3)) AS h, [[toUInt8(1)], []] AS i,
    (n, toString(n)) AS j, CAST((n, 'y'), 'Tuple(`a b` UInt64, c String)') AS k,
    map('k', n, toString(n), 1) AS l, toDecimal64(n, 3) AS m, toDecimal128(n, 2) AS o,
    toDateTime64(n, 3, 'UTC') AS p, toDate32(n) AS q, generateUUIDv4() AS r, toIPv4('1.2.3.4') AS s,
    toFixedString('abc', 3) AS t, CAST('x', 'Enum8(\\'x\\' = 1, \\'y, z\\' = 2)') AS u, true AS v,
    [toLowCardinality('p')] AS w, toNullable(n) AS x, now() AS y, (1.5, 2.5)::Point AS z,
    array(NULL) AS aa, toIntervalDay(n) AS bb, mapFromArrays([1], [[toLowCardinality('z')]]) AS cc
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> "chdb.Connection":
    return chdb.connect(":memory:")


@pytest.mark.parametrize("rows", [0, 1, 2, 1000, 70_000])
def test_native_revisions_turn_into_each_other(engine: "chdb.Connection", rows: int) -> None:
    sql = f"SELECT {TYPES} FROM (SELECT number AS n FROM numbers({rows}))"
    plain = engine.query(sql, "Native").bytes()
    newer = with_flags(memoryview(plain))
    assert without_flags(memoryview(newer)) == plain
    if rows:
        assert newer.startswith(b"\x01\x00\x02\xff\xff\xff\xff\x00")
        assert len(newer) > len(plain)


def test_a_type_without_a_known_length_is_told(engine: "chdb.Connection") -> None:
    plain = engine.query("SELECT '{\"a\":1}'::JSON AS doc", "Native").bytes()
    with pytest.raises(ClickHouseError, match="cast it"):
        with_flags(memoryview(plain))


def test_a_block_cut_short_is_told(engine: "chdb.Connection") -> None:
    plain = engine.query("SELECT number, toString(number) FROM numbers(50)", "Native").bytes()
    newer = with_flags(memoryview(plain))
    for cut in range(1, len(newer) - 1, 7):
        with pytest.raises(ClickHouseError):
            without_flags(memoryview(newer[:cut]))


# ---- turns


def test_turns_go_round_among_principals() -> None:
    async def play() -> list[str]:
        gate, done = Gate(1, waiting_max=50, wait_seconds=5), list[str]()

        async def ask(name: str) -> None:
            async with gate.turn(name):
                await asyncio.sleep(0)
                done.append(name)

        async with gate.turn("first"):
            greedy = [asyncio.create_task(ask("greedy")) for _ in range(10)]
            await asyncio.sleep(0)
            modest = asyncio.create_task(ask("modest"))
            await asyncio.sleep(0)
        await asyncio.gather(*greedy, modest)
        return done

    assert asyncio.run(play()).index("modest") == 1


def test_places_are_never_lost_nor_doubled() -> None:
    async def play() -> int:
        gate, inside, most = Gate(2, waiting_max=100, wait_seconds=0.05), 0, 0

        async def ask(n: int) -> None:
            nonlocal inside, most
            async with gate.turn(f"p{n % 3}"):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.004 * (n % 4))
                inside -= 1

        asking = [asyncio.create_task(ask(n)) for n in range(90)]
        for n in range(0, 90, 7):
            asking[n].cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        async with gate.turn("a"), gate.turn("b"):  # both places are free again
            pass
        return most

    assert asyncio.run(play()) == 2


def test_who_waits_too_long_or_too_often_is_told() -> None:
    async def play() -> None:
        gate = Gate(1, waiting_max=1, wait_seconds=0.05)
        async with gate.turn("holder"):
            waiting = asyncio.create_task(gate.turn("a").__aenter__())
            await asyncio.sleep(0)
            with pytest.raises(ClickHouseError, match="waiting already"):
                await gate.turn("a").__aenter__()
            with pytest.raises(ClickHouseError, match="waited"):
                await waiting

    asyncio.run(play())


# ---- sessions


class FakeHandle:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_sessions_expire_and_make_room() -> None:
    now, made = [0.0], list[FakeHandle]()

    def make() -> FakeHandle:
        made.append(FakeHandle())
        return made[-1]

    sessions = Sessions(make, most=2, seconds_max=100, clock=lambda: now[0])  # type: ignore[arg-type]

    def use(owner: str, name: str, must_exist: bool = False) -> object:
        with sessions.borrow(owner, name, 60, must_exist) as handle:
            return handle

    first = use("a", "s")
    assert use("a", "s", must_exist=True) is first
    assert use("b", "s") is not first, "a session belongs to its principal"
    now[0] = 61
    with pytest.raises(ClickHouseError, match="not found"):
        use("a", "s", must_exist=True)
    assert made[0].closed
    one, two = use("a", "1"), use("a", "2")
    use("a", "1")
    use("a", "3")  # the one unused longest went
    assert two.closed  # type: ignore[attr-defined]
    assert not one.closed  # type: ignore[attr-defined]


# ---- rules


def test_a_ring_in_the_roster_does_no_harm() -> None:
    ring = (("a", "b"), ("b", "c"), ("c", "a"), ("x", "y"))
    world = World({"rep_day": True, "secret": False}, frozenset(), ring)
    rules = rules_for(Principal("m", Role.MANAGER, "a"), world)
    assert rules.filters["spm_bi.rep_day"] == "rep_id IN ('a', 'b', 'c')"
    assert rules.filters["spm_bi.secret"] == "0"
    assert "secret" not in rules.views


def test_a_manager_or_rep_without_a_rep_id_sees_nothing() -> None:
    world = World({"rep_day": True}, frozenset(), (("a", ""), ("b", "")))
    for role in (Role.REP, Role.MANAGER):
        assert rules_for(Principal("m", role), world).filters["spm_bi.rep_day"] == "0"


@given(st.text(max_size=10), st.floats(allow_nan=True) | st.text(max_size=5))
def test_a_reader_never_gets_more_than_the_ceiling(name: str, value: object) -> None:
    limits, known = Limits(), frozenset({*settings.ceilings(Limits()), name})
    for setting, ceiling in settings.ceilings(limits).items():
        try:
            given_back = settings.applied({setting: str(value)}, known, limits)
        except ClickHouseError:
            continue
        assert 0 < float(given_back[setting]) <= ceiling
