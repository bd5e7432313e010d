"""A warehouse in memory: the tables of infra/clickhouse, and statements of tests/simulation/sql.py.

Columns, types, sorting keys and versions are read from the numbered SQL, so that the two cannot
drift apart. A table keeps every insert, and FINAL picks the row with the greatest version, the last
one among equals. What is replaced is thrown away by `merge`, whenever the simulation likes.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from tests.simulation.expressions import compiled, dtype_of, source_of
from tests.simulation.sql import (
    Column,
    Node,
    Select,
    Unread,
    parsed,
    with_answers,
)

FOLDER = Path(__file__).parents[2] / "infra" / "clickhouse"
_TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS ([\w.]+)\n\((.*?)\n\)\nENGINE = (\w+)(?:\((\w+)\))?"
    r"(?: PARTITION BY (?:\w+|\([\w, ]+\)))?\s+ORDER BY (\(?[\w, ]+\)?)",
    re.DOTALL,
)
_COLUMN = re.compile(r"^\s+(\w+) (.+?)(?: DEFAULT (\S+))?(?: CODEC\(.*\))? COMMENT '", re.MULTILINE)
_NAMED: dict[str, pl.DataType] = {
    "String": pl.String(),
    "Bool": pl.Boolean(),
    "Date32": pl.Date(),
    "UInt8": pl.UInt8(),
    "UInt16": pl.UInt16(),
    "UInt32": pl.UInt32(),
    "UInt64": pl.UInt64(),
    "Int32": pl.Int32(),
    "Int64": pl.Int64(),
}
_BLANKS: list[tuple[Any, Any]] = [
    (pl.String, ""),
    (pl.Boolean, False),
    (pl.Date, date(1970, 1, 1)),
    (pl.Datetime, datetime(1970, 1, 1, tzinfo=UTC)),
]
_START = datetime(
    2030, 1, 1, tzinfo=UTC
)  # written later than whatever a real warehouse begins with


_ENGINE = "ReplacingMergeTree"


@dataclass(frozen=True, slots=True)
class Shape:
    """One table as the numbered SQL declares it."""

    name: str
    columns: dict[str, pl.DataType]
    nullable: frozenset[str]
    defaults: dict[str, str]
    keys: tuple[str, ...]
    version: str | None


@cache
def shapes() -> dict[str, Shape]:
    """Return every table that workers write; those of other engines are none of theirs."""
    text = "\n".join(path.read_text() for path in sorted(FOLDER.glob("*.sql")))
    return {m[1]: _shape(*m.groups()) for m in _TABLE.finditer(text) if m[3] == _ENGINE}


def _shape(name: str, body: str, _: str, version: str | None, order: str) -> Shape:
    columns = {m[1]: (m[2], m[3]) for m in _COLUMN.finditer(body)}
    assert len(columns) == body.count(" COMMENT '"), name
    return Shape(
        name,
        {column: _type(kind) for column, (kind, _) in columns.items()},
        frozenset(column for column, (kind, _) in columns.items() if kind.startswith("Nullable")),
        {column: default for column, (_, default) in columns.items() if default},
        tuple(order.strip("()").split(", ")),
        version,
    )


def _type(kind: str) -> pl.DataType:
    if kind in _NAMED:
        return _NAMED[kind]
    outer, inner = kind.split("(", 1)
    inner = inner[:-1]
    if outer == "Array":
        return pl.List(_type(inner))
    if outer == "Decimal":
        return pl.Decimal(*map(int, inner.split(",")))
    if outer == "DateTime64":
        return pl.Datetime("ms", "UTC")
    return pl.String() if outer == "Enum8" else _type(inner)


class Table:
    """The rows of one table, in the order they came."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.written: list[pl.DataFrame] = []  # every row there ever was; merging takes none
        self._parts: list[pl.DataFrame] = []
        self._values: dict[str, list[Any]] = {}
        self._final: list[int] | None = None

    def merge(self) -> None:
        """Throw away what FINAL would not show, as ClickHouse may at any time."""
        self._parts = [self.frame()[self.final()]]
        self._values.clear()
        self._final = None

    def copy(self) -> "Table":
        made = Table(self.shape)
        made.written, made._parts = list(self.written), list(self._parts)
        return made

    def frame(self) -> pl.DataFrame:
        """Return all rows."""
        if len(self._parts) != 1:
            self._parts = [pl.concat(self._parts)] if self._parts else [self._empty()]
        return self._parts[0]

    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.shape.columns)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def add(self, rows: pl.DataFrame, at: datetime) -> None:
        """Take rows in, absent columns filled."""
        shape, given = self.shape, rows.schema
        unknown = set(given) - set(shape.columns)
        assert not unknown, f"{shape.name} has no column {unknown}"
        nulls = rows.null_count().row(0, named=True)
        columns = []
        for name, kind in shape.columns.items():
            if name not in given:
                columns.append(pl.lit(self._default(name, kind, at), kind).alias(name))
                continue
            column = _cast(name, given[name], kind)
            if name not in shape.nullable and nulls[name]:
                column = column.fill_null(_blank(kind))
            columns.append(column)
        self.written.append(rows.select(columns))
        self._parts.append(self.written[-1])
        self._values.clear()
        self._final = None

    def _default(self, name: str, kind: pl.DataType, at: datetime) -> Any:
        default = self.shape.defaults.get(name)
        if default is None:
            return None if name in self.shape.nullable else _blank(kind)
        return at if default.startswith("now64") else int(default)

    def values(self, name: str) -> list[Any]:
        """Return a column."""
        if name not in self._values:
            if name not in self.shape.columns:
                raise Unread(f"{self.shape.name} has no column {name}")
            self._values[name] = self.frame().get_column(name).to_list()
        return self._values[name]

    def final(self) -> list[int]:
        """Return the rows that FINAL leaves."""
        if self._final is None:
            keys = zip(*(self.values(name) for name in self.shape.keys), strict=True)
            versions = self.values(self.shape.version) if self.shape.version else None
            best: dict[Any, int] = {}
            for i, key in enumerate(keys):
                old = best.get(key)
                if old is None or versions is None or versions[i] >= versions[old]:
                    best[key] = i
            self._final = sorted(best.values())
        return self._final


