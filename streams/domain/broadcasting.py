"""Good news for everybody: once each, few an hour, nothing that is old. Pure."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from schemas.alerts import Alerts
from schemas.broadcasts import Broadcast, Occasion
from streams.domain.alert_outbox import Entry, NoticeState
from streams.domain.alert_sending import Recipient, reachable

KEPT = timedelta(hours=24)  # what could not be told by then is yesterday's
AHEAD = timedelta(minutes=10)  # clocks of sources may be that much ahead of ours
HOUR = timedelta(hours=1)
_KEY_BYTES = 16


class Happening(NamedTuple):
    """One piece of good news.

    Attributes:
        about: what it is of: a contest, a deal, a KPI.
        mark: what tells it from another of the same subject and thing; often empty.
        at: when it happened.
        day: first day of the period it is of; of no period: the day it happened.
        amount: of a deal, a target, a quota.
        others: further ones who are named: who was passed, the places of a final result.
    """

    broadcast_id: str
    occasion: Occasion
    subject_kind: str
    subject_id: str
    about: str
    at: datetime
    day: date
    mark: str = ""
    amount: Decimal | None = None
    currency: str = ""
    others: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for the same news, however often it is seen."""
        parts = (self.broadcast_id, self.occasion, self.subject_kind, self.subject_id, self.about,
                 self.currency, self.mark)  # fmt: skip
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).hexdigest()


class Plan(NamedTuple):
    """What to do with what waits.

    Attributes:
        goes: messages, each of one entry or of several told together.
        drops: what is not told any more, and why.
    """

    goes: tuple[tuple[Entry, ...], ...]
    drops: tuple[tuple[Entry, str], ...]


def is_fresh(one: Broadcast, at: datetime, now: datetime) -> bool:
    """Return whether news of an instant is still news."""
    return now - timedelta(minutes=one.fresh_minutes) <= at <= now + AHEAD


def new(some: Iterable[Happening], known: Collection[str]) -> list[Happening]:
    """Return what was not seen before, each once, in the order of time."""
    found = {one.key: one for one in some if one.key not in known}
    return sorted(found.values(), key=lambda one: (one.at, one.key))


def notice_key(happening: Happening, channel: str) -> str:
    """Return the key of the message about it to a channel."""
    text = f"{happening.key}:{channel}"
    return hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).hexdigest()


def planned(
    waiting: Iterable[Entry], there: Mapping[str, Recipient | None],
    sent: Mapping[str, int], policy: Alerts, now: datetime,
) -> Plan:  # fmt: skip
    """Return what goes out now, the older first.

    What is above the ration of an hour waits; when there is room again, all of it goes as one.

    Args:
        there: channel -> who reads it; None: it is no longer one.
        sent: channel -> messages of the last hour.
    """
    drops: list[tuple[Entry, str]] = []
    by_channel: dict[str, list[Entry]] = {}
    known = {one.broadcast_id for one in policy.broadcasts}
    for entry in sorted(waiting, key=lambda one: (one.episode, one.notice_key)):
        if entry.key.rule_id not in known:
            drops.append((entry, "the broadcast is no longer in force"))
        elif there.get(entry.channel) is None:
            drops.append((entry, "nobody is reached by that route any more"))
        elif now - entry.at > KEPT:
            drops.append((entry, "it is yesterday's news"))
        else:
            by_channel.setdefault(entry.channel, []).append(entry)
    goes: list[tuple[Entry, ...]] = []
    for channel, entries in by_channel.items():
        reader = there[channel]
        soonest = None if reader is None else reachable(reader, now, policy)
        if soonest is not None and soonest <= now:
            left = policy.broadcasts_per_hour - sent.get(channel, 0)
            goes += _rationed([one for one in entries if _is_due(one, now)], left)
    return Plan(tuple(goes), tuple(drops))


def _rationed(entries: Sequence[Entry], left: int) -> list[tuple[Entry, ...]]:
    if left <= 0 or not entries:
        return []
    if len(entries) <= left:
        return [(one,) for one in entries]
    single = left - 1
    return [*((one,) for one in entries[:single]), tuple(entries[single:])]


def _is_due(entry: Entry, now: datetime) -> bool:
    is_waiting = entry.state in (NoticeState.FAILED, NoticeState.FOLDED, NoticeState.DUE)
    return is_waiting and (entry.due is None or entry.due <= now)
