"""Who is told what, and when: few messages, at hours at which people work. Pure.

A message has a key made of what it is about, so sending it twice is one message for whoever keeps
the key.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.alerts import Alerts, Route, Rule, rank
from streams.domain.alert_states import Key, Transition, Watched
from streams.domain.workdays import Workdays

_KEY_BYTES = 16
SOON_MAX = 366  # days; a calendar without a working day in a year has none


class Recipient(NamedTuple):
    """Somebody, or a channel, with the hours at which they may be disturbed."""

    recipient_id: str
    zone: str
    workdays: Workdays = Workdays()


class Notice(NamedTuple):
    """One thing to tell one recipient.

    Attributes:
        notice_key: the same for the same news; a receiver may drop a second one.
        due: not before this instant; None: with the next digest.
    """

    notice_key: str
    transition: Transition
    route: Route
    recipient: Recipient
    due: datetime | None


Place = tuple[str, str, str, str, str, date]  # group, subject, KPI and period: one story


def spoken_for(rules: Iterable[Rule], held: Mapping[Key, Watched]) -> set[Key]:
    """Return the alerts of a subject and period for which a graver rule of their group speaks."""
    known = {rule.rule_id: rule for rule in rules}
    firing = [key for key, one in held.items() if one.is_firing and key.rule_id in known]
    loudest: dict[Place, int] = {}
    for key in firing:
        place, now = _place(known[key.rule_id], key), rank(known[key.rule_id].severity)
        loudest[place] = max(loudest.get(place, now), now)
    return {
        key
        for key in firing
        if rank(known[key.rule_id].severity) < loudest[_place(known[key.rule_id], key)]
    }


def notices(
    rule: Rule,
    transition: Transition,
    recipients: Mapping[Route, Sequence[Recipient]],
    policy: Alerts,
) -> list[Notice]:
    """Return what a transition has to tell to whom; nothing unless it is news."""
    if not transition.is_news:
        return []
    made = []
    for route in rule.routes:
        for one in recipients.get(route, ()):
            due = None if route is Route.DIGEST else reachable(one, transition.at, policy)
            made.append(Notice(notice_key(transition, route, one), transition, route, one, due))
    return made


def notice_key(transition: Transition, route: Route, recipient: Recipient) -> str:
    """Return the key of a notice: about which episode, its begin or its end, to whom, how."""
    edge = "begins" if transition.begins else "ends"
    parts = (*map(str, transition.key), str(transition.episode), edge, route,
             recipient.recipient_id)  # fmt: skip
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).hexdigest()


def reachable(recipient: Recipient, at: datetime, policy: Alerts) -> datetime | None:
    """Return the first instant from one on at which a recipient works; None: none in a year."""
    zone, hours = ZoneInfo(recipient.zone), policy.working_hours
    here = at.astimezone(zone)
    for n in range(SOON_MAX):
        day = here.date() + timedelta(days=n)
        if not recipient.workdays.is_open(day):
            continue
        opens = datetime.combine(day, hours.since, zone)
        closes = datetime.combine(day, hours.until, zone)
        if here < closes:
            return max(here, opens).astimezone(at.tzinfo)
    return None


def rationed(
    some: Iterable[Notice],
    sent: Mapping[tuple[str, date], int],
    policy: Alerts,
    rules: Mapping[str, Rule],
) -> list[Notice]:
    """Return the same notices, those above what one recipient gets in a day left to the digest.

    The gravest go first, then the oldest. What has ended is told whatever the ration, to whoever
    heard that it began.

    Args:
        sent: how many went to a recipient on a day of theirs so far.
    """  # fmt: skip
    count = dict(sent)
    found = []
    for notice in sorted(some, key=lambda one: _urgency(one, rules)):
        if notice.due is None or notice.transition.ends:
            found.append(notice)
            continue
        who = notice.recipient
        place = (who.recipient_id, notice.due.astimezone(ZoneInfo(who.zone)).date())
        count[place] = count.get(place, 0) + 1
        is_much = count[place] > policy.most_per_day
        found.append(notice._replace(due=None) if is_much else notice)
    return found


def _urgency(notice: Notice, rules: Mapping[str, Rule]) -> tuple[int, datetime, str]:
    rule = rules[notice.transition.key.rule_id]
    return (-rank(rule.severity), notice.transition.at, notice.notice_key)


def _place(rule: Rule, key: Key) -> Place:
    return (rule.group or rule.rule_id, *key[1:])
