"""Scorecards: the published case, targets that add up, and groups that newcomers do not lower."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions import Bundle
from schemas.scorecards import Indicator, Scorecard
from streams.domain.periods import Span
from streams.domain.scorecards import Done, daily_targets, group_score, prorated, score
from streams.domain.scoring import Cards
from streams.domain.workdays import Workdays

D = Decimal
NOVEMBER = Span(date(2026, 11, 1), date(2026, 12, 1))


def card(*indicators: tuple[str, int], **more: Any) -> Scorecard:
    return Scorecard(
        scorecard_id="c",
        name="Card",
        period="MONTH",
        valid_from=date(2026, 1, 1),
        indicators=tuple(Indicator(kpi=kpi, weight=D(weight)) for kpi, weight in indicators),
        **more,
    )


SALES = card(("opportunities", 20), ("revenue", 80))


def test_twice_the_revenue_gives_170_points() -> None:
    """Source: Ambition, Scorecards: 4 opportunities = 20, 20,000 of revenue = 80; 2 and 40,000."""
    done = {"opportunities": Done(D(2), D(4)), "revenue": Done(D(40000), D(20000))}
    found = score(SALES, done)
    assert found.points == 170
    assert [p.points for p in found.indicators] == [10, 160]
    assert found.of == 100
    assert score(card(("opportunities", 20), ("revenue", 80), cap=D("1.5")), done).points == 130


def test_a_target_is_prorated_by_working_days() -> None:
    """Source: Ambition: target x the employee's workdays / workdays in the frame."""
    assert prorated(D(100), D(17), D(22)) == D("77.2727")


def test_what_nobody_asks_for_cannot_be_missed() -> None:
    found = score(SALES, {"revenue": Done(D(20000), D(20000))})
    assert (found.points, found.of) == (80, 80)
    assert score(SALES, {}).points is None


@given(
    goal=st.integers(0, 2000),
    leave=st.dictionaries(st.dates(date(2026, 11, 2), date(2026, 11, 27)),
                          st.sampled_from([D(1), D("0.5"), D("0.25")]), max_size=19),
    prorate=st.booleans(),
)  # fmt: skip
def test_daily_targets_add_up_and_no_day_is_off_by_a_whole_one(
    goal: int, leave: dict[date, Decimal], prorate: bool
) -> None:
    days = Workdays().with_leave({d: s for d, s in leave.items() if d.isoweekday() < 6})
    targets = daily_targets(D(goal), NOVEMBER, days, D(1), prorate=prorate)
    present, whole = days.days_in(NOVEMBER), Workdays().days_in(NOVEMBER)
    asked = D(goal) * present / whole if prorate else D(goal)
    assert abs(sum(targets.values()) - asked) <= D("0.5")
    assert set(targets) == {d for d in NOVEMBER.each() if days.weight(d) > 0}
    for day, target in targets.items():
        assert abs(target - sum(targets.values()) * days.weight(day) / present) < 1
        assert target == int(target)


def test_equal_days_take_turns() -> None:
    targets = list(daily_targets(D(7), NOVEMBER, Workdays(), D(1)).values())
    places = [i for i, target in enumerate(targets) if target]
    assert (len(targets), sum(targets)) == (21, 7)
    assert {b - a for a, b in pairwise(places)} == {3}


def test_money_is_split_to_the_cent() -> None:
    targets = daily_targets(D("1000.00"), NOVEMBER, Workdays(), D("0.01"))
    assert sum(targets.values()) == 1000
    assert set(targets.values()) == {D("47.61"), D("47.62")}


members = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 20), st.integers(1, 20)),
    min_size=1,
    max_size=8,
)


def _of(rows: list[tuple[int, int, int, int]]) -> list[dict[str, Done]]:
    return [{"opportunities": Done(D(a), D(x)), "revenue": Done(D(b), D(y))} for a, b, x, y in rows]


