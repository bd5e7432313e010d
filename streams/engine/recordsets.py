"""Kafka's own batches of records, taken apart in columns and not record by record.

A record is a length, attributes, a time, an offset, key, value and headers, all lengths as varints.
One loop follows the lengths from record to record; the rest is read at all of these places at once.
What is unusual (no value, no key, offsets that are missing, an old format) and what is damaged is
left to aiokafka's parser, which makes an object of each record; a property test holds the two to
the same records.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBatch

from streams.engine.slices import I64, Slices, joined, slices_of

U64 = npt.NDArray[np.uint64]
# Where the fields of a batch's header stand: offset, size behind it, format, attributes, how far
# the last offset lies behind the first, first and last time, number of records.
_BASE, _SIZE, _FORMAT, _ATTRIBUTES, _DELTA, _FIRST_AT, _LAST_AT, _COUNT = (
    (0, ">q"), (8, ">i"), (16, ">b"), (21, ">h"), (23, ">i"), (27, ">q"), (35, ">q"), (57, ">i")
)  # fmt: skip
_SIZE_END, _HEADER_END = 12, 61
_NEWEST = 2
_CODEC, _IS_LOG_TIME = 0x07, 0x08
_UNPACKED = {
    0: bytes,
    1: codec.gzip_decode,
    2: codec.snappy_decode,
    3: codec.lz4_decode,
    4: codec.zstd_decode,
}
_PADDING = 32  # bytes behind the last record: a field is looked at before it is known to be there


class Unusual(ValueError):
    """The records cannot be read in columns."""


class Columns(NamedTuple):
    """Records in columns."""

    offsets: I64
    keys: Slices
    values: Slices


def size_of(data: memoryview, at: int) -> int:
    """Return how many bytes the batch that begins there takes."""
    return _SIZE_END + int(_field(data[at:], _SIZE))


def _field(data: Any, field: tuple[int, str]) -> int:
    place, kind = field
    return int(struct.unpack_from(kind, data, place)[0])


@dataclass(frozen=True, slots=True)
class RecordSet:
    """One batch as Kafka keeps it, its offsets without a gap.

    Attributes:
        data: its bytes, header and all, compressed as they came.
        first: offset of the first record that is wanted; those before were read earlier.
        end: offset behind its last record.
    """

    data: bytes
    first: int
    end: int

    @property
    def first_at(self) -> int:
        """Return the time of its first record, ms since 1970."""
        is_log_time = _field(self.data, _ATTRIBUTES) & _IS_LOG_TIME
        return _field(self.data, _LAST_AT if is_log_time else _FIRST_AT)

    def unpacked(self) -> bytes:
        """Return its records' bytes.

        Raises:
            Unusual: they are not packed as the header says.
        """
        kind = _field(self.data, _ATTRIBUTES) & _CODEC
        try:
            return bytes(_UNPACKED[kind](self.data[_HEADER_END:]))
        except Exception as error:  # each codec has its own; aiokafka's parser will say what it is
            raise Unusual(f"codec {kind}: {error!r}") from error

    def records(self) -> list[Any]:
        """Return aiokafka's records."""
        every = DefaultRecordBatch(self.data)
        return [record for record in every if record.offset >= self.first]


def record_set(data: bytes, first: int) -> RecordSet | None:
    """Return a batch that can be read in columns, None for any other."""
    if _field(data, _FORMAT) != _NEWEST:
        return None
    base, delta, count = (_field(data, field) for field in (_BASE, _DELTA, _COUNT))
    if count != delta + 1 or count < 1:  # compacted
        return None
    return RecordSet(data, max(first, base), base + count)


class Fetched(Sequence[Any]):
    """Records of consecutive batches; looked at one by one, they are aiokafka's."""

    def __init__(self, sets: Sequence[RecordSet]) -> None:
        self.sets = sets
        self._count = sum(one.end - one.first for one in sets)

    def __len__(self) -> int:
        """Return how many records are wanted."""
        return self._count

    def __getitem__(self, at: Any) -> Any:
        """Return some records; takes all of them apart."""
        return [record for one in self.sets for record in one.records()][at]


class Bounds(NamedTuple):
    """Where fetched records begin and end, when (ms since 1970), and the bytes they take."""

    first: int
    end: int
    first_at: int
    size: int


def bounds_of(records: Sequence[Any]) -> Bounds:
    """Return the bounds of fetched records."""
    if isinstance(records, Fetched):
        one, last = records.sets[0], records.sets[-1]
        return Bounds(one.first, last.end, one.first_at, sum(len(o.data) for o in records.sets))
    size = sum(len(record.value or b"") for record in records)
    return Bounds(records[0].offset, records[-1].offset + 1, records[0].timestamp, size)


def first_offset_of(records: Sequence[Any]) -> int:
    """Return the offset of the first of fetched records."""
    return int(records.sets[0].first if isinstance(records, Fetched) else records[0].offset)


