"""Contests: published cases and the laws of scores, places, prizes and formats."""

from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.contest_choices import Score, TiedPrizes, TieStep
from schemas.contest_parts import Metric, Prize
from schemas.contests import Contest
from schemas.definitions import Roster
from streams.domain.contest_book import book
from streams.domain.contest_counting import Event, contributions
from streams.domain.contest_field import Field, Stay, field
from streams.domain.contest_prizes import pot, prizes
from streams.domain.contest_ranking import Rules, standings
from streams.domain.contest_results import Result, result
from streams.domain.contest_scores import Step, Tally, Terms
from streams.domain.contest_seasons import STAND_IN, schedule
from streams.domain.contest_timeline import passes
from streams.domain.contest_times import Window, frozen_at, instant, rounds, window
from streams.domain.periods import Span

START, END = "2026-11-23T00:00", "2026-11-28T00:00"
SPAN = Span(date(2026, 11, 23), date(2026, 11, 28))
AFTER = instant("2026-12-10T00:00", "UTC")


def contest(**more: Any) -> Contest:
    given = {"contest_id": "c", "name": "C", "time_zone": "UTC", "starts_at": START,
             "ends_at": END, "metrics": [{"kpi": "calls"}], "round_days": 1, **more}  # fmt: skip
    return Contest.model_validate(given)


def everybody(names: str) -> Field:
    return Field(tuple(names), {n: (Stay(n, n, SPAN),) for n in names}, SPAN)


def event(rep: str, at: str, value: str = "1", kpi: str = "calls", name: str = "") -> Event:
    """An event on 2026-11-DD, written as DDTHH:MM."""
    when = instant(f"2026-11-{at}", "UTC")
    return Event(name or f"{rep}{at}{kpi}", rep, kpi, "", when, Decimal(value))


def held(
    one: Contest, names: str, events: list[Event], targets: dict[str, Decimal] | None = None
) -> Result:
    return result(one, everybody(names), events, AFTER, targets=targets or {})


def places(found: Result) -> list[tuple[int | None, str]]:
    return [(s.rank, s.tally.participant) for s in found.placed]


PERCENT = {"score": "PERCENT", "metrics": [{"kpi": "calls"}]}
NINE_OF_TEN = [event("a", "23T10:00", "9"), event("b", "24T10:00", "18")]
TARGETS = {"a": Decimal(10), "b": Decimal(20)}


def test_nine_of_ten_and_eighteen_of_twenty_are_a_tie() -> None:
    """Source: W98, knowledge.spinify.com what-is-a-tie."""
    found = held(contest(**PERCENT, ties={"first": None}), "ab", NINE_OF_TEN, TARGETS)
    assert places(found) == [(1, "a"), (1, "b")]
    assert {s.tally.score for s in found.placed} == {Decimal("0.9000")}


def test_with_ties_off_whoever_was_there_first_stays_first() -> None:
    """Source: W98; a late event that happened earlier changes who that was."""
    one = contest(**PERCENT, ties={"first": "REACHED"})
    assert places(held(one, "ab", NINE_OF_TEN, TARGETS)) == [(1, "a"), (2, "b")]
    late = [event("a", "25T10:00", "9"), NINE_OF_TEN[1]]
    assert places(held(one, "ab", late, TARGETS)) == [(1, "b"), (2, "a")]


def test_points_are_not_capped_unless_the_contest_says_so() -> None:
    """Source: W96, help.ambition.com scorecards: 2 x 5 and 40 x 4 make 170 of 100."""
    metrics = [{"kpi": "opportunities", "points": 5}, {"kpi": "thousands", "points": 4}]
    one = contest(score="POINTS", metrics=metrics)
    made = [event("a", "23T10:00", "2", "opportunities"), event("a", "23T11:00", "40", "thousands")]
    assert held(one, "a", made).placed[0].tally.score == 170


def test_places_are_1_2_2_4() -> None:
    made = [
        event(n, f"2{3 + i}T10:00", v) for i, (n, v) in enumerate(zip("abcd", "9551", strict=True))
    ]
    assert [r for r, _ in places(held(contest(ties={"first": None}), "abcd", made))] == [1, 2, 2, 4]


def test_a_cap_counts_the_first_of_each_local_day() -> None:
    metric = Metric(kpi="calls", cap_per_day=Decimal(2))
    # 23:30 in New York is the next day in UTC: it is still the first local day.
    events = [event("a", at) for at in ("24T02:00", "24T03:00", "24T04:30", "24T05:30")]
    made = contributions(events, [metric], Score.VALUE, "America/New_York")
    assert [(c.day.day, c.value) for c in made] == [(23, 1), (23, 1), (24, 1)]


