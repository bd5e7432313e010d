"""What a tap says, line by line, as records of a source. Pure.

Source: the Singer specification, version 0.3.0: SCHEMA comes before the records of its stream, a
STATE says that everything before it has been told.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.sources.files.jsonl_rows import LINE_BYTES_MAX, parsed_line
from connectors.sources.vendors.contract import Notice
from connectors.sources.vendors.payloads import iso

DELETED = "_sdc_deleted_at"  # what taps that read a database's log say of a deleted row
SHOWN_MAX = 80
_IGNORED = frozenset({"ACTIVATE_VERSION"})  # tells of rows that are no more, but not which


class BadTap(ValueError):
    """The tap's output cannot be taken; str() says where and what to do."""


class State(NamedTuple):
    """What the tap wants back when it goes on, once everything before it is kept."""

    value: Any


class Reader:
    """Reads the lines of one run; remembers which fields make a stream's identity."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[str, ...]] = {}
        self._line = 0

    def read(self, line: bytes) -> Notice | State | None:
        """Return what a line says; None: nothing to be kept.

        Raises:
            BadTap: it is no message of the specification.
        """
        self._line += 1
        if not line.strip():
            return None
        if len(line) > LINE_BYTES_MAX:
            raise self._bad(f"is longer than {LINE_BYTES_MAX} bytes", "is it one message?")
        said = self._parsed(line)
        kind = said.get("type")
        if kind == "RECORD":
            return self._record(said)
        if kind == "STATE":
            if "value" not in said:
                raise self._bad("STATE has no value", "update the tap")
            return State(said["value"])
        if kind == "SCHEMA":
            self._schema(said)
            return None
        if kind in _IGNORED:
            return None
        if kind == "BATCH":
            raise self._bad("BATCH is not taken", "take batch_config out of the tap's settings")
        raise self._bad(f"type {str(kind)[:SHOWN_MAX]!r} is not known", "is it a tap's output?")

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            said = parsed_line(line.decode())
        except (ValueError, RecursionError, ArithmeticError) as error:
            raise self._bad(f"is no JSON ({error})", "let the tap log to standard error") from None
        if not isinstance(said, dict):
            raise self._bad("is no message", "is it a tap's output?")
        return said

    def _schema(self, said: Mapping[str, Any]) -> None:
        stream, keys = self._stream(said), said.get("key_properties")
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise self._bad(f"SCHEMA of {stream} has no key_properties", "update the tap")
        self._keys[stream] = tuple(keys)

    def _record(self, said: Mapping[str, Any]) -> Notice:
        stream, record = self._stream(said), said.get("record")
        if not isinstance(record, dict):
            raise self._bad(f"RECORD of {stream} holds no record", "update the tap")
        if stream not in self._keys:
            raise self._bad(f"RECORD of {stream} comes before its SCHEMA", "keep the tap's order")
        at = iso(said.get("time_extracted"))
        gone = record.get(DELETED) is not None
        record_id = self._identity(stream, record)
        return Notice(stream, record_id, at, None if gone else record, gone)

    def _identity(self, stream: str, record: Mapping[str, Any]) -> str:
        keys = self._keys[stream]
        if not keys:
            remedy = "choose a stream with a key, or name its key in the tap's catalog"
            raise self._bad(f"stream {stream} has no key_properties", remedy)
        values = [record.get(key) for key in keys]
        for key, value in zip(keys, values, strict=True):
            if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or value == "":
                raise self._bad(f"RECORD of {stream} has no {key}", "it is the stream's key")
        return "|".join(str(value) for value in values)

    def _stream(self, said: Mapping[str, Any]) -> str:
        stream = said.get("stream")
        if not isinstance(stream, str) or not stream:
            raise self._bad("stream is missing", "update the tap")
        return stream

    def _bad(self, what: str, remedy: str) -> BadTap:
        return BadTap(f"line {self._line}: {what}; {remedy}")
