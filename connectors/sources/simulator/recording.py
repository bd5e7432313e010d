"""Recordings: events encoded beforehand in one file, for replay at the speed of the broker.

A line of JSON (what it is, and under which schema ids), then entries of a fixed head, key and
value, then an end mark with the count and the checksum of all entries. A file without its end mark
was cut short and is refused before anything is sent.
"""

import json
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from connectors.sources.simulator.delivery import Event, Progress
from connectors.sources.simulator.producer import Outbox
from schemas import codec
from schemas.codec import FRAME_BYTES, MAGIC, CatalogueIds, SchemaIds

FORMAT = "pacesetter-events/1"
MESSAGES = ("call", "email", "meeting", "deal", "progress")
END = 255  # in the place of a message
CHUNK_BYTES = 4 << 20  # read and written at once
AT_ONCE = 500  # messages of a topic handed to librdkafka in one call
HEADER_MAX = 65_536
_HEAD = struct.Struct("<BqHI")  # message, instant in ms, length of key, length of value


class Damaged(ValueError):
    """The file is no whole recording; str() says what is wrong."""


class Entry(NamedTuple):
    """One recorded message."""

    message: str
    at: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that was found to be whole.

    Attributes:
        about: what whoever recorded it said about it.
        count: of its entries.
    """

    path: Path
    source: str
    schema_ids: dict[str, int]
    about: dict[str, object]
    count: int
    begins: int
    ends: int


def encode_to(
    path: Path,
    items: Iterable[Event | Progress],
    source: str,
    *,
    ids: SchemaIds | None = None,
    about: dict[str, object] | None = None,
) -> Counter[str]:
    """Write events to a file, which appears under its name once it is whole; return the counts.

    Args:
        ids: what the events were encoded with.
        about: whatever should be told of it later (seed, span ...); goes through JSON.
    """
    ids, counts, crc = ids or CatalogueIds(), Counter[str](), 0
    header = {
        "format": FORMAT,
        "source": source,
        "schema_ids": {m: ids.id_of(m) for m in MESSAGES},
        "about": about or {},
    }
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        file.write(json.dumps(header, sort_keys=True).encode() + b"\n")
        for chunk in _chunks(items, source, ids, counts):
            crc = zlib.crc32(chunk, crc)
            file.write(chunk)
        file.write(_HEAD.pack(END, counts.total(), 0, crc))
    unfinished.replace(path)
    return counts


def open_recording(path: Path) -> Recording:
    """Return what a file holds, having read all of it once.

    Raises:
        FileNotFoundError: there is no such file.
        Damaged: it is no recording, or cut short, or altered.
    """
    with path.open("rb") as file:
        header = _header(file, path)
        begins = file.tell()
        ends = file.seek(0, SEEK_END) - _HEAD.size
        if ends < begins:
            raise Damaged(f"{path} was cut short: record it again")
        file.seek(ends)
        mark, count, _, wanted = _HEAD.unpack(file.read(_HEAD.size))
        file.seek(begins)
        if mark != END or _crc(file, ends - begins) != wanted:
            raise Damaged(f"{path} was cut short or altered: record it again")
    ids, source = dict(header["schema_ids"]), str(header["source"])
    return Recording(path, source, ids, dict(header["about"]), count, begins, ends)


def entries(recording: Recording) -> Iterator[Entry]:
    """Yield all entries in the order in which they were recorded."""
    for message, at, key, value in _parsed(recording):
        yield Entry(MESSAGES[message], at, key, value)


def replay(recording: Recording, outbox: Outbox, *, ids: SchemaIds | None = None) -> None:
    """Send everything recorded as fast as the broker takes it.

    The order within a topic is that of the recording; topics are a batch apart at most. Values
    recorded under other schema ids than those in use now are framed anew.
    """
    ids = ids or CatalogueIds()
    now = {m: ids.id_of(m) for m in recording.schema_ids}
    frames = {m: struct.pack(">bI", MAGIC, i) for m, i in now.items()}
    anew = now != recording.schema_ids
    batches: tuple[list[dict[str, Any]], ...] = tuple([] for _ in MESSAGES)
    for message, _, key, value in _parsed(recording):
        if anew:
            value = frames[MESSAGES[message]] + value[FRAME_BYTES:]  # noqa: PLW2901 - the same
        batch = batches[message]
        batch.append({"key": key, "value": value})
        if len(batch) == AT_ONCE:
            outbox.send_batch(MESSAGES[message], batch)
            batch.clear()
    *facts, progress = zip(MESSAGES, batches, strict=True)
    for name, batch in facts:
        outbox.send_batch(name, batch)
    outbox.flush()  # what progress promises must stand before it does
    outbox.send_batch(*progress)


def _parsed(recording: Recording) -> Iterator[tuple[int, int, bytes, bytes]]:
    head, size = _HEAD.unpack_from, _HEAD.size
    with recording.path.open("rb") as file:
        file.seek(recording.begins)
        left, rest = recording.ends - recording.begins, b""
        while left:
            data = rest + file.read(min(CHUNK_BYTES, left))
            left -= len(data) - len(rest)
            at, end = 0, len(data)
            while at + size <= end:
                message, instant, key_size, value_size = head(data, at)
                body = at + size + key_size
                stop = body + value_size
                if stop > end:
                    break
                yield message, instant, data[at + size : body], data[body:stop]
                at = stop
            rest = data[at:]


def _chunks(
    items: Iterable[Event | Progress], source: str, ids: SchemaIds, counts: Counter[str]
) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for item in items:
        message, at, key, value = _entry(item, source, ids)
        counts[message] += 1
        parts += (_HEAD.pack(MESSAGES.index(message), at, len(key), len(value)), key, value)
        size += len(key) + len(value)
        if size >= CHUNK_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


def _entry(item: Event | Progress, source: str, ids: SchemaIds) -> Entry:
    if isinstance(item, Event):
        return Entry(item.message, item.at, item.key, item.value)
    record = {"source": source, "detail": None, **item._asdict()}
    value = codec.encode("progress", record, ids)
    return Entry("progress", item.observed_at, source.encode(), value)


def _header(file: BinaryIO, path: Path) -> dict[str, dict[str, int]]:
    line = file.readline(HEADER_MAX)
    try:
        header = json.loads(line)
        known = header["format"] == FORMAT
    except (ValueError, TypeError, KeyError):
        known = False
    if not known:
        raise Damaged(f"{path} is no recording of this version; `simulate encode` makes one")
    return dict(header)


def _crc(file: BinaryIO, size: int) -> int:
    crc = 0
    while size:
        chunk = file.read(min(CHUNK_BYTES, size))
        crc, size = zlib.crc32(chunk, crc), size - len(chunk)
    return crc