def test_a_power_hour_counts_its_hour_alone() -> None:
    only = {"hours_from": "14:00", "hours_to": "15:00", "weekdays": [1]}
    one = contest(metrics=[{"kpi": "calls", "only": only}])
    made = [event("a", at) for at in ("23T13:59", "23T14:00", "23T14:59", "23T15:00", "24T14:30")]
    assert held(one, "a", made).placed[0].tally.score == 2


def test_the_window_is_half_open_in_its_own_zone() -> None:
    one = contest(time_zone="Asia/Tokyo")
    first, behind = window(one)
    at = [first - 1, first, behind - 1, behind]
    events = [Event(str(t), "a", "calls", "", t, Decimal(1)) for t in at]
    assert held(one, "a", events).placed[0].tally.score == 2
    assert first == instant("2026-11-22T15:00", "UTC")
    assert frozen_at(one) == behind + 24 * 3_600_000


def test_a_round_is_a_local_day_whatever_the_clocks_do() -> None:
    """On 2026-10-25 the clocks of Berlin go back: that round has 25 hours."""
    one = contest(time_zone="Europe/Berlin", starts_at="2026-10-24T09:00",
                  ends_at="2026-10-27T09:00")  # fmt: skip
    assert [(r.end - r.start) // 3_600_000 for r in rounds(one)] == [25, 24, 24]


ROSTER = Roster.model_validate({
    "teams": [{"team_id": "all", "name": "A"}, {"team_id": "x", "name": "X",
              "parent_team_id": "all"}, {"team_id": "y", "name": "Y", "parent_team_id": "all"}],
    "reps": [
        {"rep_id": "a", "history": [
            {"valid_from": "2026-01-01", "valid_to": "2026-11-25", "team_id": "x",
             "time_zone": "UTC"},
            {"valid_from": "2026-11-25", "team_id": "y", "time_zone": "UTC"}]},
        {"rep_id": "b", "history": [{"valid_from": "2026-01-01", "team_id": "y",
                                     "time_zone": "UTC"}]},
        {"rep_id": "late", "history": [{"valid_from": "2026-11-26", "team_id": "x",
                                        "time_zone": "UTC"}]}],
})  # fmt: skip
MOVED = [event("a", "24T10:00"), event("a", "25T10:00"), event("b", "23T10:00", "4"),
         event("late", "25T10:00", "100"), event("late", "26T10:00")]  # fmt: skip


@pytest.mark.parametrize(
    ("how", "x", "y"),
    [("SUM", "2", "5"), ("AVERAGE", "2.5000", "3.1250"), ("CONTRIBUTORS", "1", "2.5000")],
)
def test_who_moves_leaves_what_they_did_to_the_old_team(how: str, x: str, y: str) -> None:
    """Source: Ambition: history stays with the old group, the new one counts from joining."""
    one = contest(of="TEAMS", team_score=how, participants={"teams": ["x", "y"]})
    there = field(one, ROSTER)
    found = result(one, there, MOVED, AFTER, targets={})
    scores = {s.tally.participant: s.tally.score for s in found.placed}
    heads = {s.tally.participant: s.tally.heads for s in found.placed}
    assert heads == {"x": Decimal("0.8000"), "y": Decimal("1.6000")}
    assert scores == {"x": Decimal(x), "y": Decimal(y)}


def test_below_the_minimum_nobody_has_a_place_or_a_prize() -> None:
    one = contest(minimum_events=2, prizes=[{"place": 1, "amount": 10}], prize_currency="EUR")
    found = held(one, "ab", [event("a", "23T10:00", "50"), event("b", "23T10:00"),
                             event("b", "23T11:00")])  # fmt: skip
    assert places(found) == [(1, "b"), (None, "a")]
    assert set(found.won) == {"b"}


def test_a_race_is_over_with_its_last_winner() -> None:
    """Source: Plecto: a contest ends at its end, or with the first to the target."""
    one = contest(format="RACE", target=2, winners=1)
    made = [event("a", "23T10:00"), event("b", "23T11:00", "1.5"), event("a", "24T10:00"),
            event("b", "24T11:00", "50")]  # fmt: skip
    found = held(one, "ab", made, {"a": Decimal(2), "b": Decimal(2)})
    assert places(found) == [(1, "a"), (2, "b")]
    assert found.ended_at == instant("2026-11-24T10:00", "UTC")
    assert found.placed[1].tally.score == Decimal("1.5")


def test_an_elimination_drops_the_last_of_each_round_and_nobody_by_chance() -> None:
    one = contest(format="ELIMINATION", ties={"first": None})
    made = [event(n, f"2{d}T10:00", v) for d, values in ((3, "321"), (4, "110"), (5, "120"))
            for n, v in zip("abc", values, strict=True)]  # fmt: skip
    found = held(one, "abc", made)
    assert [r.out for r in found.rounds] == [("c",), (), ("a",)]
    assert places(found) == [(1, "b"), (2, "a"), (3, "c")]


def test_a_bracket_lets_the_first_seeds_meet_last_and_gives_them_the_byes() -> None:
    seeds = [{"place": i, "participant": n} for i, n in enumerate("abcde", 1)]
    one = contest(format="BRACKET", seeding="LISTED", seeds=seeds)
    found = held(one, "abcde", [event("e", f"2{d}T10:00") for d in (3, 4, 5)])
    assert [(m.round, m.home, m.away) for m in found.matches if m.away] == [
        (1, "d", "e"), (2, "a", "e"), (2, "b", "c"), (3, "b", "e"),
    ]  # fmt: skip
    # Nobody else did anything: equal matches go to the one seeded first.
    assert places(found) == [(1, "e"), (2, "b"), (3, "a"), (3, "c"), (5, "d")]


def test_a_season_ends_in_playoffs_of_one_against_four_and_two_against_three() -> None:
    """Source: Ambition fantasy: four seeds, two weeks, a group of the rest."""
    seeds = [{"place": i, "participant": n} for i, n in enumerate("abcdef", 1)]
    one = contest(format="SEASON", seeding="LISTED", seeds=seeds)
    made = [
        event(n, f"2{d}T10:00", str(9 - i)) for d in range(3, 8) for i, n in enumerate("abcdef")
    ]
    found = held(one, "abcdef", made)
    finals = [(m.label, m.home, m.away) for m in found.matches if m.round > 3]
    assert finals[2:] == [("Final", "a", "b"), ("Third place", "c", "d")]
    assert {frozenset(m[1:]) for m in finals[:2]} == {frozenset("ad"), frozenset("bc")}
    assert [n for _, n in places(found)] == list("abcdef")


def test_an_odd_field_plays_the_mean_of_the_others() -> None:
    """Source: Ambition's phantom stands in where the number is odd."""
    seeds = [{"place": i, "participant": n} for i, n in enumerate("abcde", 1)]
    one = contest(format="SEASON", seeding="LISTED", seeds=seeds, playoffs=False)
    found = held(
        one, "abcde", [event(n, "23T10:00", v) for n, v in zip("abcde", "12345", strict=True)]
    )
    stood_in = next(m for m in found.matches if m.round == 1 and STAND_IN in (m.home, m.away))
    opponent = "abcde".index(stood_in.home) + 1
    assert stood_in.away_score == Decimal(15 - opponent) / 4


def test_a_king_is_who_leads_longest_not_who_leads_last() -> None:
    one = contest(format="KING")
    found = held(one, "ab", [event("a", "23T00:00"), event("b", "27T12:00", "5")])
    assert places(found) == [(1, "a"), (2, "b")]
    assert found.held == {"a": int(4.5 * 86_400_000), "b": int(0.5 * 86_400_000)}


def test_a_shared_goal_pays_nobody_before_it_is_reached() -> None:
    """Source: Spinify's big epic goal; levels as SalesDash's base and super goals."""
    more = {"format": "GOAL", "target": 10, "milestones": [{"name": "base", "amount": 5}],
            "prizes": [{"place": 1, "amount": 10}], "prize_currency": "EUR"}  # fmt: skip
    made = [event("a", "23T10:00", "4"), event("b", "24T10:00", "3")]
    found = held(contest(**more), "ab", made)
    assert [(g.name, g.at is None) for g in found.goal] == [("base", False), ("goal", True)]
    assert not found.won
    assert held(contest(**more), "ab", [*made, event("b", "25T10:00", "3")]).won


def test_who_passed_whom_is_kept_in_order_and_a_fall_is_silent() -> None:
    def step(name: str, at: int, amount: int) -> Step:
        return Step(name, name, at, Decimal(amount), f"{name}{at}")

    made = [step("a", 1, 5), step("b", 2, 3), step("b", 3, 3), step("b", 4, -4), step("a", 5, 1)]
    assert [(p.at, p.participant, p.passed) for p in passes(made, Terms())] == [(3, "b", "a")]


def test_tied_places_pool_their_prizes_or_share_all() -> None:
    offered = [Prize(place=i, amount=Decimal(a)) for i, a in ((1, 500), (2, 300), (3, 200))]
    scores = {"a": 9, "b": 9, "c": 1}
    tied = standings([Tally(n, Decimal(v)) for n, v in scores.items()], Rules())
    pooled = prizes(tied, offered, "EUR", TiedPrizes.POOL)
    assert [pooled[n].amount for n in "abc"] == [400, 400, 200]
    split = prizes(tied, offered, "EUR", TiedPrizes.SHARE)
    assert [split[n].amount for n in "abc"] == [Decimal("416.67"), Decimal("416.67"),
                                                Decimal("166.66")]  # fmt: skip


def test_a_draw_hangs_on_its_seed_and_on_nobody_who_joins() -> None:
    from streams.domain.contest_play import seeded

    drawn = contest(format="BRACKET", seeding="DRAWN", draw_seed=7)
    order = seeded("abcdef", drawn)
    assert order == seeded("fedcba", drawn)
    assert set(order) == set("abcdef")
    assert [n for n in seeded("abcdefg", drawn) if n != "g"] == list(order)
    others = {seeded("abcdef", drawn.model_copy(update={"draw_seed": n})) for n in range(20)}
    assert len(others) > 10


@given(st.integers(4, 12), st.integers(1, 30))
def test_a_season_lets_everybody_meet_everybody_before_anybody_twice(many: int, weeks: int) -> None:
    names = [f"p{i}" for i in range(many)]
    ring = many + many % 2
    played = [pair for pairs in schedule(names, min(weeks, ring - 1)) for pair in pairs]
    assert len(set(map(frozenset, played))) == len(played)
    for pairs in schedule(names, weeks):
        assert sorted(n for pair in pairs for n in pair if n != STAND_IN) == sorted(names)


STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.integers(1, 9)), max_size=30
).map(lambda rows: [Step(n, n, at, Decimal(v), str(i)) for i, (n, at, v) in enumerate(rows)])


