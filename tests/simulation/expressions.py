"""Expressions of a statement as Python over the rows of a table, and the types they have."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any

import polars as pl
from xxhash import xxh64_intdigest

from tests.simulation.sql import AGGREGATES, Node, Unread

if TYPE_CHECKING:
    from tests.simulation.tables import Table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _millis(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // timedelta(milliseconds=1)


def _days(day: date | None) -> int | None:
    return None if day is None else (day - _EPOCH.date()).days


def _member(text: str, key: str) -> int | None:
    found: int | None = json.loads(text or "{}").get(key)
    return found


def _first_known(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


_GIVEN = {
    "date": date,
    "loads": json.loads,
    "xxh64_intdigest": xxh64_intdigest,
    "millis": _millis,
    "days": _days,
    "member": _member,
    "first_known": _first_known,
}
_PLAIN = {
    "toUnixTimestamp64Milli": "millis",
    "coalesce": "first_known",
    "toInt32": "days",  # of a day; nothing else is made one
    "toInt64": "",
}
_BITS = {"bitAnd": "&", "bitShiftRight": ">>"}


def compiled(source: str, table: "Table", node: Node) -> Callable[..., Any]:
    names = {f"c_{name}": table.values(name) for name in _names(node)}
    return eval(_code(source), {**_GIVEN, **names})  # type: ignore[no-any-return]


@lru_cache(maxsize=10_000)
def _code(source: str) -> CodeType:
    return compile(source, "<statement>", "eval")


def _names(node: Any) -> set[str]:
    if isinstance(node, tuple):
        if len(node) == 2 and node[0] == "name":
            return {node[1]}
        return set().union(*map(_names, node))
    return set()


def source_of(node: Node, table: "Table", in_group: bool = False) -> str:  # noqa: PLR0911
    """Return the Python of an expression over row `i`, or over the rows `g` of a group."""
    kind = node[0]
    if kind == "name":
        table.values(node[1])
        return f"c_{node[1]}[{'g[0]' if in_group else 'i'}]"
    if kind == "value":
        day = node[1]
        return f"date({day.year}, {day.month}, {day.day})" if isinstance(day, date) else repr(day)
    if kind in ("and", "or"):
        return "(" + f" {kind} ".join(source_of(n, table, in_group) for n in node[1]) + ")"
    if kind == "not":
        return f"(not {source_of(node[1], table, in_group)})"
    if kind == "tuple":
        return "(" + ", ".join(source_of(n, table, in_group) for n in node[1]) + ",)"
    if kind == "compare":
        one, other = _alike(node[2], node[3], table)
        return f"({source_of(one, table, in_group)} {node[1]} {source_of(other, table, in_group)})"
    if kind == "in":
        values = [source_of(_alike(node[1], value, table)[1], table) for value in node[2]]
        return f"({source_of(node[1], table, in_group)} in {{{', '.join(values)}}})"
    if kind == "sum":
        left, right = (source_of(side, table, in_group) for side in node[2:])
        return f"({left} {node[1]} {right})"
    return _called(node[1], node[2], table, in_group)


def _called(name: str, arguments: Sequence[Node], table: "Table", in_group: bool) -> str:  # noqa: PLR0911, PLR0912
    if name == "tupleElement" and arguments[1][0] == "value":
        return f"{source_of(arguments[0], table, in_group)}[{arguments[1][1] - 1}]"
    if name == "xxHash64":
        return f"xxh64_intdigest({source_of(arguments[0], table, in_group)}.encode())"
    if name == "toString":
        return f"str({source_of(arguments[0], table, in_group)})"
    if name in _PLAIN:
        inside = ", ".join(source_of(argument, table, in_group) for argument in arguments)
        return f"{_PLAIN[name]}({inside})"
    if name == "if":
        when, then, otherwise = (source_of(argument, table, in_group) for argument in arguments)
        return f"({then} if {when} else {otherwise})"
    if name == "concat":
        return "(" + " + ".join(source_of(a, table, in_group) for a in arguments) + ")"
    if name == "JSONExtractString":
        text, key = (source_of(argument, table, in_group) for argument in arguments)
        return f"str(loads({text} or '{{}}').get({key}) or '')"
    if name == "JSONExtract" and arguments[2:] == (("value", "Nullable(Int64)"),):
        text, key = (source_of(argument, table, in_group) for argument in arguments[:2])
        return f"member({text}, {key})"
    if name in _BITS:
        left, right = (source_of(argument, table, in_group) for argument in arguments)
        return f"({left} {_BITS[name]} {right})"
    if name in AGGREGATES and in_group:
        one, *two = [source_of(argument, table) for argument in arguments] or ["1"]
        if name == "count":
            return "len(g)"
        if name in ("argMax", "argMin"):
            return f"(lambda i: {one})({name[3:].lower()}(g, key=lambda i: {two[0]}))"
        if name == "any":
            return f"(lambda i: {one})(g[0])"
        return f"{name}({one} for i in g)"
    raise Unread(f"the simulation knows no function {name} here")


def _alike(left: Node, right: Node, table: "Table") -> tuple[Node, Node]:
    """Return both sides of a comparison, a text beside a date taken for a date."""
    if left[0] == "name" and right[0] == "value" and isinstance(right[1], str):
        kind = table.shape.columns.get(left[1])
        if isinstance(kind, pl.Date):
            return left, ("value", date.fromisoformat(right[1]))
        if isinstance(kind, pl.Datetime):
            raise Unread("comparing instants is not needed yet")
    return left, right


def dtype_of(node: Node, table: "Table") -> pl.DataType:  # noqa: PLR0911
    kind = node[0]
    if kind == "name":
        return table.shape.columns[node[1]]
    if kind == "value":
        return pl.String() if isinstance(node[1], str) else pl.UInt8()
    if kind == "sum":
        return pl.UInt64()
    if kind == "call" and node[1] == "tupleElement":
        return dtype_of(node[2][0][2][0][1][node[2][1][1] - 1], table)
    if kind == "call" and (node[1] in ("count", "xxHash64") or node[1] in _BITS):
        return pl.UInt64()
    if kind == "call" and node[1] == "toString":
        return pl.String()
    if kind == "call" and node[1] == "sum":
        inner = dtype_of(node[2][0], table)
        if isinstance(inner, pl.Decimal):
            return pl.Decimal(38, inner.scale)
        return pl.Int64() if inner.is_signed_integer() else pl.UInt64()
    if kind == "call" and node[1] in AGGREGATES:
        return dtype_of(node[2][0], table)
    raise Unread(f"of what type is {node}?")
