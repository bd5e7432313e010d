"""What is kept by day gives what is gone through from the first step to the last."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.contest_choices import TeamScore
from streams.domain.contest_book import Book, book
from streams.domain.contest_scores import Step, Terms, course
from streams.domain.contest_timeline import Reign
from streams.domain.contest_times import Window

DAY = 86_400_000
HEADS = {"a": Fraction(3, 2), "b": Fraction(2), "c": Fraction(0)}
TERMS = st.builds(
    Terms,
    st.sampled_from([None, *TeamScore]),
    st.just(HEADS),
    st.sampled_from([{}, {"a": Decimal(7), "b": Decimal("0.5")}]),
    st.booleans(),
)
# Few instants, on both sides of midnights, and amounts below zero: what was given may be taken.
AT = st.sampled_from([d * DAY + ms for d in range(4) for ms in (0, 1, 7, DAY - 1)])
STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), AT, st.integers(-3, 6)), max_size=25
).map(lambda rows: [
    Step(who, who + rep, at, Decimal(v), f"e{i // 2}", str(i))
    for i, (who, rep, at, v) in enumerate(rows)
])  # fmt: skip
WINDOWS = st.tuples(AT, AT).map(lambda each: Window(min(each), max(each) + 1))


def _by_course(made: list[Step], name: str, window: Window, terms: Terms) -> tuple[Any, ...]:
    mine = [step for step in made if step.participant == name and step.at in window]
    ran = list(course(mine, terms))
    score = ran[-1][1] if ran else Decimal(0)
    reached = next((at for at, so_far in ran if so_far >= score), None)
    return score, reached, len({s.event_id for s in mine}), len({s.rep_id for s in mine})


@given(STEPS, WINDOWS, TERMS)
def test_tallies_of_any_window_are_those_of_its_course(
    made: list[Step], window: Window, terms: Terms
) -> None:
    kept = book(made, "abc", terms)
    for name in "abc":
        found = kept.line(name).tally(window)
        told = found.score, found.reached_at, found.events, found.contributors
        assert told == _by_course(made, name, window, terms)


@given(STEPS, TERMS, st.integers(-2, 12))
def test_a_score_is_reached_where_the_course_first_has_it(
    made: list[Step], terms: Terms, score: int
) -> None:
    kept = book(made, "abc", terms)
    for name in "abc":
        ran = course([s for s in made if s.participant == name], terms)
        first = next((at for at, so_far in ran if so_far >= score), None)
        assert kept.line(name).reached(Decimal(score)) == first
    ran = course([s._replace(participant="") for s in made], Terms())
    first = next((at for at, so_far in ran if so_far >= score), None)
    assert kept.everybody().reached(Decimal(score)) == first


def _in_the_lead(made: list[Step], terms: Terms, window: Window) -> Iterator[Reign]:
    """Yield reigns by looking at everybody's score anew at each instant."""
    king, since = "", window.start
    for at in sorted({s.at for s in made if s.at < window.end}):
        upto = [s for s in made if s.at <= at]
        scores = {n: list(course(mine, terms))[-1][1] for n in "abc"
                  if (mine := [s for s in upto if s.participant == n])}  # fmt: skip
        best = max(scores.values())
        if king and scores[king] == best:
            continue
        following = min(n for n, s in scores.items() if s == best) if best > 0 else ""
        if following != king:
            if king and at > since:
                yield Reign(king, since, at)
            king, since = following, at
    if king and window.end > since:
        yield Reign(king, since, window.end)


@given(STEPS, STEPS, TERMS, AT, AT)
def test_what_is_put_down_later_leaves_what_a_new_book_has(
    first: list[Step], then: list[Step], terms: Terms, early: int, late: int
) -> None:
    """Days are put down again, asked for in between, and come in any order."""
    kept = book(first, "abc", terms)
    ends = [Window(0, end + 1) for end in sorted((early, late))]
    for window in ends:
        assert kept.reigns(window) == list(_in_the_lead(first, terms, window))
    for name in "abc":
        for day in (2, 0, 3, 1):
            mine = [s for s in then if s.participant == name and s.at // DAY == day]
            kept.put(name, day, "", mine)
        _same(kept, book([s for s in then if s.participant <= name]
                         + [s for s in first if s.participant > name], "abc", terms))  # fmt: skip
    for window in ends:
        assert kept.reigns(window) == list(_in_the_lead(then, terms, window))


def _same(kept: Book, new: Book) -> None:
    window = Window(0, 9 * DAY)
    for name in "abc":
        assert kept.line(name).tally(window) == new.line(name).tally(window)
    assert kept.everybody().total() == new.everybody().total()
