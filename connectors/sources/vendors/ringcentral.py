"""RingCentral: telephony session events name calls that ended; the call log has them in full.

A session may stand in the call log several times, once for each mailbox that took part: it is told
once, by the entry of whoever talked. The log is written some seconds after the event.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from connectors.sources.vendors.contract import (
    Denied,
    Endpoint,
    Finding,
    Notice,
    Page,
    Quota,
    Record,
    Reply,
    Request,
    Unavailable,
    Unreadable,
    Unsigned,
    User,
    Vendor,
)
from connectors.sources.vendors.http import Answer, Api
from connectors.sources.vendors.payloads import iso, latest, object_in, wanted
from connectors.sources.vendors.signing import basic_auth, check_secret
from connectors.sources.vendors.spans import Span, Spans, reached
from connectors.sources.vendors.tokens import Tokens

CALLS = "calls"
EVENTS = "/restapi/v1.0/account/~/telephony/sessions"
SUBSCRIPTIONS = "/restapi/v1.0/subscription"
CALL_LOG = "/restapi/v1.0/account/~/call-log"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HANDSHAKE_MAX = 512  # the answer must stay below 1,024 bytes, headers included
OVER = frozenset({"Disconnected", "Gone", "Voicemail", "VoiceMail"})
PAGE_MAX = 250
KEPT_DAYS = 400  # the call log holds a year
SPAN = timedelta(days=2)  # the call log answers few requests a minute
CALL_HOURS_MAX = 4  # no call lasts longer; mailboxes of a session join it within that time
LOGGED_SECONDS_MAX = 600.0  # a call that is not in the log by then is none
RENEW_BEFORE = timedelta(days=3)
SUBSCRIBED_SECONDS = 7 * 86_400
_TALKED = frozenset({"Accepted", "Call connected"})


class Settings(BaseModel):
    """How to reach RingCentral."""

    client_id: str = Field(description="Client ID of an app with JWT auth flow")
    client_secret: SecretStr = Field(description="Client Secret of the app")
    jwt: SecretStr = Field(description="JWT credential of an administrator, for this app")
    api_url: str = Field("https://platform.ringcentral.com", description="address of the API")


class Hook:
    """Webhooks of a subscription."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return the echo of a handshake, or None for a delivery with the subscription's token."""
        asked = request.headers.get("validation-token")
        if asked is not None:
            if (
                not 0 < len(asked) <= HANDSHAKE_MAX
                or not asked.isascii()
                or not asked.isprintable()
            ):
                raise Unsigned("Validation-Token is none")
            return Reply(200, {"Validation-Token": asked, "Content-Type": "application/json"})
        check_secret(request.headers.get("verification-token"), endpoint.secrets, "its token")
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return the session whose call is over for one of its parties."""
        told = object_in(request.body)
        if not wanted(told, "event").partition("?")[0].endswith("/telephony/sessions"):
            return ()
        body = told.get("body")
        if not isinstance(body, dict) or not isinstance(body.get("parties"), list):
            raise Unreadable("body holds no parties")
        codes = [_part(party, "status").get("code") for party in body["parties"]]
        if not any(isinstance(code, str) and code in OVER for code in codes):
            return ()
        return (Notice(CALLS, wanted(body, "telephonySessionId"), iso(body.get("eventTime"))),)


def session(entries: Iterable[Mapping[str, Any]]) -> Record:
    """Return the call of a session from what the call log has of it, at least one entry."""
    known = sorted(entries, key=_rank)
    first = known[0]
    changed = latest(iso(entry.get("lastModifiedTime")) for entry in known)
    ends = [_part(first, end) for end in ("from", "to")]
    is_internal = all(end.get("extensionId") or end.get("extensionNumber") for end in ends)
    began = min(str(entry.get("startTime") or "") for entry in known)
    own = ends[0] if first.get("direction") == "Outbound" else ends[1]
    owner = _part(first, "extension").get("id") or own.get("extensionId")
    talked = first.get("result") in _TALKED
    return {
        **first,
        "session_id": session_of(first),
        "started_at": began,
        "modified_at": changed.isoformat() if changed else _ended(first),
        "owner": str(owner) if owner else None,
        "floor_direction": "Internal" if is_internal else first.get("direction"),
        "is_connected": talked,
        "talk_seconds": first.get("duration") if talked else None,
    }


def session_of(entry: Mapping[str, Any]) -> str:
    """Return the session an entry belongs to; old entries have the legacy id alone."""
    return str(entry.get("telephonySessionId") or entry.get("sessionId") or entry.get("id"))


class Client:
    """RingCentral's REST API."""

    def __init__(self, settings: Settings) -> None:
        self._left: Quota | None = None
        self._waiting: dict[str, float] = {}
        self._tokens = Tokens(
            f"{settings.api_url}/restapi/oauth/token",
            lambda: {"grant_type": GRANT, "assertion": settings.jwt.get_secret_value()},
            basic_auth(settings.client_id, settings.client_secret.get_secret_value()),
        )
        self._api = Api(
            settings.api_url,
            headers=self._tokens.headers,
            renew=self._tokens.forget,
            heard=self._hear,
        )

    def check(self) -> tuple[Finding, ...]:
        """Return whether the app may read call log and users, and make subscriptions."""
        found = []
        for what, path in (
            ("ReadCallLog", CALL_LOG),
            ("ReadAccounts", "/restapi/v1.0/account/~/extension"),
            ("SubscriptionWebhook", SUBSCRIPTIONS),
        ):
            try:
                self._api.get(path, {"perPage": 1} if path != SUBSCRIPTIONS else None)
                found.append(Finding(what, True))
            except Denied as denied:
                remedy = f"give the app the permission {what}, and its user the role for it"
                found.append(Finding(f"{what}: {denied}", False, remedy))
        return tuple(found)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return calls by session; one that is not in the log yet is waited for a while."""
        read: dict[str, Record | None] = {}
        for record_id in record_ids:
            entries = list(self._entries({"telephonySessionId": record_id}))
            if entries:
                read[record_id] = session(entries)
                self._waiting.pop(record_id, None)
            elif self._is_late(record_id):
                read[record_id] = None
            else:
                raise Unavailable(f"the call log has no session {record_id} yet", 15.0)
        return read

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield calls in the order in which they began."""
        now = datetime.now(UTC)
        start = iso(cursor) or since or now - timedelta(days=KEPT_DAYS)
        ahead = Spans(start - timedelta(hours=CALL_HOURS_MAX), now, SPAN)
        for span in ahead:
            told = tuple(self._begun_in(span))
            ahead.found(bool(told))
            start = reached(span, start, now, (n.record["started_at"] for n in told if n.record))
            yield Page(told, start.isoformat())

    def users(self) -> Iterator[User]:
        """Yield everybody with an extension."""
        asked = {"type": "User", "perPage": PAGE_MAX}
        for found in self._all("/restapi/v1.0/account/~/extension", asked):
            contact = _part(found, "contact")
            active = found.get("status") == "Enabled"
            yield User(wanted(found, "id"), found.get("name"), contact.get("email"), None, active)

    def subscribe(self, url: str, secret: str) -> tuple[str, ...]:
        """Return what was made or renewed: subscriptions expire, and are blacklisted on errors."""
        now = datetime.now(UTC)
        mode = {"transportType": "WebHook", "address": url, "verificationToken": secret}
        wish = {"eventFilters": [EVENTS], "deliveryMode": mode, "expiresIn": SUBSCRIBED_SECONDS}
        for known in self._api.get(SUBSCRIPTIONS).get("records") or []:
            if _part(known, "deliveryMode").get("address") != url:
                continue
            until = iso(known.get("expirationTime"))
            if known.get("status") == "Active" and until and until > now + RENEW_BEFORE:
                return ()
            self._api.ask("PUT", f"{SUBSCRIPTIONS}/{wanted(known, 'id')}", body=wish)
            return (f"the subscription was {known.get('status')}; it is renewed",)
        self._api.post(SUBSCRIPTIONS, wish)
        return ("a subscription to telephony sessions was made",)

    def quota(self) -> Quota | None:
        """Return requests left in this minute's group; None: not said yet."""
        return self._left

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()
        self._tokens.close()

    def _begun_in(self, span: Span) -> Iterator[Notice]:
        until = span.end + timedelta(hours=CALL_HOURS_MAX)
        sessions: dict[str, list[dict[str, Any]]] = {}
        asked = {"dateFrom": span.start.isoformat(), "dateTo": until.isoformat()}
        for entry in self._entries(asked):
            sessions.setdefault(session_of(entry), []).append(entry)
        calls = [session(entries) for entries in sessions.values()]
        for call in sorted(calls, key=lambda call: str(call["started_at"])):
            began = iso(call["started_at"])
            if began is not None and span.holds(began):
                yield Notice(CALLS, call["session_id"], iso(call["modified_at"]), call)

    def _entries(self, asked: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        wish = {"view": "Detailed", "type": "Voice", "perPage": PAGE_MAX, **asked}
        for entry in self._all(CALL_LOG, wish):
            if entry.get("result") != "In Progress":
                yield entry

    def _all(self, path: str, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            body = self._api.get(path, {**asked, "page": page})
            yield from body.get("records") or []
            if not _part(_part(body, "navigation"), "nextPage").get("uri"):
                return
            page += 1

    def _is_late(self, record_id: str) -> bool:
        now = time.monotonic()
        if now - self._waiting.setdefault(record_id, now) < LOGGED_SECONDS_MAX:
            return False
        del self._waiting[record_id]
        return True

    def _hear(self, answer: Answer) -> None:
        left, of = (answer.headers.get(f"x-rate-limit-{n}", "") for n in ("remaining", "limit"))
        if left.isdecimal():
            self._left = Quota(int(left), int(of) if of.isdecimal() else None)


def _rank(entry: Mapping[str, Any]) -> tuple[bool, bool, str, str]:
    """Return where an entry of a session stands: the caller first, then who talked."""
    talked, called = entry.get("result") in _TALKED, entry.get("direction") == "Outbound"
    return not called, not talked, str(entry.get("startTime") or ""), str(entry.get("id") or "")


def _ended(entry: Mapping[str, Any]) -> str | None:
    began, lasted = iso(entry.get("startTime")), entry.get("duration")
    seconds = lasted if isinstance(lasted, int) else 0
    return (began + timedelta(seconds=seconds)).isoformat() if began else None


def _part(value: Any, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


VENDOR = Vendor(
    name="ringcentral",
    title="RingCentral",
    settings=Settings,
    objects=(CALLS,),
    mapping="ringcentral.yaml",
    hook=Hook(),
    client=Client,
    setup=(
        "In the developer console make an app (REST API, JWT auth flow) with the permissions "
        "Read Call Log, Read Accounts, Call Control and Webhook Subscriptions.",
        "Make a JWT credential for an administrator, valid for this app.",
        "The subscription to {url} is made by `pacesetter source add`; it is renewed by itself.",
    ),
    answer_seconds_max=3.0,
    notes={
        "talk": "duration of the call log's entry; that it leaves out ringing is not confirmed",
        "results": "results other than those published are mapped to UNKNOWN",
        "limits": "the call log's share of requests is not confirmed; 429 is obeyed",
        "replay": "Verification-Token is static; a repeated event only reads the call log again",
    },
)
