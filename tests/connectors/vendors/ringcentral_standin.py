"""RingCentral on loopback, from its developer guide: JWT sign-in, call log, subscriptions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

ACCOUNT = "/restapi/v1.0/account/~"
SUBSCRIPTIONS = "/restapi/v1.0/subscription"


class RingCentral(Loopback):
    """An account with a few extensions."""

    kinds = ("call",)
    page_size = 50

    def __init__(self) -> None:
        super().__init__()
        self.extensions: dict[str, dict[str, Any]] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.unlogged: set[str] = set()
        self.subscriptions: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self._pushed: list[dict[str, Any]] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {"client_id": "app", "client_secret": "s3", "jwt": "j.w.t", "api_url": self.base_url}

    def expire_tokens(self) -> None:
        """Let every access token given out so far be refused."""
        self.tokens.clear()

    def user(self, user_id: str, email: str, name: str) -> None:
        contact = {"firstName": name, "email": email}
        self.extensions[user_id] = {
            "id": int(user_id) if user_id.isdecimal() else user_id, "name": name,
            "type": "User", "status": "Enabled", "contact": contact,
        }  # fmt: skip

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        session, seconds = said.get("uuid", record_id), said.get("seconds", 0)
        connected = said.get("connected", bool(seconds))
        inbound = said.get("direction") == "INBOUND"
        with self.lock:
            before = self.entries.get(session)
            began = before["_began"] if before else at - timedelta(seconds=seconds)
            own = {"phoneNumber": "+15550100", "extensionId": said.get("owner")}
            other = {"phoneNumber": "+14155555900", "name": "SAN FRANCSCO CA"}
            self.entries[session] = {
                "uri": f"{self.base_url}{ACCOUNT}/call-log/{session}?view=Detailed",
                "id": f"L{session}", "sessionId": "13916417004", "telephonySessionId": session,
                "startTime": _iso(began), "duration": seconds, "type": "Voice",
                "direction": "Inbound" if inbound else "Outbound", "action": "Phone Call",
                "result": _result(connected, inbound), "to": own if inbound else other,
                "from": other if inbound else own, "transport": "PSTN",
                "lastModifiedTime": _iso(at), "_began": began,
            }  # fmt: skip
            self._pushed.append(_event(session, at, said.get("owner")))

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError("an account's call log is not deleted from")

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError("an account's call log is not deleted from")

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("calls are not merged")

    def forget_cursors(self) -> None:
        """Let nothing happen: cursors are instants, and do not expire."""

    def pushes(self, url: str, secret: str) -> list[Request]:
        with self.lock:
            pushed, self._pushed = self._pushed, []
        headers = {"content-type": "application/json; charset=UTF-8", "verification-token": secret,
                   "user-agent": "RingCentral-Webhook/8.3"}  # fmt: skip
        target = "/" + url.split("://", 1)[1].partition("/")[2]
        return [Request("POST", target, headers, json.dumps(one).encode()) for one in pushed]

    def answer(self, asked: Asked) -> Told:  # noqa: PLR0911  # a return for each route
        if asked.path == "/restapi/oauth/token":
            good = b"assertion=j.w.t" in asked.body and b"jwt-bearer" in asked.body
            if not good or asked.headers.get("authorization") != "Basic YXBwOnMz":
                return Told(400, {"error": "invalid_grant"})
            self.tokens.add(token := f"U0pDMTFQMDFQQVM{len(self.tokens)}{self.asked}")
            return Told(200, {"access_token": token, "token_type": "bearer", "expires_in": 3600})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Told(401, {"errorCode": "TokenInvalid"})
        if asked.path == f"{ACCOUNT}/extension":
            return self._page(asked, list(self.extensions.values()))
        if asked.path == f"{ACCOUNT}/call-log":
            return self._page(asked, self._logged(asked))
        if asked.path.startswith(SUBSCRIPTIONS):
            return self._subscription(asked)
        return Told(404, {"errorCode": "CMN-102"})

    def _logged(self, asked: Asked) -> list[dict[str, Any]]:
        entries = [e for s, e in self.entries.items() if s not in self.unlogged]
        if session := asked.query.get("telephonySessionId"):
            entries = [e for e in entries if e["telephonySessionId"] == session]
        if start := asked.query.get("dateFrom"):
            end = datetime.fromisoformat(asked.query["dateTo"])
            entries = [e for e in entries if datetime.fromisoformat(start) <= e["_began"] < end]
        entries.sort(key=lambda e: e["_began"], reverse=True)
        return [{n: v for n, v in entry.items() if n != "_began"} for entry in entries]

    def _page(self, asked: Asked, known: list[dict[str, Any]]) -> Told:
        size = min(int(asked.query.get("perPage", 100)), self.page_size)
        page = int(asked.query.get("page", 1))
        part, more = known[(page - 1) * size : page * size], page * size < len(known)
        link = {"nextPage": {"uri": f"{self.base_url}{asked.path}?page={page + 1}"}} if more else {}
        paging = {"page": page, "perPage": size}
        headers = {"X-Rate-Limit-Remaining": "9", "X-Rate-Limit-Limit": "10"}
        return Told(200, {"records": part, "paging": paging, "navigation": link}, headers)

    def _subscription(self, asked: Asked) -> Told:
        if asked.method == "GET":
            return Told(200, {"records": self.subscriptions})
        wish = json.loads(asked.body)
        until = datetime.now(UTC) + timedelta(seconds=wish["expiresIn"])
        made = {**wish, "status": "Active", "expirationTime": _iso(until)}
        if asked.method == "POST":
            self.subscriptions.append({**made, "id": f"sub{len(self.subscriptions)}"})
            return Told(200, self.subscriptions[-1])
        known = next(s for s in self.subscriptions if s["id"] == asked.path.rsplit("/", 1)[-1])
        known.update(made)
        return Told(200, known)


def _result(connected: bool, inbound: bool) -> str:
    if connected:
        return "Accepted" if inbound else "Call connected"
    return "Missed" if inbound else "No Answer"


def _event(session: str, at: datetime, owner: str | None) -> dict[str, Any]:
    party = {"extensionId": owner, "id": f"p-{session}-1", "direction": "Outbound",
             "status": {"code": "Disconnected", "reason": "CallFinished"}}  # fmt: skip
    return {
        "uuid": f"u-{session}-{at.timestamp()}",
        "event": "/restapi/v1.0/account/809646016/telephony/sessions",
        "timestamp": _iso(at),
        "subscriptionId": "53300e7c-5e69-42bf-ab4d-179aabc6e869",
        "ownerId": "809646016",
        "body": {
            "sequence": 9,
            "telephonySessionId": session,
            "eventTime": _iso(at),
            "parties": [party],
        },
    }


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
