"""HubSpot's pushes: an array of notices, signed with the app's secret (version 3). Pure.

A notice says that something changed, never what the record is, and several of one array may be
about one record, in no order.

Sources: "Validating requests" and "Create generic webhook subscriptions" of HubSpot's developer
documentation; signature.py of the official hubspot-api-python.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from connectors.sources.vendors.contract import (
    Endpoint,
    Notice,
    Reply,
    Request,
    Unreadable,
)
from connectors.sources.vendors.payloads import json_in
from connectors.sources.vendors.signing import check, check_recent, hmac_of, instant_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Classic subscriptions name the object; generic ones (object.*) give its type id.
KINDS = {
    "deal": "deals", "0-3": "deals", "call": "calls", "0-48": "calls", "email": "emails",
    "0-49": "emails", "meeting": "meetings", "meeting_event": "meetings", "0-47": "meetings",
}  # fmt: skip
_ID = re.compile(r"[0-9]{1,20}")
# The twelve escapes the page lists; all others stay as they are.
_ESCAPE = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


class HubSpotHook:
    """Implements contract.Hook. Versions 1 and 2 are not taken: who once saw one can repeat it."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None for a delivery to keep."""
        stamp = request.headers.get("x-hubspot-request-timestamp", "")
        check_recent(instant_of(stamp, per_second=1000), now)
        url = _ESCAPE.sub(lambda found: unquote(found[0]), endpoint.url)
        said = f"{request.method}{url}".encode() + request.body + stamp.encode()
        signature = request.headers.get("x-hubspot-signature-v3")
        check(signature, endpoint.secrets, lambda secret: b64encode(hmac_of(secret, said)))
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return one notice for each record: the latest that is said of it."""
        events = json_in(request.body)
        if not isinstance(events, list) or not all(isinstance(one, dict) for one in events):
            raise Unreadable("is no array of events")
        said = sorted((n for event in events for n in _notices(event)), key=lambda n: n.at or EPOCH)
        return tuple({(notice.object, notice.record_id): notice for notice in said}.values())


def _notices(event: Mapping[str, Any]) -> Iterator[Notice]:
    kind, _, what = str(event.get("subscriptionType", "")).partition(".")
    at = _at(event.get("occurredAt"))
    if what == "associationChange":
        for name, record_id in _sides(event):
            yield Notice(KINDS[name], record_id, at)
        return
    thing = KINDS.get(str(event.get("objectTypeId")) if kind == "object" else kind)
    if thing is None:
        return  # of contacts, companies and what else the app hears of
    if what == "merge":
        yield from _merged(thing, event, at)
    elif what == "deletion":
        yield Notice(thing, _id(event.get("objectId")), at, gone=True)
    else:
        yield Notice(thing, _id(event.get("objectId")), at)


def _merged(thing: str, event: Mapping[str, Any], at: datetime | None) -> Iterator[Notice]:
    """Yield the end of the merged ones; merging deals makes a new deal that has a new id."""
    primary = _id(event.get("primaryObjectId", event.get("objectId")))
    winner = _id(event["newObjectId"]) if event.get("newObjectId") is not None else primary
    merged = event.get("mergedObjectIds")
    if not isinstance(merged, list):
        raise Unreadable("a merge without mergedObjectIds")
    for loser in {primary, *map(_id, merged)} - {winner}:
        yield Notice(thing, loser, at, gone=True, merged_into=winner)
    yield Notice(thing, winner, at)


def _sides(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = [str(event.get(name)) for name in ("fromObjectTypeId", "toObjectTypeId")]
    if names == ["None", "None"]:
        names = str(event.get("associationType", "")).lower().split("_to_")
    for name, record_id in zip(names, ("fromObjectId", "toObjectId"), strict=False):
        if name in KINDS:
            yield name, _id(event.get(record_id))


def _id(value: Any) -> str:
    if isinstance(value, bool) or not _ID.fullmatch(str(value)):
        raise Unreadable(f"{str(value)[:40]!r} is no id of a record")
    return str(value)


def _at(millis: Any) -> datetime | None:
    if millis is None:
        return None
    if isinstance(millis, bool) or not isinstance(millis, int) or not 0 < millis < 10**14:
        raise Unreadable(f"occurredAt is {str(millis)[:40]}; it should be milliseconds since 1970")
    return EPOCH + timedelta(milliseconds=millis)
