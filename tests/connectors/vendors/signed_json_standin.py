"""Senders of signed JSON and of CloudEvents, written from GitHub's guide and the specification."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from connectors.sources.vendors.contract import Request


class Change(NamedTuple):
    """What is to be told."""

    kind: str
    what: str
    at: datetime
    data: dict[str, Any]


class Sender:
    """A system that tells each change once, signed as GitHub does."""

    kinds = ("deal", "call", "email", "meeting")
    settings: Mapping[str, Any] = {}
    asked = 0

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self.told: list[Change] = []

    def start(self) -> None:
        """Listen to nobody."""

    def stop(self) -> None:
        """Listen to nobody."""

    def user(self, user_id: str, email: str, name: str) -> None:
        """Tell nobody of people."""

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        made = self.records.setdefault((kind, record_id), {"created_at": at.isoformat()})
        made |= {"source_id": record_id, "revision": at.isoformat(), **_fields(kind, at, said)}
        self.told.append(Change(kind, "changed", at, dict(made)))

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        gone = {**self.records[kind, record_id], "revision": at.isoformat()}
        self.told.append(Change(kind, "cancelled", at, gone))

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        self.records[kind, record_id]["revision"] = at.isoformat()
        self.told.append(Change(kind, "changed", at, dict(self.records[kind, record_id])))

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("nothing is merged")

    def outage(self, on: bool) -> None:
        """Have no API that could be away."""

    def limit(self, requests: int) -> None:
        """Have no API that could ask for patience."""

    def forget_cursors(self) -> None:
        """Give out none."""

    def pushes(self, url: str, secret: str) -> list[Request]:
        told, self.told = self.told, []
        return [self.push(url, secret, one) for one in told]

    def push(self, url: str, secret: str, one: Change) -> Request:
        op = {"op": "CANCELLED"} if one.what == "cancelled" else {}
        body = json.dumps({"message": one.kind, **one.data, **op}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json",
                   "x-hub-signature-256": f"sha256={signature}"}  # fmt: skip
        return Request("POST", _target(url), headers, body)


class CloudSender(Sender):
    """A system that tells each change as a CloudEvent in structured mode."""

    def push(self, url: str, secret: str, one: Change) -> Request:
        event = {"specversion": "1.0", "id": f"{one.data['source_id']}-{one.at.timestamp()}",
                 "source": "/acme/crm", "type": f"io.spm.{one.kind}.{one.what}.v1",
                 "subject": one.data["source_id"], "time": one.at.isoformat(),
                 "data": one.data}  # fmt: skip
        headers = {"content-type": "application/cloudevents+json; charset=UTF-8",
                   "authorization": f"Bearer {secret}"}  # fmt: skip
        return Request("POST", _target(url), headers, json.dumps(event).encode())


def _target(url: str) -> str:
    return "/" + url.split("://", 1)[1].partition("/")[2]


def _fields(kind: str, at: datetime, said: dict[str, Any]) -> dict[str, Any]:
    owner = {"owner_id": said["owner"]} if "owner" in said else {}
    if kind == "deal":
        parts = [
            {"owner_id": o, "share": str(s), "role": "REVENUE"} for o, s in said.get("splits", ())
        ]
        close = {"close_date": str(said["close_date"])} if said.get("close_date") else {}
        return {**owner, **close, "occurred_at": at.isoformat(), "name": said.get("name"),
                "amount": said.get("amount"), "currency": said.get("currency", "EUR"),
                "stage_id": said.get("stage", "OPEN"), "stage_class": said.get("stage", "OPEN"),
                "splits": parts}  # fmt: skip
    uuid = {"entity_id": f"dialer:{said['uuid']}"} if said.get("uuid") else {}
    if kind == "call":
        return {**owner, **uuid, "occurred_at": at.isoformat(), "status": "COMPLETED",
                "direction": said.get("direction", "OUTBOUND"), "connected": said.get("connected"),
                "talk_seconds": said.get("seconds")}  # fmt: skip
    if kind == "email":
        return {**owner, "occurred_at": at.isoformat(), "direction": "OUTBOUND", "status": "SENT"}
    times = {name: said[name].isoformat() for name in ("start_at", "end_at")}
    outcome = said.get("outcome", "SCHEDULED")
    return {**owner, **times, "occurred_at": times["start_at"], "outcome": outcome}
