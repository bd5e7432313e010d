"""The guard: what is in a total already is never added again, and is told all the same."""

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.folding import TOUCH, no_touches
from streams.engine.totals import Totals, applied, no_totals
from tests.streams.engine.records import Total, totals_of

DAY = date(2026, 3, 1)


def touches(*lines: tuple[str, int, int]) -> pl.DataFrame:
    """Return touches of (rep, position, value)."""
    rows = [(0, rep, DAY, "calls", "", position, value) for rep, position, value in lines]
    schema = {name: no_touches().schema[name] for name in TOUCH}
    return pl.DataFrame(rows, schema=schema, orient="row")


def ready(*rows: Total) -> Totals:
    totals = Totals()
    totals.load([DAY], totals_of(rows))
    return totals


def told(totals: Totals, some: pl.DataFrame) -> list[Total]:
    rows = applied({0: totals}, some).get(0, no_totals())
    return [Total(*row) for row in rows.iter_rows()]


def test_a_touch_that_changes_nothing_moves_the_position() -> None:
    totals = ready(Total("r1", DAY, "calls", "", 5, 10))
    found = told(totals, touches(("r1", 7, 3), ("r1", 7, -3)))
    assert found == [Total("r1", DAY, "calls", "", 7, 10)]


def test_a_replayed_touch_changes_nothing_and_is_told_again() -> None:
    totals = ready(Total("r1", DAY, "calls", "", 7, 10))
    assert told(totals, touches(("r1", 7, 3))) == [Total("r1", DAY, "calls", "", 7, 10)]
    assert told(totals, touches(("r1", 6, 3), ("r1", 8, 1))) == [
        Total("r1", DAY, "calls", "", 8, 11)
    ]


def test_many_touches_at_one_position_all_count() -> None:
    totals = ready(Total("r1", DAY, "calls", "", 7, 10))
    assert told(totals, touches(*[("r1", 8, 1)] * 5))[0].value == 15


lines = st.lists(st.tuples(st.sampled_from(["r1", "r2"]), st.integers(-9, 9)), max_size=20)


@given(lines, st.integers(0, 20), st.integers(0, 20))
def test_any_cut_and_any_replay_give_the_same_totals(
    log: list[tuple[str, int]], cut: int, back: int
) -> None:
    at = [(rep, position, value) for position, (rep, value) in enumerate(log)]
    once, twice = ready(), ready()
    told(once, touches(*at))
    told(twice, touches(*at[:cut]))
    told(twice, touches(*at[max(0, cut - back) :]))
    assert _all(once) == _all(twice)


def _all(totals: Totals) -> list[Total]:
    asked = told(totals, touches(("r1", 0, 0), ("r2", 0, 0)))
    return sorted(asked)
