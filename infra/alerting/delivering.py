"""One round of delivery: what is due goes out, and what became of it is kept at once.

A message is sent, then its new state is kept; only then the next one is sent. So whoever is killed
between the two repeats one message, under the same key, and no more. Rounds of several processes
must not overlap: `infra/alerting/turns.py` sees to it on one machine.
"""

import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.sinks.notices.outcomes import Later, Never, Outcome, Sender, Sent
from infra.alerting import broadcasting, events, outbox
from infra.alerting.acts import acts
from infra.alerting.outbox import Change
from infra.alerting.reading import Warehouse
from infra.alerting.recipients import Recipients
from infra.alerting.stories import Stories
from infra.alerting.wording import Wording
from schemas.alerts import Route
from schemas.channels import Channel
from schemas.definitions import Bundle
from schemas.warehouse import Unavailable
from streams.domain.alert_outbox import (
    TRIED_MAX,
    Entry,
    NoticeState,
    Step,
    Verdict,
    World,
    judged,
    next_try,
    rationed,
    told_of,
    urgency,
)
from streams.domain.alert_sending import Recipient, digest_at, digest_key
from streams.domain.broadcasting import planned

log = logging.getLogger(__name__)
ROUND_SECONDS_MAX = 30.0  # then those who are watched come first again; the rest goes next time
WARNED = "the warehouse did not keep what became of a message that was sent; trying again"