def tallies(made: list[Step]) -> dict[str, Tally]:
    kept = book(made, "abc", Terms())
    return {name: kept.line(name).tally(Window(0, 1 << 40)) for name in "abc"}


@given(STEPS, st.randoms(use_true_random=False))
def test_order_of_arrival_never_matters(made: list[Step], random: Any) -> None:
    mixed = random.sample(made, len(made))
    assert tallies(mixed) == tallies(made)
    assert passes(mixed, Terms()) == passes(made, Terms())


@given(STEPS, st.integers(0, 20))
def test_scores_add_up_over_any_cut(made: list[Step], at: int) -> None:
    first, rest = [s for s in made if s.at in Window(0, at)], [s for s in made if s.at >= at]
    whole, one, two = map(tallies, (made, first, rest))
    assert {n: whole[n].score for n in "abc"} == {n: one[n].score + two[n].score for n in "abc"}


TALLIES = st.lists(
    st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 3)), st.integers(0, 3)),
    min_size=1, max_size=8,
).map(lambda rows: [Tally(f"p{i}", Decimal(s), reached_at=at, events=n)
                    for i, (s, at, n) in enumerate(rows)])  # fmt: skip
LADDERS = st.sampled_from([
    ladder for many in range(4) for ladder in permutations(TieStep, many)
])  # fmt: skip


