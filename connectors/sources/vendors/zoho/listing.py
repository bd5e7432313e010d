"""Zoho's records and their listings: instants of whole seconds, pages, cursors. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from connectors.sources.vendors.contract import CursorExpired, Unavailable
from connectors.sources.vendors.payloads import iso

KEPT = timedelta(days=60)  # then the recycle bin is emptied
PLANNED = {"Scheduled", "Overdue", "Cancelled"}  # of calls: what lies ahead is no instant of one
Row = Mapping[str, Any]


class Cursor(NamedTuple):
    """Where a listing goes on; seconds since 1970.

    Attributes:
        at: of the newest record. gone: of the newest deletion.
        listed: when deletions were last listed; 0: never.
    """

    at: float = 0
    gone: float = 0
    listed: float = 0


def begun(since: datetime | None, cursor: str | None, now: datetime) -> Cursor:
    """Return where to begin.

    Raises:
        CursorExpired: it is none of ours, or deletions since may have been forgotten.
    """
    if cursor is None:
        at = float(int(since.timestamp())) if since is not None else 0.0
        return Cursor(at, at)
    try:
        place = Cursor(*(float(part) for part in json.loads(cursor)))
        listed = datetime.fromtimestamp(place.listed, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise CursorExpired("the cursor is none of Zoho's") from None
    if place.listed and listed < now - KEPT:
        raise CursorExpired(f"Zoho forgets deletions after {KEPT.days} days")
    return place


def following(body: Row) -> str | None:
    """Return the token of the page behind a page; None: it is the last."""
    if not has_more(body):
        return None
    token = (body.get("info") or {}).get("next_page_token")
    if not token:
        raise Unavailable("Zoho says there is more, and not how to get it")
    return str(token)


def dressed(row: Row, currency: str) -> dict[str, Any]:
    """Return a record with the company's currency, its deal and a call's start beside it."""
    linked = row.get("What_Id") if row.get("$se_module") == "Deals" else None
    deal = {"id": linked.get("id")} if isinstance(linked, dict) else {}
    is_planned = {row.get("Outgoing_Call_Status"), row.get("Call_Status")} & PLANNED
    started = None if is_planned else row.get("Call_Start_Time")
    return {**row, "home": {"currency": currency}, "deal": deal, "started_at": started}


def has_more(body: Row) -> bool:
    """Return whether there is a further page."""
    return bool((body.get("info") or {}).get("more_records"))


def changed_at(row: Row) -> datetime:
    """Return when a record was last changed, in whole seconds."""
    return instant(row.get("Modified_Time") or row.get("Created_Time"))


def instant(written: Any) -> datetime:
    """Return an instant.

    Raises:
        Unavailable: it is none.
    """
    at = iso(written)
    if at is None:
        raise Unavailable(f"Zoho tells an instant as {str(written)[:40]!r}")
    return at


def iso_of(at: datetime) -> str:
    """Return an instant as Zoho takes it: to the second, with its offset."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"
