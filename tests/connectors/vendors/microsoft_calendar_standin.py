"""Microsoft Graph on loopback, from its reference: delta of calendar views, subscriptions."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

ANA, BO, CUSTOMER = "ana@example.com", "bo@example.com", "cy@customer.com"


class MicrosoftCalendar(Loopback):
    """Two reps' mailboxes; occurrences of a series are listed with id and times alone."""

    kinds = ("meeting",)
    page_size = 4
    mailboxes = (ANA, BO, "501", "999")

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, dict[str, Any]] = {}
        self.version, self.oldest = 1, 0
        self.subscriptions: list[dict[str, Any]] = []
        self._tokens: set[str] = set()
        self._changed: list[tuple[str, str]] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {"tenant_id": "contoso", "client_id": "app", "client_secret": "s3",
                "calendars": ",".join(self.mailboxes), "company_domains": "example.com",
                "api_url": self.base_url, "login_url": self.base_url}  # fmt: skip

    def user(self, user_id: str, email: str, name: str) -> None:
        if user_id not in self.mailboxes:
            self.mailboxes = (*self.mailboxes, user_id)

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        with self.lock:
            before = self.events.get(record_id, {"createdDateTime": _iso(at)})
            organizer = said.get("owner", ANA)
            invited = [{"type": "required", **_person(e)} for e in (organizer, BO, CUSTOMER)]
            uid = said.get("ical_uid", before.get("iCalUId", f"{record_id}@example.com"))
            event = {
                **before, "id": record_id, "lastModifiedDateTime": _iso(at), "iCalUId": uid,
                "type": "singleInstance", "seriesMasterId": None, "originalStart": None,
                "isAllDay": False, "isCancelled": said.get("outcome") == "CANCELED",
                "showAs": "busy", "subject": "Demo", "organizer": _person(organizer),
                "start": _local(said["start_at"]), "end": _local(said["end_at"]),
                "attendees": invited,
            }  # fmt: skip
            if master := said.get("series"):
                event |= {"type": "occurrence", "seriesMasterId": master,
                          "originalStart": _iso(said["original_start"])}  # fmt: skip
            event["type"] = said.get("type", event["type"])
            self.gone.pop(record_id, None)
            self._keep(event)

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        with self.lock:
            self.version += 1
            self.gone[record_id] = {**self.events.pop(record_id), "_version": self.version}

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        raise NotImplementedError("an event that is taken out of Deleted Items has another id")

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("meetings are not merged")

    def forget_cursors(self) -> None:
        self.oldest = self.version = self.version + 1

    def pushes(self, url: str, secret: str) -> list[Request]:
        with self.lock:
            changed, self._changed = self._changed, []
        target = "/" + url.split("://", 1)[1].partition("/")[2]
        told = [
            {"subscriptionId": "s-1", "clientState": secret, "changeType": "updated",
             "resource": f"Users/{box}/Events/{event_id}", "tenantId": "contoso",
             "subscriptionExpirationDateTime": "2030-01-01T00:00:00Z",
             "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "id": event_id}}
            for box, event_id in changed
        ]  # fmt: skip
        headers = {"content-type": "application/json"}
        return [
            Request("POST", target, headers, json.dumps({"value": [one]}).encode()) for one in told
        ]

    def answer(self, asked: Asked) -> Told:  # noqa: PLR0911  # a return for each route
        if asked.path == "/contoso/oauth2/v2.0/token":
            if b"client_secret=s3" not in asked.body:
                return Told(401, {"error": "invalid_client"})
            self._tokens.add(token := f"eyJ{self.asked}")
            return Told(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return Told(401, {"error": {"code": "InvalidAuthenticationToken"}})
        if asked.path.startswith("/v1.0/subscriptions"):
            return self._subscribed(asked)
        box, _, rest = asked.path.removeprefix("/v1.0/users/").partition("/")
        if unquote(box) not in self.mailboxes:
            return Told(403, {"error": {"code": "ErrorAccessDenied"}})
        if rest == "calendarView/delta":
            return self._listed(asked, unquote(box))
        if rest == "events":
            return Told(200, {"value": []})
        event = self.events.get(unquote(rest.removeprefix("events/")))
        return (
            Told(200, _of(event)) if event else Told(404, {"error": {"code": "ErrorItemNotFound"}})
        )

    def limited(self) -> Told:
        return Told(429, {"error": {"code": "TooManyRequests"}}, {"Retry-After": "1"})

    def _subscribed(self, asked: Asked) -> Told:
        if asked.method == "GET":
            return Told(200, {"value": self.subscriptions})
        wish = json.loads(asked.body)
        if asked.method == "POST":
            self.subscriptions.append({**wish, "id": f"sub{len(self.subscriptions)}"})
            return Told(201, self.subscriptions[-1])
        known = next(s for s in self.subscriptions if s["id"] == asked.path.rsplit("/", 1)[-1])
        known.update(wish)
        return Told(200, known)

    def _listed(self, asked: Asked, box: str) -> Told:
        token = asked.query.get("$deltatoken")
        if token is None and "$skiptoken" not in asked.query and "startDateTime" not in asked.query:
            return Told(400, {"error": {"code": "ErrorInvalidParameter"}})
        after = int(token or asked.query.get("after", "0"))
        if token is not None and after < self.oldest:
            return Told(410, {"error": {"code": "syncStateNotFound"}})
        known: list[tuple[int, dict[str, Any]]] = []
        for event in self.events.values():
            if box in {a["emailAddress"]["address"] for a in event["attendees"]}:
                shown = _of(event)
                if event["type"] == "occurrence":
                    shown = {n: shown[n] for n in ("id", "type", "seriesMasterId", "start", "end")}
                known.append((event["_version"], shown))
        if after:
            known += [
                (e["_version"], {"id": i, "@removed": {"reason": "deleted"}})
                for i, e in self.gone.items()
            ]
        rows = [row for version, row in sorted(known, key=lambda k: k[0]) if version > after]
        skip = int(asked.query.get("$skiptoken", "0"))
        base, body = f"{self.base_url}{asked.path}", {"value": rows[skip : skip + self.page_size]}
        if skip + self.page_size < len(rows):
            body["@odata.nextLink"] = f"{base}?$skiptoken={skip + self.page_size}&after={after}"  # type: ignore[assignment]
        else:
            body["@odata.deltaLink"] = f"{base}?$deltatoken={self.version}"  # type: ignore[assignment]
        return Told(200, body)

    def _keep(self, event: dict[str, Any]) -> None:
        self.version += 1
        self.events[event["id"]] = {**event, "_version": self.version}
        told = {a["emailAddress"]["address"] for a in event["attendees"]} & set(self.mailboxes)
        self._changed += [(box, event["id"]) for box in sorted(told)]


def _of(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if not name.startswith("_")}


def _person(mail: str) -> dict[str, Any]:
    return {"emailAddress": {"name": mail, "address": mail}}


def _local(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": "UTC"}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
