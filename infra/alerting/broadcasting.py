"""Good news: seen once, kept with whom it is to be told, put into words when it is told."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any

import polars as pl

from connectors.sinks.clickhouse import texts
from connectors.sinks.notices import broadcasts
from connectors.sinks.notices.broadcasts import Feat
from connectors.sinks.notices.outcomes import Edge, Outgoing
from infra.alerting import reading
from infra.alerting.happenings import Happenings
from infra.alerting.reading import SETTINGS, Warehouse
from infra.alerting.recipients import Recipients
from schemas.alerts import Route, Subject
from schemas.broadcasts import OF_CONTESTS, Broadcast, Occasion
from schemas.definitions import Bundle
from streams.domain.alert_outbox import Entry
from streams.domain.broadcasting import HOUR, KEPT, Happening, new, notice_key

TABLE = "spm.broadcast"
SEEN = "SEEN"  # occasion of the row that says since when a broadcast is watched
_NO_DAY = date(1970, 1, 1)
_AT = pl.Datetime("ms", "UTC")
_SCHEMA: dict[str, Any] = {
    "happening_id": pl.String, "broadcast_id": pl.String, "occasion": pl.String,
    "subject_kind": pl.String, "subject_id": pl.String, "about": pl.String, "currency": pl.String,
    "period_start": pl.Date, "happened_at": _AT, "seen_at": _AT, "amount": pl.Decimal(38, 8),
    "others": pl.List(pl.String), "sequence": pl.UInt64, "notice_key": pl.List(pl.String),
    "notice_channel": pl.List(pl.String),
}  # fmt: skip
_KEY_BYTES = 16


def look(
    warehouse: Warehouse, bundle: Bundle, now: datetime, today: date,
    usable: Collection[str] | None = None,
) -> int:  # fmt: skip
    """Return how much good news there is that was not known; it is kept by then, all or nothing.

    What a broadcast finds when it is watched for the first time is known to everybody.

    Args:
        usable: names of the installation's channels; None: all that the definitions name.

    Raises:
        Unavailable: not now.
        Fenced: the warehouse is another.
    """
    wanted = bundle.alerts.broadcasts
    if not wanted:
        return 0
    incarnation, happenings = warehouse.incarnation(), Happenings(warehouse, bundle, now)
    found = {one.broadcast_id: happenings.of(one) for one in wanted}
    known = _known(warehouse, [each.key for some in found.values() for each in some])
    rows: list[dict[str, Any]] = []
    told = 0
    people: Recipients | None = None
    for name, some in found.items():
        is_watched = (name, "") in known
        if not is_watched:
            rows.append(_row(_since(name, now), bundle, now, key=""))
        for one in new(some, {key for of, key in known if of == name}):
            channels: Sequence[str] = ()
            if is_watched:
                people = people or Recipients(warehouse, bundle, today, usable)
                channels = _channels(people, one)
                told += 1
            rows.append(_row(one, bundle, now, key=one.key, channels=channels))
    if rows:
        warehouse.insert(TABLE, pl.DataFrame(rows, _SCHEMA, orient="row"), incarnation)
    return told


def sent_of_late(warehouse: Warehouse, now: datetime) -> dict[str, int]:
    """Return how many messages of good news went to each channel within an hour.

    Raises:
        Unavailable: not now.
    """
    rows = warehouse.frame(
        "SELECT channel, uniqExact(if(digest_key = '', notice_key, digest_key)) AS sent"
        " FROM spm.alert_notice WHERE state IN ('SENT', 'DIGESTED')"
        f" AND at >= {_instant(now - HOUR)} AND notice_key IN (SELECT arrayJoin(notice_key)"
        f" FROM {TABLE} WHERE seen_at >= {_instant(now - 2 * KEPT)}) GROUP BY channel {SETTINGS}"
    )
    return {channel: int(sent) for channel, sent in rows.iter_rows()}


class Feats:
    """Good news in words, for one round."""

    def __init__(self, warehouse: Warehouse, bundle: Bundle) -> None:
        self._warehouse, self._bundle = warehouse, bundle
        self._known = {one.broadcast_id: one for one in bundle.alerts.broadcasts}
        self._kpis = {m.measure: m.label for m in bundle.measures.measures}
        self._kpis |= {k.kpi_id: k.name for k in bundle.kpis.kpis}
        self._contests = {c.contest_id: c.name for c in bundle.contests.contests}
        self._sides = {s.side_id: s.name for c in bundle.contests.contests
                       for s in c.participants.sides}  # fmt: skip

    def of(self, some: Sequence[Entry], now: datetime) -> Outgoing:
        """Return one message about one piece of good news, or about several."""
        rows = self._rows(one.notice_key for one in some)
        locale = self._bundle.alerts.locale
        notices = tuple(
            broadcasts.told(self._feat(one, rows[one.notice_key]), locale) for one in some
        )
        if len(notices) == 1:
            facts = self._facts(some[0], rows[some[0].notice_key])
            return Outgoing(notices[0], Edge.BROADCAST, now, facts=facts)
        return Outgoing(broadcasts.together(key_of(some), notices, locale), Edge.BROADCAST, now)

    def _feat(self, entry: Entry, row: Mapping[str, Any]) -> Feat:
        one = self._known[entry.key.rule_id]
        kind, about = row["subject_kind"], row["about"]
        places = one.occasion is Occasion.FINAL_RESULT
        others = [self._other(one, kind, text, places) for text in row["others"]]
        what = self._contests.get(about, about)
        if one.occasion not in OF_CONTESTS:
            what = self._kpis.get(about, about)
        return Feat(
            entry.notice_key, one.occasion, self._name(one, kind, row["subject_id"]),
            kind in (Subject.TEAM, "SIDE"), kind == Subject.COMPANY, what, row["amount"],
            row["currency"], tuple(others),
        )  # fmt: skip

    def _other(self, one: Broadcast, kind: str, text: str, is_place: bool) -> str:
        place, _, subject_id = text.partition(" ") if is_place else ("", "", text)
        name = self._name(one, kind, subject_id)
        return f"{place}. {name}" if is_place and name else name

    def _name(self, one: Broadcast, kind: str, subject_id: str) -> str:
        """Return a name; empty: nobody is named here."""
        if kind == Subject.COMPANY:
            return self._bundle.company.name
        team = self._names.get((Subject.TEAM, subject_id)) or self._sides.get(subject_id)
        if kind != Subject.REP and team:
            return team if isinstance(team, str) else team[0]
        if not one.names_people:
            return ""
        return self._names.get((Subject.REP, subject_id), (subject_id, ""))[0]

    @cached_property
    def _names(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        return reading.names(self._warehouse)

    def _facts(self, entry: Entry, row: Mapping[str, Any]) -> Mapping[str, str | None]:
        one = self._known[entry.key.rule_id]
        is_named = one.names_people or row["subject_kind"] != Subject.REP
        return {
            "broadcast_id": one.broadcast_id, "occasion": one.occasion, "about": row["about"],
            "subject_kind": row["subject_kind"],
            "subject_id": row["subject_id"] if is_named else None,
            "amount": None if row["amount"] is None else f"{row['amount'].normalize():f}",
            "currency": row["currency"] or None, "happened_at": row["happened_at"].isoformat(),
        }  # fmt: skip

    def _rows(self, keys: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        named = texts(sorted(keys))
        rows = self._warehouse.frame(
            "SELECT key, subject_kind, subject_id, about, currency, happened_at, amount, others"
            f" FROM {TABLE} FINAL ARRAY JOIN notice_key AS key WHERE key IN ({named}) {SETTINGS}"
        )
        return {row["key"]: row for row in rows.iter_rows(named=True)}


def key_of(some: Iterable[Entry]) -> str:
    """Return the key of a message about several; that of one is its own."""
    keys = [one.notice_key for one in some]
    if len(keys) == 1:
        return keys[0]
    return hashlib.blake2b(":".join(keys).encode(), digest_size=_KEY_BYTES).hexdigest()


def _known(warehouse: Warehouse, keys: Iterable[str]) -> set[tuple[str, str]]:
    """Return broadcasts that are watched, and what of these is known."""
    wanted = texts(["", *sorted(set(keys))])
    rows = warehouse.frame(
        f"SELECT DISTINCT broadcast_id, happening_id FROM {TABLE}"
        f" WHERE happening_id IN ({wanted}) {SETTINGS}"
    )
    return {(name, key) for name, key in rows.iter_rows()}


def _channels(people: Recipients, one: Happening) -> list[str]:
    """Return the channels it goes to: of the nearest team of whoever did it, else of everybody."""
    there = people.of(one.subject_kind, one.subject_id)[Route.BROADCAST]
    return list(dict.fromkeys(reader.channel for reader in there))


def _since(broadcast_id: str, now: datetime) -> Happening:
    return Happening(broadcast_id, Occasion.CONTEST_STARTED, "", "", "", now, _NO_DAY)


def _row(
    one: Happening, bundle: Bundle, now: datetime, *, key: str, channels: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        "happening_id": key, "broadcast_id": one.broadcast_id,
        "occasion": one.occasion if key else SEEN, "subject_kind": one.subject_kind,
        "subject_id": one.subject_id, "about": one.about, "currency": one.currency,
        "period_start": one.day, "happened_at": one.at, "seen_at": now, "amount": one.amount,
        "others": list(one.others), "sequence": bundle.sequence,
        "notice_key": [notice_key(one, channel) for channel in channels],
        "notice_channel": list(channels),
    }  # fmt: skip


def _instant(at: datetime) -> str:
    millis = int(at.timestamp() * 1000)
    return f"fromUnixTimestamp64Milli(toInt64({millis}), 'UTC')"
