"""Fetched batches become columns, markers, and records that are set aside.

Batches of all partitions of a topic are taken apart together: the cost of a call counts more than
that of a record, and under little load batches are small. Every record ends up in exactly one of
the three. One that is set aside keeps its bytes and gets a reason; those around it go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas import codec
from schemas.catalogue import Schema
from schemas.codec import FRAME_BYTES, SchemaIds, Undecodable
from schemas.frames import beside, present, rows_at
from streams.engine import columns
from streams.engine.batches import Batch
from streams.engine.hashes import content_hashes, murmur2
from streams.engine.recordsets import columns_of
from streams.engine.slices import I64, Slices

MARKER = "marker"
# Columns that decoding adds to a message's own fields; `at` is the batch.
ADDED = {
    "at": pl.UInt32(),
    "offset": pl.Int64(),
    "content_hash": pl.UInt64(),
    "key_hash": pl.UInt32(),
}


class Dead(NamedTuple):
    """A record that cannot be used; `at` is its batch."""

    at: int
    offset: int
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None


class Marker(NamedTuple):
    """A marker and where it stands; `at` is its batch."""

    at: int
    offset: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """Batches taken apart; all three ordered by batch and offset."""

    frame: pl.DataFrame
    markers: tuple[Marker, ...]
    dead: tuple[Dead, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the records of one topic are read.

    Attributes:
        message: what stands in the topic, beside markers.
        faults: an expression over the message's fields; text says what makes a record unusable,
            null that nothing does.
        partitions: how many the topic has, to find keys that a producer misplaced.
        key: field that is the Kafka key.
        poisoned: partition and offset of records that broke a rule, with what happened.
    """

    message: str
    faults: pl.Expr
    partitions: int
    poisoned: dict[tuple[int, int], str] = field(default_factory=dict)
    key: str = "entity_id"


def decode(batches: Sequence[Batch], reading: Reading, ids: SchemaIds) -> Decoded:
    """Return batches of one topic taken apart."""
    work = _Work(batches, reading, ids)
    for frame_bytes, rows in _by_frame(work.values).items():
        work.take(frame_bytes, rows)
    return work.result()


