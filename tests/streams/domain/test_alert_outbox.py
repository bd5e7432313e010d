"""Laws of what is told: once, again only when graver, the end to whoever heard, no more than K."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Alerts, Route, Rule, rank
from streams.domain.alert_outbox import (
    FIRST_WAIT,
    WAIT_MAX,
    Entry,
    NoticeState,
    Step,
    World,
    judged,
    next_try,
    rationed,
    told_of,
)
from streams.domain.alert_sending import Recipient, digest_at, digest_key
from streams.domain.alert_states import Key, Reason, State, Watched

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
BOSS = Recipient("boss", "UTC", channel="mail")
RULES = tuple(
    Rule.model_validate(
        {"rule_id": severity.lower(), "name": severity, "signal": "HIT_PROBABILITY",
         "subject": "REP", "enter": "0.4", "leave": "0.6", "severity": severity,
         "group": "pace", "routes": [Route.MANAGER]}
    )
    for severity in ("WATCH", "THIS_WEEK", "ACT_NOW")
)  # fmt: skip
POLICY = Alerts(rules=RULES)
BY_ID = {rule.rule_id: rule for rule in RULES}


def key_of(rule: Rule, who: str = "dana") -> Key:
    return Key(rule.rule_id, "REP", who, "revenue", "EUR", date(2026, 10, 1))


def entry(
    rule: Rule, at: datetime, *, begins: bool = True, episode: datetime | None = None,
    story: datetime | None = None, who: str = "dana",
) -> Entry:  # fmt: skip
    episode = episode or at
    return Entry(
        f"{rule.rule_id}/{who}/{episode}/{begins}", key_of(rule, who), begins,
        Reason.BAD if begins else Reason.RECOVERED, at, episode, story or episode, Route.MANAGER,
        "boss", "mail", at, NoticeState.DUE, at,
    )  # fmt: skip


def world(held: dict[Key, Watched], went: list[Entry], **other: object) -> World:
    return World(POLICY, held, told_of(BY_ID, went), **other)  # type: ignore[arg-type]


class Floor:
    """One subject, walked through hours; what went out is kept."""

    def __init__(self) -> None:
        self.held: dict[Key, Watched] = {}
        self.waiting: list[Entry] = []
        self.went: list[Entry] = []
        self.story: datetime | None = None

    def hour(self, n: int, firing: frozenset[int], *, late: bool) -> None:
        at = MONDAY + timedelta(minutes=n)
        before = {key for key, one in self.held.items() if one.episode}
        for i, rule in enumerate(RULES):
            key, held = key_of(rule), self.held.get(key_of(rule), Watched())
            if i in firing and held.episode is None:
                self.story = self.story if before else at
                self.held[key] = Watched(State.FIRING, episode=at)
                self.waiting.append(entry(rule, at, story=self.story))
            elif i not in firing and held.episode is not None:
                self.held[key] = Watched()
                self.waiting.append(
                    entry(rule, at, begins=False, episode=held.episode, story=self.story)
                )
        state = State.UNKNOWN if late else State.FIRING
        self.held = {k: w._replace(state=state) if w.episode else w for k, w in self.held.items()}
        self.deliver(at)

    def deliver(self, at: datetime) -> None:
        for one in sorted(self.waiting, key=lambda e: -rank(BY_ID[e.key.rule_id].severity)):
            verdict = judged(one, world(self.held, self.went), BOSS, at)
            if verdict.step is Step.SEND:
                assert not one.begins or self.held[one.key].state is not State.UNKNOWN
                self.went.append(one._replace(state=NoticeState.SENT))
            if verdict.step in (Step.SEND, Step.DROP):
                self.waiting.remove(one)


@given(st.lists(st.tuples(st.frozensets(st.integers(0, 2)), st.booleans()), max_size=25))
def test_a_story_gets_only_graver_ends_once_and_for_whoever_heard(
    hours: list[tuple[frozenset[int], bool]],
) -> None:
    floor = Floor()
    for n, (firing, late) in enumerate(hours):
        floor.hour(n, firing, late=late)
    stories: dict[datetime, list[Entry]] = {}
    for one in floor.went:
        stories.setdefault(one.story, []).append(one)
    for told in stories.values():
        begins = [rank(BY_ID[one.key.rule_id].severity) for one in told if one.begins]
        ends = [n for n, one in enumerate(told) if not one.begins]
        assert begins == sorted(set(begins))
        assert begins, "an end was told of what nobody had heard of"
        assert ends in ([], [len(told) - 1])
    floor.hour(100, frozenset(), late=False)
    assert not floor.waiting
    heard = {one.story for one in floor.went if one.begins}
    assert heard == {one.story for one in floor.went if not one.begins}


def test_what_somebody_has_taken_on_is_not_told_and_what_is_snoozed_waits() -> None:
    rule = RULES[1]
    one, firing = entry(rule, MONDAY), {key_of(rule): Watched(State.FIRING, episode=MONDAY)}
    taken = world(firing, [], acknowledged=frozenset({(one.key, MONDAY)}))
    assert judged(one, taken, BOSS, MONDAY).step is Step.DROP
    later = MONDAY + timedelta(hours=3)
    asleep = world(firing, [], snoozed={one.key: later})
    assert judged(one, asleep, BOSS, MONDAY).step is Step.WAIT
    assert judged(one, asleep, BOSS, later).step is Step.SEND


def test_what_was_due_at_night_is_not_told_when_it_is_over_by_morning() -> None:
    rule, night = RULES[1], MONDAY.replace(hour=3)
    one = entry(rule, night)._replace(due=MONDAY.replace(hour=8))
    firing = {key_of(rule): Watched(State.FIRING, episode=night)}
    assert judged(one, world(firing, []), BOSS, night).step is Step.WAIT
    assert judged(one, world(firing, []), BOSS, MONDAY).step is Step.SEND
    assert judged(one, world({}, []), BOSS, MONDAY).step is Step.DROP


@given(st.lists(st.integers(0, 2), max_size=12), st.integers(0, 7))
def test_a_day_holds_no_more_than_the_policy_and_nothing_is_lost(
    rules: list[int], sent: int
) -> None:
    some = [(entry(RULES[i], MONDAY, who=f"r{n}"), BOSS) for n, i in enumerate(rules)]
    count = {("boss", "mail", MONDAY.date()): sent}
    goes, folds = rationed(some, count, world({}, []), MONDAY)
    assert sorted(e.notice_key for e in goes + folds) == sorted(e.notice_key for e, _ in some)
    assert len(goes) == min(len(some), max(0, POLICY.most_per_day - sent))
    if goes and folds:
        least = min(rank(BY_ID[e.key.rule_id].severity) for e in goes)
        assert least >= max(rank(BY_ID[e.key.rule_id].severity) for e in folds)


def test_an_end_is_told_above_the_ration() -> None:
    end = entry(RULES[0], MONDAY, begins=False)
    full = {("boss", "mail", MONDAY.date()): 99}
    assert rationed([(end, BOSS)], full, world({}, []), MONDAY) == ([end], [])


@given(st.integers(0, 366 * 24 * 60), st.integers(1, 7))
def test_a_digest_goes_out_on_its_weekday_or_the_next_day_people_work(
    minutes: int, weekday: int
) -> None:
    since = MONDAY + timedelta(minutes=minutes)
    at = digest_at(BOSS, since, Alerts(digest_weekday=weekday))
    assert at is not None
    assert timedelta(0) < at - since <= timedelta(days=9)
    assert at.isoweekday() == (weekday if weekday < 6 else 1)
    assert (at.hour, at.minute) == (8, 0)


def test_digests_to_two_people_or_of_two_days_have_two_keys() -> None:
    other = BOSS._replace(recipient_id="other")
    keys = {digest_key(BOSS, MONDAY), digest_key(other, MONDAY),
            digest_key(BOSS, MONDAY + timedelta(days=7))}  # fmt: skip
    assert len(keys) == 3


@given(st.integers(1, 60), st.none() | st.floats(0, 86_400))
def test_tries_get_rarer_and_heed_what_the_receiver_asks(tries: int, asked: float | None) -> None:
    wait = next_try(tries, asked)
    assert wait >= FIRST_WAIT
    assert wait >= timedelta(seconds=asked or 0)
    assert wait <= max(WAIT_MAX, timedelta(seconds=asked or 0))
    assert next_try(tries + 1, asked) >= wait


def test_a_rule_out_of_force_and_a_recipient_who_left_are_told_nothing() -> None:
    one = entry(RULES[0], MONDAY)
    gone = one._replace(key=one.key._replace(rule_id="gone"))
    firing = {one.key: Watched(State.FIRING, episode=MONDAY)}
    assert judged(gone, world(firing, []), BOSS, MONDAY).step is Step.DROP
    assert judged(one, world(firing, []), None, MONDAY).step is Step.DROP
