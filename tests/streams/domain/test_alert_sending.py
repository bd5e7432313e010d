"""Few messages, at hours at which people work, and one voice for one story."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from schemas.alerts import Alerts, Route, Rule, Severity
from streams.domain.alert_sending import (
    Recipient,
    notice_key,
    notices,
    reachable,
    routes_of,
    spoken_for,
)
from streams.domain.alert_states import Key, Reason, State, Transition, Watched
from streams.domain.workdays import Workdays

POLICY = Alerts()
BOSS = Recipient("boss", "Europe/Berlin")
FRIDAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # 10:30 in Berlin


def a_rule(name: str, severity: Severity, **other: object) -> Rule:
    return Rule.model_validate(
        {"rule_id": name, "name": name, "signal": "HIT_PROBABILITY", "subject": "REP",
         "enter": "0.4", "leave": "0.6", "severity": severity, "routes": [Route.MANAGER], **other}
    )  # fmt: skip


NOW, WEEK = (a_rule(name, severity, group="pace") for name, severity in
             (("now", Severity.ACT_NOW), ("week", Severity.THIS_WEEK)))  # fmt: skip


def a_key(rule: Rule, who: str = "dana") -> Key:
    return Key(rule.rule_id, "REP", who, "revenue", "EUR", date(2026, 10, 1))


def begun(rule: Rule = NOW, who: str = "dana", at: datetime = FRIDAY) -> Transition:
    key = a_key(rule, who)
    return Transition(key, at, State.OK, State.FIRING, Reason.BAD, Decimal(1), at)


def test_the_gravest_of_a_group_speaks_for_the_others_of_one_subject_alone() -> None:
    firing, quiet = Watched(State.FIRING), Watched(State.PENDING)
    both = {a_key(NOW): firing, a_key(WEEK): firing, a_key(WEEK, "ben"): firing}
    assert spoken_for([NOW, WEEK], both) == {a_key(WEEK)}
    assert spoken_for([NOW, WEEK], {a_key(NOW): quiet, a_key(WEEK): firing}) == set()
    assert spoken_for([WEEK], both) == set()  # the graver rule is no longer in force


def test_nobody_is_reached_at_night_on_a_weekend_or_on_a_holiday() -> None:
    late = FRIDAY + timedelta(hours=12)
    assert reachable(BOSS, FRIDAY, POLICY) == FRIDAY
    assert reachable(BOSS, late, POLICY) == datetime(2026, 11, 23, 7, tzinfo=UTC)  # Monday, 08:00
    off = Workdays(holidays={date(2026, 11, 23): "a holiday"})
    on_tuesday = reachable(BOSS._replace(workdays=off), late, POLICY)
    assert on_tuesday == datetime(2026, 11, 24, 7, tzinfo=UTC)


def test_who_never_works_gets_it_with_the_digest() -> None:
    never = BOSS._replace(workdays=Workdays(weekdays=frozenset()))
    assert reachable(never, FRIDAY, POLICY) is None


def test_only_news_is_told_and_the_same_news_has_the_same_key() -> None:
    told = notices(NOW.routes, begun(), {Route.MANAGER: [BOSS]}, POLICY)
    assert [one.notice_key for one in told] == [notice_key(begun(), Route.MANAGER, BOSS)]
    late = begun()._replace(after=State.UNKNOWN)
    assert notices(NOW.routes, late, {Route.MANAGER: [BOSS]}, POLICY) == []
    other = begun()._replace(episode=FRIDAY + timedelta(days=9), at=FRIDAY + timedelta(days=9))
    assert notice_key(other, Route.MANAGER, BOSS) != told[0].notice_key


def test_the_end_goes_to_all_whom_a_rule_of_the_group_may_have_told() -> None:
    quiet = a_rule("quiet", Severity.WATCH, group="pace", routes=[Route.DIGEST])
    other = a_rule("other", Severity.WATCH, routes=[Route.OPS])
    rules = {rule.rule_id: rule for rule in (NOW, quiet, other)}
    ended = begun(quiet)._replace(before=State.FIRING, after=State.OK)
    assert set(routes_of(rules, ended)) == {Route.DIGEST, Route.MANAGER}
    assert routes_of(rules, begun(quiet)) == [Route.DIGEST]


def test_two_channels_of_one_person_are_two_notices() -> None:
    both = [BOSS._replace(channel="mail"), BOSS._replace(channel="chat")]
    told = notices(NOW.routes, begun(), {Route.MANAGER: both}, POLICY)
    assert len({one.notice_key for one in told}) == 2
