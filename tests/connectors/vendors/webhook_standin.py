"""A sender of Standard Webhooks, written from the specification; it has no API of its own."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.sources.vendors.contract import Request


class Sender:
    """A system with a small company in it, which tells each change once."""

    kinds = ("deal", "call", "email", "meeting")
    settings: Mapping[str, Any] = {}
    asked = 0

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], dict[str, Any]] = {}
        self._told: list[dict[str, Any]] = []

    def start(self) -> None:
        """It listens to nobody."""

    def stop(self) -> None:
        """It listens to nobody."""

    def user(self, user_id: str, email: str, name: str) -> None:
        """Users are told by nobody."""

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        made = self._records.setdefault((kind, record_id), {"created_at": at.isoformat()})
        made |= {"source_id": record_id, "revision": at.isoformat(), **_fields(kind, at, said)}
        self._tell(f"{kind}.changed", at, dict(made))

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        self._tell(f"{kind}.cancelled", at, {"source_id": record_id})

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        self._records[kind, record_id]["revision"] = at.isoformat()
        self._tell(f"{kind}.changed", at, dict(self._records[kind, record_id]))

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("the specification knows no merges")

    def pushes(self, url: str, secret: str) -> list[Request]:
        told, self._told = self._told, []
        return [_signed(url, secret, number, body) for number, body in enumerate(told)]

    def outage(self, on: bool) -> None:
        """It has no API that could be away."""

    def limit(self, requests: int) -> None:
        """It has no API that could ask for patience."""

    def forget_cursors(self) -> None:
        """It gives out none."""

    def _tell(self, kind: str, at: datetime, data: dict[str, Any]) -> None:
        self._told.append({"type": kind, "timestamp": at.isoformat(), "data": data})


def _signed(url: str, secret: str, number: int, told: dict[str, Any]) -> Request:
    parts, body = urlsplit(url), json.dumps(told).encode()
    name, at = (
        f"msg_{number}_{hashlib.sha256(body).hexdigest()[:8]}",
        int(datetime.now(UTC).timestamp()),
    )
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return Request("POST", parts.path + (f"?{parts.query}" if parts.query else ""), headers, body)


def _fields(kind: str, at: datetime, said: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"owner_id": said.get("owner"), "occurred_at": at.isoformat()}
    if kind == "deal":
        won = said.get("stage") == "WON"
        fields |= {
            "stage_class": said.get("stage", "OPEN"), "stage_id": said.get("stage", "OPEN"),
            "name": said.get("name"), "amount": said.get("amount"),
            "currency": said.get("currency", "EUR"), "close_date": said.get("close_date"),
            "won_at": at.isoformat() if won else None,
            "splits": [{"owner_id": o, "share": str(s)} for o, s in said.get("splits", ())],
        }  # fmt: skip
    elif kind == "call":
        uuid = said.get("uuid")
        fields |= {
            "direction": said.get("direction", "OUTBOUND"), "status": "COMPLETED",
            "connected": said.get("connected", True), "talk_seconds": said.get("seconds"),
            "entity_id": f"dialer:{uuid}" if uuid else None,
        }  # fmt: skip
    elif kind == "email":
        fields |= {
            "direction": "OUTBOUND", "status": "SENT",
            "external_recipient_count": said.get("recipients", 1),
        }  # fmt: skip
    else:
        start = said.get("start_at", at)
        fields |= {
            "start_at": _text(start), "end_at": _text(said.get("end_at")),
            "outcome": said.get("outcome", "SCHEDULED"),
        }  # fmt: skip
    return fields


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
