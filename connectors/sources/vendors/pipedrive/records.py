"""Pipedrive's records: their instants, and what is put beside them. Pure.

Beside a deal stand `stage.name` and `local.close_date` (its day in the company's own zone), beside
an activity `due_at` (an instant, or a day without a time), `ends_at` and `minutes` (planned).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sources.vendors.contract import Unavailable

_CLOCK = re.compile(r"(\d{1,3}):(\d{2})(?::\d{2})?")
Row = Mapping[str, Any]


def with_stage(row: Row, stage: Row, zone: str) -> dict[str, Any]:
    """Return a deal with what stands beside it."""
    ended = row.get("won_time") or row.get("lost_time") or row.get("close_time")
    day = instant(ended).astimezone(ZoneInfo(zone)).date().isoformat() if ended else None
    local = {"close_date": day or row.get("expected_close_date")}
    return {**row, "stage": {"name": stage.get("name")}, "local": local}


def with_due(row: Row) -> dict[str, Any]:
    """Return an activity with what stands beside it."""
    due, ends = row.get("due_date") or None, None
    found = _CLOCK.fullmatch(row.get("duration") or "")
    minutes = int(found[1]) * 60 + int(found[2]) if found else None
    if due and row.get("due_time"):
        start = instant(f"{due} {row['due_time']}")
        due, ends = iso(start), iso(start + timedelta(minutes=minutes)) if minutes else None
    return {**row, "due_at": due, "ends_at": ends, "minutes": minutes}


def is_gone(row: Row) -> bool:
    """Return whether a record is in the bin."""
    return bool(row.get("is_deleted")) or row.get("status") == "deleted"


def changed_at(row: Row) -> datetime:
    """Return when a record was last changed, in whole seconds."""
    return instant(row.get("update_time") or row.get("add_time"))


def instant(written: Any) -> datetime:
    """Return an instant: RFC 3339, or without an offset, which is UTC.

    Raises:
        Unavailable: it is none.
    """
    try:
        at = datetime.fromisoformat(written)
    except (ValueError, TypeError):
        raise Unavailable(f"Pipedrive tells an instant as {str(written)[:40]!r}") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def iso(at: datetime) -> str:
    """Return an instant as Pipedrive takes it: to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
