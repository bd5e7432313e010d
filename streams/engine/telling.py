"""Messages of totals, encoded by hand and in columns: a flush tells of tens of thousands of them.

Field for field it is Avro of rep_days/1; a test holds it to the schema and to the plain codec,
some thirty times slower.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas import topics
from schemas.codec import FRAME_BYTES, SchemaIds, encode
from schemas.frames import beside
from schemas.warehouse import Message
from streams.engine.batches import Partition
from streams.engine.columns import varint
from streams.engine.encoding import number, text

PARTIALS_MAX = 4_000  # of one message: about 300 kB, well below what a topic takes
_EPOCH = date(1970, 1, 1).toordinal()
_BLOCK_END = b"\0"
# By polars: from Python objects pyarrow makes no array before it has imported pandas, if it can.
_NOTHING = pl.Series([b""]).to_arrow()[0]
_VARINT_MAX, _DECIMAL_MAX = 10, 9  # bytes of a position, and of a value with its length
Told = tuple[Partition, pl.DataFrame]  # totals of a partition: streams.engine.totals.TOTAL
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]


def messages_of(told: Iterable[Told], generation: int, ids: SchemaIds) -> list[Message]:
    """Return the messages that say what these totals are now, keyed by rep."""
    some = [(partition, totals) for partition, totals in told if len(totals)]
    if not some:
        return []
    parts = np.repeat(np.arange(len(some), dtype=np.uint32), [len(totals) for _, totals in some])
    every = pl.concat([totals for _, totals in some])
    every = beside(every, pl.Series("part", parts)).sort("rep_id", maintain_order=True)
    data, ends = _partials(every, [partition for partition, _ in some])
    frame, generation_bytes = _frame(ids), varint(generation)
    reps = every.get_column("rep_id")
    starts = (reps != reps.shift(1)).fill_null(value=True).arg_true()
    bounds = pairwise([*starts.to_list(), len(every)])
    found = []
    for key, (start, end) in zip(
        reps.gather(starts).cast(pl.Binary).to_list(), bounds, strict=True
    ):
        head = frame + varint(len(key)) + key + generation_bytes
        for first in range(start, end, PARTIALS_MAX):
            last = min(first + PARTIALS_MAX, end)
            part = data[ends[first] : ends[last]]
            value = b"".join((head, varint(last - first), part, _BLOCK_END))
            found.append(Message(topics.REP_DAYS.name, key, value))
    return found


def _partials(every: pl.DataFrame, partitions: Sequence[Partition]) -> tuple[bytes, list[int]]:
    """Return all totals as partials, end to end, and where each begins; last, where they end.

    A partial is put together of two pieces: what many have in common, and the rest.
    """
    heads = every.select("day", "measure", "currency", "part").unique(maintain_order=True)
    texts = [
        _head(day, measure, currency, partitions[part])
        for day, measure, currency, part in heads.iter_rows()
    ]
    at = every.join(heads.with_row_index("head"), on=heads.columns, maintain_order="left")
    fronts = pl.Series(texts, dtype=pl.Binary).to_arrow().take(at.get_column("head").to_arrow())
    tails = _tails(*(every.get_column(name).to_numpy() for name in ("position", "value")))
    joined = pc.binary_join_element_wise(fronts, tails, _NOTHING)
    _, ends, data = joined.buffers()
    return data.to_pybytes(), np.frombuffer(ends, np.int64)[: len(every) + 1].tolist()


def _head(day: date, measure: str, currency: str, where: Partition) -> bytes:
    texts = b"".join(map(text, (measure, currency, where.topic)))
    return number(day.toordinal() - _EPOCH) + texts + varint(where.number)


def _tails(positions: I64, values: I64) -> pa.Array:
    """Return position and value of each total as Avro."""
    width = _VARINT_MAX + _DECIMAL_MAX
    room = np.zeros((len(positions), width), np.uint8)
    lengths = _put_varints(room, positions)
    lengths += _put_decimals(room, lengths, values)
    data = room[np.arange(width) < lengths[:, None]]
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_binary(), len(positions), buffers)


def _put_varints(room: U8, numbers: I64) -> I64:
    """Write non-negative numbers as zigzag varints; return how many bytes each takes."""
    left = numbers.astype(np.uint64) << np.uint64(1)
    lengths = np.ones(len(numbers), np.int64)
    for i in range(_VARINT_MAX):
        rest = left >> np.uint64(7)
        more = rest > 0
        room[:, i] = (left & np.uint64(0x7F)) | (more.astype(np.uint64) << np.uint64(7))
        lengths += more
        left = rest
    return lengths


def _put_decimals(room: U8, starts: I64, values: I64) -> I64:
    """Write whole ten-thousandths as Avro's decimals: a length, then as few bytes as hold them.

    The big end comes first. Returns how many bytes each takes.
    """
    sizes = np.ones(len(values), np.int64)
    for bits in range(7, 63, 8):
        sizes += (values >= 1 << bits) | (values < -(1 << bits))
    rows = np.arange(len(values))
    room[rows, starts] = sizes << 1
    for i in range(8):
        held = np.flatnonzero(i < sizes)
        shift = 8 * (sizes[held] - 1 - i)
        room[held, starts[held] + 1 + i] = (values[held] >> shift) & 0xFF
    return sizes + 1


def _frame(ids: SchemaIds) -> bytes:
    nothing = {"rep_id": "", "generation": 0, "partials": []}
    return encode("rep_days", nothing, ids)[:FRAME_BYTES]
