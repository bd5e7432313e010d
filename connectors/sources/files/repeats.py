"""Repeats: one identity more than once in a file. Told at the end; bounded in memory by a disk.

The newest revision wins whatever the order of rows, so a repeat is no error as such. Two different
rows of one identity with one revision are: which of them counts is then chance of bytes.
"""

import struct
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import NamedTuple
from zlib import crc32

BUCKETS = 64  # each is looked at alone, so a sixty-fourth of all identities is in memory at once
SPOOL_BYTES = 262_144  # of a bucket in memory before it goes to disk: 16 MiB in all
_ENTRY = struct.Struct("<qqqH")  # row, revision, hash of the content, length of the identity


class Repeat(NamedTuple):
    """Rows with one identity and one revision that say different things."""

    entity_id: str
    rows: tuple[int, ...]


class Repeats:
    """Notes every row and finds identities that stand in several."""

    def __init__(self) -> None:
        self._buckets = [SpooledTemporaryFile(SPOOL_BYTES) for _ in range(BUCKETS)]  # noqa: SIM115

    def note(self, row: int, entity_id: str, revision: int, content: int) -> None:
        """Remember one row."""
        key = entity_id.encode()
        entry = _ENTRY.pack(row, revision, content, len(key)) + key
        self._buckets[crc32(key) % BUCKETS].write(entry)

    def contradictions(self, most: int) -> tuple[int, tuple[Repeat, ...]]:
        """Return how many identities contradict themselves, and the first of them by row."""
        found = [repeat for bucket in self._buckets for repeat in _contradictions(bucket)]
        found.sort(key=lambda repeat: repeat.rows)
        return len(found), tuple(found[:most])

    def close(self) -> None:
        """Let go of the disk."""
        for bucket in self._buckets:
            bucket.close()


def _contradictions(bucket: "SpooledTemporaryFile[bytes]") -> Iterator[Repeat]:
    first: dict[tuple[bytes, int], tuple[int, int]] = {}
    others: dict[tuple[bytes, int], list[int]] = {}
    bucket.seek(0)
    while head := bucket.read(_ENTRY.size):
        row, revision, content, length = _ENTRY.unpack(head)
        at = (bucket.read(length), revision)
        there = first.setdefault(at, (row, content))
        if there[1] != content:
            others.setdefault(at, [there[0]]).append(row)
    for (key, _), rows in others.items():
        yield Repeat(key.decode(), tuple(rows))
