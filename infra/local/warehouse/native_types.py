"""How long a column of each type is in a Native block of revision 0."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from infra.local.warehouse.errors import ClickHouseError, Code, refused

_U64 = struct.Struct("<Q")
_ADDITIONAL_KEYS = 1 << 9  # of a LowCardinality column: its dictionary stands in this block
_WIDTHS = {
    1: ("UInt8", "Int8", "Bool", "Enum8", "Nothing"),
    2: ("UInt16", "Int16", "Date", "Enum16", "BFloat16"),
    4: ("UInt32", "Int32", "Float32", "DateTime", "Date32", "IPv4", "Decimal32", "Time"),
    8: ("UInt64", "Int64", "Float64", "DateTime64", "Decimal64", "Time64"),
    16: ("UInt128", "Int128", "UUID", "IPv6", "Decimal128"),
    32: ("UInt256", "Int256", "Decimal256"),
}
_WIDTH = {name: width for width, names in _WIDTHS.items() for name in names}
_GEO = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)",
    "MultiPolygon": "Array(Polygon)",
}


class Cursor:
    """A place in bytes that moves forward."""

    __slots__ = ("_data", "at")

    def __init__(self, data: memoryview) -> None:
        self._data, self.at = data, 0

    def byte(self) -> int:
        """Return the next byte."""
        self.at += 1
        return self._within()[self.at - 1]

    def skip(self, count: int) -> None:
        """Pass over some bytes."""
        self.at += count
        self._within()

    def varint(self) -> int:
        """Return the next number of seven bits a byte."""
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def number(self) -> int:
        """Return the next number of eight bytes."""
        self.skip(8)
        return int(_U64.unpack_from(self._data, self.at - 8)[0])

    def text(self) -> str:
        """Return the next string."""
        size = self.varint()
        self.skip(size)
        return str(self._data[self.at - size : self.at], "utf-8", "replace")

    def strings(self, count: int) -> None:
        """Pass over some strings; the one loop that has to be quick."""
        data, at = self._data, self.at
        try:
            for _ in range(count):
                size = data[at]
                at += 1
                if size < 128:
                    at += size
                else:
                    self.at = at - 1
                    at = self.varint() + self.at
        except IndexError as error:
            raise _cut_short() from error
        self.at = at
        self._within()

    def since(self, start: int) -> memoryview:
        """Return the bytes passed over since a place."""
        return self._data[start : self.at]

    def _within(self) -> memoryview:
        if self.at > len(self._data):
            raise _cut_short()
        return self._data


def _cut_short() -> ClickHouseError:
    return refused(Code.BAD_ARGUMENTS, "a Native block is cut short")


@dataclass(frozen=True, slots=True)
class Column:
    """How to pass over a column: what stands before its values, and the values."""

    prefix: Callable[[Cursor], None]
    body: Callable[[Cursor, int], None]


@cache
def column_of(kind: str) -> Column:
    """Return how to pass over a column of a type.

    Raises:
        ClickHouseError: a type whose length this server cannot tell.
    """
    name, _, held = kind.partition("(")
    inside = parts_of(held[:-1]) if held else []
    if name in _WIDTH:
        return _fixed(_WIDTH[name])
    if name.startswith("Interval"):
        return _fixed(8)
    if name == "Decimal":
        digits = int(inside[0])
        return _fixed(
            next(w for w, most in ((4, 9), (8, 18), (16, 38), (32, 76)) if digits <= most)
        )
    if name == "FixedString":
        return _fixed(int(inside[0]))
    if name == "String":
        return Column(_nothing, Cursor.strings)
    return _nested(name, inside, kind)


def _nested(name: str, inside: list[str], kind: str) -> Column:
    if name in _GEO:
        return column_of(_GEO[name])
    make = {
        "Nullable": lambda: _nullable(column_of(inside[0])),
        "Array": lambda: _array(column_of(inside[0])),
        "Tuple": lambda: _tuple([column_of(_unnamed(part)) for part in inside]),
        "Map": lambda: _array(_tuple([column_of(part) for part in inside])),
        "Nested": lambda: _array(_tuple([column_of(_unnamed(part)) for part in inside])),
        "LowCardinality": lambda: _low_cardinality(inside[0]),
        "SimpleAggregateFunction": lambda: column_of(inside[1]),
    }.get(name)
    if make is not None:
        return make()
    raise refused(
        Code.NOT_IMPLEMENTED,
        f"a column of type {kind} cannot be sent in this client's Native revision:"
        " cast it (toString, toJSONString), or use another format",
    )


def parts_of(held: str) -> list[str]:
    """Return what stands between the commas of a type, nested ones kept whole.

    >>> parts_of("a UInt8, Tuple(b String, c Enum8('x,' = 1))")
    ['a UInt8', "Tuple(b String, c Enum8('x,' = 1))"]
    """
    parts, depth, quoted, start = [], 0, "", 0
    at = 0
    while at < len(held):
        char = held[at]
        if quoted:
            at += char == "\\"
            quoted = "" if char == quoted else quoted
        elif char in "'`":
            quoted = char
        elif char == "," and depth == 0:
            parts.append(held[start:at].strip())
            start = at + 1
        else:
            depth += (char == "(") - (char == ")")
        at += 1
    return [*parts, held[start:].strip()]


def _unnamed(part: str) -> str:
    """Return the type of a tuple's element, which may have a name."""
    if part.startswith("`"):
        return part[part.rindex("` ") + 2 :]
    first, _, rest = part.partition(" ")
    return rest if rest and "(" not in first else part


def _nothing(_: Cursor) -> None:
    pass


def _fixed(width: int) -> Column:
    return Column(_nothing, lambda cursor, rows: cursor.skip(width * rows))


def _nullable(held: Column) -> Column:
    def body(cursor: Cursor, rows: int) -> None:
        cursor.skip(rows)
        held.body(cursor, rows)

    return Column(held.prefix, body)


def _array(held: Column) -> Column:
    def body(cursor: Cursor, rows: int) -> None:
        cursor.skip(8 * (rows - 1))
        if items := cursor.number():  # the last offset
            held.body(cursor, items)

    return Column(held.prefix, body)


def _tuple(held: list[Column]) -> Column:
    def prefix(cursor: Cursor) -> None:
        for column in held:
            column.prefix(cursor)

    def body(cursor: Cursor, rows: int) -> None:
        for column in held:
            column.body(cursor, rows)
        if not held:
            cursor.skip(rows)  # an empty tuple takes a byte a row

    return Column(prefix, body)


def _low_cardinality(kind: str) -> Column:
    keys = column_of(
        kind.removeprefix("Nullable(").removesuffix(")") if "Nullable(" in kind else kind
    )

    def body(cursor: Cursor, _: int) -> None:
        flags = cursor.number()
        if flags & _ADDITIONAL_KEYS:
            keys.body(cursor, cursor.number())
        cursor.skip(cursor.number() << (flags & 0xFF))

    return Column(lambda cursor: cursor.skip(8), body)
