"""Zoho CRM on loopback, written from its developer documentation and OpenAPI descriptions.

What it keeps to: instants are whole seconds with an offset; a listing wants its fields named, and
unknown ones are refused; nothing found is 204, nothing changed 304; deleted records have a list of
their own; access tokens live an hour and are given ten times in ten minutes; a channel lives a week
at most and tells ids only.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

CLIENT, CLIENT_SECRET, REFRESH = "1000.CLIENT", "122c324d3496d5d7", "1000.86a03ca5dbfccb74"
MODULES = {"deal": "Deals", "call": "Calls", "meeting": "Events"}
STAGES = {"OPEN": "Qualification", "WON": "Closed Won", "LOST": "Closed Lost"}
INDIA = timezone(timedelta(hours=5, minutes=30))
_COMMON = {"id", "Owner", "Created_Time", "Modified_Time", "$se_module"}
FIELDS = {
    "Deals": _COMMON | {"Deal_Name", "Amount", "Stage", "Closing_Date", "Currency", "Probability",
                        "Account_Name", "Type", "Stage_Modified_Time", "Lead_Source", "Region__c"},
    "Calls": _COMMON | {"Call_Start_Time", "Call_Duration_in_seconds", "Call_Type", "Call_Result",
                        "Outgoing_Call_Status", "Who_Id", "What_Id"},
    "Events": _COMMON | {"Event_Title", "Start_DateTime", "End_DateTime", "Check_In_Status",
                         "Who_Id", "What_Id", "All_day"},
}  # fmt: skip


class ZohoStandin(Loopback):
    """Implements Standin."""

    kinds = ("deal", "call", "meeting")

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, dict[str, Any]]] = {m: {} for m in FIELDS}
        self.gone: dict[str, dict[str, tuple[dict[str, Any], datetime]]] = {m: {} for m in FIELDS}
        self.people: list[dict[str, Any]] = []
        self.channels: dict[str, dict[str, Any]] = {}
        self.tokens: list[str] = []
        self.denied: set[str] = set()
        self.credits: int | None = None
        self.now: datetime | None = None
        self._events: list[dict[str, Any]] = []
        self._paged: dict[str, tuple[int, str]] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return what reaches it."""
        return {"client_id": CLIENT, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH,
                "accounts_url": self.base_url, "base_url": self.base_url,
                "more_fields": "Deals.Region__c"}  # fmt: skip

    def user(self, user_id: str, email: str, name: str) -> None:
        """Let there be a user."""
        self.people.append({"id": user_id, "email": email, "full_name": name, "status": "active"})

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        """Make or change a record."""
        with self.lock:
            module = MODULES[kind]
            was = self.rows[module].get(record_id)
            row = was or {"id": record_id, "Created_Time": _iso(at), **_blank(module)}
            new = {"Deals": _deal, "Calls": _call, "Events": _event}[module](said, at)
            if "owner" in said:
                new["Owner"] = {"id": said["owner"], "name": "Somebody", "email": "a@example.com"}
            changed = [name for name, value in new.items() if row.get(name) != value]
            row.update(new, Modified_Time=_iso(at))
            self.rows[module][record_id] = row
            self._tell(module, "update" if was else "insert", record_id, at, changed)

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        """Move it to the recycle bin."""
        with self.lock:
            module = MODULES[kind]
            self.gone[module][record_id] = (self.rows[module].pop(record_id), at)
            self._tell(module, "delete", record_id, at, [])

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        """Bring it back."""
        with self.lock:
            module = MODULES[kind]
            row, _ = self.gone[module].pop(record_id)
            row["Modified_Time"] = _iso(at)
            self.rows[module][record_id] = row
            self._tell(module, "insert", record_id, at, [])

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        """Merge two records: one is deleted, the other is changed."""
        with self.lock:
            self.delete(kind, loser, at)
            self.rows[MODULES[kind]][winner]["Modified_Time"] = _iso(at)
            self._tell(MODULES[kind], "update", winner, at, [])

    def forget_cursors(self) -> None:
        """Let page tokens be expired."""
        self._paged.clear()

    def forget_tokens(self) -> None:
        """Let an hour pass: access tokens are no longer good."""
        self.tokens = ["" for _ in self.tokens]

    def pushes(self, url: str, secret: str) -> list[Request]:
        """Return what it would push. With channels made by API: nothing but theirs."""
        with self.lock:
            events, self._events = self._events, []
        if self.channels:
            alive = {module for channel in self.channels.values() for event in channel["events"]
                     if datetime.fromisoformat(channel["channel_expiry"]) > self._now()
                     for module in [event.partition(".")[0]]}  # fmt: skip
            events = [one for one in events if one["module"] in alive]
        return [pushed(url, secret, event) for event in events]

    def limited(self) -> Told:
        """Return the answer to too many calls; it says no time."""
        return Told(429, _error("TOO_MANY_REQUESTS", "too many requests"))

    def answer(self, asked: Asked) -> Told:
        """Return what Zoho answers."""
        if asked.path == "/oauth/v2/token":
            return self._token(asked)
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Zoho-oauthtoken" or not token or token not in self.tokens:
            return Told(401, _error("INVALID_TOKEN", "invalid oauth token"))
        told = self._answer(asked)
        left = {} if self.credits is None else {"X-API-CREDITS-REMAINING": str(self.credits)}
        return told._replace(headers={**told.headers, **left})

    def _token(self, asked: Asked) -> Told:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if form.get("client_id") != CLIENT or form.get("client_secret") != CLIENT_SECRET:
            return Told(200, {"error": "invalid_client"})
        if form.get("refresh_token") != REFRESH or form.get("grant_type") != "refresh_token":
            return Told(200, {"error": "invalid_code"})
        if len(self.tokens) >= 10:
            text = "You have made too many requests continuously. Please try again after some time."
            return Told(400, {"error": "Access Denied", "error_description": text})
        self.tokens.append(f"1000.token{len(self.tokens)}")
        return Told(200, {"access_token": self.tokens[-1], "api_domain": self.base_url,
                          "token_type": "Bearer", "expires_in": 3600})  # fmt: skip

    def _answer(self, asked: Asked) -> Told:  # noqa: PLR0911 - a route a line
        match asked.method, asked.path.strip("/").split("/")[2:]:
            case "GET", ["org"]:
                return Told(200, {"org": [{"currency": "Euro - EUR", "time_zone": "Asia/Kolkata"}]})
            case "GET", ["users"]:
                return _page("users", self.people, asked.query)
            case "GET", ["settings", "fields"]:
                names = sorted(FIELDS[asked.query["module"]] - {"$se_module"})
                return Told(200, {"fields": [{"api_name": name} for name in names]})
            case method, ["actions", "watch"]:
                return self._watch(method, asked.body)
            case "GET", [module, "deleted"] if module in FIELDS:
                return self._deleted(module, asked)
            case "GET", [module] if module in FIELDS:
                return self._listed(module, asked)
        return Told(404, _error("INVALID_URL_PATTERN", "Please check if the URL is right"))

    def _listed(self, module: str, asked: Asked) -> Told:  # noqa: PLR0911 - a refusal a line
        query = asked.query
        if module in self.denied:
            return Told(401, _error("OAUTH_SCOPE_MISMATCH", "invalid oauth scope"))
        fields = query.get("fields", "").split(",")
        if fields == [""]:
            return Told(400, _error("REQUIRED_PARAM_MISSING", "fields"))
        if len(fields) > 50 or not set(fields) <= FIELDS[module]:
            return Told(400, _error("INVALID_DATA", "fields"))
        rows = list(self.rows[module].values())
        if "ids" in query:
            ids = query["ids"].split(",")
            if len(ids) > 100:
                return Told(400, _error("LIMIT_EXCEEDED", "ids"))
            rows = [row for row in rows if row["id"] in ids]
        since = asked.headers.get("if-modified-since")
        if since is not None:
            rows = [row for row in rows if row["Modified_Time"] > _iso(_at(since))]
            if not rows:
                return Told(304)
        if query.get("sort_by") == "Modified_Time":
            rows.sort(key=lambda row: (row["Modified_Time"], row["id"]))
        start, per_page = 0, int(query.get("per_page", 200))
        if "page_token" in query:
            if query["page_token"] not in self._paged:
                return Told(400, _error("EXPIRED_VALUE", "Page token expired"))
            start, bound = self._paged[query["page_token"]]
            if bound != f"{module} {since}":
                return Told(400, _error("TOKEN_BOUND_DATA_MISMATCH", "page_token"))
        if not rows[start:]:
            return Told(204)
        shown = [{name: row.get(name) for name in ("id", *fields)} for row in rows]
        return self._cut(shown, start, per_page, f"{module} {since}")

    def _cut(self, rows: list[dict[str, Any]], start: int, per_page: int, bound: str) -> Told:
        end, token = start + per_page, None
        if end < len(rows):
            token = f"token{len(self._paged)}"
            self._paged[token] = (end, bound)
        info = {"per_page": per_page, "count": len(rows[start:end]), "page": 1,
                "more_records": token is not None, "next_page_token": token}  # fmt: skip
        return Told(200, {"data": rows[start:end], "info": info})

    def _deleted(self, module: str, asked: Asked) -> Told:
        rows = [{"id": one, "type": "recycle", "display_name": None, "deleted_by": None,
                 "created_by": None, "deleted_time": _iso(at)}
                for one, (_, at) in self.gone[module].items()]  # fmt: skip
        since = asked.headers.get("if-modified-since")
        if since is not None:
            rows = [row for row in rows if row["deleted_time"] > _iso(_at(since))]
        rows.sort(key=lambda row: str(row["deleted_time"]), reverse=True)
        return _page("data", rows, asked.query)

    def _watch(self, method: str, body: bytes) -> Told:
        if method == "GET":
            alive = [one for one in self.channels.values()
                     if datetime.fromisoformat(one["channel_expiry"]) > self._now()]  # fmt: skip
            return Told(200, {"watch": alive}) if alive else Told(204)
        said = []
        for one in json.loads(body)["watch"]:
            expiry = datetime.fromisoformat(one["channel_expiry"])
            wrong = len(one["token"]) > 50 or expiry > self._now() + timedelta(days=7)
            if wrong or not one["channel_id"].isdigit():
                said.append(_error("INVALID_DATA", "invalid data"))
                continue
            module = one["events"][0].partition(".")[0]
            events = [f"{module}.{action}" for action in ("edit", "create", "delete")]
            made = {**one, "events": events, "resource_name": module,
                    "channel_expiry": expiry.astimezone(INDIA).isoformat()}  # fmt: skip
            self.channels[one["channel_id"]] = made
            said.append({"code": "SUCCESS", "status": "success", "message": "subscribed",
                         "details": {"events": [{"channel_id": one["channel_id"]}]}})  # fmt: skip
        return Told(201 if method == "POST" else 200, {"watch": said})

    def _now(self) -> datetime:
        return self.now or datetime.now(UTC)

    def _tell(
        self, module: str, operation: str, record_id: str, at: datetime, fields: list[str]
    ) -> None:
        self._events.append(
            {"server_time": int(at.timestamp() * 1000) + 500, "affected_values": [],
             "module": module, "resource_uri": f"https://www.zohoapis.com/crm/v8/{module}",
             "ids": [record_id], "affected_fields": [{record_id: fields}] if fields else [],
             "operation": operation, "channel_id": "1000000068001"}
        )  # fmt: skip


