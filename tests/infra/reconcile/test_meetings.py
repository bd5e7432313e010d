"""Brackets, seasons, reigns and prizes are said twice, and both ways say the same."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from infra.reconcile.contest_courses import SCORE, Made
from infra.reconcile.contest_meetings import Met, opponents, places, seeded
from infra.reconcile.contest_places import held
from infra.reconcile.contest_prizes import Ranked, won
from infra.reconcile.contest_rules import Spec
from schemas.contest_choices import TiedPrizes, TieStep
from schemas.contest_parts import Prize
from schemas.contests import Contest
from streams.domain import contest_play
from streams.domain.contest_book import book
from streams.domain.contest_knockouts import bracket
from streams.domain.contest_play import Play
from streams.domain.contest_prizes import prizes
from streams.domain.contest_ranking import Rules, Standing
from streams.domain.contest_scores import Step, Tally, Terms
from streams.domain.contest_seasons import STAND_IN, schedule, season
from streams.domain.contest_times import Window

ROUND = 10  # milliseconds; enough for a bracket of sixteen, and for two rounds of playoffs
ROUNDS = [Window(start, start + ROUND) for start in range(0, 5 * ROUND, ROUND)]
END = ROUNDS[-1].end
MADE = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, END - 1), st.integers(1, 3)), max_size=60
)


def steps(made: Iterable[tuple[int, int, int]], many: int) -> list[Step]:
    return [Step(f"p{who % many:02}", "", at, Decimal(amount), f"{n}")
            for n, (who, at, amount) in enumerate(made)]  # fmt: skip


def made_in(all_: Iterable[Step], name: str, window: Window) -> Made:
    """What somebody made, as the warehouse would say it."""
    mine = sorted(s for s in all_ if s.participant == name and window.start <= s.at < window.end)
    score = sum(int(s.amount) for s in mine) * SCORE
    return Made(score, max((s.at for s in mine), default=0), 0, len(mine))


def spec(names: Sequence[str], **contest: Any) -> Spec:
    now: Any = None
    return Spec(1, contest, now, False, tuple(sorted(names)), {}, (date.min, date.max), {})


def of_domain(placed: Iterable[Standing]) -> Mapping[str, tuple[int | None, bool]]:
    return {s.tally.participant: (s.rank, s.is_tied) for s in placed}


class Shape(NamedTuple):
    """A contest of meetings.

    Attributes:
        line: who takes part, in the order of their seeds.
    """

    line: Sequence[str]
    is_season: bool
    playoffs: bool
    tie: str | None


SHAPES = st.builds(
    lambda line, season_, playoffs, tie: Shape(line, season_ and len(line) >= 4, playoffs, tie),
    st.integers(2, 12).flatmap(lambda many: st.permutations([f"p{n:02}" for n in range(many)])),
    st.booleans(), st.booleans(), st.sampled_from(["REACHED", "EVENTS", None]),
)  # fmt: skip


@given(MADE, SHAPES, st.integers(0, END + 1))
def test_who_meets_whom_is_the_same_said_twice(
    raw: list[tuple[int, int, int]], shape: Shape, as_of: int
) -> None:
    line, tie = shape.line, shape.tie
    # Instant 0 is never reached by the warehouse's word, so nothing is done in it.
    all_ = [s._replace(at=max(1, s.at)) for s in steps(raw, len(line))]
    rules = Rules((TieStep(tie),) if tie else ())
    play = Play(book(all_, line, Terms()), tuple(line), rules, Window(0, END), tuple(ROUNDS), as_of)
    played = season(play, playoffs=shape.playoffs) if shape.is_season else bracket(play)
    one = spec(line, format="SEASON" if shape.is_season else "BRACKET",
               playoffs=shape.playoffs, ties={"first": tie})  # fmt: skip
    each = [{n: made_in(all_, n, window) for n in line} for window in ROUNDS]
    late = {n: made_in(all_, n, Window(ROUNDS[-2].start, END)) for n in line}
    over = sum(as_of >= window.end for window in ROUNDS)
    whole = {n: made_in(all_, n, Window(0, END)) for n in line}
    by_proof = places(Met(one, line, each, over, late), whole)
    assert {n: (e.place, e.is_tied) for n, e in by_proof.items()} == of_domain(played[0])


@given(st.integers(4, 13), st.integers(0, 30))
def test_a_round_of_a_season_is_the_same_said_twice(many: int, number: int) -> None:
    line = [f"p{n:02}" for n in range(many)]
    by_agents = {frozenset(pair) for pair in schedule(line, number + 1)[number]}
    by_proof = {frozenset((name, other or STAND_IN)) for name, other in opponents(line, number)}
    assert by_proof == by_agents


@given(st.booleans(), st.permutations(range(1, 6)), st.integers(0, 99))
def test_seeds_are_the_same_said_twice(is_drawn: bool, order: list[int], seed: int) -> None:
    names = [f"p{n}" for n in range(6)]
    how: dict[str, Any] = {"seeding": "DRAWN", "draw_seed": seed}
    if not is_drawn:
        listed = [{"place": n, "participant": f"p{who}"} for n, who in enumerate(order, 1)]
        how = {"seeding": "LISTED", "seeds": listed}
    contest = Contest.model_validate({
        "contest_id": "c", "name": "C", "time_zone": "UTC", "starts_at": "2026-01-01T00:00",
        "ends_at": "2026-01-02T00:00", "metrics": [{"kpi": "calls"}], **how,
    })  # fmt: skip
    by_proof = seeded(spec(names, contest_id="c", **how))
    assert by_proof == list(contest_play.seeded(names, contest))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, END - 1), st.integers(-2, 3)),
                max_size=40), st.integers(1, END))  # fmt: skip
def test_reigns_are_the_same_said_twice_also_where_scores_fall(
    raw: list[tuple[int, int, int]], until: int
) -> None:
    all_ = steps(raw, 4)
    names = [f"p{n:02}" for n in range(4)]
    by_agents: dict[str, int] = {}
    for reign in book(all_, names, Terms()).reigns(Window(0, until)):
        took = reign.end - reign.start
        by_agents[reign.participant] = by_agents.get(reign.participant, 0) + took
    course, totals = [], dict.fromkeys(names, 0)
    seen = sorted((s for s in all_ if s.at < until), key=lambda s: s.at)
    for at, same in groupby(seen, key=lambda s: s.at):
        touched = set()
        for step in same:
            totals[step.participant] += int(step.amount)
            touched.add(step.participant)
        course.append((at, [(name, totals[name]) for name in sorted(touched)]))
    by_proof = {name: took for name, took in held(course, until).items() if name and took}
    assert by_proof == by_agents


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8),
       st.lists(st.integers(0, 100_000), max_size=6), st.sampled_from(TiedPrizes),
       st.sampled_from([("EUR", 2), ("JPY", 0), ("KWD", 3)]))  # fmt: skip
def test_prizes_are_the_same_said_twice(
    raw: list[tuple[int, bool]], amounts: list[int], tied: TiedPrizes, money: tuple[str, int]
) -> None:
    code, digits = money
    scores = sorted(raw, reverse=True)
    ranks = [next(n for n, (other, _) in enumerate(scores, 1) if other == s) for s, _ in scores]
    rows = [(f"p{n}", rank, is_in) for n, (rank, (_, is_in)) in
            enumerate(zip(ranks, scores, strict=True))]  # fmt: skip
    offered = [
        Prize(place=n, amount=Decimal(a).scaleb(-digits) if a else None, thing="x" if n % 2 else "")
        for n, a in enumerate(amounts, 1)
    ]
    standing = [Standing(rank if is_in else None, Tally(n, Decimal(0))) for n, rank, is_in in rows]
    by_agents = {n: (w.amount, w.things)
                 for n, w in prizes(standing, offered, code, tied).items()}  # fmt: skip
    contest = {"prize_currency": code, "tied_prizes": tied.value,
               "prizes": [p.model_dump(mode="json") for p in offered]}  # fmt: skip
    by_proof = {
        n: (w.amount, w.things) for n, w in won(contest, [Ranked(*r) for r in rows]).items()
    }
    assert by_proof == by_agents
