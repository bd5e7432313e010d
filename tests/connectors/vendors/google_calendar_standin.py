"""Google Calendar on loopback, from its guides: sync tokens, 410, channels with empty notices."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.loopback import Asked, Loopback, Told

ANA, BO, CUSTOMER = "ana@example.com", "bo@example.com", "cy@customer.com"


class GoogleCalendar(Loopback):
    """Two reps' calendars; a meeting stands in that of everybody invited."""

    kinds = ("meeting",)
    page_size = 4
    unlimited = ("/token",)  # is another server's
    calendars = (ANA, BO, "501", "999")

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Any]] = {}
        self.version, self.oldest = 1, 0
        self.channels: list[dict[str, Any]] = []
        self._tokens: set[str] = set()
        self._changed: list[tuple[str, str]] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {"client_id": "app", "client_secret": "s3", "refresh_token": "1//r",
                "calendars": ",".join(self.calendars), "company_domains": "example.com",
                "api_url": self.base_url, "token_url": f"{self.base_url}/token"}  # fmt: skip

    def user(self, user_id: str, email: str, name: str) -> None:
        if user_id not in self.calendars:
            self.calendars = (*self.calendars, user_id)

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        with self.lock:
            before = self.events.get(record_id, {"created": _iso(at)})
            organizer = said.get("owner", ANA)
            attendees = [{"email": e} for e in {organizer, BO, CUSTOMER}]
            event = {
                **before, "kind": "calendar#event", "id": record_id, "status": "confirmed",
                "updated": _iso(at), "summary": "Demo", "organizer": {"email": organizer},
                "creator": {"email": organizer}, "attendees": attendees, "eventType": "default",
                "iCalUID": said.get("ical_uid", before.get("iCalUID", f"{record_id}@google.com")),
            }  # fmt: skip
            event["start"] = {"dateTime": _iso(said["start_at"]), "timeZone": "Europe/Berlin"}
            event["end"] = {"dateTime": _iso(said["end_at"]), "timeZone": "Europe/Berlin"}
            if series := said.get("original_start"):
                event |= {"recurringEventId": "s", "originalStartTime": {"dateTime": _iso(series)}}
            if said.get("outcome") == "CANCELED":
                event["status"] = "cancelled"
            self._keep(event)

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        with self.lock:
            self._keep({**self.events[record_id], "status": "cancelled", "updated": _iso(at)})

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        with self.lock:
            self._keep({**self.events[record_id], "status": "confirmed", "updated": _iso(at)})

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        raise NotImplementedError("meetings are not merged")

    def forget_cursors(self) -> None:
        self.oldest = self.version = self.version + 1

    def pushes(self, url: str, secret: str) -> list[Request]:
        with self.lock:
            changed, self._changed = self._changed, []
        target = "/" + url.split("://", 1)[1].partition("/")[2]
        return [
            Request("POST", target, {
                "x-goog-channel-id": "c-1", "x-goog-channel-token": secret,
                "x-goog-message-number": str(number), "x-goog-resource-state": "exists",
                "x-goog-resource-id": "ret08u3rv24htgh289g", "user-agent": "APIs-Google",
                "x-goog-resource-uri": f"{self.base_url}/calendar/v3/calendars/{calendar}/events",
            }, b"")
            for number, (calendar, _) in enumerate(changed, start=2)
        ]  # fmt: skip

    def answer(self, asked: Asked) -> Told:  # noqa: PLR0911  # a return for each route
        if asked.path == "/token":
            if b"refresh_token=1%2F%2Fr" not in asked.body or b"client_secret=s3" not in asked.body:
                return Told(400, {"error": "invalid_grant"})
            self._tokens.add(token := f"ya29.{self.asked}")
            return Told(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return Told(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})
        calendar, _, rest = asked.path.removeprefix("/calendar/v3/calendars/").partition("/events")
        calendar = unquote(calendar)
        if calendar not in self.calendars:
            return Told(404, {"error": {"code": 404, "errors": [{"reason": "notFound"}]}})
        if rest == "/watch":
            return self._watch(asked)
        if rest:
            event = self.events.get(unquote(rest[1:]))
            return Told(200, _of(event)) if event else Told(404, {"error": {"code": 404}})
        return self._listed(asked, calendar)

    def limited(self) -> Told:
        told = {"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}]}}
        return Told(403, told, {"Retry-After": "1"})

    def _watch(self, asked: Asked) -> Told:
        wish = json.loads(asked.body)
        if any(known["id"] == wish["id"] for known in self.channels):
            return Told(400, {"error": {"errors": [{"reason": "channelIdNotUnique"}]}})
        self.channels.append(wish)
        return Told(200, {"kind": "api#channel", "id": wish["id"], "expiration": "1893456000000"})

    def _listed(self, asked: Asked, calendar: str) -> Told:
        token = asked.query.get("syncToken")
        if token is not None and asked.query.keys() & {
            "timeMin",
            "timeMax",
            "updatedMin",
            "orderBy",
        }:
            return Told(400, {"error": {"code": 400}})
        if token is not None and int(token) < self.oldest:
            return Told(410, {"error": {"code": 410, "errors": [{"reason": "fullSyncRequired"}]}})
        after = int(token or 0)
        known = [
            _of(event)
            for event in sorted(self.events.values(), key=lambda e: e["_version"])
            if event["_version"] > after
            and (token is not None or event["status"] != "cancelled")
            and calendar in {a["email"] for a in event["attendees"]}
        ]
        skip = int(asked.query.get("pageToken", "0"))
        part, more = known[skip : skip + self.page_size], skip + self.page_size < len(known)
        end = (
            {"nextPageToken": str(skip + self.page_size)}
            if more
            else {"nextSyncToken": str(self.version)}
        )
        return Told(200, {"kind": "calendar#events", "items": part, **end})

    def _keep(self, event: dict[str, Any]) -> None:
        self.version += 1
        self.events[event["id"]] = {**event, "_version": self.version}
        told = {a["email"] for a in event["attendees"]} & set(self.calendars)
        self._changed += [(calendar, event["id"]) for calendar in sorted(told)]


def _of(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if not name.startswith("_")}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
