"""Membership: which ids may be in the history of a partition. Complete, so `no` can be trusted."""

import numpy as np
import numpy.typing as npt
import polars as pl
from xxhash import xxh64_intdigest

U64 = npt.NDArray[np.uint64]
_IDS_PER_WORD = 2  # 32 bits for an id; about one in a thousand new ids is looked up in vain
_FIRST_WORDS = 1 << 13


class Filter:
    """A Bloom filter of 64-bit words that grows by adding layers, each double the one before.

    An id sets four bits of one word, so that asking touches one cache line.
    """

    def __init__(self) -> None:
        self._layers: list[U64] = []
        self._room = 0

    def add(self, hashes: U64) -> None:
        """Remember ids."""
        if not len(hashes):
            return
        if len(hashes) > self._room:
            self._grow(len(hashes))
        self._room -= len(hashes)
        words = self._layers[-1]
        np.bitwise_or.at(words, _slots(hashes, words), _bits(hashes))

    def may_hold(self, hashes: U64) -> npt.NDArray[np.bool_]:
        """Return for each id whether it may have been added; False is certain."""
        found = np.zeros(len(hashes), np.bool_)
        bits = _bits(hashes)
        for words in self._layers:
            found |= (words[_slots(hashes, words)] & bits) == bits
        return found

    def _grow(self, count: int) -> None:
        words = len(self._layers[-1]) * 2 if self._layers else _FIRST_WORDS
        while words * _IDS_PER_WORD < count:
            words *= 2
        self._layers.append(np.zeros(words, np.uint64))
        self._room = words * _IDS_PER_WORD


def hashes_of(ids: pl.Series) -> U64:
    """Return xxHash64 (seed 0) of ids, which the warehouse can compute as well."""
    return np.fromiter(map(xxh64_intdigest, ids.cast(pl.Binary).to_list()), np.uint64, len(ids))


def _slots(hashes: U64, words: U64) -> U64:
    return (hashes >> np.uint64(24)) & np.uint64(len(words) - 1)


def _bits(hashes: U64) -> U64:
    one, mask = np.uint64(1), np.uint64(63)
    bits = one << (hashes & mask)
    for shift in (6, 12, 18):
        bits |= one << ((hashes >> np.uint64(shift)) & mask)
    return bits
