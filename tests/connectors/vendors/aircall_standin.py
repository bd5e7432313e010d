"""Aircall on loopback, written from its API reference: webhooks with a token, pages of 50."""

import json
from base64 import b64encode
from datetime import datetime
from typing import Any

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

API_ID, API_TOKEN = "4f1c2a", "9d8e7f6a5b"
RING_SECONDS = 5


class Aircall(Loopback):
    """A company with some calls."""

    kinds = ("call",)

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, dict[str, Any]] = {}
        self.webhooks: list[dict[str, Any]] = []
        self._pushed: list[tuple[str, int, dict[str, Any]]] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {"api_id": API_ID, "api_token": API_TOKEN, "api_url": self.base_url}

    def user(self, user_id: str, email: str, name: str) -> None:
        self.users[user_id] = {"id": _number(user_id), "name": name, "email": email}

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        assert kind == "call"
        with self.lock:
            call = _call(record_id, at, self.users, self.calls.get(record_id), said)
            event = "call.commented" if record_id in self.calls else "call.ended"
            self.calls[record_id] = call
            self._pushed.append((event, int(at.timestamp()), dict(call)))

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError("Aircall deletes no calls")

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError("Aircall deletes no calls")

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("calls are not merged")

    def forget_cursors(self) -> None:
        """Let nothing happen: cursors of Aircall are instants, and do not expire."""

    def pushes(self, url: str, secret: str) -> list[Request]:
        with self.lock:
            pushed, self._pushed = self._pushed, []
        return [_push(url, secret, *one) for one in pushed]

    def answer(self, asked: Asked) -> Told:  # noqa: PLR0911  # a return for each route
        wanted = "Basic " + b64encode(f"{API_ID}:{API_TOKEN}".encode()).decode()
        if asked.headers.get("authorization") != wanted:
            return Told(403, {"message": "Forbidden"})
        if asked.path == "/v1/ping":
            return Told(200, {"ping": "pong"})
        if asked.path == "/v2/users":
            return self._page(asked, "users", list(self.users.values()))
        if asked.path == "/v1/webhooks":
            return self._page(asked, "webhooks", self.webhooks)
        if asked.path.startswith("/v1/webhooks/") and asked.method == "PUT":
            hook = next(h for h in self.webhooks if h["webhook_id"] == asked.path.split("/")[-1])
            hook.update(json.loads(asked.body))
            return Told(200, {"webhook": hook})
        if asked.path == "/v1/calls":
            begun = int(asked.query.get("from", 0))
            known = [_of_api(c) for c in self.calls.values() if c["started_at"] >= begun]
            known.sort(key=lambda c: c["started_at"], reverse=asked.query.get("order") != "asc")
            return self._page(asked, "calls", known)
        if asked.path.startswith("/v1/calls/"):
            call = self.calls.get(asked.path.split("/")[-1])
            return Told(200, {"call": _of_api(call)}) if call else Told(404, {"error": "Not found"})
        return Told(404, {"message": "Not Found"})

    def limited(self) -> Told:
        headers = {"X-AircallApi-Limit": "60", "X-AircallApi-Remaining": "0", "Retry-After": "1"}
        return Told(429, {"error": "Too Many Requests"}, headers)

    def _page(self, asked: Asked, name: str, known: list[dict[str, Any]]) -> Told:
        page, size = int(asked.query.get("page", 1)), int(asked.query.get("per_page", 20))
        if not 1 <= size <= 50 or page * size > 10_000:
            return Told(400, {"error": "Invalid pagination"})
        part = known[(page - 1) * size : page * size]
        more = page * size < len(known)
        link = f"{self.base_url}{asked.path}?page={page + 1}&per_page={size}" if more else None
        meta = {"count": len(part), "total": len(known), "current_page": page, "per_page": size,
                "next_page_link": link, "previous_page_link": None}  # fmt: skip
        return Told(200, {"meta": meta, name: part}, {"X-AircallApi-Remaining": "59"})


def _call(
    record_id: str,
    at: datetime,
    users: dict[str, dict[str, Any]],
    before: dict[str, Any] | None,
    said: dict[str, Any],
) -> dict[str, Any]:
    ended, seconds = int(at.timestamp()), said.get("seconds", 0)
    connected = said.get("connected", bool(seconds))
    started = ended - seconds - RING_SECONDS
    owner = said.get("owner")
    return {
        **(before or {}),
        "id": _number(record_id),
        "direct_link": f"https://api.aircall.io/v1/calls/{record_id}",
        "call_uuid": said.get("uuid", (before or {}).get("call_uuid", f"CA{record_id}")),
        "direction": "inbound" if said.get("direction") == "INBOUND" else "outbound",
        "status": "done",
        "missed_call_reason": None if connected else "agents_did_not_answer",
        "started_at": (before or {}).get("started_at", started),
        "answered_at": ended - seconds if connected else None,
        "ended_at": ended,
        "duration": seconds + RING_SECONDS,
        "voicemail": None,
        "recording": None,
        "raw_digits": "+1 800-123-4567",
        "user": users.get(owner, {"id": _number(owner)}) if owner else {},
        "tags": [],
        "comments": [],
    }


def _of_api(call: dict[str, Any]) -> dict[str, Any]:
    return {("sid" if name == "call_uuid" else name): value for name, value in call.items()}


def _push(url: str, secret: str, event: str, at: int, call: dict[str, Any]) -> Request:
    body = {"resource": "call", "event": event, "timestamp": at, "token": secret, "data": call}
    target = "/" + url.split("://", 1)[1].partition("/")[2]
    headers = {"content-type": "application/json", "user-agent": "Aircall"}
    return Request("POST", target, headers, json.dumps(body).encode())


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text
