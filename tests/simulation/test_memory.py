"""The warehouse in memory answers as the real one does, to every statement the engine says."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from connectors.sinks.clickhouse import Warehouse
from infra.local.ports import free_port
from infra.migrations import migrate
from tests.ground import laid_out, wait_for, warehouse
from tests.simulation.seeds import MIXES, run
from tests.simulation.sql import Unread, parsed
from tests.simulation.tables import Tables, shapes
from tests.simulation.world import World

SAME_SHAPE_MAX = 12  # statements that differ in their constants alone
_CONSTANT = re.compile(r"'[^']*'|\d+|(, )+")


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [run(seed, MIXES[mix]) for seed, mix in enumerate(("memory", "markers", "restore"))]


@pytest.fixture(scope="module")
def statements(worlds: list[World]) -> list[str]:
    """What was asked in some seeds, at most a few of each shape."""
    by_shape: dict[str, list[str]] = {}
    for sql in sorted(set().union(*(world.asked for world in worlds))):
        if " spm.warehouse" in sql:
            continue  # the real one has its own incarnation, and keeps it
        by_shape.setdefault(_CONSTANT.sub("", sql), []).append(sql)
    choice = random.Random(1)
    return [
        sql
        for some in by_shape.values()
        for sql in choice.sample(some, min(len(some), SAME_SHAPE_MAX))
    ]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder: Path = tmp_path_factory.mktemp("real")
    laid_out(folder)
    port = free_port()
    with warehouse(folder, port) as token:
        made = wait_for(
            lambda: Warehouse.connect(f"http://127.0.0.1:{port}", "service", token), "warehouse"
        )
        migrate(made._client)
        yield made
        made.close()


def fill(real: Warehouse, tables: Tables) -> None:
    now = real.incarnation()
    for name, table in tables.tables.items():
        if name == "spm.warehouse":
            continue
        real.command(f"TRUNCATE TABLE {name}")
        frame = table.frame()
        for first in range(0, len(frame), 40):
            real.insert(name, frame[first : first + 40], now)


def compare(real: Warehouse, tables: Tables, statements: list[str], at_random: bool = False) -> int:
    rows = 0
    for sql in statements:
        have, must = tables.frame(sql), real.frame(sql)
        rows += len(must)
        select = parsed(sql)
        if not select.is_final:  # how much is merged by now is the server's own affair
            have, must = (frame.unique(maintain_order=True) for frame in (have, must))
        if len(must) or len(have):
            ordered = [column.name for column in select.columns if _orders(select, column.name)]
            assert have.select(ordered).equals(must.select(ordered)), sql
            if select.limit is None or not at_random:  # which of several equals is not said
                assert_frame_equal(have, must, check_row_order=False)
    return rows


def _orders(select: Any, name: str) -> bool:
    """Whether rows come in the order of a column; among equals any order is right."""
    return any(node == ("name", name) for node, _ in select.orders[:1])


def test_answers_are_those_of_the_real_warehouse(
    worlds: list[World], statements: list[str], real: Warehouse
) -> None:
    assert len(statements) > 60
    rows = 0
    for world in worlds[:2]:
        fill(real, world.tables)
        rows += compare(real, world.tables, statements)
    assert rows > 300


def test_answers_about_rows_put_together_at_random_are_so_too(
    worlds: list[World], statements: list[str], real: Warehouse
) -> None:
    tables = shuffled(worlds[0].tables, random.Random(2))
    fill(real, tables)
    assert compare(real, tables, statements, at_random=True) > 100


def shuffled(tables: Tables, choice: random.Random) -> Tables:
    """Return rows whose values stood in other rows; one row for each key and version."""
    made = Tables()
    for name, table in tables.tables.items():
        shape, frame = shapes()[name], table.frame()
        columns = [c.shuffle(seed=choice.randrange(1000)) for c in frame.get_columns()]
        kept = pl.selectors.datetime("us").dt.truncate("1ms")  # all that the real one keeps
        rows = (
            pl.DataFrame(columns)
            .with_columns(kept)
            .unique([*shape.keys, *([shape.version] if shape.version else [])], maintain_order=True)
        )
        if len(rows):
            made.insert(name, rows)
    return made


def test_a_statement_of_another_kind_is_refused() -> None:
    for sql in (
        "SELECT a FROM t JOIN u USING (a)",
        "SELECT quantile(a) FROM t",
        "SELECT a FROM (SELECT 1)",
        "SELECT a FROM t ORDER BY a LIMIT 1 WITH TIES",
    ):
        with pytest.raises((Unread, KeyError)):
            Tables().frame(sql)