class Round(NamedTuple):
    """What a round did: how many messages went out, how many failed, and how many notices wait."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    dropped: int = 0
    waiting: int = 0


class Delivery:
    """Delivers what is due, with one installation's channels."""

    def __init__(
        self,
        warehouse: Warehouse,
        bundle: Bundle,
        channels: Mapping[str, Channel],
        senders: Mapping[str, Sender],
        stopping: threading.Event | None = None,
    ) -> None:
        """Prepare a round.

        Args:
            stopping: set when the process should end.

        Raises:
            Unavailable: not now.
        """
        self._stopping = stopping or threading.Event()
        self._warehouse, self._bundle = warehouse, bundle
        self._channels, self._senders = channels, senders
        self._incarnation = warehouse.incarnation()
        self._resting: set[str] = set()
        self._count = {"sent": 0, "failed": 0, "dead": 0, "dropped": 0}

    def run(self, now: datetime) -> Round:
        """Return what a round did.

        Raises:
            Unavailable: not now; what was sent is kept.
            Fenced: the warehouse is another.
        """
        every = outbox.waiting(self._warehouse)
        if not every:
            return Round()
        entries = [one for one in every if one.route is not Route.BROADCAST]
        today = now.astimezone(ZoneInfo(self._bundle.company.time_zone)).date()
        self._people = Recipients(self._warehouse, self._bundle, today, frozenset(self._channels))
        self._world = self._known(entries, now)
        began = time.monotonic()
        self._clock = (now, began)
        at_once, in_digest = self._judged(entries, now)
        for entry in at_once:
            if self._is_over(began):
                break
            # What went out a moment ago may have said it: two rules of a group, one recipient.
            if self._again(entry, now).step is Step.SEND:
                self._one(entry, now)
        for recipient, at, members in in_digest:
            if self._is_over(began):
                break
            self._digest(recipient, at, members, now)
        self._news([one for one in every if one.route is Route.BROADCAST], now)
        return Round(**self._count, waiting=len(every) - self._done)

    def _is_over(self, began: float) -> bool:
        return self._stopping.is_set() or time.monotonic() - began > ROUND_SECONDS_MAX

    def _now(self) -> datetime:
        now, began = self._clock
        return now + timedelta(seconds=time.monotonic() - began)

    @property
    def _done(self) -> int:
        return self._count["sent"] + self._count["dead"] + self._count["dropped"]

    @cached_property
    def _wording(self) -> Wording:
        """What puts notices into words; it reads where everybody stands, so only when needed."""
        stories = Stories(self._warehouse, self._bundle, self._clock[0])
        return Wording(stories, self._people, self._bundle, self._channels)

    def _known(self, entries: list[Entry], now: datetime) -> World:
        policy = self._bundle.alerts
        rules = {rule.rule_id: rule for rule in policy.rules}
        self._out = outbox.went_out(self._warehouse, (one.story for one in entries))
        said = acts(self._warehouse, now)
        held = {key: one.watched for key, one in events.held(self._warehouse).items()}
        return World(
            policy, held, told_of(rules, self._out), frozenset(said.acknowledged),
            {key: until for key, (until, _) in said.snoozed.items()},
        )  # fmt: skip

    def _judged(
        self, entries: list[Entry], now: datetime
    ) -> tuple[list[Entry], list[tuple[Recipient, datetime, list[Entry]]]]:
        """Return what goes out at once and in digests; drop and fold the rest that is decided."""
        goes: list[tuple[Entry, Recipient]] = []
        digests: dict[tuple[str, str], tuple[Recipient, datetime, list[Entry]]] = {}
        decided: list[Change] = []
        for entry in entries:
            recipient = self._people.one(*entry.who)
            verdict = judged(entry, self._world, recipient, now)
            if verdict.step is Step.DROP:
                decided.append(Change(entry, NoticeState.DROPPED, verdict.reason))
            elif verdict.step is Step.FOLD:
                decided.append(Change(entry, NoticeState.FOLDED, verdict.reason))
            elif recipient is not None and verdict.step is Step.SEND:
                goes.append((entry, recipient))
            elif recipient is not None and verdict.step is Step.DIGEST:
                at = digest_at(recipient, entry.changed, self._bundle.alerts) or now
                _, newest, members = digests.get(entry.who, (recipient, at, []))
                digests[entry.who] = (recipient, max(newest, at), [*members, entry])
        sent = outbox.sent_today(self._warehouse, [r for _, r in goes], now) if goes else {}
        at_once, folded = rationed(goes, sent, self._world, now)
        most = f"above {self._bundle.alerts.most_per_day} a day"
        decided += [Change(one, NoticeState.FOLDED, most) for one in folded]
        if decided:
            outbox.record(self._warehouse, decided, now, self._incarnation)
        self._count["dropped"] += sum(one.state is NoticeState.DROPPED for one in decided)
        return at_once, list(digests.values())

    def _again(self, entry: Entry, now: datetime) -> Verdict:
        rules = {rule.rule_id: rule for rule in self._bundle.alerts.rules}
        self._world = self._world._replace(told=told_of(rules, self._out))
        verdict = judged(entry, self._world, self._people.one(*entry.who), now)
        if verdict.step is Step.DROP:
            self._keep([Change(entry, NoticeState.DROPPED, verdict.reason)])
            self._count["dropped"] += 1
        return verdict

    def _one(self, entry: Entry, now: datetime) -> None:
        if entry.channel in self._resting:
            return
        made = self._wording.of(entry, now)
        if made is None:
            self._keep([Change(entry, NoticeState.DROPPED, "the rule is no longer in force")])
            self._count["dropped"] += 1
            return
        outcome = made if isinstance(made, Never) else self._senders[entry.channel].send(made)
        self._became([entry], outcome, NoticeState.SENT, NoticeState.FAILED)

    def _digest(
        self, recipient: Recipient, at: datetime, members: list[Entry], now: datetime
    ) -> None:
        if recipient.channel in self._resting:
            return
        key = digest_key(recipient, at)
        members = sorted(members, key=lambda one: urgency(one, self._world))
        made = self._wording.digest(key, recipient, members, now)
        outcome = made if isinstance(made, Never) else self._senders[recipient.channel].send(made)
        self._became(members, outcome, NoticeState.DIGESTED, NoticeState.FOLDED, key)

    def _news(self, entries: list[Entry], now: datetime) -> None:
        """Tell good news: after what people have to act on."""
        if not entries:
            return
        there = {one.channel: self._people.one("", one.channel) for one in entries}
        sent = broadcasting.sent_of_late(self._warehouse, now)
        plan = planned(entries, there, sent, self._bundle.alerts, now)
        if plan.drops:
            changes = [Change(one, NoticeState.DROPPED, reason) for one, reason in plan.drops]
            self._keep(changes)
            self._count["dropped"] += len(changes)
        feats = broadcasting.Feats(self._warehouse, self._bundle)
        for some in plan.goes:
            if self._is_over(self._clock[1]):
                return
            channel = some[0].channel
            if channel not in self._resting:
                outcome = self._senders[channel].send(feats.of(some, now))
                together = broadcasting.key_of(some) if len(some) > 1 else ""
                went = NoticeState.DIGESTED if together else NoticeState.SENT
                self._became(list(some), outcome, went, NoticeState.FAILED, together)

    def _became(
        self, some: list[Entry], outcome: Outcome, went: NoticeState, stays: NoticeState,
        digest: str = "",
    ) -> None:  # fmt: skip
        now = self._now()
        if isinstance(outcome, Sent):
            changes = [Change(one, went, outcome.reason, digest_key=digest) for one in some]
            self._out += [one._replace(state=went) for one in some]
            self._count["sent"] += len(some)
        elif isinstance(outcome, Later) and not _is_given_up(some, now):
            self._resting.add(some[0].channel)  # its other messages would fare alike
            wait = next_try(some[0].tries + 1, outcome.seconds)
            changes = [Change(one, stays, outcome.reason, now + wait, digest) for one in some]
            self._count["failed"] += len(some)
        else:
            changes = [Change(one, NoticeState.DEAD, outcome.reason, digest_key=digest)
                       for one in some]  # fmt: skip
            self._count["dead"] += len(some)
        if not isinstance(outcome, Sent):
            log.warning("channel %s: %s", some[0].channel, outcome.reason)
        self._keep(changes)

    def _keep(self, changes: list[Change]) -> None:
        """Keep what became of messages, before anything else is sent."""
        while True:
            try:
                outbox.record(self._warehouse, changes, self._now(), self._incarnation)
                return
            except Unavailable:
                if self._stopping.is_set():
                    raise
                log.warning(WARNED)
                self._stopping.wait(1.0)


def _is_given_up(some: list[Entry], now: datetime) -> bool:
    return any(one.tried is not None and now - one.tried > TRIED_MAX for one in some)