@given(rows=members, who=st.integers(0, 7), more=st.integers(1, 9), which=st.booleans())
def test_work_never_lowers_the_score_of_all_members_and_a_drop_of_the_other_is_explained(
    rows: list[tuple[int, int, int, int]], who: int, more: int, which: bool
) -> None:
    who %= len(rows)
    a, b, x, y = rows[who]
    after = [*rows[:who], (a + more * which, b + more * (not which), x, y), *rows[who + 1 :]]
    before, then = group_score(SALES, _of(rows)), group_score(SALES, _of(after))
    assert before.all_members.points is not None
    assert then.all_members.points is not None
    assert then.all_members.points > before.all_members.points
    if before.contributors.points is not None and then.contributors.points is not None:
        fell = then.contributors.points < before.contributors.points
        assert not fell or then.contributing == before.contributing + 1
    assert then.members == before.members


def test_a_newcomers_first_event_shows_in_both_readings() -> None:
    settled, new = (20, 20, 10, 10), (0, 0, 10, 10)
    before = group_score(SALES, _of([settled, new]))
    after = group_score(SALES, _of([settled, (1, 0, 10, 10)]))
    assert (before.contributors.points, after.contributors.points) == (200, D(101))
    assert (before.contributing, after.contributing) == (1, 2)
    assert (before.all_members.points, after.all_members.points) == (100, D(101))


def test_a_team_of_one_scores_as_its_member() -> None:
    done = {"opportunities": Done(D(3), D(4)), "revenue": Done(D(7), D(9))}
    group = group_score(SALES, [done])
    assert group.all_members == group.contributors == score(SALES, done)


