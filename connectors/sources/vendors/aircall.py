"""Aircall: every call of the telephone system, pushed when it has ended, listed to reconcile.

A push holds the whole call, so nothing is read again. Calls have no last-modified instant: the
latest instant within the call stands in, alike in a push and in a listing.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

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
from connectors.sources.vendors.guarding import guarded
from connectors.sources.vendors.http import Answer, Api
from connectors.sources.vendors.payloads import moment, object_in, wanted
from connectors.sources.vendors.signing import basic_auth, check_secret

CALLS = "calls"
PAGE_MAX = 50  # Aircall gives no more at once
PAGES_MAX = 199  # it pages through 10,000 calls; behind them a listing begins anew
DAY = 86_400
FINAL = "call.ended"  # what comes later may change the call without leaving an instant in it
UNFINISHED = {"call.hungup"}  # half a minute before the figures are final, which call.ended brings
EVENTS = (FINAL, "call.tagged", "call.untagged", "call.commented", "call.assigned")
_INSTANTS = ("started_at", "answered_at", "ended_at", "transferred_at")


class Settings(BaseModel):
    """How to reach Aircall."""

    api_id: str = Field(min_length=1, description="API ID: dashboard, Integrations, API Keys")
    api_token: SecretStr = Field(description="API token, shown once when the key is made")
    lookback_hours: int = Field(
        3, ge=1, le=72, description="how long a call may last; listings go by when calls began"
    )
    days_back: int = Field(
        2, ge=0, le=30, description="once a day so many days of calls are listed again: somebody "
        "else may have got one later, and the push of that be lost",
    )  # fmt: skip
    api_url: str = Field("https://api.aircall.io", description="address of the API")


class Hook:
    """Pushes of Aircall; the token of the webhook stands in the body."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None: every request with the token is a delivery."""
        try:
            told = object_in(request.body).get("token")
        except Unreadable:
            raise Unsigned("the body holds no token") from None
        check_secret(told, endpoint.secrets, "token in the body")
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return the call, once it has ended."""
        body = object_in(request.body)
        event, data = wanted(body, "event"), body.get("data")
        if body.get("resource") != "call" or event in UNFINISHED:
            return ()
        if not isinstance(data, dict):
            raise Unreadable("data is no object")
        said_at = None if event == FINAL else body.get("timestamp")
        notice = notice_of(data, said_at)
        return () if data.get("ended_at") is None else (notice,)


def notice_of(call: Mapping[str, Any], said_at: Any = None) -> Notice:
    """Return what a call of the API or of a push says, made alike.

    Args:
        said_at: when it was said, of a change that leaves no instant within the call.
    """
    record = full(call, said_at)
    return Notice(CALLS, wanted(call, "id"), moment(record["modified_at"]), record)


def full(call: Mapping[str, Any], said_at: Any = None) -> Record:
    """Return a call with what follows from it: uuid, talk, outcome, tags and last change."""
    started, answered, ended = (_seconds(call.get(name)) for name in _INSTANTS[:3])
    talked = ended - answered if ended is not None and answered is not None else None
    tags = [str(tag["name"]) for tag in _objects(call, "tags") if tag.get("name")]
    known = [said_at, *(call.get(name) for name in _INSTANTS)]
    known += [tag.get("tagged_at") for tag in _objects(call, "tags")]
    known += [comment.get("posted_at") for comment in _objects(call, "comments")]
    modified = [at for at in map(_seconds, known) if at is not None]
    return {
        **call,
        "call_uuid": call.get("call_uuid") or call.get("sid"),  # the API calls it sid
        "talk_seconds": None if talked is None else max(0, talked),
        "outcome": _outcome(call, ended, answered),
        "tag_names": ", ".join(sorted(tags)),
        "modified_at": max(modified, default=started),
    }


class Client:
    """Aircall's public API."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._left: Quota | None = None
        auth = basic_auth(settings.api_id, settings.api_token.get_secret_value())
        self._api = Api(settings.api_url, headers=lambda: auth, limited=_limited, heard=self._hear)

    def check(self) -> tuple[Finding, ...]:
        """Return whether the key is taken, and calls and users can be read."""
        found = []
        for what, path in (("key", "/v1/ping"), (CALLS, "/v1/calls"), ("users", "/v2/users")):
            try:
                self._api.get(path, {"per_page": 1})
                found.append(Finding(what, True))
            except Denied as denied:  # Aircall says 403 for a wrong key; there are no scopes
                remedy = "check API ID and token; make a new key if the token is lost"
                found.append(Finding(f"{what}: {denied}", False, remedy))
        return tuple(found)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return calls by their ids."""
        read: dict[str, Record | None] = {}
        for record_id in record_ids:
            answer = self._api.ask("GET", f"/v1/calls/{record_id}", also=(404,))
            call = (answer.body or {}).get("call") if answer.status != 404 else None
            read[record_id] = full(call) if isinstance(call, dict) else None
        return read

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield ended calls in the order in which they began.

        The cursor is when the last one did, and when days of them were listed again.
        """
        place = _Place.of(cursor, since)
        begun, now = place.begun, int(time.time())
        is_deep = now - place.deep_at >= DAY
        hours = max(self._settings.lookback_hours, self._settings.days_back * 24 if is_deep else 0)
        start = max(0, begun - hours * 3600)
        newest, page = begun, 1
        while True:
            asked = {"order": "asc", "per_page": PAGE_MAX, "page": page}
            body = self._api.get("/v1/calls", {**asked, **({"from": start} if start else {})})
            calls = _objects(body, "calls")
            newest = max([newest, *(_seconds(c.get("started_at")) or 0 for c in calls)])
            ended = tuple(notice_of(call) for call in calls if call.get("ended_at") is not None)
            meta = body.get("meta") or {}
            is_last = not meta.get("next_page_link")
            deep_at = now if is_deep and is_last else place.deep_at
            yield Page(ended, str(_Place(newest, deep_at)), meta.get("total"))
            if is_last:
                return
            page += 1
            if page > PAGES_MAX:
                start, page = max(newest, start + 1), 1

    def users(self) -> Iterator[User]:
        """Yield everybody who can telephone."""
        page = 1
        while True:
            body = self._api.get("/v2/users", {"per_page": PAGE_MAX, "page": page})
            for user in _objects(body, "users"):
                yield User(wanted(user, "id"), user.get("name"), user.get("email"))
            if not (body.get("meta") or {}).get("next_page_link"):
                return
            page += 1

    def subscribe(self, url: str, secret: str) -> tuple[str, ...]:
        """Return what was repaired: a webhook that Aircall has switched off is on again."""
        for hook in _objects(self._api.get("/v1/webhooks", {"per_page": PAGE_MAX}), "webhooks"):
            if hook.get("url") != url:
                continue
            if hook.get("token") not in (None, secret):
                raise Denied("the webhook has another token", "keep the token Aircall shows for it")
            if hook.get("active") is not False:
                return ()
            self._api.ask("PUT", f"/v1/webhooks/{hook.get('webhook_id')}", body={"active": True})
            return ("the webhook was off after failures; it is on again",)
        raise Denied("Aircall has no webhook for this source", "make it as the set-up says")

    def quota(self) -> Quota | None:
        """Return requests left in this minute; None: Aircall has not said."""
        return self._left

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _hear(self, answer: Answer) -> None:
        left, of = (
            answer.headers.get(f"x-aircallapi-{name}", "") for name in ("remaining", "limit")
        )
        if left.isdecimal():
            self._left = Quota(int(left), int(of) if of.isdecimal() else None)


