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
    """Somebody on a channel, with the hours at which they may be disturbed.

    Attributes:
        recipient_id: rep_id of a person; empty: whoever reads the channel.
        channel: name of the channel they are reached by.
    """

    recipient_id: str
    zone: str
    workdays: Workdays = Workdays()
    channel: str = ""


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
        place, now = place_of(known[key.rule_id], key), rank(known[key.rule_id].severity)
        loudest[place] = max(loudest.get(place, now), now)
    return {
        key
        for key in firing
        if rank(known[key.rule_id].severity) < loudest[place_of(known[key.rule_id], key)]
    }


def routes_of(rules: Mapping[str, Rule], transition: Transition) -> list[Route]:
    """Return who is to hear of a transition.

    What ends is told to all whom a rule of its group may have told that it began: which of them
    was the last to end is chance.
    """
    rule = rules.get(transition.key.rule_id)
    if rule is None:
        return []
    same = [rule]
    if transition.ends and rule.group:
        same += [one for one in rules.values() if one.group == rule.group and one is not rule]
    return list(dict.fromkeys(route for one in same for route in one.routes))


def notices(
    routes: Iterable[Route],
    transition: Transition,
    recipients: Mapping[Route, Sequence[Recipient]],
    policy: Alerts,
) -> list[Notice]:
    """Return what a transition has to tell to whom; nothing unless it is news."""
    if not transition.is_news:
        return []
    made = []
    for route in routes:
        for one in recipients.get(route, ()):
            due = None if route is Route.DIGEST else reachable(one, transition.at, policy)
            made.append(Notice(notice_key(transition, route, one), transition, route, one, due))
    return made


def notice_key(transition: Transition, route: Route, recipient: Recipient) -> str:
    """Return the key of a notice: about which episode, its begin or its end, to whom, how."""
    edge = "begins" if transition.begins else "ends"
    parts = (*map(str, transition.key), str(transition.episode), edge, route,
             recipient.recipient_id, recipient.channel)  # fmt: skip
    return _hashed(*parts)


def reachable(recipient: Recipient, at: datetime, policy: Alerts) -> datetime | None:
    """Return the first instant from one on at which a recipient works; None: none in a year."""
    zone, hours = ZoneInfo(recipient.zone), policy.working_hours
    here = at.astimezone(zone)
    for n in range(SOON_MAX):
        day = here.date() + timedelta(days=n)
        if recipient.workdays.weight(day) <= 0:
            continue
        opens = datetime.combine(day, hours.since, zone)
        closes = datetime.combine(day, hours.until, zone)
        if here < closes:
            return max(here, opens).astimezone(at.tzinfo)
    return None


def place_of(rule: Rule, key: Key) -> Place:
    """Return what an alert tells a part of: one story has one voice."""
    return (rule.group or rule.rule_id, *key[1:])


def digest_at(recipient: Recipient, since: datetime, policy: Alerts) -> datetime | None:
    """Return when the first digest after an instant goes out; None: nobody works in a year.

    It goes when the working day opens on the policy's weekday, or on the next day people work.
    """
    zone = ZoneInfo(recipient.zone)
    here = since.astimezone(zone)
    for n in range(8):
        day = here.date() + timedelta(days=n)
        opens = datetime.combine(day, policy.working_hours.since, zone)
        if day.isoweekday() == policy.digest_weekday and opens > here:
            return reachable(recipient, opens.astimezone(since.tzinfo), policy)
    return None


def digest_key(recipient: Recipient, at: datetime) -> str:
    """Return the key of a digest: to whom, by which channel, of which instant."""
    return _hashed("digest", recipient.recipient_id, recipient.channel, at.isoformat())


def _hashed(*parts: str) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).hexdigest()
