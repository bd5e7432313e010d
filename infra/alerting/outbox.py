"""The outbox: notices that events hold, and what became of each. Rows are added, never changed."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from connectors.sinks.clickhouse import quoted, texts
from infra.alerting import events
from infra.alerting.reading import SETTINGS, Warehouse
from schemas.alerts import Route
from schemas.warehouse import Incarnation
from streams.domain.alert_outbox import FINAL, Entry, NoticeState
from streams.domain.alert_sending import Recipient
from streams.domain.alert_states import Reason

TABLE = "spm.alert_notice"
SCHEMA: dict[str, Any] = {
    "notice_key": pl.String, "number": pl.UInt32, "at": pl.Datetime("ms", "UTC"),
    "state": pl.String, "reason": pl.String, "changed": pl.Datetime("ms", "UTC"),
    "due": pl.Datetime("ms", "UTC"), "tries": pl.UInt16, "tried": pl.Datetime("ms", "UTC"),
    "recipient_id": pl.String, "channel": pl.String, "begins": pl.Boolean,
    "digest_key": pl.String, "author": pl.String,
}  # fmt: skip
_NEWEST = ("state", "reason", "at", "changed", "due", "tries", "tried")
_STANDS = ", ".join(f"argMax(tuple(row.{name}), row.number).1 AS {name}" for name in _NEWEST)
_ALL = f"""
SELECT {", ".join(f"told.{name} AS {name}" for name in events.KEY)},
    told.after = 'FIRING' AS begins, told.reason AS why, told.value AS value, told.at AS at,
    told.episode AS episode, told.story AS story, told.key AS notice_key,
    told.route AS route, told.recipient AS recipient, told.channel AS channel,
    told.notice AS noticed_due, stands.number AS number, stands.state AS state,
    stands.reason AS reason, stands.at AS state_at, stands.changed AS changed, stands.due AS due,
    stands.tries AS tries, stands.tried AS tried
