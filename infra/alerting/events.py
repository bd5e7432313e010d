"""Alerts as rows: the newest event of an alert is its state, so one insert keeps both."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from infra.alerting.reading import Warehouse
from streams.domain.alert_states import Key, Reason, State, Transition, Watched

TABLE = "spm.alert_event"
COUNTED = "COUNTED"  # no transition: one more day of the same
SCHEMA: dict[str, Any] = {
    "rule_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String, "kpi": pl.String,
    "currency": pl.String, "period_start": pl.Date, "number": pl.UInt64,
    "at": pl.Datetime("ms", "UTC"), "day": pl.Date, "before": pl.String, "after": pl.String,
    "reason": pl.String, "value": pl.Decimal(38, 4), "episode": pl.Datetime("ms", "UTC"),
    "was": pl.String, "days": pl.UInt16, "counted": pl.Date, "inputs": pl.String,
    "sequence": pl.UInt64,
}  # fmt: skip
_KEY = tuple(SCHEMA)[:6]


class Basis(NamedTuple):
    """A day and what had come in by its end when it was read; another value is a correction."""

    day: date
    actual: Decimal


class Held(NamedTuple):
    """An alert as its newest event left it."""

    number: int = 0
    watched: Watched = Watched()
    basis: Basis | None = None


def held(warehouse: Warehouse) -> dict[Key, Held]:
    """Return every alert that is not simply OK, or was not before."""
    rows = warehouse.frame(
        f"SELECT {', '.join(SCHEMA)} FROM {TABLE} FINAL "
        f"ORDER BY {', '.join(_KEY)}, number DESC LIMIT 1 BY {', '.join(_KEY)}"
    )
    return {_key(row): _held(row) for row in rows.iter_rows(named=True)}


def _key(row: Mapping[str, Any]) -> Key:
    return Key(*(row[name] for name in _KEY))


def _held(row: Mapping[str, Any]) -> Held:
    state = State(row["after"])
    episode = row["episode"] if state is not State.OK else None
    told = json.loads(row["inputs"] or "{}").get("basis")
    basis = Basis(date.fromisoformat(told[0]), Decimal(told[1])) if told else None
    counted = row["counted"]
    watched = Watched(state, State(row["was"]), row["days"], counted, episode)
    return Held(row["number"], watched, basis)


def rows_of(
    key: Key,
    before: Held,
    after: Watched,
    made: Iterable[Transition],
    told: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the events of one reading: its transitions, or that one more day counts.

    Args:
        told: at, day, value, inputs and sequence of the reading.
    """
    made = list(made)
    if not made and after == before.watched:
        return []
    shared = {**key._asdict(), **told}
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


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return events as rows of the table."""
    return pl.DataFrame([dict(row) for row in rows], SCHEMA, orient="row")


def transition_of(row: Mapping[str, Any]) -> Transition:
    """Return the transition an event is."""
    at: datetime = row["at"].replace(tzinfo=UTC)
    return Transition(
        _key(row), at, State(row["before"]), State(row["after"]), Reason(row["reason"]),
        row["value"], row["episode"],
    )  # fmt: skip
