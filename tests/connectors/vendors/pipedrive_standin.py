"""Pipedrive on loopback, written from its API reference and its guide for webhooks.

What it keeps to: instants are whole seconds; listings are sorted, page by an opaque cursor and tell
of deals deleted within 30 days only when asked for them; archived deals have an address of their
own; ids that are not there are left out of an answer; a webhook that failed ten times at first try
is banned and what happens meanwhile is lost, and after three days without success it is deleted.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

TOKEN = "0123456789abcdef0123456789abcdef01234567"
FAILURES_MAX = 10
STATUS = {"OPEN": "open", "WON": "won", "LOST": "lost"}
TYPES = {"call": "call", "email": "email", "meeting": "meeting"}
STAGES = [{"id": 1, "name": "Qualified", "pipeline_id": 1}, {"id": 2, "name": "Proposal Made",
          "pipeline_id": 1}]  # fmt: skip


class PipedriveStandin(Loopback):
    """Implements Standin."""

    kinds = ("deal", "call", "email", "meeting")

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[int, dict[str, Any]]] = {"deals": {}, "activities": {}}
        self.people: list[dict[str, Any]] = []
        self.hooks: list[dict[str, Any]] = []
        self.is_admin = 1
        self.is_banned = False
        self._events: list[dict[str, Any]] = []
        self._left = 30_000
        self._hook_id = 100
        self._cursors: dict[str, int] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return what reaches it."""
        return {"token": TOKEN, "base_url": self.base_url}

    def user(self, user_id: str, email: str, name: str) -> None:
        """Let there be a user."""
        self.people.append({"id": int(user_id), "email": email, "name": name, "active_flag": True})

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        """Make or change a record."""
        with self.lock:
            thing, one = _thing(kind), int(record_id)
            was = self.rows[thing].get(one)
            row = was or {"id": one, "add_time": _iso(at), "is_deleted": False}
            if thing == "deals":
                row.setdefault("is_archived", False)
                new = _deal(said, at)
            else:
                new = _activity(kind, said, at)
            previous = {k: row.get(k) for k, v in new.items() if row.get(k) != v}
            row.update(new, update_time=_iso(at))
            self.rows[thing][one] = row
            if was is None:
                self._tell(thing, "create", row, at, None)
            else:
                self._tell(thing, "change", row, at, previous)

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        """Delete it; for 30 days it is in the bin."""
        with self.lock:
            self._end(_thing(kind), int(record_id), at)

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        """Bring it back."""
        with self.lock:
            row = self.rows[_thing(kind)][int(record_id)]
            row.update(is_deleted=False, update_time=_iso(at))
            if "kept" in row:
                row["status"] = row.pop("kept")
            self._tell(_thing(kind), "change", row, at, {"is_deleted": True})

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        """Merge two records: one is deleted, the other is changed."""
        with self.lock:
            thing = _thing(kind)
            self._end(thing, int(loser), at, merged_to_id=winner)
            row = self.rows[thing][int(winner)]
            row["update_time"] = _iso(at)
            self._tell(thing, "change", row, at, {}, merged_from_id=loser)

    def archive(self, record_id: str, at: datetime) -> None:
        """Archive a deal: it is as it was, but listed elsewhere."""
        self.rows["deals"][int(record_id)].update(is_archived=True, update_time=_iso(at))

    def forget_cursors(self) -> None:
        """Let cursors of pages be unknown."""
        self._cursors.clear()

    def pushes(self, url: str, secret: str) -> list[Request]:
        """Return what it would push. With webhooks made by API: nothing but theirs."""
        with self.lock:
            events, self._events = self._events, []
        if self._hook_id > 100:
            if self.is_banned:
                return []
            told = {one["event_object"] for one in self.hooks if one["is_active"]}
            events = [one for one in events if one["meta"]["entity"] in told]
        return [pushed(url, secret, event) for event in events]

    def fail(self, first_tries: int, status: int = 503) -> None:
        """Let so many first tries of every webhook be answered badly."""
        for one in self.hooks:
            one.update(last_http_status=status, last_delivery_time=_iso(datetime.now(UTC)))
        self.is_banned = first_tries >= FAILURES_MAX

    def three_days_pass(self) -> None:
        """Let webhooks that had no success be deleted."""
        self.hooks = [one for one in self.hooks if one["last_http_status"] == 200]

    def limited(self) -> Told:
        """Return the answer to too many requests in two seconds."""
        return Told(429, {"success": False, "error": "request over limit"},
                    {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0",
                     "x-ratelimit-reset": "2"})  # fmt: skip

    def answer(self, asked: Asked) -> Told:
        """Return what Pipedrive answers."""
        if asked.headers.get("x-api-token") != TOKEN:
            return Told(401, {"success": False, "error": "unauthorized access", "errorCode": 401})
        told = self._answer(asked)
        self._left -= 2
        limits = {"x-daily-ratelimit-token-limit": "30000",
                  "x-daily-ratelimit-token-remaining": str(self._left)}  # fmt: skip
        return told._replace(headers={**told.headers, **limits})

    def _answer(self, asked: Asked) -> Told:  # noqa: PLR0911 - a route a line
        match asked.method, asked.path.strip("/").split("/"):
            case "GET", ["v1", "users", "me"]:
                return _data({"id": 1, "is_admin": self.is_admin, "default_currency": "EUR",
                              "timezone_name": "Europe/Berlin"})  # fmt: skip
            case "GET", ["v1", "users"]:
                return _data(self.people or None)
            case "GET", ["api", "v2", "stages"]:
                return _data(STAGES)
            case "GET", ["api", "v2", ("deals" | "activities") as thing]:
                return self._listed(thing, asked.query, False)
            case "GET", ["api", "v2", "deals", "archived"]:
                return self._listed("deals", asked.query, True)
            case method, ["v1", "webhooks", *rest]:
                return self._webhooks(method, rest, asked.body)
        return Told(404, {"success": False, "error": "Unknown method ."})

    def _listed(self, thing: str, query: Mapping[str, str], archived: bool) -> Told:
        rows = [r for r in self.rows[thing].values() if bool(r.get("is_archived")) == archived]
        wanted = (query.get("status") or "open,won,lost").split(",")
        if thing == "activities":
            rows = [r for r in rows if not r["is_deleted"]]
        else:
            rows = [r for r in rows if r["status"] in wanted]
        if "ids" in query:
            ids = query["ids"].split(",")
            if len(ids) > 100:
                return Told(400, {"success": False, "error": "validation failed: ids"})
            rows = [r for r in rows if str(r["id"]) in ids]
        since = query.get("updated_since")
        if since is not None:
            rows = [r for r in rows if r["update_time"] >= _iso(datetime.fromisoformat(since))]
        rows.sort(key=lambda r: (r[query.get("sort_by", "id")], r["id"]))
        start = 0
        if "cursor" in query:
            if query["cursor"] not in self._cursors:
                return Told(400, {"success": False, "error": "invalid cursor"})
            start = self._cursors[query["cursor"]]
        end = start + int(query.get("limit", 100))
        after = None
        if end < len(rows):
            after = b64encode(f"{thing}{end}{len(self._cursors)}".encode()).decode()
            self._cursors[after] = end
        shown = [{k: v for k, v in row.items() if k != "kept"} for row in rows[start:end]]
        return Told(
            200, {"success": True, "data": shown, "additional_data": {"next_cursor": after}}
        )

    def _webhooks(self, method: str, rest: list[str], body: bytes) -> Told:
        if method == "GET":
            shown = ({k: v for k, v in one.items() if k != "http_auth_password"}
                     for one in self.hooks)  # fmt: skip
            return Told(200, {"success": True, "status": "ok", "data": list(shown) or None})
        if method == "DELETE":
            kept = [one for one in self.hooks if str(one["id"]) != rest[0]]
            if len(kept) == len(self.hooks):
                return Told(404, {"success": False, "error": "Not found"})
            self.hooks = kept
            return Told(200, {"success": True, "status": "ok"})
        if len(self.hooks) >= 40:
            return Told(400, {"success": False, "error": "limit of webhooks is reached"})
        self._hook_id += 1
        made = {"id": self._hook_id, "is_active": 1, "last_http_status": None,
                "last_delivery_time": None, "remove_time": None, **json.loads(body)}  # fmt: skip
        self.hooks.append(made)
        self.is_banned = False
        return Told(201, {"success": True, "status": "ok", "data": made})

    def _end(self, thing: str, one: int, at: datetime, **merged: Any) -> None:
        row = self.rows[thing][one]
        row.update(is_deleted=True, update_time=_iso(at))
        if thing == "deals":
            row.update(kept=row["status"], status="deleted")
        self._tell(thing, "delete", None, at, dict(row), entity_id=str(one), **merged)

    def _tell(
        self, thing: str, action: str, row: Any, at: datetime, previous: Any, **meta: Any
    ) -> None:
        entity = {"deals": "deal", "activities": "activity"}[thing]
        entity_id = meta.get("entity_id") or str(row["id"])
        identity = str(uuid5(NAMESPACE_URL, f"{entity}{entity_id}{action}{at}"))
        self._events.append(
            {"meta": {"action": action, "entity": entity, "company_id": "1", "id": identity,
                      "correlation_id": identity, "is_bulk_edit": False, "user_id": "1",
                      "timestamp": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.500Z",
                      "type": "general", "version": "2.0", "webhook_id": "1",
                      "webhook_owner_id": "1", "change_source": "app", "attempt": 1,
                      "host": "company.pipedrive.com", "permitted_user_ids": ["1"],
                      **meta, "entity_id": entity_id},
             "data": row and dict(row), "previous": previous}
        )  # fmt: skip


