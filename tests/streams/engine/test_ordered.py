"""A map in sorted arrays is what a dictionary is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import ordered
from streams.engine.ordered import Ordered

keys = st.integers(0, 40)
writes = st.lists(st.dictionaries(keys, st.tuples(st.integers(0, 99), st.integers(-9, 9))))
ABSENT = (-1, 0)


@pytest.fixture(scope="module", autouse=True)
def _soon_old() -> object:
    usual, ordered.YOUNG_MIN = ordered.YOUNG_MIN, 4
    yield
    ordered.YOUNG_MIN = usual


@given(writes, st.sets(keys))
def test_it_is_a_dictionary(some: list[dict[int, tuple[int, int]]], asked: set[int]) -> None:
    found, plain = Ordered(), dict[int, tuple[int, int]]()
    for entries in some:
        positions, values = zip(*entries.values(), strict=True) if entries else ((), ())
        found.write(_keys(entries), np.array(positions, np.int64), np.array(values, np.int64))
        plain |= entries
    wanted = list(asked)
    read = list(zip(*(part.tolist() for part in found.read(_keys(wanted), ABSENT)), strict=True))
    assert read == [plain.get(key, ABSENT) for key in wanted]
    assert found.holds(_keys(wanted)).tolist() == [key in plain for key in wanted]
    assert len(found) == len(plain)


def _keys(some: object) -> np.ndarray:
    return np.array(list(some), np.uint64)  # type: ignore[call-overload]
