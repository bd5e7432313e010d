"""Bytes and messages: Avro behind Confluent's five-byte frame, one record at a time.

This is the plain path of every single event. Batches are decoded in columns by streams/engine,
and a property test holds the two to the same rows.
"""

import io
import struct
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

import fastavro

from schemas import catalogue
from schemas.catalogue import Schema, Version

MAGIC = 0
_FRAME = struct.Struct(">bI")
FRAME_BYTES = _FRAME.size
Record = dict[str, Any]


class Undecodable(ValueError):
    """The bytes are no message of ours; str() says what is wrong."""


class SchemaIds(Protocol):
    """Where schema ids come from: the shipped catalogue, or a registry."""

    def id_of(self, message: str) -> int:
        """Return the id under which the newest version of a message is written."""

    def schema_of(self, schema_id: int) -> tuple[str, Schema]:
        """Return the message's name and its writer's schema.

        Raises:
            Undecodable: the id is unknown.
        """


class CatalogueIds:
    """Schema ids fixed by the shipped catalogue; what the embedded mode uses."""

    def __init__(self) -> None:
        self._by_id = {i: v for v, i in catalogue.ids().items()}

    def id_of(self, message: str) -> int:
        """Return the catalogue's id of the newest version."""
        return catalogue.ids()[catalogue.latest(message)]

    def schema_of(self, schema_id: int) -> tuple[str, Schema]:
        """Return name and schema of a catalogue id."""
        version = self._by_id.get(schema_id)
        if version is None:
            raise Undecodable(
                f"schema id {schema_id} is not in the catalogue; is a registry in use?"
            )
        return version.message, catalogue.schema(version)


def encode(message: str, record: Mapping[str, Any], ids: SchemaIds) -> bytes:
    """Return a record as framed Avro under the newest schema of its message.

    Raises:
        ValueError: the record does not fit the schema.
    """
    out = io.BytesIO()
    out.write(_FRAME.pack(MAGIC, ids.id_of(message)))
    fastavro.schemaless_writer(out, _parsed(catalogue.latest(message)), record)
    return out.getvalue()


def decode(value: bytes, ids: SchemaIds) -> tuple[str, Record]:
    """Return the name of the message and its record, defaults of newer fields filled in.

    Raises:
        Undecodable: no frame, an unknown schema id, or a body that does not fit its schema.
    """
    name, writer = ids.schema_of(schema_id_of(value))
    body = io.BytesIO(memoryview(value)[FRAME_BYTES:])
    try:
        record = fastavro.schemaless_reader(body, _key(writer), _parsed(catalogue.latest(name)))
    except (ValueError, IndexError, EOFError, KeyError, TypeError, OverflowError) as error:
        raise Undecodable(f"the body is no {name}: {error!r}") from error
    if body.read(1):
        raise Undecodable(f"bytes are left over behind the {name}")
    return name, record  # type: ignore[return-value]  # fastavro types any schema's value


def schema_id_of(value: bytes) -> int:
    """Return the schema id in the frame of a message.

    Raises:
        Undecodable: it is not framed as Confluent's clients do.
    """
    if len(value) < FRAME_BYTES:
        raise Undecodable(f"{len(value)} bytes are too few for a framed message")
    magic, schema_id = _FRAME.unpack_from(value)
    if magic != MAGIC:
        raise Undecodable(f"magic byte is {magic}, not 0: not written by a schema-registry client")
    return int(schema_id)


@cache
def _parsed(version: Version) -> Any:
    return fastavro.parse_schema(catalogue.schema(version))


_writers: dict[int, Any] = {}


def _key(writer: Schema) -> Any:
    parsed = _writers.get(id(writer))
    if parsed is None:
        parsed = _writers[id(writer)] = (writer, fastavro.parse_schema(dict(writer)))
    return parsed[1]
