"""What HubSpot's stand-in keeps and tells: properties as texts, filters, signed deliveries."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from connectors.sources.vendors.contract import Request

STAGES = {
    "OPEN": ("appointmentscheduled", "false", "false"),
    "WON": ("closedwon", "true", "true"),
    "LOST": ("closedlost", "true", "false"),
}
CONNECTED, NO_ANSWER = (
    "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "73a0d17f-1163-4015-bdd5-ec830791da20",
)


def pushed(
    url: str, secret: str, events: Any, when: datetime | None = None, method: str = "POST"
) -> Request:
    """Return a delivery, signed as of an instant."""
    body = json.dumps(events).encode()
    stamp = str(millis(when or datetime.now(UTC)))
    said = method.encode() + url.encode() + body + stamp.encode()
    signature = b64encode(hmac.new(secret.encode(), said, sha256).digest()).decode()
    parts = urlsplit(url)
    headers = {
        "content-type": "application/json",
        "x-hubspot-signature-v3": signature,
        "x-hubspot-request-timestamp": stamp,
        "x-hubspot-signature": sha256(secret.encode() + body).hexdigest(),
        "x-hubspot-signature-version": "v1",
    }
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Request(method, target, headers, body)


def properties_of(
    kind: str, said: Mapping[str, Any], at: datetime
) -> tuple[dict[str, str], list[tuple[str, str]] | None]:
    made: dict[str, str] = {}
    names = {"owner": "hubspot_owner_id", "name": "dealname", "amount": "amount",
             "currency": "deal_currency_code", "uuid": "hs_call_external_id",
             "direction": "hs_call_direction", "outcome": "hs_meeting_outcome",
             "ical_uid": "hs_i_cal_uid"}  # fmt: skip
    made |= {names[k]: str(v) for k, v in said.items() if k in names}
    if kind != "deal":
        made["hs_timestamp"] = iso(said.get("start_at", at))
    if "stage" in said:
        stage, closed, won = STAGES[said["stage"]]
        made |= {"pipeline": "default", "dealstage": stage, "hs_is_closed": closed,
                 "hs_is_closed_won": won, "hs_v2_date_entered_current_stage": iso(at)}  # fmt: skip
    if "close_date" in said:
        day = date.fromisoformat(str(said["close_date"]))
        made["closedate"] = iso(datetime(day.year, day.month, day.day, 11, tzinfo=UTC))
    if "seconds" in said:
        made["hs_call_duration"] = str(round(said["seconds"] * 1000))
    if "connected" in said:
        made["hs_call_disposition"] = CONNECTED if said["connected"] else NO_ANSWER
        made["hs_call_status"] = "COMPLETED" if said["connected"] else "NO_ANSWER"
    if "message_id" in said:
        made["hs_email_message_id"] = f"<{str(said['message_id']).strip('<>')}>"
    if kind == "email":
        made |= {"hs_email_direction": "EMAIL", "hs_email_status": "SENT",
                 "hs_email_from_email": "rep@ours.example"}  # fmt: skip
    if "recipients" in said:
        to = (f"buyer{i}@theirs.example" for i in range(said["recipients"]))
        made["hs_email_to_email"] = ";".join(to)
    for name in ("start_at", "end_at"):
        if name in said:
            made[f"hs_meeting_{name.removesuffix('_at')}_time"] = iso(said[name])
    splits = said.get("splits")
    return made, None if splits is None else [(str(o), str(s)) for o, s in splits]


def shown(record: Mapping[str, Any], properties: Any) -> dict[str, Any]:
    shown = {"hs_object_id": record["id"]}
    for name in ("createdate", "hs_lastmodifieddate", *properties):
        if name in record["properties"] or name in properties:
            shown[name] = record["properties"].get(name)
    kept = ("id", "createdAt", "updatedAt", "archived")
    return {**{name: record[name] for name in kept}, "properties": shown}


def comparable(record: Mapping[str, Any], name: str) -> int:
    if name == "hs_object_id":
        return int(record["id"])
    return millis(datetime.fromisoformat(record["properties"][name]))


def fits(record: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    value, wanted = comparable(record, one["propertyName"]), int(one["value"])
    return {
        "GTE": value >= wanted,
        "GT": value > wanted,
        "LTE": value <= wanted,
        "LT": value < wanted,
        "EQ": value == wanted,
    }[one["operator"]]


def millis(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