def _by_frame(values: Slices) -> dict[bytes, Sequence[int]]:
    """Return indices of records by the frame in front of their value; empty for no value."""
    if not len(values):
        return {}
    number = _frame_numbers(values)
    if (number == number[0]).all():
        return {(values.at(0) or b"")[:FRAME_BYTES]: range(len(values))}
    order = np.argsort(number, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
    return {(values.at(rows[0]) or b"")[:FRAME_BYTES]: rows.tolist() for rows in parts}


def _frame_numbers(values: Slices) -> I64:
    """Return the frame of each value as a number: how many bytes of it there are, and they."""
    sizes = np.minimum(values.ends - values.starts, FRAME_BYTES)
    number: I64 = sizes
    data = np.frombuffer(values.data or b"\0", np.uint8)
    for place in range(FRAME_BYTES):
        at = np.minimum(values.starts + place, len(data) - 1)
        number = number << 8 | np.where(place < sizes, data[at], 0)
    return number


class _Work:
    def __init__(self, batches: Sequence[Batch], reading: Reading, ids: SchemaIds) -> None:
        self.batches, self.reading, self.ids = batches, reading, ids
        self.offsets, self.keys, self.values = columns_of([batch.records for batch in batches])
        self.at = np.repeat(
            np.arange(len(batches), dtype=np.uint32), [len(batch.records) for batch in batches]
        )
        self.frames: list[pl.DataFrame] = []
        self.markers: list[Marker] = []
        self.dead: list[Dead] = []

    def take(self, frame_bytes: bytes, rows: Sequence[int]) -> None:
        """Take the records that have one frame in common."""
        if self.reading.poisoned:
            rows = self._without_poison(rows)
        try:
            name, writer = self.ids.schema_of(codec.schema_id_of(frame_bytes))
        except Undecodable as error:
            self._bury(rows, "frame", str(error))
            return
        if name == MARKER:
            self._take_markers(rows)
        elif name == self.reading.message:
            self._take_facts(rows, writer)
        else:
            topic = self.batches[0].partition.topic
            self._bury(rows, "message", f"{name} has no place in {topic}; send it to its own topic")

    def result(self) -> Decoded:
        """Return what was found."""
        frame = pl.concat(self.frames) if self.frames else _empty(self.reading.message)
        if len(self.frames) > 1:
            frame = frame.sort("at", "offset")
        return Decoded(frame, tuple(sorted(self.markers)), tuple(sorted(self.dead, key=_place)))

    def _take_facts(self, rows: Sequence[int], writer: Schema) -> None:
        try:
            block = columns.read_block(self._bodies(rows), writer)
            frame = columns.in_newest_fields(block, self.reading.message)
        except (columns.Damaged, pl.exceptions.PolarsError):
            rows, frame = self._one_by_one(rows)
        if rows:
            self._keep(rows, frame)

    def _bodies(self, rows: Sequence[int]) -> Slices:
        return self.values.chosen(rows).behind(FRAME_BYTES)

    def _one_by_one(self, rows: Sequence[int]) -> tuple[list[int], pl.DataFrame]:
        good, found = [], []
        for row in rows:
            try:
                found.append(codec.decode(self.values.at(row) or b"", self.ids)[1])
            except Undecodable as error:
                self._bury([row], "decode", str(error))
            else:
                good.append(row)
        return good, columns.from_records(found, self.reading.message)

    def _keep(self, rows: Sequence[int], frame: pl.DataFrame) -> None:
        at, offsets, keys = self.at, self.offsets, self.keys.chosen(rows)
        if len(rows) < len(at):
            at, offsets = at[np.asarray(rows)], offsets[np.asarray(rows)]
        key, hashes = self.reading.key, murmur2(keys)
        frame = beside(
            frame,
            pl.Series("at", at),
            pl.Series("offset", offsets),
            pl.Series("content_hash", content_hashes(self._bodies(rows))),
            pl.Series("key_hash", hashes),
        )
        faults = frame.select(
            pl.coalesce(
                pl.when(pl.Series(keys.array()) != pl.col(key).cast(pl.Binary))
                .then(pl.lit(f"the Kafka key is not the {key}; key records by {key}")),
                pl.when(pl.Series(self._misplaced(hashes, at)))
                .then(pl.lit("the key is in the wrong partition; set partitioner=murmur2_random")),
                self.reading.faults,
            )
        ).to_series()  # fmt: skip
        if faults.null_count() < len(faults):
            is_bad = present(faults)
            for i in np.flatnonzero(is_bad).tolist():
                self._bury([rows[i]], "value", faults[i])
            frame = rows_at(frame, np.flatnonzero(~is_bad))
        self.frames.append(frame)

    def _without_poison(self, rows: Sequence[int]) -> list[int]:
        left = []
        for row in rows:
            number = self.batches[self.at[row]].partition.number
            text = self.reading.poisoned.get((number, int(self.offsets[row])))
            if text is None:
                left.append(row)
            else:
                self._bury([row], "rule", f"a rule fails on it: {text}; tell who wrote the rule")
        return left

    def _misplaced(
        self, hashes: npt.NDArray[np.uint32], at: npt.NDArray[np.uint32]
    ) -> npt.NDArray[np.bool_]:
        numbers = np.array([batch.partition.number for batch in self.batches], np.uint32)
        right = (hashes & np.uint32(0x7FFFFFFF)) % np.uint32(self.reading.partitions)
        found: npt.NDArray[np.bool_] = right != numbers[at]
        return found

    def _take_markers(self, rows: Sequence[int]) -> None:
        for row in rows:
            try:
                found = codec.decode(self.values.at(row) or b"", self.ids)[1]
            except Undecodable as error:
                self._bury([row], "decode", str(error))
            else:
                offset = int(self.offsets[row])
                self.markers.append(Marker(int(self.at[row]), offset, found["sequence"]))

    def _bury(self, rows: Sequence[int], reason: str, detail: str) -> None:
        for row in rows:
            at, offset = int(self.at[row]), int(self.offsets[row])
            key, value = self.keys.at(row), self.values.at(row)
            self.dead.append(Dead(at, offset, reason, detail, key, value))


def _place(dead: Dead) -> tuple[int, int]:
    return dead.at, dead.offset


def _empty(message: str) -> pl.DataFrame:
    return pl.DataFrame(schema={**columns.dtypes(message), **ADDED})
