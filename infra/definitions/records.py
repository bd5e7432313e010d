"""The records of definitions, and which of them count. Pure.

An apply writes one record for each kind that changed. Their headers name the set they belong to and
the sequence they are based on, so which sets count is a function of the log alone: one that a crash
cut off, or based on what somebody else has meanwhile replaced, never takes effect.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from schemas import codec
from schemas.codec import SchemaIds, Undecodable

CONTENT_BYTES_MAX = 64 << 20  # unpacked; a record that blows up beyond this is not ours


class Revision(NamedTuple):
    """One revision of one kind. Its sequence is its position in spm.definitions."""

    sequence: int
    kind: str
    revision_id: str
    author: str
    note: str
    written_at: datetime
    content: str


class Entry(NamedTuple):
    """A record of spm.definitions with what its headers say.

    Attributes:
        base: newest sequence the author saw; None in a record written by other hands.
        set_id, part, parts: records of one apply belong together and stand side by side.
    """

    revision: Revision
    base: int | None = None
    set_id: str = ""
    part: int = 1
    parts: int = 1


class Marker(NamedTuple):
    """What a marker record says; see schemas/avro/marker."""

    sequence: int
    written_at: datetime
    reason: str
    epoch: int | None = None
    previous_end: int | None = None


def effective(entries: Iterable[Entry], newest: int) -> tuple[Revision, ...]:
    """Return the revisions that count, given the newest that counted before these entries.

    A set counts if it is whole, stands side by side and was based on the newest before it.
    """
    counted: list[Revision] = []
    run: list[Entry] = []
    for entry in entries:
        run = [*run, entry] if run and _continues(run[-1], entry) else [entry]
        if run[0].part == 1 and entry.part == entry.parts:
            if entry.base in (None, newest):
                counted.extend(e.revision for e in run)
                newest = entry.revision.sequence
            run = []
    return tuple(counted)


def _continues(last: Entry, entry: Entry) -> bool:
    here, before = entry.revision.sequence, last.revision.sequence
    return (entry.set_id, entry.part, here) == (last.set_id, last.part + 1, before + 1)


def headers_of(set_id: str, part: int, parts: int, base: int) -> list[tuple[str, str]]:
    """Return the headers of one record of a set."""
    return [("set", set_id), ("part", f"{part}/{parts}"), ("base", str(base))]


def value_of(revision: Revision, ids: SchemaIds) -> bytes:
    """Return a revision as it stands in the topic; its sequence is its place there."""
    content = zlib.compress(revision.content.encode())
    return codec.encode("definitions", {**revision._asdict(), "content": content}, ids)


def entry_of(
    sequence: int, value: bytes, headers: Mapping[str, bytes | None], ids: SchemaIds
) -> Entry | None:
    """Return the entry a record stands for; None if it was not written by us.

    A set with such a gap does not stand side by side, so nothing is ever half taken.
    """
    try:
        name, record = codec.decode(value, ids)
        if name != "definitions":
            return None
        content = zlib.decompressobj().decompress(record["content"], CONTENT_BYTES_MAX)
        revision = Revision(sequence=sequence, **{**record, "content": content.decode()})
        if "part" not in headers:
            return Entry(revision)
        said = {k: (v or b"").decode() for k, v in headers.items()}
        part, parts = said["part"].split("/")
        return Entry(revision, int(said["base"]), said["set"], int(part), int(parts))
    except (Undecodable, zlib.error, ValueError, KeyError):
        return None


def marker_sequence(value: bytes, ids: SchemaIds) -> int:
    """Return the sequence a marker record sets, -1 for any other record."""
    try:
        if ids.schema_of(codec.schema_id_of(value))[0] != "marker":
            return -1
        return int(codec.decode(value, ids)[1]["sequence"])
    except Undecodable:
        return -1
