"""Twilio: status callbacks name calls that ended; calls are read with all their legs.

A conversation is one record: the call that began it and the legs it dialled. Which leg the rep is
on decides who called whom, and the other leg how it ended. A callback only says that something
ended, so neither its order nor its repetition matters.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

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
    Unreadable,
    Unsigned,
    User,
    Vendor,
)
from connectors.sources.vendors.http import Api
from connectors.sources.vendors.payloads import form_in, iso, latest, wanted
from connectors.sources.vendors.signing import basic_auth, hmac_of, same, same_as_any
from connectors.sources.vendors.spans import Span, Spans, reached

CALLS = "calls"
PAGE_MAX = 1000
KEPT_DAYS = 400  # Twilio keeps the records of calls for 13 months
CALL_HOURS_MAX = 4  # no call lasts longer, and no leg begins later after its conversation
SPAN = timedelta(days=1)
ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_REPS = ("client:", "sip:")  # ends of a call that are software phones, not telephone numbers


class Settings(BaseModel):
    """How to reach Twilio."""

    account_sid: str = Field(pattern=r"^AC\w+$", description="Account SID, from the console")
    auth_token: SecretStr = Field(description="Auth Token, which also signs the callbacks")
    api_url: str = Field("https://api.twilio.com", description="address of the API")


class Hook:
    """Status callbacks of calls."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None for what is signed; Source: twilio-python, RequestValidator."""
        told = request.headers.get("x-twilio-signature", "")
        query = request.target.partition("?")[2]
        url = endpoint.url.partition("?")[0] + (f"?{query}" if query else "")
        signed = "" if _is_hashed(query, request.body) else _joined(request.body)
        forms = [(form + signed).encode() for form in addresses(url)]
        wanted = [
            b64encode(hmac_of(secret, form, "sha1"))
            for secret in endpoint.secrets
            for form in forms
            if secret
        ]
        if not same_as_any(told, wanted):
            raise Unsigned("X-Twilio-Signature is absent or wrong for the configured address")
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return the conversation in which a call or leg ended; nothing while it goes on."""
        form = dict(form_in(request.body))
        sid, status = wanted(form, "CallSid"), wanted(form, "CallStatus")
        if status not in ENDED:
            return ()
        return (Notice(CALLS, form.get("ParentCallSid") or sid, _when(form.get("Timestamp"))),)


class Seen(NamedTuple):
    """A conversation as the floor sees it; `leg` is the customer's, None: nobody was dialled."""

    owner: str | None
    direction: str
    leg: Mapping[str, Any] | None
    status: str
    seconds: int | None


def conversation(root: Mapping[str, Any], legs: Iterable[Mapping[str, Any]]) -> Record:
    """Return a call with its legs and what they mean together."""
    dialled = sorted(legs, key=lambda leg: (str(_when(leg.get("start_time"))), str(leg.get("sid"))))
    seen = _seen(root, dialled)
    changed = latest(_when(one.get("date_updated")) for one in (root, *dialled))
    started = _when(root.get("start_time")) or _when(root.get("date_created"))
    return {
        **root,
        "legs": dialled,
        "is_call": seen.leg is not None,
        "owner": seen.owner,
        "floor_direction": seen.direction,
        "result": seen.status,
        "talk_seconds": seen.seconds,
        "started_at": started.isoformat() if started else None,
        "modified_at": changed.isoformat() if changed else None,
    }


def _seen(root: Mapping[str, Any], legs: Sequence[Mapping[str, Any]]) -> Seen:
    caller, called = (str(root.get(end) or "") for end in ("from", "to"))
    best = max(
        legs, key=lambda leg: (_seconds(leg) or 0, _status(leg) == "completed"), default=None
    )
    if caller.startswith(_REPS) or (called.startswith(_REPS) and legs):
        rep = caller if caller.startswith(_REPS) else called
        if best is None:
            return Seen(rep, "OUTBOUND", None, _status(root), None)
        return Seen(rep, "OUTBOUND", best, _status(best), _seconds(best))
    if root.get("direction") == "inbound":
        if not legs or best is None:
            return Seen(called or None, "INBOUND", root, _status(root), _seconds(root))
        answered = bool(_seconds(best))
        rep = str(best.get("to") or "") if answered else called
        status = _status(best) if answered else "no-answer"
        return Seen(rep or None, "INBOUND", root, status, _seconds(best) if answered else None)
    reps = [leg for leg in legs if str(leg.get("to") or "").startswith(_REPS)]
    rep = str(reps[-1]["to"]) if reps else caller
    seconds = _seconds(best) if reps and best is not None else _seconds(root)
    return Seen(rep or None, "OUTBOUND", root, _status(root), seconds)


