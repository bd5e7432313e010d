"""Google Calendar: a push says that a calendar changed; the change itself comes by sync token.

Series are listed as their single meetings. What a calendar knows is that a meeting is planned or
called off; whether it was held is said by the CRM, or by policy.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, Field, SecretStr

from connectors.sources.vendors.contract import (
    CursorExpired,
    Denied,
    Endpoint,
    Finding,
    Notice,
    Page,
    Quota,
    Record,
    Reply,
    Request,
    Unreadable,
    User,
    Vendor,
)
from connectors.sources.vendors.http import Answer, Api
from connectors.sources.vendors.meetings import (
    AHEAD_DAYS,
    KEPT_DAYS,
    Calendars,
    Domains,
    address,
    entity_id,
    is_told_by,
    outsiders,
    owner_of,
)
from connectors.sources.vendors.payloads import iso
from connectors.sources.vendors.signing import check_secret
from connectors.sources.vendors.tokens import Tokens

EVENTS = "events"
PAGE_MAX = 250
RENEW_BEFORE = timedelta(days=1)
CHANNEL_SECONDS = 7 * 86_400
_STATES = frozenset({"sync", "exists", "not_exists"})
_LIMITS = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded")


class Settings(BaseModel):
    """How to reach Google Calendar."""

    client_id: str = Field(description="OAuth client ID of a project with the Calendar API")
    client_secret: SecretStr = Field(description="OAuth client secret")
    refresh_token: SecretStr = Field(
        description="of a user with whom all calendars are shared; scope calendar.readonly"
    )
    calendars: Calendars
    company_domains: Domains
    api_url: str = Field("https://www.googleapis.com", description="address of the API")
    token_url: str = Field(
        "https://oauth2.googleapis.com/token", description="where tokens are made"
    )


class Hook:
    """Notifications of a channel: headers alone, without a body."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None for a notice of a change; the first one of a channel is only answered."""
        check_secret(request.headers.get("x-goog-channel-token"), endpoint.secrets, "channel token")
        return Reply(200) if request.headers.get("x-goog-resource-state") == "sync" else None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return that something changed; what, the sync token tells."""
        if request.headers.get("x-goog-resource-state") not in _STATES:
            raise Unreadable("X-Goog-Resource-State is none of Google's")
        return (Notice(EVENTS, ""),)


class Client:
    """The Calendar API, version 3, for several calendars."""

    def __init__(self, settings: Settings) -> None:
        self._read, self._domains = settings.calendars, settings.company_domains
        form = {
            "grant_type": "refresh_token",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "refresh_token": settings.refresh_token.get_secret_value(),
        }
        self._tokens = Tokens(settings.token_url, lambda: form)
        self._api = Api(
            settings.api_url,
            headers=self._tokens.headers,
            renew=self._tokens.forget,
            limited=_limited,
        )

    def check(self) -> tuple[Finding, ...]:
        """Return whether each calendar can be read with its details."""
        found = []
        for calendar in self._read:
            try:
                self._api.get(_path(calendar), {"maxResults": 1})
                found.append(Finding(calendar, True))
            except Denied as denied:
                remedy = "share it with the user of the token, with all details of events"
                found.append(Finding(f"{calendar}: {denied}", False, remedy))
        return tuple(found)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return meetings by CALENDAR/EVENT."""
        read: dict[str, Record | None] = {}
        for record_id in record_ids:
            calendar, _, event_id = record_id.partition("/")
            path = f"{_path(calendar)}/{quote(event_id, safe='')}"
            answer = self._api.ask("GET", path, also=(404, 410))
            told = answer.status < 300 and answer.body.get("status") != "cancelled"
            read[record_id] = self._meeting(calendar, answer.body) if told else None
        return read

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what changed in all calendars; the cursor holds a sync token for each."""
        known: dict[str, str] = json.loads(cursor) if cursor else {}
        for calendar in self._read:
            asked: dict[str, Any] = {"singleEvents": "true", "maxResults": PAGE_MAX}
            asked |= {"showDeleted": "true", **_from(known.get(calendar))}
            while True:
                answer = self._api.ask("GET", _path(calendar), params=asked, also=(410,))
                if answer.status == 410:
                    raise CursorExpired(f"the sync token of {calendar} is no longer known")
                body = answer.body
                notices = tuple(self._notices(calendar, body.get("items") or []))
                if body.get("nextSyncToken"):
                    known = {**known, calendar: body["nextSyncToken"]}
                yield Page(notices, json.dumps(known))
                if not body.get("nextPageToken"):
                    break
                asked["pageToken"] = body["nextPageToken"]

    def users(self) -> Iterator[User]:
        """Yield the people whose calendars are read; owners are their addresses."""
        yield from (User(calendar, None, calendar) for calendar in self._read)

    def subscribe(self, url: str, secret: str) -> tuple[str, ...]:
        """Return what was made: a channel for each calendar, anew for each day, as they expire."""
        made = []
        now = datetime.now(UTC)
        for calendar in self._read:
            name = hashlib.sha256(f"{calendar} {url} {now:%Y%m%d}".encode()).hexdigest()[:40]
            wish: dict[str, Any] = {"id": name, "type": "web_hook", "address": url, "token": secret}
            wish["params"] = {"ttl": str(CHANNEL_SECONDS)}
            path = f"{_path(calendar)}/watch"
            answer = self._api.ask("POST", path, body=wish, also=(400,))  # the id is in use already
            if answer.status < 300:
                made.append(f"a channel for {calendar}, until {_until(answer.body)}")
            elif "channelIdNotUnique" not in json.dumps(answer.body, default=str):
                raise Denied(f"no channel for {calendar}: {answer.body}", "verify its domain")
        return tuple(made)

    def quota(self) -> Quota | None:
        """Return None: Google does not tell what is left."""
        return None

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()
        self._tokens.close()

    def _notices(self, calendar: str, events: list[dict[str, Any]]) -> Iterator[Notice]:
        horizon = datetime.now(UTC) + timedelta(days=AHEAD_DAYS)
        for event in events:
            record_id, at = f"{calendar}/{event.get('id')}", iso(event.get("updated"))
            if event.get("status") == "cancelled":
                yield Notice(EVENTS, record_id, at, gone=True)
                continue
            meeting = self._meeting(calendar, event)
            begins = iso(meeting["start_at"])
            if meeting["is_told"] and begins is not None and begins < horizon:
                yield Notice(EVENTS, record_id, at, meeting)

    def _meeting(self, calendar: str, event: Mapping[str, Any]) -> Record:
        """Return a meeting without its text, with what its copy means for us."""
        organizer = address((event.get("organizer") or {}).get("email"))
        people = [one for one in event.get("attendees") or [] if not one.get("resource")]
        invited = [address(one.get("email")) for one in people]
        original = event.get("originalStartTime") or {}
        begins, ends = event.get("start") or {}, event.get("end") or {}
        told = {
            n: v for n, v in event.items() if n not in ("description", "summary", "attachments")
        }
        return {
            **told,
            "entity_id": entity_id(str(event.get("iCalUID")), _start(original)),
            "is_told": is_told_by(calendar, organizer, invited, self._read),
            "owner": owner_of(calendar, organizer, self._read),
            "start_at": begins.get("dateTime"),
            "end_at": ends.get("dateTime"),
            "external_attendee_count": outsiders([*invited, organizer], self._domains),
        }


def _from(token: str | None) -> dict[str, str]:
    """Return where a listing begins: at a token, else a year back, whatever changed when."""
    if token is not None:
        return {"syncToken": token}
    return {"timeMin": (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat()}


def _start(written: Mapping[str, Any]) -> datetime | date | None:
    if written.get("date"):
        return date.fromisoformat(str(written["date"]))
    return iso(written.get("dateTime"))


def _path(calendar: str) -> str:
    return f"/calendar/v3/calendars/{quote(calendar, safe='')}/events"


def _until(channel: Mapping[str, Any]) -> str:
    written = str(channel.get("expiration") or "")
    ends = datetime.fromtimestamp(int(written) / 1000, UTC) if written.isdecimal() else None
    return f"{ends:%Y-%m-%d}" if ends else "it expires"


def _limited(answer: Answer) -> float | None:
    told = json.dumps(answer.body, default=str) if answer.status == 403 else ""
    return 0.0 if any(reason in told for reason in _LIMITS) else None


VENDOR = Vendor(
    name="google-calendar",
    title="Google Calendar",
    settings=Settings,
    objects=(EVENTS,),
    mapping="google_calendar.yaml",
    hook=Hook(),
    client=Client,
    setup=(
        "In Google Cloud turn on the Calendar API and make an OAuth client.",
        "Let a user with whom the calendars are shared grant it calendar.readonly; keep the token.",
        "Verify the domain of {url} with Google.",
        "Channels to it are made by `pacesetter source add`, and renewed by themselves.",
    ),
    answer_seconds_max=10.0,
    notes={
        "push": "notices hold no event: each has the calendars asked by their sync tokens",
        "first listing": "that timeMin may stand beside a sync token's first listing is documented "
        "for all filters but not named",
        "channels": "one more channel a day and calendar, each for a week: no hole when one ends",
        "outcome": "a calendar does not know whether a meeting was held",
    },
)
