"""The CRM of CONTRIBUTING on loopback: pages of 2, signed webhooks, a token."""

import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

TOKEN = "example-token"
PAGE = 2


class ExampleStandin(Loopback):
    """Implements Standin."""

    kinds = ("deal",)

    def __init__(self) -> None:
        super().__init__()
        self.deals: dict[str, dict[str, Any]] = {}
        self.people: list[dict[str, str]] = []
        self._told: list[dict[str, str]] = []

    @property
    def settings(self) -> dict[str, str]:
        return {"token": TOKEN, "url": self.base_url}

    def user(self, user_id: str, email: str, name: str) -> None:
        self.people.append({"id": user_id, "email": email, "name": name})

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        names = {"owner": "owner_id", "amount": "value", "close_date": "closes_on"}
        told = {names.get(name, name): value for name, value in said.items() if name != "stage"}
        with self.lock:
            deal = self.deals.setdefault(record_id, {"id": record_id, "created_at": at.isoformat()})
            deal |= {**told, "status": said.get("stage", "OPEN").lower(), "deleted": False}
            self._tell("deal.updated", record_id, at)

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        self.deals[record_id]["deleted"] = True
        self._tell("deal.deleted", record_id, at)

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        self.deals[record_id]["deleted"] = False
        self._tell("deal.updated", record_id, at)

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("it merges nothing")

    def forget_cursors(self) -> None:
        """Its cursors are instants, and do not expire."""

    def pushes(self, url: str, secret: str) -> list[Request]:
        told, self._told = self._told, []
        return [_signed(url, secret, json.dumps(one).encode()) for one in told]

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Told(401, {"error": "token"})
        if asked.path == "/v1/users":
            return Told(200, {"users": self.people})
        if asked.path == "/v1/deals":
            return self._listed(asked)
        deal = self.deals.get(asked.path.rpartition("/")[2])
        return Told(200, {"deal": deal}) if deal else Told(404, {"error": "no such deal"})

    def _listed(self, asked: Asked) -> Told:
        since = datetime.fromisoformat(asked.query.get("modified_since", "2000-01-01T00:00:00Z"))
        found = [one for one in self.deals.values() if _changed(one) >= since]
        found.sort(key=lambda one: (_changed(one), one["id"]))
        start = int(asked.query.get("after", 0))
        end = start + PAGE
        more = str(end) if end < len(found) else None
        return Told(200, {"deals": found[start:end], "next": more, "total": len(found)})

    def _tell(self, event: str, record_id: str, at: datetime) -> None:
        self.deals[record_id]["modified_at"] = at.isoformat()
        self._told.append({"event": event, "id": record_id, "at": at.isoformat()})


def _changed(deal: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(deal["modified_at"])


def _signed(url: str, secret: str, body: bytes) -> Request:
    at = str(int(datetime.now(UTC).timestamp()))
    signature = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    headers = {"x-example-timestamp": at, "x-example-signature": signature}
    return Request("POST", urlsplit(url).path, headers, body)
