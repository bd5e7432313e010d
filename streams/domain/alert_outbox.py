"""What becomes of notices that wait: sent, kept for later, left to the digest, or dropped. Pure.

A story is what one group of rules has to say of one subject and period, from the first alert of it
that fires until none does. It is told once, again only when it gets graver, and its end only to
whoever heard of it.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.alerts import READERS, Alerts, Route, Rule, rank
from streams.domain.alert_sending import Place, Recipient, digest_at, place_of, reachable
from streams.domain.alert_states import Key, Reason, State, Watched

FIRST_WAIT = timedelta(seconds=30)
WAIT_MAX = timedelta(hours=1)
TRIED_MAX = timedelta(hours=24)  # who was away for longer has other news by then


class NoticeState(StrEnum):
    """Where a notice stands."""

    DUE = "DUE"
    FOLDED = "FOLDED"  # waits for the digest
    FAILED = "FAILED"  # will be tried again
    SENT = "SENT"
    DIGESTED = "DIGESTED"  # went out with a digest
    DROPPED = "DROPPED"  # need not be told any more; the reason says why
    DEAD = "DEAD"  # cannot be told as things are; `alerts replay` tries again


FINAL = frozenset({NoticeState.SENT, NoticeState.DIGESTED, NoticeState.DROPPED, NoticeState.DEAD})


class Entry(NamedTuple):
    """One notice of the outbox.

    Attributes:
        begins: it says that an alert began; else that it ended.
        at: when that was.
        why: reason of the transition it tells of.
        story: when the story began that it is a part of.
        due: not before this instant; None: with the digest. Of FOLDED: when to try again.
        changed: when it came into its state.
        number: of its newest state; 0: it has none but that it was noticed.
        tries: how often it was sent in vain since it was last made due.
        tried: when that began; None: never.
        value: what the rule saw.
    """

    notice_key: str
    key: Key
    begins: bool
    why: Reason
    at: datetime
    episode: datetime
    story: datetime
    route: Route
    recipient_id: str
    channel: str
    due: datetime | None
    state: NoticeState
    changed: datetime
    number: int = 0
    tries: int = 0
    tried: datetime | None = None
    value: Decimal | None = None

    @property
    def who(self) -> tuple[str, str]:
        """Whom it is for, on which channel."""
        return (self.recipient_id, self.channel)


class Heard(NamedTuple):
    """What somebody on a channel has heard of a story.

    Attributes:
        loudest: rank of the gravest rule that told them that it began.
        routes: by which they heard.
    """

    loudest: int
    routes: frozenset[Route]
    has_ended: bool = False


Told = Mapping[tuple[Place, datetime, str, str], Heard]


class World(NamedTuple):
    """What notices are judged by.

    Attributes:
        held: every alert as it stands now.
        told: what was heard of the stories in question.
        acknowledged: episodes somebody has taken on.
        snoozed: alerts nobody wants to hear of before an instant.
    """

    policy: Alerts
    held: Mapping[Key, Watched]
    told: Told
    acknowledged: frozenset[tuple[Key, datetime]] = frozenset()
    snoozed: Mapping[Key, datetime] = {}

    def rule(self, key: Key) -> Rule | None:
        """Return the rule of an alert; None: it is no longer in force."""
        return next((r for r in self.policy.rules if r.rule_id == key.rule_id), None)


class Step(StrEnum):
    """What to do with a notice."""

    SEND = "SEND"
    WAIT = "WAIT"
    FOLD = "FOLD"
    DIGEST = "DIGEST"  # it is in the digest that is due
    DROP = "DROP"


class Verdict(NamedTuple):
    """What to do with a notice, and why."""

    step: Step
    reason: str = ""


WAIT = Verdict(Step.WAIT)


def told_of(rules: Mapping[str, Rule], some: Iterable[Entry]) -> dict[
    tuple[Place, datetime, str, str], Heard
]:  # fmt: skip
    """Return who has heard what, of notices that went out."""
    found: dict[tuple[Place, datetime, str, str], Heard] = {}
    for one in some:
        rule = rules.get(one.key.rule_id)
        if rule is None or one.state not in (NoticeState.SENT, NoticeState.DIGESTED):
            continue
        place = (place_of(rule, one.key), one.story, *one.who)
        before = found.get(place, Heard(-1, frozenset()))
        loud = rank(rule.severity) if one.begins else -1
        routes = before.routes | ({one.route} if one.begins else frozenset())
        found[place] = Heard(max(before.loudest, loud), routes, before.has_ended or not one.begins)
    return found


def judged(entry: Entry, world: World, recipient: Recipient | None, now: datetime) -> Verdict:
    """Return what to do with a notice that has not come to an end yet.

    Args:
        recipient: whom it is for, as they work today; None: they are no longer there.
    """
    rule = world.rule(entry.key)
    if rule is None:
        return Verdict(Step.DROP, "the rule is no longer in force")
    if recipient is None:
        return Verdict(Step.DROP, "nobody is reached by that route any more")
    reason = _moot(entry, rule, world) if entry.begins else _unheard(entry, rule, world)
    if reason:
        return Verdict(Step.DROP, reason)
    if entry.begins:
        if world.held[entry.key].state is State.UNKNOWN:
            return WAIT._replace(reason="the data is late")
        if world.snoozed.get(entry.key, now) > now:
            return WAIT._replace(reason="snoozed")
    return _timed(entry, recipient, world.policy, now)


def rationed(
    some: Iterable[tuple[Entry, Recipient]],
    sent: Mapping[tuple[str, str, date], int],
    world: World,
    now: datetime,
) -> tuple[list[Entry], list[Entry]]:
    """Return what goes out now, gravest first, and what is left to the digest.

    What has ended is told whatever the ration, to whoever heard that it began; it does not count.

    Args:
        sent: how many beginnings went to somebody by a channel on a day of theirs so far.
    """
    count = dict(sent)
    goes, folds = [], []
    for entry, recipient in sorted(some, key=lambda one: urgency(one[0], world)):
        if entry.begins:
            place = (*entry.who, now.astimezone(ZoneInfo(recipient.zone)).date())
            count[place] = count.get(place, 0) + 1
            if count[place] > world.policy.most_per_day:
                folds.append(entry)
                continue
        goes.append(entry)
    return goes, folds


def urgency(entry: Entry, world: World) -> tuple[int, datetime, str]:
    """Return what notices are ordered by: the gravest first, then the oldest."""
    rule = world.rule(entry.key)
    assert rule is not None  # judged before
    return (-rank(rule.severity), entry.at, entry.notice_key)


def next_try(tries: int, asked: float | None) -> timedelta:
    """Return how long to wait after so many tries in vain: twice as long each time, up to an hour.

    Args:
        asked: seconds the receiver asks to be left alone; heeded where it is longer.

    >>> next_try(1, None), next_try(3, None), next_try(1, 90)
    (datetime.timedelta(seconds=30), datetime.timedelta(seconds=120), datetime.timedelta(seconds=90))
    """  # noqa: E501 - an answer of Python's own
    wait = min(WAIT_MAX, FIRST_WAIT * (1 << min(tries - 1, 10)))
    return max(wait, timedelta(seconds=asked or 0))


def _moot(entry: Entry, rule: Rule, world: World) -> str:
    """Return why nobody need hear that an alert began; empty: they should."""
    now = world.held.get(entry.key)
    if now is None or now.episode != entry.episode:
        return "it was over before it was told"
    if (entry.key, entry.episode) in world.acknowledged:
        return "somebody has taken it on"
    place, mine = place_of(rule, entry.key), rank(rule.severity)
    heard = world.told.get((place, entry.story, *entry.who))
    if heard is not None and heard.loudest >= mine:
        return "they know of it"
    for key, rule_of in _same_story(rule, entry.key, world):
        if rank(rule_of.severity) > mine and _reaches(rule_of, entry.route):
            return f"{key.rule_id} speaks for it"
    return ""


def _unheard(entry: Entry, rule: Rule, world: World) -> str:
    """Return why nobody need hear that an alert ended; empty: they should."""
    heard = world.told.get((place_of(rule, entry.key), entry.story, *entry.who))
    if heard is None or entry.route not in heard.routes:
        return "they had not heard of it"
    if heard.has_ended:
        return "they know that it ended"
    if any(_same_story(rule, entry.key, world)):
        return "another rule of the group still speaks"
    return ""


def _same_story(rule: Rule, key: Key, world: World) -> Iterable[tuple[Key, Rule]]:
    """Yield the other alerts of a group that have not ended."""
    if rule.group is None:
        return
    for other in world.policy.rules:
        if other.group == rule.group and other is not rule:
            there = key._replace(rule_id=other.rule_id)
            held = world.held.get(there)
            if held is not None and held.episode is not None:
                yield there, other


def _reaches(rule: Rule, route: Route) -> bool:
    """Return whether who reads a route hears of a rule, too."""
    reader = READERS.get(route, route)
    return any(READERS.get(one, one) == reader for one in rule.routes)


def _timed(entry: Entry, recipient: Recipient, policy: Alerts, now: datetime) -> Verdict:
    if entry.due is not None and now < entry.due:
        return WAIT
    soonest = reachable(recipient, now, policy)
    if entry.state is NoticeState.FOLDED or entry.due is None:
        digest = digest_at(recipient, entry.changed, policy)
        is_due = digest is not None and digest <= now and soonest is not None and soonest <= now
        return Verdict(Step.DIGEST) if is_due else WAIT
    if soonest is None:
        return Verdict(Step.FOLD, "they do not work within a year")
    return Verdict(Step.SEND) if soonest <= now else WAIT._replace(reason="out of hours")
