from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.boards.ranking import ranks, standings

TOTALS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3),
    st.decimals(min_value=-50, max_value=50, places=1),
    max_size=12,
)


def test_equal_totals_share_a_rank_and_leave_out_the_next() -> None:
    totals = {"a": Decimal(90), "b": Decimal(70), "c": Decimal("70.00"), "d": Decimal(10)}
    assert ranks(totals) == {"a": 1, "b": 2, "c": 2, "d": 4}


@given(TOTALS)
def test_a_rank_is_one_more_than_the_number_of_better_ones(totals: dict[str, Decimal]) -> None:
    for rep, rank in ranks(totals).items():
        assert rank == 1 + sum(other > totals[rep] for other in totals.values())


@given(TOTALS)
def test_everybody_stands_once_best_first(totals: dict[str, Decimal]) -> None:
    rows = standings(totals, {}, order=str)
    assert sorted(r.rep_id for r in rows) == sorted(totals)
    assert [r.value for r in rows] == sorted(totals.values(), reverse=True)
    for row in rows:
        better = [v for v in totals.values() if v > row.value]
        assert row.to_next == (min(better) - row.value if better else None)
        assert row.tied == (list(totals.values()).count(row.value) > 1)


@given(TOTALS, st.randoms())
def test_the_order_of_arrival_does_not_change_the_standings(
    totals: dict[str, Decimal], random: "object"
) -> None:
    shuffled = list(totals.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert standings(dict(shuffled), {}, order=str) == standings(totals, {}, order=str)


@pytest.mark.parametrize(
    ("before", "moved"),
    [
        ({"a": 1, "b": 2, "c": 3}, {"a": 2, "b": 0, "c": -2}),
        ({"a": 5, "b": 5, "c": 5}, {"a": None, "b": None, "c": None}),  # there was no ranking
        ({}, {"a": None, "b": None, "c": None}),
        ({"c": 1}, {"a": 1, "b": 0, "c": -2}),  # who is not in the baseline stood at zero
        ({"a": 3, "b": 2, "c": 1}, {"a": 0, "b": 0, "c": 0}),
    ],
)
def test_movement_is_ranks_won_since_the_baseline(
    before: Mapping[str, int], moved: Mapping[str, int | None]
) -> None:
    totals = {"a": Decimal(30), "b": Decimal(20), "c": Decimal(10)}
    baseline = {rep: Decimal(v) for rep, v in before.items()}
    assert {r.rep_id: r.moved for r in standings(totals, baseline, order=str)} == moved
