"""Hashes in columns are those everybody else computes."""

from hypothesis import given
from hypothesis import strategies as st

from schemas import keys
from streams.engine.hashes import content_hashes, murmur2
from streams.engine.slices import slices_of


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_murmur2_in_columns_is_kafkas(some: list[bytes]) -> None:
    assert murmur2(slices_of(some)).tolist() == [keys.murmur2(key) for key in some]


@given(st.integers(0, 21).flatmap(lambda n: st.lists(st.binary(min_size=n, max_size=n))))
def test_keys_of_one_length_are_hashed_alike(some: list[bytes]) -> None:
    assert murmur2(slices_of(some)).tolist() == [keys.murmur2(key) for key in some]


def test_the_content_hash_never_changes() -> None:
    # xxHash64 with seed 0 of b"abc", as every implementation computes it; stored, so fixed.
    assert content_hashes(slices_of([b"abc", b"abc\0\0"])).tolist() == [0x44BC2CF5AD770999] * 2
