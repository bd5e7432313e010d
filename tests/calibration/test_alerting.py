"""A small form of `make calibrate`: alerts beat linear pace, and late data tells nothing."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from schemas.alerts import Rule, Signal, Subject
from streams.domain.alert_states import Reading
from streams.domain.periods import Span
from tests.calibration.alerting import FIRST, policy, shipped
from tests.calibration.alerting_page import begun_within, page
from tests.calibration.floors import STEADY, story
from tests.calibration.leading import foretold, silences
from tests.calibration.seasons import Outage, Season, seasons
from tests.calibration.stalling import fates, worth
from tests.calibration.tradeoff import equal_recall, linear, main_rule, of_reps, picture
from tests.calibration.watched import Told, as_stories, by_linear_pace, by_rules, judged

RULES = shipped()
QUARTER = Span(FIRST, date(2025, 7, 1))
DARK = Span(date(2025, 5, 5), date(2025, 5, 17))
FLOOR = story(replace(STEADY, reps=24), 1)


@pytest.fixture(scope="module")
def steady() -> list[Season]:
    return list(seasons(FLOOR, QUARTER, RULES, 200))


def test_it_warns_of_as_many_as_linear_pace_with_far_fewer_alerts_for_nothing(
    steady: list[Season],
) -> None:
    reps = of_reps(steady)
    own = judged(by_rules([main_rule(RULES)]), reps)
    naive = equal_recall(linear(reps), own.recall).verdict
    assert min(own.missed, own.reached) >= 6  # else nothing is shown
    assert naive.recall >= own.recall >= 0.75
    assert own.false < 0.5 * naive.false
    assert own.precision > naive.precision


def test_whoever_is_on_pace_hears_at_most_once_nearly_always(steady: list[Season]) -> None:
    told = judged(by_rules(RULES), of_reps(steady), messages=True)
    assert told.false < 1
    assert told.quiet >= 0.85


@pytest.mark.parametrize("is_known", [True, False])
def test_while_data_is_late_nothing_begins_unless_nobody_sees_that_it_is(is_known: bool) -> None:
    outage = Outage(DARK, is_known=is_known)
    burns = [rule for rule in RULES if rule.tolerance is not None]
    eager = [rule.model_copy(update={"evidence_min": 0}) for rule in burns]  # so that days speak
    few = story(replace(STEADY, reps=8), 2)
    some = of_reps(list(seasons(few, QUARTER, eager, 50, outage)))
    begun = begun_within(eager, some, outage)
    assert begun == 0 if is_known else begun > 0
    if is_known:
        dark = [n for n, day in enumerate(some[0].mornings) if day in DARK]
        read = [one.readings["pace-watch"][n] for one in some for n in dark]
        assert all(reading.is_late and reading.value is None for reading in read)


def season(*, is_reached: bool, pace: list[float]) -> Season:
    mornings = [FIRST + timedelta(days=n) for n in range(len(pace))]
    left = [1 - n / len(pace) for n in range(len(pace))]
    readings: dict[str, list[Reading]] = {}
    return Season("k", Subject.REP, "r", is_reached, mornings, left, readings, pace)


def test_a_warning_counts_if_it_still_stands_with_a_quarter_left() -> None:
    early = season(is_reached=False, pace=[1, 0.5, 0.5, 1, 1, 1, 1, 1])  # taken back
    kept = season(is_reached=False, pace=[1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    late = season(is_reached=False, pace=[1, 1, 1, 1, 1, 1, 1, 0.5])
    well = season(is_reached=True, pace=[0.5, 1, 0.5, 1, 1, 1, 1, 1])
    assert by_linear_pace(0.9)(early) == [Told("linear", 1, 3, is_message=True)]
    verdict = judged(by_linear_pace(0.9), [early, kept, late, well])
    assert (verdict.missed, verdict.reached) == (3, 1)
    assert verdict.recall == pytest.approx(1 / 3)
    assert verdict.lead == 0.75
    assert (verdict.alerts, verdict.precision) == (5, pytest.approx(3 / 5))
    assert (verdict.false, verdict.quiet, verdict.worst) == (2, 0, 2)


def test_the_page_tells_every_rule_and_floor(steady: list[Season]) -> None:
    dark = {("steady", known): (steady, Outage(DARK, is_known=known)) for known in (True, False)}
    told = page(RULES, {"steady": steady}, dark)
    assert all(f"`{rule.rule_id}`" in told for rule in RULES)
    assert "| steady |" in told
    assert picture(RULES, {"steady": steady}).count("<polyline") == 2


def test_what_falls_together_is_one_story_and_what_comes_back_another() -> None:
    def alarm(_: Season) -> list[Told]:
        return [
            Told("soft", 1, 6, is_message=True), Told("grave", 4, 8, is_message=True),
            Told("digest", 0, None, is_message=False), Told("soft", 10, None, is_message=True),
        ]  # fmt: skip

    some = season(is_reached=True, pace=[1])
    assert [(one.since, one.until) for one in as_stories(alarm)(some)] == [(1, 8), (10, None)]


def test_rules_beside_quotas_are_worth_more_than_chance_and_silence_is_heard() -> None:
    few = foretold(rule_of(Signal.ACTIVITY), seed=7, reps=120)
    assert few.precision > few.base
    assert few.recall > 0.4
    some = list(fates(story(replace(STEADY, reps=8), 3), QUARTER, rule_of(Signal.STALLED)))
    still, moving = ([one for one in some if one.is_still is each] for each in (True, False))
    assert worth(still).lost > worth(moving).lost + 0.2
    heard = silences(rule_of(Signal.FRESHNESS), rule_of(Signal.STALLED), 120, seed=5, days=20)
    assert heard.outages > 0
    assert (heard.heard, heard.false, heard.repeated) == (heard.outages, 0, 0)
    assert heard.unknown > 0


def rule_of(signal: Signal) -> Rule:
    return next(rule for rule in policy().rules if rule.signal is signal)