def pushed(url: str, secret: str, event: Mapping[str, Any]) -> Request:
    """Return a delivery; its token stands in the body."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    body = json.dumps({**event, "token": secret}).encode()
    return Request("POST", target, {"content-type": "application/json"}, body)


def _blank(module: str) -> dict[str, Any]:
    if module == "Deals":
        return {"Currency": None, "Account_Name": {"id": "77", "name": "Acme"}}
    return {"What_Id": None, "Who_Id": None, "$se_module": None}


def _deal(said: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    names = {"name": "Deal_Name", "currency": "Currency"}
    new: dict[str, Any] = {names[k]: v for k, v in said.items() if k in names}
    if "amount" in said:
        new["Amount"] = float(said["amount"])
    if "stage" in said:
        new |= {"Stage": STAGES[said["stage"]], "Stage_Modified_Time": _iso(at)}
    if "close_date" in said:
        new["Closing_Date"] = date.fromisoformat(str(said["close_date"])).isoformat()
    return new


def _call(said: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    kinds = {"OUTBOUND": "Outbound", "INBOUND": "Inbound"}
    missed = said.get("connected") is False
    return {"Call_Start_Time": _iso(said.get("start_at", at)),
            "Call_Type": "Missed" if missed else kinds[said.get("direction", "OUTBOUND")],
            "Outgoing_Call_Status": said.get("planned", "Completed"),
            "Call_Duration_in_seconds": round(said.get("seconds", 0))}  # fmt: skip


def _event(said: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    names = {"start_at": "Start_DateTime", "end_at": "End_DateTime"}
    new: dict[str, Any] = {names[k]: _iso(v) for k, v in said.items() if k in names}
    held = said.get("outcome") == "COMPLETED"
    return {**new, "Check_In_Status": "CHECKED_IN" if held else "PLANNED"}


def _page(name: str, rows: list[dict[str, Any]], query: Mapping[str, str]) -> Told:
    page, per_page = int(query.get("page", 1)), int(query.get("per_page", 200))
    shown = rows[(page - 1) * per_page : page * per_page]
    if not shown:
        return Told(204)
    info = {"page": page, "per_page": per_page, "count": len(shown),
            "more_records": page * per_page < len(rows)}  # fmt: skip
    return Told(200, {name: shown, "info": info})


def _error(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "details": {}, "message": message, "status": "error"}


def _at(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _iso(at: datetime) -> str:
    return at.astimezone(INDIA).replace(microsecond=0).isoformat()
