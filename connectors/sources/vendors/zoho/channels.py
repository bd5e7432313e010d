"""Zoho's channels of notifications: one a module, alive for a week at most. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from connectors.sources.vendors.contract import Denied
from connectors.sources.vendors.payloads import iso
from connectors.sources.vendors.zoho.listing import iso_of

ALIVE = timedelta(days=6, hours=23)  # a week is the most
RENEWED_BEFORE = timedelta(days=4)  # so that days without us end no channel
TOKEN_MAX = 50  # characters a channel keeps
_ACTIONS = ("create", "edit", "delete")


def wanted(url: str, secret: str, module: str, now: datetime) -> dict[str, Any]:
    """Return a channel as it is asked for; its id follows from address and module.

    Raises:
        Denied: the secret is too long for a token.
    """
    if len(secret) > TOKEN_MAX:
        raise Denied(f"the hook's secret has over {TOKEN_MAX} characters", "give it a shorter one")
    digits = int(sha256(f"{url} {module}".encode()).hexdigest()[:12], 16)
    return {
        "channel_id": str(10**15 + digits),
        "events": [f"{module}.all"],
        "token": secret,
        "notify_url": url,
        "channel_expiry": iso_of(now + ALIVE),
    }


def is_good(has: Mapping[str, Any], channel: Mapping[str, Any], now: datetime) -> bool:
    """Return whether a channel is as it should be, and lives long enough."""
    module = channel["events"][0].partition(".")[0]
    events = set(has.get("events") or ())
    tells_all = f"{module}.all" in events or {f"{module}.{a}" for a in _ACTIONS} <= events
    same = all(has.get(name) == channel[name] for name in ("notify_url", "token"))
    expiry = iso(has.get("channel_expiry"))
    return tells_all and same and expiry is not None and expiry > now + RENEWED_BEFORE
