"""What people say about alerts: that they have taken one on, or do not want to hear of it for now.

Each is a row with its author, never changed. An acknowledgement holds for one episode; a snooze
until its instant, whatever happens to the alert meanwhile, unless it is taken back.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import polars as pl

from infra.alerting import events
from infra.alerting.reading import SETTINGS, Warehouse
from streams.domain.alert_states import Key

TABLE = "spm.alert_act"
SCHEMA: dict[str, Any] = {
    **{name: events.SCHEMA[name] for name in events.KEY}, "at": pl.Datetime("us", "UTC"),
    "act": pl.String, "episode": pl.Datetime("ms", "UTC"), "until": pl.Datetime("ms", "UTC"),
    "author": pl.String, "note": pl.String,
}  # fmt: skip


class Act(StrEnum):
    """What is said."""

    ACK = "ACK"
    SNOOZE = "SNOOZE"
    WAKE = "WAKE"


class Acts(NamedTuple):
    """What holds now.

    Attributes:
        acknowledged: episodes, and who has taken them on.
        snoozed: until when, and who said so.
    """

    acknowledged: dict[tuple[Key, datetime], str]
    snoozed: dict[Key, tuple[datetime, str]]


def acts(warehouse: Warehouse, now: datetime) -> Acts:
    """Return what people said that holds at an instant.

    Raises:
        Unavailable: not now.
    """
    rows = warehouse.frame(f"SELECT {', '.join(SCHEMA)} FROM {TABLE} FINAL ORDER BY at {SETTINGS}")
    taken: dict[tuple[Key, datetime], str] = {}
    snoozed: dict[Key, tuple[datetime, str]] = {}
    for row in rows.iter_rows(named=True):
        key = events.key_of(row)
        if row["act"] == Act.ACK:
            taken.setdefault((key, row["episode"]), row["author"])
        elif row["act"] == Act.SNOOZE:
            snoozed[key] = (row["until"], row["author"])
        else:
            snoozed.pop(key, None)
    return Acts(taken, {key: one for key, one in snoozed.items() if one[0] > now})


def say(
    warehouse: Warehouse, act: Act, some: dict[Key, datetime | None], at: datetime, *,
    author: str, note: str, until: datetime | None = None,
) -> None:  # fmt: skip
    """Keep what somebody says about alerts.

    Args:
        some: the alerts, each with the episode it is in.

    Raises:
        Unavailable: not now.
        Fenced: the warehouse was restored meanwhile.
    """
    incarnation = warehouse.incarnation()
    rows = [
        {**key._asdict(), "at": at, "act": act, "episode": episode if act is Act.ACK else None,
         "until": until, "author": author, "note": note}
        for key, episode in some.items()
    ]  # fmt: skip
    warehouse.insert(TABLE, pl.DataFrame(rows, SCHEMA, orient="row"), incarnation)
