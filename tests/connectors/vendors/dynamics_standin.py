"""Dataverse on loopback, written from its Web API guide: OAuth, delta links, remote contexts."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

TABLES = {"deal": "opportunity", "call": "phonecall", "meeting": "appointment", "email": "email"}
SETS = {"opportunities": "opportunity", "phonecalls": "phonecall", "appointments": "appointment",
        "emails": "email"}  # fmt: skip
CURRENCIES = {code: str(uuid5(NAMESPACE_URL, code)) for code in ("EUR", "USD", "JPY")}
STATES = {"OPEN": 0, "WON": 1, "LOST": 2}
OUTCOMES = {"SCHEDULED": 3, "COMPLETED": 1, "CANCELED": 2, "NO_SHOW": 2}


class Dynamics(Loopback):
    """An environment with change tracking; rows have a version that grows."""

    kinds = ("deal", "call", "meeting", "email")
    page_size = 5

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, dict[str, Any]] = {}
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.version, self.forgotten = 1000, 0
        self._tokens: set[str] = set()
        self._gone: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self._pushed: list[dict[str, Any]] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {"url": self.base_url, "tenant_id": "contoso", "client_id": "app",
                "client_secret": "s3", "login_url": self.base_url}  # fmt: skip

    def known_as(self, record_id: str) -> str:
        """Return the id that a record has here: ids of rows are GUIDs."""
        return guid(record_id)

    def user(self, user_id: str, email: str, name: str) -> None:
        self.people[user_id] = {"systemuserid": user_id, "fullname": name, "employeeid": None,
                                "internalemailaddress": email, "isdisabled": False}  # fmt: skip

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        table, row_id = TABLES[kind], guid(record_id)
        with self.lock:
            before = self.rows.get((table, row_id))
            made = {**(before or {"createdon": _iso(at)}), "modifiedon": _iso(at)}
            self._keep(table, row_id, {**made, **_row(kind, row_id, said)})
            self._pushed.append(_context(table, row_id, "Update" if before else "Create", at))

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        table, row_id = TABLES[kind], guid(record_id)
        with self.lock:
            self.version += 1
            self._gone[table, row_id] = (self.version, self.rows.pop((table, row_id)))
            self._pushed.append(_context(table, row_id, "Delete", at))

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        table, row_id = TABLES[kind], guid(record_id)
        with self.lock:
            _, row = self._gone.pop((table, row_id))
            self._keep(table, row_id, {**row, "modifiedon": _iso(at)})
            self._pushed.append(_context(table, row_id, "Create", at))

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("opportunities and activities are not merged")

    def forget_cursors(self) -> None:
        self.forgotten = self.version = self.version + 1

    def pushes(self, url: str, secret: str) -> list[Request]:
        with self.lock:
            pushed, self._pushed = self._pushed, []
        target = "/" + url.split("://", 1)[1].partition("/")[2]
        headers = {"content-type": "application/json", "x-webhook-key": secret,
                   "x-ms-dynamics-organization": "contoso.crm.dynamics.com"}  # fmt: skip
        named = [{**headers, "x-ms-dynamics-entity-name": p["PrimaryEntityName"]} for p in pushed]
        return [
            Request("POST", target, h, json.dumps(p).encode())
            for h, p in zip(named, pushed, strict=True)
        ]

    def answer(self, asked: Asked) -> Told:  # noqa: PLR0911  # a return for each route
        if asked.path == "/contoso/oauth2/v2.0/token":
            if b"client_secret=s3" not in asked.body or b".default" not in asked.body:
                return Told(401, {"error": "invalid_client"})
            self._tokens.add(token := f"eyJ{self.asked}")
            return Told(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return Told(401)
        name = asked.path.removeprefix("/api/data/v9.2/")
        if name.startswith("EntityDefinitions"):
            return Told(200, {"ChangeTrackingEnabled": True})
        if name == "transactioncurrencies":
            known = [
                {"transactioncurrencyid": i, "isocurrencycode": c} for c, i in CURRENCIES.items()
            ]
            return Told(200, {"value": known})
        if name == "systemusers":
            return Told(200, {"value": list(self.people.values())})
        if name.endswith(")"):
            rows, _, key = name[:-1].partition("(")
            row = self.rows.get((SETS[rows], key))
            context = f"{self.base_url}/api/data/v9.2/$metadata#{rows}/$entity"
            return (
                Told(200, {"@odata.context": context, **row})
                if row
                else Told(404, _error("0x80040217"))
            )
        return self._listed(asked, name)

    def expire_tokens(self) -> None:
        """Let every access token given out so far be refused."""
        self._tokens.clear()

    def limited(self) -> Told:
        return Told(429, _error("0x80072322"), {"Retry-After": "1"})

    def _listed(self, asked: Asked, name: str) -> Told:
        if asked.query.keys() & {"$filter", "$orderby", "$expand"}:
            return Told(400, _error("0x80060888"))
        after = int(asked.query.get("$deltatoken", "0").partition("!")[0])
        if "$deltatoken" in asked.query and after < self.forgotten:
            return Told(
                400, _error("0x80044352", "Version stamp associated with the client has expired.")
            )
        table, skip = SETS[name], int(asked.query.get("$skiptoken", "0"))
        changes = [(r["versionnumber"], r) for (t, _), r in self.rows.items() if t == table]
        context = f"{self.base_url}/api/data/v9.2/$metadata#{name}/$deletedEntity"
        gone = [(v, {"@odata.context": context, "id": i, "reason": "deleted"})
                for (t, i), (v, _) in self._gone.items() if t == table and after]  # fmt: skip
        known = [row for v, row in [*sorted(changes, key=lambda c: c[0]), *gone] if v > after]
        tracked = "odata.track-changes" in asked.headers.get("prefer", "")
        base, more = f"{self.base_url}{asked.path}", skip + self.page_size < len(known)
        kept = f"$deltatoken={after}!x&" if after else ""
        link = f"{base}?{kept}$skiptoken={skip + self.page_size}" if more else None
        delta = f"{base}?$deltatoken={self.version}{quote('!08/22/2017 08:10:44')}"
        body: dict[str, Any] = {"value": known[skip : skip + self.page_size]}
        if more:
            body["@odata.nextLink"] = link
        elif tracked or after:
            body["@odata.deltaLink"] = delta
        return Told(200, body, {"x-ms-ratelimit-burst-remaining-xrm-requests": "5999"})

    def _keep(self, table: str, row_id: str, row: dict[str, Any]) -> None:
        self.version += 1
        self.rows[table, row_id] = {
            **row, "@odata.etag": f'W/"{self.version}"', "versionnumber": self.version,
        }  # fmt: skip
        self._gone.pop((table, row_id), None)


def guid(record_id: str) -> str:
    """Return the id of a row by a name that reads better."""
    return record_id if len(record_id) == 36 else str(uuid5(NAMESPACE_URL, record_id))


def _row(kind: str, row_id: str, said: dict[str, Any]) -> dict[str, Any]:
    owner = {"_ownerid_value": said["owner"]} if "owner" in said else {}
    if kind == "deal":
        state, amount = STATES[said.get("stage", "OPEN")], said.get("amount")
        won = state == STATES["WON"]
        return {
            **owner, "opportunityid": row_id, "name": said.get("name"), "statecode": state,
            "statuscode": {0: 1, 1: 3, 2: 4}[state], "stepname": said.get("stage", "OPEN").title(),
            "estimatedvalue": float(amount) if amount is not None else None,
            "actualvalue": float(amount) if won and amount is not None else None,
            "estimatedclosedate": str(said["close_date"]) if said.get("close_date") else None,
            "actualclosedate": None, "closeprobability": None, "_parentaccountid_value": None,
            "_customerid_value": None,
            "_transactioncurrencyid_value": CURRENCIES[said.get("currency", "EUR")],
        }  # fmt: skip
    if kind == "call":
        inbound = said.get("direction") == "INBOUND"
        return {**owner, "activityid": row_id, "statecode": 1, "statuscode": 2, "actualstart": None,
                "directioncode": not inbound, "leftvoicemail": False,
                "actualdurationminutes": said.get("seconds", 0) // 60}  # fmt: skip
    if kind == "meeting":
        return {**owner, "activityid": row_id, "category": None,
                "statecode": OUTCOMES[said.get("outcome", "SCHEDULED")],
                "scheduledstart": _iso(said["start_at"]),
                "scheduledend": _iso(said["end_at"])}  # fmt: skip
    plain = said.get("message_id")
    return {**owner, "activityid": row_id, "statecode": 1, "statuscode": 3, "directioncode": True,
            "messageid": f"<{plain.strip('<>')}>" if plain else None}  # fmt: skip


def _context(table: str, row_id: str, message: str, at: datetime) -> dict[str, Any]:
    date = f"/Date({int(at.timestamp() * 1000)}-0700)/"
    target = {"LogicalName": table, "Attributes": [{"key": "modifiedon", "value": date}]}
    return {
        "MessageName": message, "PrimaryEntityName": table, "PrimaryEntityId": row_id,
        "OperationId": str(uuid5(NAMESPACE_URL, f"{row_id}{message}{at}")), "Depth": 1, "Stage": 40,
        "Mode": 1, "OperationCreatedOn": date, "PostEntityImages": [],
        "InputParameters": [{"key": "Target", "value": target}],
    }  # fmt: skip


def _error(code: str, message: str = "refused") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