@given(TALLIES, LADDERS, st.booleans())
def test_ranks_are_a_permutation_with_ties(
    every: list[Tally], ladder: tuple[TieStep, ...], lower: bool
) -> None:
    found = standings(every, Rules(ladder, lower))
    assert sorted(s.tally.participant for s in found) == sorted(t.participant for t in every)
    for one in found:
        ahead = [s for s in found if (s.rank or 0) < (one.rank or 0)]
        assert one.rank == len(ahead) + 1
        assert one.is_tied == (sum(s.rank == one.rank for s in found) > 1)
        assert all((s.tally.score <= one.tally.score) if lower
                   else (s.tally.score >= one.tally.score) for s in ahead)  # fmt: skip


@given(TALLIES, st.lists(st.integers(1, 100_000), max_size=6), st.sampled_from(TiedPrizes),
       st.sampled_from([("EUR", 2), ("JPY", 0), ("KWD", 3)]))  # fmt: skip
def test_prizes_add_up_to_the_pot_to_the_last_cent(
    every: list[Tally], amounts: list[int], tied: TiedPrizes, money: tuple[str, int]
) -> None:
    code, places_ = money
    offered = [Prize(place=i, amount=Decimal(a).scaleb(-places_)) for i, a in enumerate(amounts, 1)]
    ranked = standings(every, Rules())
    won = prizes(ranked, offered, code, tied)
    assert sum((w.amount for w in won.values()), Decimal(0)) == pot(len(ranked), offered)
    by_rank: dict[Any, set[Decimal]] = {}
    for s in ranked:
        paid = won[s.tally.participant].amount if s.tally.participant in won else Decimal(0)
        by_rank.setdefault(s.rank, set()).add(paid)
    unit = Decimal(1).scaleb(-places_)
    assert all(max(each) - min(each) <= unit for each in by_rank.values())
