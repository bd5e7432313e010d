"""Microsoft 365 calendars by Graph: notifications tell of a change, delta lists it in a view.

A view covers a stretch of time that is fixed when it is first listed; each calendar's view begins
anew before its end comes near.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

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
    Unsigned,
    User,
    Vendor,
)
from connectors.sources.vendors.http import Api
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
    uid_of,
)
from connectors.sources.vendors.payloads import iso, object_in
from connectors.sources.vendors.signing import check_secret
from connectors.sources.vendors.tokens import Tokens

EVENTS = "events"
GRAPH = "/v1.0"
HANDSHAKE_MAX = 4096
ROLL_DAYS = 90  # a view is begun anew when it reaches less far ahead
RENEW_BEFORE = timedelta(days=1)
SUBSCRIBED = timedelta(minutes=4230)  # what every subscription of Outlook items may last at least
UTC_TIMES = {"Prefer": 'outlook.timezone="UTC"'}
_EXPIRED = ("syncStateNotFound", "SyncStateNotFound", "resyncRequired", "syncStateInvalid")
_NEXT, _DELTA = "@odata.nextLink", "@odata.deltaLink"


class Settings(BaseModel):
    """How to reach Microsoft Graph."""

    tenant_id: str = Field(description="Directory (tenant) ID of Microsoft Entra")
    client_id: str = Field(description="Application (client) ID, with Calendars.Read")
    client_secret: SecretStr = Field(description="a client secret of the app registration")
    calendars: Calendars
    company_domains: Domains
    api_url: str = Field("https://graph.microsoft.com", description="address of Graph")
    login_url: str = Field("https://login.microsoftonline.com", description="where tokens are made")


class Hook:
    """Change notifications, and the handshake that comes before them."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return the echo of a handshake, or None when every notification has our clientState."""
        asked = dict(parse_qsl(request.target.partition("?")[2])).get("validationToken")
        if asked is not None:
            if len(asked) > HANDSHAKE_MAX:
                raise Unsigned("validationToken is none")
            return Reply(200, {"Content-Type": "text/plain"}, asked.encode("utf-8", "replace"))
        try:
            told = _told(request)
        except Unreadable:
            raise Unsigned("there are no notifications") from None
        for one in told:
            check_secret(one.get("clientState"), endpoint.secrets, "clientState")
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return that something changed; one of a series cannot be told from another here."""
        return (Notice(EVENTS, ""),) if _told(request) else ()


class Client:
    """Microsoft Graph for several calendars, as an app of its own."""

    def __init__(self, settings: Settings) -> None:
        self._read, self._domains = settings.calendars, settings.company_domains
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "scope": f"{settings.api_url}/.default",
        }
        address_ = f"{settings.login_url}/{settings.tenant_id}/oauth2/v2.0/token"
        self._tokens = Tokens(address_, lambda: form)
        self._api = Api(settings.api_url, headers=self._asking, renew=self._tokens.forget)

    def check(self) -> tuple[Finding, ...]:
        """Return whether each calendar can be read."""
        found = []
        for calendar in self._read:
            try:
                self._api.get(f"{_path(calendar)}/events", {"$top": 1, "$select": "id"})
                found.append(Finding(calendar, True))
            except Denied as denied:
                remedy = "grant the app Calendars.Read with admin consent; is the mailbox excluded?"
                found.append(Finding(f"{calendar}: {denied}", False, remedy))
        return tuple(found)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return meetings by CALENDAR/EVENT."""
        read: dict[str, Record | None] = {}
        for record_id in record_ids:
            calendar, _, event_id = record_id.partition("/")
            path = f"{_path(calendar)}/events/{quote(event_id, safe='')}"
            answer = self._api.ask("GET", path, also=(404,))
            told = answer.status != 404
            read[record_id] = self._meeting(calendar, answer.body, {}) if told else None
        return read

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what changed; the cursor holds a link and the end of its view for each calendar."""
        known: dict[str, list[str]] = json.loads(cursor) if cursor else {}
        now = datetime.now(UTC)
        for calendar in self._read:
            link, ends = known.get(calendar, ["", ""])
            until = iso(ends) or now
            if until < now + timedelta(days=ROLL_DAYS):
                start = now - timedelta(days=KEPT_DAYS if not link else 1)
                until = now + timedelta(days=AHEAD_DAYS)
                link = f"{_path(calendar)}/calendarView/delta?" + _range(start, until)
            while True:
                body = self._page(calendar, link)
                link = body.get(_NEXT) or body.get(_DELTA) or link
                known = {**known, calendar: [link, until.isoformat()]}
                yield Page(tuple(self._notices(calendar, body)), json.dumps(known))
                if not body.get(_NEXT):
                    break

    def users(self) -> Iterator[User]:
        """Yield the people whose calendars are read; owners are their addresses."""
        yield from (User(calendar, None, calendar) for calendar in self._read)

    def subscribe(self, url: str, secret: str) -> tuple[str, ...]:
        """Return what was made or renewed: subscriptions last three days."""
        now, done = datetime.now(UTC), []
        mine = {s["resource"]: s for s in self._subscriptions() if s.get("notificationUrl") == url}
        for calendar in self._read:
            resource, until = f"users/{calendar}/events", _written(now + SUBSCRIBED)
            known = mine.get(resource)
            if known is None:
                wish = {"notificationUrl": url, "resource": resource, "clientState": secret}
                wish |= {"changeType": "created,updated,deleted", "expirationDateTime": until}
                self._api.post(f"{GRAPH}/subscriptions", wish)
                done.append(f"a subscription to {calendar} was made")
            elif (iso(known.get("expirationDateTime")) or now) < now + RENEW_BEFORE:
                path = f"{GRAPH}/subscriptions/{known['id']}"
                self._api.ask("PATCH", path, body={"expirationDateTime": until})
                done.append(f"the subscription to {calendar} was renewed")
        return tuple(done)

    def quota(self) -> Quota | None:
        """Return None: Graph does not tell what is left."""
        return None

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()
        self._tokens.close()

    def _page(self, calendar: str, link: str) -> Mapping[str, Any]:
        answer = self._api.ask("GET", link, also=(400, 410))
        if answer.status < 300:
            return answer.body or {}
        error = json.dumps(answer.body, default=str)
        if answer.status == 410 or any(code in error for code in _EXPIRED):
            raise CursorExpired(f"the delta link of {calendar} is no longer known")
        raise Denied(f"Graph answered {answer.status}: {error[:200]}", "check the settings")

    def _notices(self, calendar: str, body: Mapping[str, Any]) -> Iterator[Notice]:
        events = body.get("value") or []
        masters = {e["id"]: e for e in events if e.get("type") == "seriesMaster"}
        for event in events:
            record_id = f"{calendar}/{event.get('id')}"
            if "@removed" in event:
                yield Notice(EVENTS, record_id, gone=True)
            elif event.get("type") != "seriesMaster":
                meeting = self._meeting(calendar, event, masters)
                if meeting["is_told"]:
                    at = iso(meeting.get("lastModifiedDateTime"))
                    yield Notice(EVENTS, record_id, at, meeting)

    def _meeting(
        self, calendar: str, event: Mapping[str, Any], masters: dict[str, dict[str, Any]]
    ) -> Record:
        """Return a meeting without its text; an occurrence takes from its series what it lacks."""
        series = event.get("seriesMasterId")
        if series and not event.get("iCalUId"):
            if series not in masters:
                masters[series] = self._api.get(
                    f"{_path(calendar)}/events/{quote(series, safe='')}"
                )
            event = {**masters[series], **event}
        organizer = _mail(event.get("organizer"))
        people = [one for one in event.get("attendees") or [] if one.get("type") != "resource"]
        invited = [_mail(one) for one in people]
        begins = _moment(event.get("start"))
        original = iso(event.get("originalStart")) or (begins if series else None)
        told = {n: v for n, v in event.items() if n not in ("body", "bodyPreview", "subject")}
        return {
            **told,
            "entity_id": entity_id(uid_of(str(event.get("iCalUId"))), original),
            "is_told": is_told_by(calendar, organizer, invited, self._read),
            "owner": owner_of(calendar, organizer, self._read),
            "start_at": begins.isoformat() if begins else None,
            "end_at": ends.isoformat() if (ends := _moment(event.get("end"))) else None,
            "external_attendee_count": outsiders([*invited, organizer], self._domains),
        }

    def _subscriptions(self) -> Iterator[dict[str, Any]]:
        link = f"{GRAPH}/subscriptions"
        while link:
            body = self._api.get(link)
            yield from body.get("value") or []
            link = body.get(_NEXT)

    def _asking(self) -> Mapping[str, str]:
        return {**self._tokens.headers(), **UTC_TIMES}


def _told(request: Request) -> list[dict[str, Any]]:
    told = object_in(request.body).get("value")
    if not isinstance(told, list) or not told or not all(isinstance(one, dict) for one in told):
        raise Unreadable("value holds no notifications")
    return told


def _mail(one: Any) -> str:
    mail = one.get("emailAddress") if isinstance(one, dict) else None
    return address(mail.get("address")) if isinstance(mail, dict) else ""


def _moment(written: Any) -> datetime | None:
    """Return the instant of a date and time that was asked for in UTC."""
    text = written.get("dateTime") if isinstance(written, dict) else None
    return iso(f"{str(text)[:19]}+00:00") if text and written.get("timeZone") == "UTC" else None


def _path(calendar: str) -> str:
    return f"{GRAPH}/users/{quote(calendar, safe='')}"


def _range(start: datetime, end: datetime) -> str:
    return f"startDateTime={_written(start)}&endDateTime={_written(end)}"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


VENDOR = Vendor(
    name="microsoft-calendar",
    title="Microsoft 365 calendars",
    settings=Settings,
    objects=(EVENTS,),
    mapping="microsoft_calendar.yaml",
    hook=Hook(),
    client=Client,
    setup=(
        "In Microsoft Entra register an app, give it a client secret and the application "
        "permission Calendars.Read of Graph, and let an administrator consent.",
        "Limit it to the mailboxes it is for by an application access policy of Exchange.",
        "Subscriptions to {url} are made and renewed by themselves.",
    ),
    answer_seconds_max=3.0,
    notes={
        "occurrences": "a view may list them with id and times alone; the rest is their series'",
        "originalStart": "where an occurrence lacks it, its start stands in",
        "outcome": "a calendar does not know whether a meeting was held",
    },
)
