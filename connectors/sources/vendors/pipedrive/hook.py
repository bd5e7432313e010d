"""Pipedrive's webhooks, versions 1 and 2, behind Basic authentication. Pure.

A webhook holds most of a record, but not all, and that of version 1 in another form; so records are
always read, and push and poll give the same one.

Sources: "Guide for Webhooks v2" and "Webhooks v2 migration guide" of Pipedrive.
"""

import binascii
import re
from base64 import b64decode
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

OBJECTS = {"deal": "deals", "activity": "activities"}
_ID = re.compile(r"[0-9]{1,19}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PipedriveHook:
    """Implements contract.Hook. There is no signature: the password proves it."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None for a delivery to keep."""
        scheme, _, written = request.headers.get("authorization", "").partition(" ")
        try:
            told = b64decode(written.strip().encode("utf-8", "replace"), validate=True)
        except binascii.Error:
            raise Unsigned("the header Authorization is no base64") from None
        _, _, password = told.partition(b":")
        if scheme.lower() != "basic" or not same_as_any(password, endpoint.secrets):
            raise Unsigned("the password of the webhook is absent or another one")
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return what happened to a deal or an activity."""
        body = object_in(request.body)
        meta = body.get("meta")
        if not isinstance(meta, dict):
            raise Unreadable("has no meta")
        names = ("entity", "entity_id") if "entity" in meta else ("object", "id")  # version 2, 1
        entity, one = (meta.get(name) for name in names)
        if not isinstance(entity, str) or entity not in OBJECTS:
            return ()  # of persons, organisations and what else the webhook is for
        return _notices(OBJECTS[entity], _id(one), _at(meta.get("timestamp")), meta, body)


def _notices(
    thing: str, one: str, at: datetime, meta: Mapping[str, Any], body: Mapping[str, Any]
) -> tuple[Notice, ...]:
    action = meta.get("action")
    if action in ("delete", "deleted"):
        into = meta.get("merged_to_id")
        return (Notice(thing, one, at, gone=True, merged_into=_id(into) if into else None),)
    loser = meta.get("merged_from_id")
    if action == "merged":  # version 1: previous is the one that ended
        previous = body.get("previous")
        loser = previous.get("id") if isinstance(previous, dict) else None
    read = Notice(thing, one, at)
    if loser is None or _id(loser) == one:
        return (read,)
    return (Notice(thing, _id(loser), at, gone=True, merged_into=one), read)


def _id(value: Any) -> str:
    if isinstance(value, bool) or not _ID.fullmatch(str(value)):
        raise Unreadable(f"{str(value)[:40]!r} is no id of a record")
    return str(value)


def _at(told: Any) -> datetime:
    """Return the instant of a webhook: RFC 3339, in version 1 seconds."""
    try:
        if isinstance(told, int) and not isinstance(told, bool):
            return _EPOCH + timedelta(seconds=told)
        written = str(told)
        if written.isascii() and written.isdigit():
            return _EPOCH + timedelta(seconds=int(written))
        at = datetime.fromisoformat(written)
    except (ValueError, OverflowError):
        raise Unreadable(f"meta.timestamp is {str(told)[:40]!r}") from None
    if at.tzinfo is None:
        raise Unreadable(f"meta.timestamp {at} names no zone")
    return at