def pushed(url: str, secret: str, event: Any, user: str = "pacesetter") -> Request:
    """Return a delivery with the webhook's user and password."""
    parts = urlsplit(url)
    told = b64encode(f"{user}:{secret}".encode()).decode()
    assert b64decode(told)
    headers = {"content-type": "application/json", "authorization": f"Basic {told}"}
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Request("POST", target, headers, json.dumps(event).encode())


def _thing(kind: str) -> str:
    return "deals" if kind == "deal" else "activities"


def _deal(said: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    names = {"name": "title", "currency": "currency"}
    new: dict[str, Any] = {names[k]: v for k, v in said.items() if k in names}
    if "owner" in said:
        new["owner_id"] = int(said["owner"])
    if "amount" in said:
        new["value"] = float(said["amount"])
    if "stage" in said:
        new |= {"status": STATUS[said["stage"]], "stage_id": 1, "pipeline_id": 1,
                "won_time": _iso(at) if said["stage"] == "WON" else None,
                "lost_time": _iso(at) if said["stage"] == "LOST" else None}  # fmt: skip
    if "close_date" in said:
        day = date.fromisoformat(str(said["close_date"]))
        new["expected_close_date"] = day.isoformat()
        if new.get("won_time"):
            new["won_time"] = _iso(datetime(day.year, day.month, day.day, 11, tzinfo=UTC))
    return {"currency": "EUR", **new} if "status" in new else new


def _activity(kind: str, said: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    start = said.get("start_at", at)
    new: dict[str, Any] = {"type": TYPES[kind], "due_date": f"{start.astimezone(UTC):%F}",
                           "due_time": f"{start.astimezone(UTC):%H:%M:%S}"}  # fmt: skip
    new["done"] = said.get("outcome", "COMPLETED") == "COMPLETED"
    new["marked_as_done_time"] = _iso(at) if new["done"] else None
    if "owner" in said:
        new["owner_id"] = int(said["owner"])
    length = said["end_at"] - start if "end_at" in said else timedelta(0)
    if "seconds" in said:
        length = timedelta(seconds=round(said["seconds"]))
    minutes = length // timedelta(minutes=1)
    new["duration"] = f"{minutes // 60:02d}:{minutes % 60:02d}:00"
    return new


def _data(value: Any) -> Told:
    return Told(200, {"success": True, "data": value})


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