class Client:
    """Twilio's REST API, version 2010-04-01."""

    def __init__(self, settings: Settings) -> None:
        self._account = f"/2010-04-01/Accounts/{settings.account_sid}"
        auth = basic_auth(settings.account_sid, settings.auth_token.get_secret_value())
        self._api = Api(settings.api_url, headers=lambda: auth)

    def check(self) -> tuple[Finding, ...]:
        """Return whether the account and its calls can be read."""
        found = []
        for what, path in (("account", f"{self._account}.json"), (CALLS, self._path("Calls"))):
            try:
                self._api.get(path, {"PageSize": 1})
                found.append(Finding(what, True))
            except Denied as denied:
                remedy = "check Account SID and Auth Token; has the token been rotated?"
                found.append(Finding(f"{what}: {denied}", False, remedy))
        return tuple(found)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return conversations by the SID of the call that began them."""
        read: dict[str, Record | None] = {}
        for record_id in record_ids:
            answer = self._api.ask("GET", self._path(f"Calls/{record_id}"), also=(404,))
            if answer.status == 404:
                read[record_id] = None
                continue
            legs = list(self._all("Calls", "calls", {"ParentCallSid": record_id}))
            read[record_id] = conversation(answer.body, legs)
        return read

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield ended conversations in the order in which they began."""
        now = datetime.now(UTC)
        start = iso(cursor) or since or now - timedelta(days=KEPT_DAYS)
        ahead = Spans(start - timedelta(hours=CALL_HOURS_MAX), now, SPAN)
        for span in ahead:
            told = tuple(self._ended_in(span))
            ahead.found(bool(told))
            start = reached(span, start, now, (n.record["started_at"] for n in told if n.record))
            yield Page(told, start.isoformat())

    def users(self) -> Iterator[User]:
        """Yield the account's numbers: Twilio has no people, and calls may belong to a number."""
        for number in self._all("IncomingPhoneNumbers", "incoming_phone_numbers", {}):
            yield User(wanted(number, "phone_number"), number.get("friendly_name"))

    def quota(self) -> Quota | None:
        """Return None: Twilio tells no remaining quota."""
        return None

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _ended_in(self, span: Span) -> Iterator[Notice]:
        until = span.end + timedelta(hours=CALL_HOURS_MAX)  # legs of its last conversations
        asked = {"StartTime>": _written(span.start), "StartTime<": _written(until)}
        legs: dict[str, list[dict[str, Any]]] = {}
        roots = []
        for call in self._all("Calls", "calls", asked):
            if parent := call.get("parent_call_sid"):
                legs.setdefault(parent, []).append(call)
            elif (began := _when(call.get("start_time"))) is not None and span.holds(began):
                roots.append((began, call))
        for _, root in sorted(roots, key=lambda one: one[0]):
            if root.get("status") in ENDED:
                record = conversation(root, legs.get(root["sid"], []))
                yield Notice(CALLS, wanted(root, "sid"), iso(record["modified_at"]), record)

    def _all(self, resource: str, name: str, asked: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        body = self._api.get(self._path(resource), {**asked, "PageSize": PAGE_MAX})
        while True:
            yield from body.get(name) or []
            if not body.get("next_page_uri"):
                return
            body = self._api.get(body["next_page_uri"])

    def _path(self, resource: str) -> str:
        return f"{self._account}/{resource}.json"


def addresses(url: str) -> tuple[str, ...]:
    """Return the forms of an address that Twilio may have signed: with and without the port."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    name = host.rpartition(":")[0] if parts.port else host
    port = parts.port or (443 if parts.scheme == "https" else 80)
    rest = url.partition("://")[2][len(parts.netloc) :]
    bare, full = (f"{parts.scheme}://{at}{rest}" for at in (name, f"{name}:{port}"))
    return (bare, full)


def _joined(body: bytes) -> str:
    """Return the form's fields as Twilio strings them together: sorted, each pair once."""
    try:
        return "".join(name + value for name, value in sorted(set(form_in(body))))
    except Unreadable as wrong:
        raise Unsigned(str(wrong)) from None


def _is_hashed(query: str, body: bytes) -> bool:
    """Return whether the address holds the body's hash, as for bodies that are no form.

    Raises:
        Unsigned: it holds another body's.
    """
    hashes = [value for name, value in parse_qsl(query) if name == "bodySHA256"]
    if not hashes:
        return False
    if not same(hashes[-1], hashlib.sha256(body).hexdigest()):
        raise Unsigned("bodySHA256 is not the body's")
    return True


def _when(written: Any) -> datetime | None:
    """Return the instant of an RFC 2822 date."""
    try:
        at = parsedate_to_datetime(written) if isinstance(written, str) else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(call: Mapping[str, Any]) -> str:
    by_machine = str(call.get("answered_by") or "").startswith("machine")
    return "voicemail" if by_machine else str(call.get("status") or "")


def _seconds(call: Mapping[str, Any]) -> int | None:
    written = str(call.get("duration") or "")
    return int(written) if written.isdecimal() and call.get("status") == "completed" else None


VENDOR = Vendor(
    name="twilio",
    title="Twilio",
    settings=Settings,
    objects=(CALLS,),
    mapping="twilio.yaml",
    hook=Hook(),
    client=Client,
    setup=(
        "Take Account SID and Auth Token from the Twilio console; the token is also the secret.",
        "Set {url} as status callback (POST, event completed) of your numbers, and of every call "
        "and <Dial> that your application makes.",
        "Write the address at Twilio exactly as it stands here: it is part of the signature.",
    ),
    secret_field="auth_token",  # noqa: S106 - its name
    answer_seconds_max=15.0,
    notes={
        "people": "Twilio knows no people: the owner is client:NAME, sip:ADDRESS, or the number",
        "replay": "signatures hold no instant; a repeated callback only reads the call again",
        "legs": "a conversation counts once; legs that begin later than 4 h after it are left out",
        "history": "that records are kept for 13 months is not confirmed",
    },
)
