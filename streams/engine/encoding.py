"""Columns to Avro messages, by hand: a flush tells of tens of thousands of them.

Field for field it is what the plain codec writes, several times faster; a test holds it to that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from schemas import catalogue
from schemas.codec import MAGIC, SchemaIds
from schemas.frames import only
from streams.engine.columns import dtype_of, varint

REPEATED_MIN = 8  # times a value must occur on average for its column to go with its neighbours
LINES_MIN = 1_000  # fewer are encoded sooner than columns are compared
_NULL, _NOT_NULL = b"\0", b"\2"  # which branch of a union [null, T]
Encoder = Callable[[Any], bytes]


def encoded(message: str, frame: pl.DataFrame, ids: SchemaIds) -> Iterator[bytes]:
    """Return each line of a frame as a framed record of a message's newest version.

    The frame has its fields as columns. Where a field may be null, an empty text is null: so the
    warehouse keeps it.
    """
    head = bytes([MAGIC]) + ids.id_of(message).to_bytes(4, "big")
    kinds = {f["name"]: f["type"] for f in catalogue.schema(catalogue.latest(message))["fields"]}
    lines = frame.select(_plain(name, kind) for name, kind in kinds.items())
    encoders = {name: _encoder(kind) for name, kind in kinds.items()}
    parts = [_run(only(lines, names), encoders) for names in _runs(lines)]
    return (head + b"".join(record) for record in zip(*parts, strict=True))


def _plain(name: str, kind: Any) -> pl.Expr:
    """Return a column as texts, integers or truths: a date in days, a decimal in its units."""
    column = pl.col(name).cast(dtype_of(kind)).to_physical()
    is_text = isinstance(kind, list) and kind[1] == "string"
    return pl.when(column != "").then(column).alias(name) if is_text else column


def _runs(lines: pl.DataFrame) -> list[list[str]]:
    """Return the columns, one by one where most values differ, else together with neighbours.

    Of few lines all go one by one: what is common to many is not worth looking for.
    """
    if len(lines) < LINES_MIN:
        return [[name] for name in lines.columns]
    differ = lines.select(pl.all().n_unique() * REPEATED_MIN > pl.len()).row(0)
    runs: list[list[str]] = []
    may_go_on = False
    for name, is_varied in zip(lines.columns, differ, strict=True):
        if may_go_on and not is_varied:
            runs[-1].append(name)
        else:
            runs.append([name])
        may_go_on = not is_varied
    return runs


def _run(lines: pl.DataFrame, encoders: Mapping[str, Encoder]) -> list[bytes]:
    """Return some columns of each line encoded, one behind the other."""
    chosen = [encoders[name] for name in lines.columns]
    if len(chosen) == 1:
        return list(map(_Known(chosen[0]).__getitem__, lines.to_series().to_list()))
    several = lines.unique(maintain_order=True)
    texts = [
        b"".join(encoder(value) for encoder, value in zip(chosen, row, strict=True))
        for row in several.iter_rows()
    ]
    at = lines.join(
        several.with_row_index("__at"), on=lines.columns, nulls_equal=True, maintain_order="left"
    )
    return list(map(texts.__getitem__, at.get_column("__at").to_list()))


class _Known(dict[Any, bytes]):
    """What values of one column are encoded as; many of them are met again."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self._encoder = encoder

    def __missing__(self, value: Any) -> bytes:
        found = self[value] = self._encoder(value)
        return found


def _encoder(kind: Any) -> Encoder:
    """Return what encodes a value of a plain column."""
    if not isinstance(kind, list):
        return _encoder_of_given(kind)
    given = _encoder_of_given(kind[1])
    return lambda value: _NULL if value is None else _NOT_NULL + given(value)


def _encoder_of_given(kind: Any) -> Encoder:
    if isinstance(kind, str):
        return _PLAIN[kind]
    logical = kind.get("logicalType", kind["type"])
    if logical == "enum":
        return _enum(kind["symbols"], kind["default"])
    if logical in _LOGICAL:
        return _LOGICAL[logical]
    raise TypeError(f"{logical} is in no message that is written in columns")


def _enum(symbols: Sequence[str], default: str) -> Encoder:
    places = {symbol: varint(place) for place, symbol in enumerate(symbols)}
    return lambda value: places.get(value, places[default])


def text(value: str) -> bytes:
    """Return Avro's string."""
    data = value.encode()
    return varint(len(data)) + data


def number(value: int) -> bytes:
    """Return Avro's int or long."""
    return varint(value) if value >= 0 else _negative(value)


def decimal(value: int) -> bytes:
    """Return units of the scale as Avro's decimal: bytes, big end first.

    They are as few as hold the value; of -128, -32,768 ... one more, as the plain codec does it.
    """
    size = value.bit_length() // 8 + 1
    return varint(size) + value.to_bytes(size, "big", signed=True)


def _negative(value: int) -> bytes:
    # varint doubles what it is given; the zigzag of a negative is odd, so it is put together here.
    zigzag = -value * 2 - 1
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


_PLAIN: dict[str, Encoder] = {
    "string": text,
    "int": number,
    "long": number,
    "boolean": lambda value: b"\1" if value else b"\0",
}
_LOGICAL: dict[str, Encoder] = {"decimal": decimal, "date": number}