class _Place(NamedTuple):
    """How far calls are listed, in seconds since 1970: by their begin, and days of them again."""

    begun: int
    deep_at: int

    @classmethod
    def of(cls, cursor: str | None, since: datetime | None) -> "_Place":
        if not cursor:
            return cls(int(since.timestamp()) if since else 0, 0)
        begun, _, deep_at = cursor.partition("/")
        return cls(int(begun), int(deep_at or 0))

    def __str__(self) -> str:
        return f"{self.begun}/{self.deep_at}"


def _limited(answer: Answer) -> float | None:
    """Return the seconds until the minute is over, as Aircall tells it: an instant, no duration."""
    reset = answer.headers.get("x-aircallapi-reset", "")
    if answer.status != 429 or not reset.isdecimal():
        return None
    return max(1.0, int(reset) - time.time())


def _outcome(call: Mapping[str, Any], ended: int | None, answered: int | None) -> str:
    if ended is None:
        return "in_progress"
    if answered is not None:
        return "answered"
    return "voicemail" if call.get("voicemail") else "missed"


def _objects(value: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = value.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _seconds(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


VENDOR = Vendor(
    name="aircall",
    title="Aircall",
    settings=Settings,
    objects=(CALLS,),
    mapping="aircall.yaml",
    hook=Hook(),
    client=guarded("Aircall", Client),
    setup=(
        "In the Aircall dashboard open Integrations & API, then API Keys, and add a key.",
        "Under Integrations add a Webhook with the address {url}.",
        f"Choose its events: {', '.join(EVENTS)}.",
    ),
    secret="the token Aircall shows for the webhook",  # noqa: S106 - where it is found
    answer_seconds_max=5.0,
    notes={
        "talk": "ended_at - answered_at; Aircall's duration includes ringing",
        "limit": "pages disagree on 60 or 120 requests a minute; X-AircallApi-Reset is obeyed",
        "later changes": "tagged_at and posted_at of tags and comments are not confirmed; "
        "where they are absent a later change has its push's revision; one whose push was lost "
        "shows within a day, if the call is younger than days_back",
        "deletion": "the API deletes no calls; one that is gone is found when it is read",
    },
)