BUNDLE = Bundle.model_validate(
    {
        "company": {"name": "A", "reporting_currency": "EUR", "time_zone": "UTC"},
        "roster": {
            "teams": [{"team_id": "all", "name": "All"},
                      {"team_id": "north", "name": "North", "parent_team_id": "all"}],
            "reps": [
                {"rep_id": "ann", "history": [
                    {"valid_from": "2026-01-01", "team_id": "north", "time_zone": "UTC"}]},
                {"rep_id": "bob", "history": [
                    {"valid_from": "2026-11-16", "team_id": "all", "role": "SDR",
                     "time_zone": "UTC"}]},
            ],
        },
        "leave": {"leave": [{"rep_id": "ann", "valid_from": "2026-11-23",
                             "valid_to": "2026-11-28"}]},
        "measures": {"measures": [
            {"measure": kpi, "of": "call", "rule": "calls", "unit": "COUNT", "label": kpi,
             "description": kpi} for kpi in ("calls", "mails")]},
        "quotas": {"quotas": [
            {"owner_kind": "REP", "owner_id": "ann", "kpi": "mails", "period_start": "2026-10-01",
             "period_end": "2027-01-01", "amount": 660}]},
        "scorecards": {"scorecards": [
            {"scorecard_id": "c", "name": "Card", "period": "MONTH", "valid_from": "2026-01-01",
             "indicators": [{"kpi": "calls", "weight": 60, "target": 210},
                            {"kpi": "mails", "weight": 40}]}]},
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("rep", "target", "first"),
    [
        ("ann", 160, date(2026, 11, 2)),  # 16 of 21 days: a week of leave
        ("bob", 110, date(2026, 11, 16)),  # 11 of 21 days: since the 16th
    ],
)
def test_days_away_and_off_the_roster_ask_for_nothing(rep: str, target: int, first: date) -> None:
    cards = Cards(BUNDLE)
    ((one, span),) = cards.on(date(2026, 11, 20))
    assert span == NOVEMBER
    targets = cards.targets(one, one.indicators[0], span, rep)
    assert (sum(targets.values()), min(targets)) == (target, first)


def test_a_quota_asks_for_what_falls_into_the_cards_period() -> None:
    """660 over the 61 working days of the quarter that ann is there, 16 of them in November."""
    cards = Cards(BUNDLE)
    ((one, span),) = cards.on(date(2026, 11, 20))
    targets = cards.targets(one, one.indicators[1], span, "ann")
    assert len(targets) == 16
    assert set(targets.values()) <= {D(10), D(11)}
    assert cards.targets(one, one.indicators[1], span, "bob") == {}


def _with_a_rate(**indicator: Any) -> Bundle:
    rate = {"kpi_id": "mails_per_call", "name": "Mails per call", "unit": "RATIO",
            "formula": "mails / calls", "meaning": "mails over calls", "denominator": "calls",
            "when_empty": "NOTHING", "empty_means": "no call yet", "source": "totals"}  # fmt: skip
    card = BUNDLE.scorecards.scorecards[0].model_dump()
    card["indicators"] = [{"kpi": "mails_per_call", "weight": 100, **indicator}]
    return BUNDLE.model_validate(
        BUNDLE.model_dump() | {"kpis": {"kpis": [rate]}, "scorecards": {"scorecards": [card]}}
    )


def test_a_rate_is_scored_by_sums_and_has_the_same_target_on_every_day() -> None:
    cards = Cards(_with_a_rate(target="0.5"))
    ((one, span),) = cards.on(day := date(2026, 11, 20))
    assert cards.measures(one) == {("calls", ""), ("mails", "")}
    first = date(2026, 11, 2)
    actuals = {("ann", "calls", first): D(20), ("ann", "mails", day): D(5),
               ("ann", "calls", day): D(10), ("bob", "calls", day): D(2)}  # fmt: skip
    ann = cards.scored(one, span, day, ["ann"], actuals, is_group=False)
    got = [getattr(ann, name).indicators[0] for name in ("today", "to_date", "period")]
    assert [(p.actual, p.target, p.points) for p in got] == [
        (D("0.5"), D("0.5"), 100), (D("0.1667"), D("0.5"), D("33.34")),
        (D("0.1667"), D("0.5"), D("33.34")),
    ]  # fmt: skip
    team = cards.scored(one, span, day, ["ann", "bob"], actuals, is_group=True).today
    assert (team.members, team.contributing) == (2, 2)  # calls without a mail count as work
    assert team.all_members.indicators[0].actual == D("0.4167")  # 5 of 12: no mean of rates
    empty = cards.scored(one, span, date(2026, 11, 19), ["bob"], {}, is_group=False).today
    assert (empty.points, empty.indicators[0].actual) == (None, None)


def test_a_rate_without_a_target_has_that_of_the_reps_quota() -> None:
    quota = BUNDLE.quotas.quotas[0].model_copy(
        update={"kpi": "mails_per_call", "amount": D("0.25"), "quota_id": "q"}
    )
    asked = _with_a_rate()
    quotas = asked.quotas.model_copy(update={"quotas": (quota,)})
    cards = Cards(asked.model_copy(update={"quotas": quotas}))
    ((one, span),) = cards.on(date(2026, 11, 20))
    targets = cards.targets(one, one.indicators[0], span, "ann")
    assert (len(targets), set(targets.values())) == (16, {D("0.25")})


def test_a_card_scores_day_to_date_and_period() -> None:
    cards = Cards(BUNDLE)
    ((one, span),) = cards.on(day := date(2026, 11, 20))
    everybody = cards.members(one, day)
    assert everybody == ["ann", "bob"]
    assert cards.members(one, day, "north") == ["ann"]
    actuals = {("ann", "calls", day): D(20), ("ann", "calls", date(2026, 11, 2)): D(10)}
    found = cards.scored(one, span, day, ["ann"], actuals, is_group=False)
    points = [
        reading.indicators[0].points for reading in (found.today, found.to_date, found.period)
    ]
    assert points == [120, 12, D("11.25")]  # 20 of 10, 30 of 150, 30 of 160; times 60
    group = cards.scored(one, span, day, everybody, actuals, is_group=True)
    assert (group.today.members, group.today.contributing) == (2, 1)