@cache
def _cast(name: str, given: pl.DataType, kind: pl.DataType) -> pl.Expr:
    """Return a column as a table holds it."""
    column = pl.col(name)
    if given == pl.Binary:  # a String of ClickHouse holds any bytes
        return column.bin.encode("hex")
    return column if given == kind else column.cast(kind)


def _blank(kind: pl.DataType) -> Any:
    if isinstance(kind, pl.List):
        return []
    return next((value for of, value in _BLANKS if isinstance(kind, of)), 0)


@dataclass
class Tables:
    """All tables."""

    tables: dict[str, Table] = field(
        default_factory=lambda: {name: Table(shape) for name, shape in shapes().items()}
    )
    inserts: int = 0

    def copy(self) -> "Tables":
        """Return a copy that what comes later does not change."""
        return Tables({name: t.copy() for name, t in self.tables.items()}, self.inserts)

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        self.inserts += 1
        self.tables[table].add(rows, _START + timedelta(milliseconds=self.inserts))

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a statement."""
        return self._answer(parsed(sql))

    def _answer(self, select: Select) -> pl.DataFrame:
        table = self.tables[select.table]
        where = with_answers(select.where, self._answer)
        columns: list[Column] = []
        for column in select.columns:
            if column.node[0] == "star":
                names = [n for n in table.shape.columns if n not in column.node[1]]
                columns += [Column(name, ("name", name)) for name in names]
            else:
                columns.append(column)
        return answer(table, replace(select, where=where, columns=tuple(columns)))


def answer(table: Table, select: Select) -> pl.DataFrame:
    """Return the answer of one table to a statement."""
    rows: Sequence[int] = table.final() if select.is_final else range(len(table))
    if select.where is not None and rows:
        rows = _filtered(table, rows, select.where)
    if select.aggregates:
        return _grouped(table, rows, select)
    for node, descends in reversed(select.orders):
        rows = sorted(rows, key=_value(table, node), reverse=descends)
    if select.limit_by:
        rows = _first_of_each(table, rows, *select.limit_by)
    if select.limit is not None and not select.is_distinct:
        rows = rows[: select.limit]
    found = _picked(table, rows, select.columns)
    return found.unique(maintain_order=True) if select.is_distinct else found


def _picked(table: Table, rows: Sequence[int], columns: Sequence[Column]) -> pl.DataFrame:
    """Return columns of some rows; by hand, since polars plans even the smallest `select`."""
    plain = list(dict.fromkeys(node[1] for _, node in columns if node[0] == "name"))
    there = table.frame()[plain] if plain else pl.DataFrame()
    if plain and list(rows) != list(range(len(there))):
        there = there[list(rows)]
    if plain == [name for name, _ in columns]:
        return there
    return pl.DataFrame(
        [
            there[node[1]].alias(name)
            if node[0] == "name"
            else pl.Series(name, list(map(_value(table, node), rows)), dtype_of(node, table))
            for name, node in columns
        ]
    )


def _first_of_each(
    table: Table, rows: Sequence[int], count: int, nodes: Sequence[Node]
) -> list[int]:
    values = [_value(table, node) for node in nodes]
    seen: dict[Any, int] = {}
    kept = []
    for i in rows:
        key = tuple(value(i) for value in values)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= count:
            kept.append(i)
    return kept


def _grouped(table: Table, rows: Sequence[int], select: Select) -> pl.DataFrame:
    groups: dict[Any, list[int]] = {}
    keys = [_value(table, node) for node in select.groups]
    for i in rows:
        groups.setdefault(tuple(key(i) for key in keys), []).append(i)
    if not select.groups:
        groups = {(): list(rows)}
    assert select.having is None, "HAVING is not needed yet"
    data: dict[str, Any] = {}
    for name, node in select.columns:
        code = compiled(f"lambda g: {source_of(node, table, in_group=True)}", table, node)
        kind = dtype_of(node, table)
        values = [code(g) if g else _blank(kind) for g in groups.values()]
        data[name] = pl.Series(name, values, kind)
    return pl.DataFrame(data)


def _filtered(table: Table, rows: Sequence[int], where: Node) -> list[int]:
    source = f"lambda rows: [i for i in rows if {source_of(where, table)}]"
    found: list[int] = compiled(source, table, where)(rows)
    return found


def _value(table: Table, node: Node) -> Callable[[int], Any]:
    found: Callable[[int], Any] = compiled(f"lambda i: {source_of(node, table)}", table, node)
    return found