FROM
(
    SELECT {", ".join(events.KEY)}, after, reason, value, at, episode, story, key, route,
        recipient, channel, notice
    FROM (SELECT * FROM spm.alert_event FINAL WHERE notEmpty(notice_key))
    ARRAY JOIN notice_key AS key, notice_route AS route, notice_recipient AS recipient,
        notice_channel AS channel, notice_due AS notice
    UNION ALL
    SELECT broadcast_id AS rule_id, subject_kind, subject_id, about AS kpi, currency, period_start,
        'OK' AS after, 'GOOD' AS reason, NULL AS value, seen_at AS at, happened_at AS episode,
        NULL AS story, key, 'BROADCAST' AS route, '' AS recipient, channel, seen_at AS notice
    FROM (SELECT * FROM spm.broadcast FINAL WHERE notEmpty(notice_key))
    ARRAY JOIN notice_key AS key, notice_channel AS channel
) AS told
LEFT JOIN
(
    SELECT notice_key, max(row.number) AS number, {_STANDS}
    FROM spm.alert_notice AS row GROUP BY notice_key
) AS stands ON stands.notice_key = told.key
WHERE {{}} ORDER BY at, notice_key {SETTINGS}
"""
_OVER = texts(sorted(FINAL))
_WENT = texts([NoticeState.SENT, NoticeState.DIGESTED])


class Told(NamedTuple):
    """A notice and the reason of its newest state, for people to read."""

    entry: Entry
    reason: str
    at: datetime


class Change(NamedTuple):
    """A new state of a notice.

    Attributes:
        due: not before this instant; None: as it was made due, or with the digest.
        changed: since when it counts as being in that state; None: since now, or as before.
    """

    entry: Entry
    state: NoticeState
    reason: str = ""
    due: datetime | None = None
    digest_key: str = ""
    author: str = ""
    changed: datetime | None = None


def waiting(warehouse: Warehouse) -> list[Entry]:
    """Return the notices that have not come to an end yet, oldest first.

    Raises:
        Unavailable: not now.
    """
    return [one.entry for one in _read(warehouse, f"stands.state NOT IN ({_OVER})")]


def went_out(warehouse: Warehouse, stories: Iterable[datetime]) -> list[Entry]:
    """Return the notices of some stories that somebody has got.

    Raises:
        Unavailable: not now.
    """
    began = ", ".join(quoted(one.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]) for one in set(stories))
    return [one.entry for one in _read(
        warehouse, f"stands.state IN ({_WENT}) AND told.story IN ({began})"
    )] if began else []  # fmt: skip


def listed(
    warehouse: Warehouse, states: Iterable[NoticeState], since: datetime | None
) -> list[Told]:
    """Return notices that stand in some states, those of ended ones since an instant only.

    Raises:
        Unavailable: not now.
    """
    wanted = set(states)
    begun = since.strftime("%Y-%m-%d %H:%M:%S") if since else "1970-01-01 00:00:00"
    where = f"told.at >= {quoted(begun)}"
    return [one for one in _read(warehouse, where) if one.entry.state in wanted]


def sent_today(
    warehouse: Warehouse, some: Iterable[Recipient], now: datetime
) -> dict[tuple[str, str, date], int]:
    """Return how many beginnings went to each one by a channel on this day of theirs.

    Raises:
        Unavailable: not now.
    """
    since = (now - timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S")
    rows = warehouse.frame(
        f"SELECT recipient_id, channel, at FROM {TABLE} FINAL WHERE state = 'SENT' AND begins "
        f"AND at >= {quoted(since)} {SETTINGS}"
    )
    zones = {(one.recipient_id, one.channel): ZoneInfo(one.zone) for one in some}
    found: dict[tuple[str, str, date], int] = {}
    for recipient_id, channel, at in rows.iter_rows():
        zone = zones.get((recipient_id, channel))
        if zone is not None:
            place = (recipient_id, channel, at.astimezone(zone).date())
            found[place] = found.get(place, 0) + 1
    return found


def made_due(warehouse: Warehouse, some: Iterable[Entry], author: str, now: datetime) -> None:
    """Let notices be tried again now; those of a digest go out as one.

    Raises:
        Unavailable: not now.
        Fenced: the warehouse is another.
    """
    changes = []
    for one in some:
        folded = one.route is Route.DIGEST
        state = NoticeState.FOLDED if folded else NoticeState.DUE
        changes.append(Change(one, state, "sent again", None if folded else now, "", author,
                              one.at if folded else None))  # fmt: skip
    record(warehouse, changes, now, warehouse.incarnation())


def record(
    warehouse: Warehouse, some: Iterable[Change], now: datetime, incarnation: Incarnation
) -> None:
    """Add new states of notices, all or none.

    Raises:
        Unavailable: not now; doing it again is harmless.
        Fenced: the warehouse is another.
    """
    rows = [_row(one, now) for one in some]
    warehouse.insert(TABLE, pl.DataFrame(rows, SCHEMA, orient="row"), incarnation)


def _row(change: Change, now: datetime) -> dict[str, Any]:
    entry, state = change.entry, change.state
    is_tried = change.due is not None and state in (NoticeState.FAILED, NoticeState.FOLDED)
    return {
        "notice_key": entry.notice_key, "number": entry.number + 1, "at": now, "state": state,
        "reason": change.reason,
        "changed": change.changed or (entry.changed if state == entry.state else now),
        "due": change.due, "tries": entry.tries + 1 if is_tried else 0,
        "tried": (entry.tried or now) if is_tried else None, "recipient_id": entry.recipient_id,
        "channel": entry.channel, "begins": entry.begins, "digest_key": change.digest_key,
        "author": change.author,
    }  # fmt: skip


def _read(warehouse: Warehouse, where: str) -> list[Told]:
    rows = warehouse.frame(_ALL.format(where))
    return [_told(row) for row in rows.iter_rows(named=True)]


def _told(row: Mapping[str, Any]) -> Told:
    is_new = row["number"] == 0
    with_digest = row["noticed_due"] == events.WITH_DIGEST
    first = NoticeState.FOLDED if with_digest else NoticeState.DUE
    entry = Entry(
        row["notice_key"], events.key_of(row), row["begins"], Reason(row["why"]),
        row["at"], row["episode"], row["story"] or row["episode"], Route(row["route"]),
        row["recipient"], row["channel"],
        (None if with_digest else row["noticed_due"]) if is_new else row["due"],
        first if is_new else NoticeState(row["state"]), row["at"] if is_new else row["changed"],
        row["number"], row["tries"], row["tried"], row["value"],
    )  # fmt: skip
    return Told(entry, row["reason"], row["at"] if is_new else row["state_at"])
