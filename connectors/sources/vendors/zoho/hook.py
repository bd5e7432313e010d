"""Zoho's notifications: ids of records of one module, proved by the channel's token. Pure.

Source: "Notification APIs" of Zoho CRM's developer documentation, versions 7 and 8.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sources.vendors.contract import (
    Endpoint,
    Notice,
    Reply,
    Request,
    Unreadable,
    Unsigned,
)
from connectors.sources.vendors.payloads import object_in
from connectors.sources.vendors.signing import same_as_any

MODULES = {"Deals": "Deals", "Calls": "Calls", "Events": "Events", "Meetings": "Events"}
_ID = re.compile(r"[0-9]{1,19}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ZohoHook:
    """Implements contract.Hook."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None for a delivery to keep. The token stands in the body."""
        try:
            told = object_in(request.body).get("token")
        except Unreadable as wrong:
            raise Unsigned(str(wrong)) from None
        if not isinstance(told, str) or not same_as_any(told, endpoint.secrets):
            raise Unsigned("the token of the channel is absent or another one")
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return what happened to each record; to be read unless it was deleted."""
        body = object_in(request.body)
        module = body.get("module")
        thing = MODULES.get(module) if isinstance(module, str) else None
        if thing is None:
            return ()  # a channel somebody else made
        ids = body.get("ids")
        if not isinstance(ids, list) or not ids:
            raise Unreadable("has no ids")
        at, is_gone = _at(body), body.get("operation") == "delete"
        return tuple(Notice(thing, one, at, gone=is_gone) for one in dict.fromkeys(map(_id, ids)))


def _id(value: Any) -> str:
    if isinstance(value, bool) or not _ID.fullmatch(str(value)):
        raise Unreadable(f"{str(value)[:40]!r} is no id of a record")
    return str(value)


def _at(body: Mapping[str, Any]) -> datetime | None:
    millis = body.get("server_time")
    if millis is None:
        return None
    if isinstance(millis, bool) or not isinstance(millis, int) or not 0 < millis < 10**14:
        raise Unreadable(f"server_time is {str(millis)[:40]}; it should be milliseconds since 1970")
    return _EPOCH + timedelta(milliseconds=millis)
