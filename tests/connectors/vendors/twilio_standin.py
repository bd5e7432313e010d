"""Twilio on loopback, written from its REST reference: newest calls first, relative links."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

ACCOUNT, TOKEN = "AC58f1e8f2b1c6b88ca90a012a4be0c279", "12345"
RING = timedelta(seconds=5)


class Leg(NamedTuple):
    """One call of a conversation."""

    sid: str
    parent: str | None
    caller: str
    called: str
    status: str
    seconds: int


class Twilio(Loopback):
    """An account whose reps dial from software phones: a parent call and the leg it dials."""

    kinds = ("call",)
    page_size = 50

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[dict[str, Any]] = []
        self.calls: dict[str, dict[str, Any]] = {}
        self._pushed: list[dict[str, str]] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {"account_sid": ACCOUNT, "auth_token": TOKEN, "api_url": self.base_url}

    def user(self, user_id: str, email: str, name: str) -> None:
        self.numbers.append({"sid": f"PN{user_id}", "phone_number": user_id, "friendly_name": name})

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        """Keep a conversation: the rep's leg, and the customer's."""
        sid = said.get("uuid", record_id)
        seconds = said.get("seconds", 0)
        connected = said.get("connected", bool(seconds))
        before = self.calls.get(sid)
        began = before["_began"] if before else at - timedelta(seconds=seconds) - RING
        status = "completed" if connected else "no-answer"
        owner = str(said.get("owner") or "+15550100")
        if owner.lstrip("+").isdecimal():  # a number of the account: a call made by the API
            ends, way = (owner, "+14158675309"), "outbound-api"
            if said.get("direction") == "INBOUND":
                ends, way = (ends[1], ends[0]), "inbound"
            self._keep(Leg(sid, None, *ends, status, seconds), way, began, at)
            return
        rep, ends = f"client:{owner}", ("+14158675309", "+15550100")
        if said.get("direction") == "INBOUND":
            root, leg = Leg(sid, None, *ends, "completed", 0), (ends[0], rep)
        else:
            root, leg = Leg(sid, None, rep, "", "completed", seconds + 5), (ends[1], ends[0])
        self._keep(root, "inbound", began, at)
        self._keep(Leg(f"{sid}L", sid, *leg, status, seconds), "outbound-dial", began, at)

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError("Twilio tells nobody of records that are deleted")

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError("Twilio brings no record back")

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("calls are not merged")

    def forget_cursors(self) -> None:
        """Let nothing happen: cursors are instants, and do not expire."""

    def pushes(self, url: str, secret: str) -> list[Request]:
        with self.lock:
            pushed, self._pushed = self._pushed, []
        return [signed(url, secret, form) for form in pushed]

    def answer(self, asked: Asked) -> Told:
        wanted = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if asked.headers.get("authorization") != wanted:
            return Told(401, {"code": 20003, "message": "Authenticate", "status": 401})
        account = f"/2010-04-01/Accounts/{ACCOUNT}"
        path = asked.path.removesuffix(".json")
        if path == account:
            return Told(200, {"sid": ACCOUNT, "status": "active"})
        if path == f"{account}/IncomingPhoneNumbers":
            return self._page(asked, "incoming_phone_numbers", self.numbers)
        if path == f"{account}/Calls":
            return self._page(asked, "calls", self._listed(asked))
        call = self.calls.get(path.removeprefix(f"{account}/Calls/"))
        return Told(200, _shown(call)) if call else Told(404, {"code": 20404, "status": 404})

    def limited(self) -> Told:
        return Told(429, {"code": 20429, "status": 429}, {"Retry-After": "1"})

    def _listed(self, asked: Asked) -> list[dict[str, Any]]:
        calls = sorted(self.calls.values(), key=lambda c: c["_began"], reverse=True)
        if parent := asked.query.get("ParentCallSid"):
            calls = [c for c in calls if c["parent_call_sid"] == parent]
        if after := asked.query.get("StartTime>"):
            calls = [c for c in calls if c["_began"] >= datetime.fromisoformat(after)]
        if before := asked.query.get("StartTime<"):
            calls = [c for c in calls if c["_began"] <= datetime.fromisoformat(before)]
        return [_shown(call) for call in calls]

    def _page(self, asked: Asked, name: str, known: list[dict[str, Any]]) -> Told:
        size = min(int(asked.query.get("PageSize", 50)), self.page_size)
        page = int(asked.query.get("Page", 0))
        part = known[page * size : (page + 1) * size]
        more = (page + 1) * size < len(known)
        query = urlencode({**asked.query, "PageSize": size, "Page": page + 1, "PageToken": "PA1"})
        link = f"{asked.path}?{query}" if more else None
        body = {name: part, "page": page, "page_size": size, "next_page_uri": link}
        return Told(200, body)

    def _keep(self, leg: Leg, direction: str, began: datetime, at: datetime) -> None:
        done = leg.status == "completed"
        with self.lock:
            self.calls[leg.sid] = {
                "account_sid": ACCOUNT, "sid": leg.sid, "parent_call_sid": leg.parent,
                "from": leg.caller, "to": leg.called, "direction": direction,
                "status": leg.status, "answered_by": None, "_began": began,
                "duration": str(leg.seconds) if done else "0", "price": None,
                "start_time": _rfc(began), "end_time": _rfc(at), "date_created": _rfc(began),
                "date_updated": _rfc(at),
            }  # fmt: skip
            form = {
                "CallSid": leg.sid, "AccountSid": ACCOUNT, "From": leg.caller, "To": leg.called,
                "CallStatus": leg.status, "Direction": direction, "SequenceNumber": "3",
                "Timestamp": _rfc(at), "CallbackSource": "call-progress-events",
                "CallDuration": str(leg.seconds), "ApiVersion": "2010-04-01",
            }  # fmt: skip
            self._pushed.append({**form, "ParentCallSid": leg.parent} if leg.parent else form)


def signed(url: str, secret: str, form: dict[str, str]) -> Request:
    """Return a status callback, signed as Twilio's security guide says."""
    text = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": base64.b64encode(digest).decode(),
        "i-twilio-idempotency-token": "a5ae8a62-7d45-4a4b-9f5e-2b6c2c1d8d9e",
    }
    target = "/" + url.split("://", 1)[1].partition("/")[2]
    return Request("POST", target, headers, urlencode(form).encode())


def _shown(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if not name.startswith("_")}


def _rfc(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC).replace(microsecond=0))
