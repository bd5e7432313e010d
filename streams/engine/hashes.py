"""Hashes that are stored: their names are part of the format, so that they never change."""

import numpy as np
import numpy.typing as npt
from xxhash import xxh64_intdigest

from streams.engine.slices import Slices

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

_SEED, _M = np.uint32(0x9747B28C), np.uint32(0x5BD1E995)


def content_hashes(bodies: Slices) -> U64:
    """Return xxHash64 (seed 0) of Avro bodies without their trailing zero bytes.

    A field that a later version appends has a default that Avro writes as zero bytes (null, 0,
    false, empty), so a record hashes alike under the version it was written with and under every
    later one. Within one version cutting zeros loses nothing: no encoding is a prefix of another.
    """
    cut = bodies.up_to(_without_zeros(bodies))
    return np.fromiter(map(xxh64_intdigest, cut.each()), np.uint64, len(bodies))


def _without_zeros(bodies: Slices) -> npt.NDArray[np.int64]:
    data, ends = np.frombuffer(bodies.data, np.uint8), bodies.ends.copy()
    rows = np.flatnonzero(ends > bodies.starts)
    while len(rows):
        rows = rows[data[ends[rows] - 1] == 0]
        ends[rows] -= 1
        rows = rows[ends[rows] > bodies.starts[rows]]
    return ends


def murmur2(keys: Slices) -> U32:
    """Return Kafka's murmur2 of every key; the same as schemas.keys.murmur2, in columns."""
    lengths = keys.ends - keys.starts
    data = np.frombuffer(keys.data, np.uint8)
    hashes = np.empty(len(keys), np.uint32)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        spread = data[keys.starts[rows][:, None] + np.arange(length)]
        hashes[rows] = _murmur2_of(spread, int(length))
    return hashes


def _murmur2_of(spread: npt.NDArray[np.uint8], length: int) -> U32:
    whole = length // 4
    padded = np.zeros((len(spread), 4 * whole + 4), np.uint8)
    padded[:, :length] = spread
    words = np.ascontiguousarray(padded.view("<u4").T).astype(np.uint32, copy=False)
    h = np.full(len(spread), _SEED ^ np.uint32(length), np.uint32)
    with np.errstate(over="ignore"):
        mixed = words[:whole] * _M
        mixed ^= mixed >> np.uint32(24)
        mixed *= _M
        for word in mixed:
            h *= _M
            h ^= word
        if length % 4:
            h ^= words[whole]
            h *= _M
        h ^= h >> np.uint32(13)
        h *= _M
    h ^= h >> np.uint32(15)
    return h
