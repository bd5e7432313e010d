"""Hashes that are stored: their names are part of the format, so that they never change."""

from collections.abc import Iterable, Sequence
from operator import methodcaller

import numpy as np
import numpy.typing as npt
from xxhash import xxh64_intdigest

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

_CUT = methodcaller("rstrip", b"\0")
_SEED, _M = np.uint32(0x9747B28C), np.uint32(0x5BD1E995)


def content_hashes(bodies: Iterable[bytes]) -> U64:
    """Return xxHash64 (seed 0) of Avro bodies without their trailing zero bytes.

    A field that a later version appends has a default that Avro writes as zero bytes (null, 0,
    false, empty), so a record hashes alike under the version it was written with and under every
    later one. Within one version cutting zeros loses nothing: no encoding is a prefix of another.
    """
    return np.fromiter(map(xxh64_intdigest, map(_CUT, bodies)), np.uint64)


def murmur2(keys: Sequence[bytes]) -> U32:
    """Return Kafka's murmur2 of every key; the same as schemas.keys.murmur2, in columns."""
    lengths = np.fromiter(map(len, keys), np.int64, len(keys))
    data = np.frombuffer(b"".join(keys), np.uint8)
    if len(keys) and (lengths == lengths[0]).all():  # as is usual: they end in padded numbers
        return _murmur2_of(data.reshape(len(keys), -1), int(lengths[0]))
    starts = np.cumsum(lengths) - lengths
    hashes = np.empty(len(keys), np.uint32)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        spread = data[starts[rows][:, None] + np.arange(length)]
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
