"""Avro records to columns: a batch of one schema becomes one DataFrame.

An Avro block is records end to end. So the bodies of a batch are joined, a container header is put
in front and a sync marker behind, and a Rust reader turns the whole into columns. Joining hides
damage (a record short by one byte beside one long by one reads cleanly), hence every body gets its
index behind it, as a last field `__pos` of the container's schema; any mismatch and any failure of
the reader, its panics included, means: take the records one by one.

The index starts at a large number drawn anew in each process. Small ones would not do: index 0 is
the byte that null, zero and the empty text are, so a record cut before such a byte would take it
for its own.
"""

import io
import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from polars_avro._avro_rs import AvroSource

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.frames import constant, only
from streams.engine.slices import Slices

POSITION_FIELD = "__pos"
_INDEX_BYTES = 9
_FIRST_INDEX = (1 << 60) + secrets.randbits(59)  # nine bytes as a varint, and nobody can guess them
# By polars: from Python objects pyarrow makes no scalar before it has imported pandas, if it can.
_NOTHING = pl.Series([b""]).to_arrow()[0]
_SYNC = bytes(16)
_STOPS = (KeyboardInterrupt, SystemExit, MemoryError)  # not the reader's doing


class Damaged(ValueError):
    """Some record of the block is not what its schema says."""


def read_block(bodies: Slices, writer: Schema) -> pl.DataFrame:
    """Return one row per body, in order, in the writer's fields.

    Raises:
        Damaged: at least one body is no record of the writer's schema; which one is not known.
    """
    count = len(bodies)
    indexed = pc.binary_join_element_wise(bodies.array(), _indices(count), _NOTHING)
    block = memoryview(indexed.buffers()[2] or b"")
    container = b"".join(
        [_header(json.dumps(writer)), varint(count), varint(len(block)), block, _SYNC]
    )
    # The reader beneath polars_avro.read_avro: a scan of its own costs two milliseconds a call,
    # which under little load is most of a flush. Its name is private; the version is pinned.
    source = AvroSource([lambda: nullcontext(io.BytesIO(container))], False, False)
    try:
        # All are in the first batch. Asked for another one, the reader never returns if bytes are
        # left over behind the last record.
        frame = pl.DataFrame(next(iter(source.batch_iter(count, None))))
    except _STOPS:
        raise
    except BaseException as error:  # the reader's PanicException is no Exception
        raise Damaged(f"{type(error).__name__}: {error}") from None
    found = frame.get_column(POSITION_FIELD).to_numpy()
    if not np.array_equal(found, np.arange(_FIRST_INDEX, _FIRST_INDEX + count)):
        raise Damaged("records do not end where they should")
    return only(frame, [name for name in frame.columns if name != POSITION_FIELD])


def in_newest_fields(frame: pl.DataFrame, message: str) -> pl.DataFrame:
    """Return a frame with exactly the newest version's fields, defaults filled in."""
    columns = []
    for field in catalogue.schema(catalogue.latest(message))["fields"]:
        kind = dtype_of(field["type"])
        if field["name"] in frame.columns:
            columns.append(frame.get_column(field["name"]).cast(kind))
        else:
            columns.append(constant(field["name"], field["default"], kind, len(frame)))
    return columns[0].to_frame().hstack(columns[1:])


def from_records(records: Sequence[dict[str, Any]], message: str) -> pl.DataFrame:
    """Return the same frame from records that were decoded one by one."""
    return pl.DataFrame(records, schema=dtypes(message), orient="row")


@cache
def dtypes(message: str) -> dict[str, pl.DataType]:
    """Return the columns of a message's newest version."""
    fields = catalogue.schema(catalogue.latest(message))["fields"]
    return {field["name"]: dtype_of(field["type"]) for field in fields}


_PLAIN: dict[str, pl.DataType] = {
    "string": pl.String(),
    "bytes": pl.Binary(),
    "int": pl.Int32(),
    "long": pl.Int64(),
    "boolean": pl.Boolean(),
}


def dtype_of(kind: Any) -> pl.DataType:
    """Return the column type of an Avro type. Unions are always [null, T] here."""
    if isinstance(kind, list):
        kind = kind[1]
    if isinstance(kind, str):
        return _PLAIN[kind]
    return _MADE[kind.get("logicalType", kind["type"])](kind)


_MADE: dict[str, Callable[[Schema], pl.DataType]] = {
    "array": lambda kind: pl.List(dtype_of(kind["items"])),
    "record": lambda kind: pl.Struct({f["name"]: dtype_of(f["type"]) for f in kind["fields"]}),
    "enum": lambda _: pl.String(),
    "decimal": lambda kind: pl.Decimal(kind["precision"], kind["scale"]),
    "timestamp-millis": lambda _: pl.Datetime("ms", "UTC"),
    "date": lambda _: pl.Date(),
}


def varint(number: int) -> bytes:
    """Return a non-negative integer as Avro's zigzag varint."""
    return _SHORT[number] if 0 <= number < len(_SHORT) else _varint(number)


def _varint(number: int) -> bytes:
    number <<= 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SHORT = [_varint(number) for number in range(1 << 6)]  # nearly all lengths are, and they are many


def _indices(count: int) -> pa.Array:
    """Return the indices behind bodies as varints; all take as many bytes."""
    left = np.arange(_FIRST_INDEX, _FIRST_INDEX + count, dtype=np.uint64) << np.uint64(1)
    data = np.empty((count, _INDEX_BYTES), np.uint8)
    for byte in range(_INDEX_BYTES):
        data[:, byte] = (left & np.uint64(0x7F)) | np.uint64(0x80)
        left >>= np.uint64(7)
    data[:, -1] &= 0x7F
    ends = np.arange(0, (count + 1) * _INDEX_BYTES, _INDEX_BYTES)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_binary(), count, buffers)


@cache
def _header(writer: str) -> bytes:
    schema = json.loads(writer)
    fields = [*schema["fields"], {"name": POSITION_FIELD, "type": "long"}]
    entries = {
        "avro.schema": json.dumps({**schema, "fields": fields}).encode(),
        "avro.codec": b"null",
    }
    out = io.BytesIO()
    out.write(b"Obj\x01" + varint(len(entries)))
    for name, value in entries.items():
        out.write(varint(len(name)) + name.encode() + varint(len(value)) + value)
    out.write(varint(0) + _SYNC)
    return out.getvalue()