def columns_of(some: Sequence[Sequence[Any]]) -> Columns:
    """Return records in columns: of batches as they were fetched, or of objects."""
    sets = [one for records in some if isinstance(records, Fetched) for one in records.sets]
    if all(isinstance(records, Fetched) for records in some) and sets:
        try:
            return _in_columns(sets)
        except Unusual:
            return _together([_alone(one) for one in sets])
    parts = [
        columns_of([each]) if isinstance(each, Fetched) else _of_objects(each) for each in some
    ]
    return _together(parts)


def _alone(one: RecordSet) -> Columns:
    try:
        return _in_columns([one])
    except Unusual:
        return _of_objects(one.records())


def _of_objects(records: Sequence[Any]) -> Columns:
    return Columns(
        np.fromiter((record.offset for record in records), np.int64, len(records)),
        slices_of([record.key for record in records]),
        slices_of([record.value for record in records]),
    )


def _together(parts: Sequence[Columns]) -> Columns:
    return Columns(
        np.concatenate([part.offsets for part in parts]),
        joined([part.keys for part in parts]),
        joined([part.values for part in parts]),
    )


def _in_columns(sets: Sequence[RecordSet]) -> Columns:
    """Return the records of batches.

    Raises:
        Unusual: some record of some batch has no key or no value, or is damaged.
    """
    blocks = [one.unpacked() for one in sets]
    bases = np.array([_field(one.data, _BASE) for one in sets])
    counts = np.array([one.end for one in sets]) - bases
    places = [_places(*each) for each in zip(blocks, counts.tolist(), strict=True)]
    data = b"".join([*blocks, bytes(_PADDING)])
    of = np.repeat(np.arange(len(sets)), counts)
    starts = np.concatenate(places) + _before(list(map(len, blocks)))[of]
    numbers = np.arange(len(starts)) - _before(counts.tolist())[of]
    keys, values = _taken_apart(data, starts, numbers)
    offsets = bases[of] + numbers
    wanted = np.flatnonzero(offsets >= np.array([one.first for one in sets])[of])
    return Columns(offsets[wanted], keys.chosen(wanted), values.chosen(wanted))


def _before(sizes: Sequence[int]) -> I64:
    """Return how much stands before each of several."""
    return np.cumsum([0, *sizes[:-1]])


def _places(block: bytes, count: int) -> list[int]:
    """Return where the records of a block begin, by following their lengths."""
    at, found = 0, []
    try:
        for _ in range(count):
            found.append(at)
            low = block[at]
            if low < 0x80:  # one byte holds up to 63
                at += 1 + (low >> 1)
                continue
            high = block[at + 1]
            if high < 0x80:  # two, up to 8,191
                at += 2 + ((low & 0x7F | high << 7) >> 1)
                continue
            at += _long_step(block, at)
    except IndexError:
        raise Unusual("a record goes on behind its batch") from None
    if at != len(block):
        raise Unusual("records do not end with their batch")
    return found


def _long_step(block: bytes, at: int) -> int:
    third, fourth = block[at + 2], block[at + 3] if block[at + 2] >= 0x80 else 0
    if fourth >= 0x80:
        raise Unusual("a record is longer than any that is allowed")
    length = block[at] & 0x7F | (block[at + 1] & 0x7F) << 7 | (third & 0x7F) << 14 | fourth << 21
    return (3 if third < 0x80 else 4) + (length >> 1)


def _taken_apart(data: bytes, starts: I64, numbers: I64) -> tuple[Slices, Slices]:
    """Return keys and values of the records that begin at these places.

    Args:
        numbers: by how much each one's offset lies behind its batch's.
    """
    words = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    length, at = _varints(words, starts)
    ends = at + (length >> 1)
    if (words[at] & np.uint64(0xFF)).any():  # Kafka knows none yet
        raise Unusual("a record has attributes")
    _, at = _varints(words, at + 1)  # its time
    offset, at = _varints(words, at)
    key_size, key_at = _varints(words, at)
    key_end = key_at + (key_size >> 1)
    if (key_end >= ends).any():
        raise Unusual("a key goes on behind its record")
    value_size, value_at = _varints(words, key_end)
    value_end = value_at + (value_size >> 1)
    if ((length | key_size | value_size) & 1).any():  # negative: not there
        raise Unusual("a record has no key or no value")
    if (value_end >= ends).any() or not np.array_equal(offset, numbers << 1):
        raise Unusual("a record is not as long as it says, or not where it says")
    if (value_end + 1 < ends).any() or (words[value_end] & np.uint64(0xFF)).any():
        raise Unusual("a record has headers")
    return Slices(data, key_at, key_end), Slices(data, value_at, value_end)


def _varints(words: U64, at: I64) -> tuple[I64, I64]:
    """Return the varints at these places, as they stand (zigzag), and the places behind them.

    Raises:
        Unusual: one takes more than four bytes.
    """
    word = words[at].view(np.int64)
    size = np.ones(len(at), np.int64)
    value, more = word & 0x7F, word >> 7 & 1
    for byte in range(1, 4):
        if not more.any():
            break
        value |= (word >> 8 * byte & 0x7F) * more << 7 * byte
        size += more
        more &= word >> 8 * byte + 7
    else:
        if more.any():
            raise Unusual("a number takes more than four bytes")
    return value, at + size
