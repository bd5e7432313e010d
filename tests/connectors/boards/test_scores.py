from datetime import date
from decimal import Decimal
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from connectors.boards.scores import Cell, Partial, Scores
from schemas.positions import position_of

DAY = date(2026, 11, 2)
HELD = frozenset({"calls", "revenue_won"})
# Equal position means equal content, so the value is a function of slot and position.
PARTIALS = st.builds(
    lambda rep, day, measure, partition, position: Partial(
        rep, date(2026, 11, day), measure, "", "crm.calls", partition, position,
        Decimal(position * 7 % 11 + partition),
    ),
    st.sampled_from(["a", "b", "unassigned", "nobody knows them"]),
    st.integers(1, 3),
    st.sampled_from(["calls", "talk_seconds"]),
    st.integers(0, 2),
    st.integers(0, 9),
)  # fmt: skip


def partial(value: int, position: int, partition: int = 0, day: date = DAY) -> Partial:
    return Partial("a", day, "calls", "", "crm.calls", partition, position, Decimal(value))


def folded(partials: list[Partial]) -> dict[tuple[str, date, Cell], Decimal]:
    scores = Scores(DAY, HELD)
    for p in partials:
        scores.apply(p)
    return {
        (rep, day, cell): value
        for rep in scores.reps()
        for day, totals in scores.days_of(rep).items()
        for cell, value in totals.items()
        if value
    }


@given(st.lists(PARTIALS, max_size=40), st.randoms())
def test_partials_in_any_order_and_any_number_of_times_give_the_same_totals(
    partials: list[Partial], random: "object"
) -> None:
    again = [*partials, *partials[::2]]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert folded(again) == folded(partials)


@given(st.lists(PARTIALS, max_size=40))
def test_a_total_is_the_sum_of_the_newest_of_each_partition(partials: list[Partial]) -> None:
    newest = {p[:6]: p for p in sorted(partials, key=lambda p: p.position)}
    kept = sorted(
        (p for p in newest.values() if p.day >= DAY and p.measure in HELD),
        key=lambda p: (p.rep_id, p.day, p.measure),
    )
    expected = {
        (rep, day, Cell(measure, "")): sum(p.value for p in group)
        for (rep, day, measure), group in groupby(kept, key=lambda p: (p.rep_id, p.day, p.measure))
    }
    assert folded(partials) == {key: total for key, total in expected.items() if total}


def test_a_change_is_told_as_the_difference_and_a_repetition_is_none() -> None:
    scores = Scores(DAY, HELD)
    assert scores.apply(partial(5, 1)).by == 5  # type: ignore[union-attr]
    assert scores.apply(partial(3, 2)).by == -2  # type: ignore[union-attr]
    assert scores.apply(partial(3, 2)) is None
    assert scores.apply(partial(9, 1)) is None
    assert scores.apply(partial(3, 4)) is None  # touched, but the sum came out the same
    assert scores.days_of("a")[DAY] == {Cell("calls", ""): Decimal(3)}


def test_forgotten_days_stay_forgotten() -> None:
    scores = Scores(DAY, HELD)
    later = date(2026, 11, 9)
    scores.apply(partial(5, 1))
    scores.apply(partial(7, 1, day=later))
    scores.forget_before(later)
    assert scores.apply(partial(6, 9)) is None
    assert list(scores.days_of("a")) == [later]
    assert len(scores) == 1


def test_a_log_begun_anew_is_noticed_in_what_is_held() -> None:
    scores = Scores(DAY, HELD)
    fresh = partial(1, position_of(2, 0))
    assert not scores.opens_epoch(fresh)  # nothing known of this log yet
    scores.apply(partial(5, position_of(1, 40)))
    assert scores.opens_epoch(fresh)
    assert not scores.opens_epoch(partial(1, position_of(1, 41)))
    assert not scores.opens_epoch(partial(1, position_of(2, 0), day=date(2026, 11, 1)))
    assert not scores.opens_epoch(partial(1, position_of(2, 0), partition=1))
