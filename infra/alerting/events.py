"""Alerts as rows: the newest event of an alert is its state, so one insert keeps both."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from infra.alerting.reading import Warehouse
from streams.domain.alert_sending import Notice
from streams.domain.alert_states import Key, State, Transition, Watched

TABLE = "spm.alert_event"
COUNTED = "COUNTED"  # no transition: one more day of the same
SCHEMA: dict[str, Any] = {
    "rule_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String, "kpi": pl.String,
    "currency": pl.String, "period_start": pl.Date, "number": pl.UInt64,
    "at": pl.Datetime("ms", "UTC"), "day": pl.Date, "before": pl.String, "after": pl.String,
    "reason": pl.String, "value": pl.Decimal(38, 4), "episode": pl.Datetime("ms", "UTC"),
    "was": pl.String, "days": pl.UInt16, "counted": pl.Date, "inputs": pl.String,
    "sequence": pl.UInt64, "event_id": pl.String, "story": pl.Datetime("ms", "UTC"),
    "notice_key": pl.List(pl.String), "notice_route": pl.List(pl.String),
    "notice_recipient": pl.List(pl.String), "notice_channel": pl.List(pl.String),
    "notice_due": pl.List(pl.Datetime("ms", "UTC")), "is_private": pl.Boolean,
}  # fmt: skip
KEY = tuple(SCHEMA)[:6]
_STATE = (*tuple(SCHEMA)[:19], "story")  # what says how an alert stands
# What sales operations hear: nobody else reads it, neither in views nor from the topic.
PUBLIC = f"rule_id NOT IN (SELECT rule_id FROM {TABLE} WHERE is_private)"
WITH_DIGEST = datetime(1970, 1, 1, tzinfo=UTC)  # as `notice_due`
_ID_BYTES = 16


class Basis(NamedTuple):
    """A day and what had come in by its end when it was read; another value is a correction."""

    day: date
    actual: Decimal


class Held(NamedTuple):
    """An alert as its newest event left it.

    Attributes:
        story: when the story began that it is a part of; None while it does not fire.
        value: what the rule saw last when something changed.
    """

    number: int = 0
    watched: Watched = Watched()
    basis: Basis | None = None
    story: datetime | None = None
    value: Decimal | None = None


def held(warehouse: Warehouse) -> dict[Key, Held]:
    """Return every alert that is not simply OK, or was not before."""
    rows = warehouse.frame(
        f"SELECT {', '.join(_STATE)} FROM {TABLE} FINAL "
        f"ORDER BY {', '.join(KEY)}, number DESC LIMIT 1 BY {', '.join(KEY)}"
    )
    return {key_of(row): _held(row) for row in rows.iter_rows(named=True)}


def key_of(row: Mapping[str, Any]) -> Key:
    """Return which alert a row is about."""
    return Key(*(row[name] for name in KEY))


def event_id(key: Key, number: int) -> str:
    """Return what names an event of an alert."""
    text = "".join(f"{len(part)}:{part}" for part in (*map(str, key), str(number)))
    return hashlib.blake2b(text.encode(), digest_size=_ID_BYTES).hexdigest()


def _held(row: Mapping[str, Any]) -> Held:
    state = State(row["after"])
    episode = row["episode"] if state is not State.OK else None
    told = json.loads(row["inputs"] or "{}").get("basis")
    basis = Basis(date.fromisoformat(told[0]), Decimal(told[1])) if told else None
    counted = row["counted"]
    watched = Watched(state, State(row["was"]), row["days"], counted, episode)
    return Held(row["number"], watched, basis, row["story"] if episode else None,
                row["value"])  # fmt: skip


def rows_of(
    key: Key,
    before: Held,
    after: Watched,
    made: Iterable[Transition],
    told: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the events of one reading: its transitions, or that one more day counts.

    Args:
        told: at, day, value, inputs and sequence of the reading, and whether it is private.
    """
    made = list(made)
    if not made and after == before.watched:
        return []
    shared = {**key._asdict(), **told, "story": before.story}
    if not made:
        state = {"before": after.state, "after": after.state, "reason": COUNTED}
        return [{**shared, "number": before.number + 1, **state, **_state(after)}]
    found = []
    for n, one in enumerate(made, start=1):
        last = n == len(made)
        state = _state(after) if last else _state(Watched(one.after))
        found.append(
            {**shared, "number": before.number + n, **state, "before": one.before,
             "after": one.after, "reason": one.reason, "episode": one.episode}
        )  # fmt: skip
    return found


def _state(watched: Watched) -> dict[str, Any]:
    return {
        "was": watched.was,
        "days": watched.days,
        "counted": watched.counted,
        "episode": watched.episode,
    }


def noticed(row: dict[str, Any], story: datetime, some: Iterable[Notice]) -> None:
    """Put into the row of an event which story it is a part of, and whom it is to be told."""
    some = list(some)
    row["story"] = story
    row["notice_key"] = [one.notice_key for one in some]
    row["notice_route"] = [one.route for one in some]
    row["notice_recipient"] = [one.recipient.recipient_id for one in some]
    row["notice_channel"] = [one.recipient.channel for one in some]
    row["notice_due"] = [one.due or WITH_DIGEST for one in some]


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return events as rows of the table."""
    named = [{**row, "event_id": event_id(key_of(row), row["number"])} for row in rows]
    lists = [name for name in SCHEMA if name.startswith("notice_")]
    return pl.DataFrame(named, SCHEMA, orient="row").with_columns(
        pl.col(lists).fill_null(pl.lit([], dtype=pl.List(pl.Null))),
        pl.col("is_private").fill_null(value=False),
    )
