"""Pipedrive's API, and its registry line.

Source: API reference and the official client-php of Pipedrive.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.sources.vendors.contract import (
    CursorExpired,
    Denied,
    Finding,
    Notice,
    Page,
    Quota,
    Record,
    User,
    Vendor,
)
from connectors.sources.vendors.http import Answer, Api, retry_after
from connectors.sources.vendors.pipedrive.hook import OBJECTS, PipedriveHook
from connectors.sources.vendors.pipedrive.records import (
    Row,
    changed_at,
    is_gone,
    iso,
    with_due,
    with_stage,
)
from connectors.sources.vendors.understanding import understood
from connectors.sources.vendors.whole_seconds import settled, window

READ_MAX = 100  # ids of a request
PAGE = 500
OVERLAP = timedelta(minutes=5)  # of listings, for what is committed late
KEPT = timedelta(days=30)  # then deleted records are in no listing
END_OF_SECOND = timedelta(milliseconds=999)  # of whole seconds: an end comes after all else in it
HOOK_USER = "pacesetter"
PATHS = {  # archived deals have an address of their own
    "deals": ("/api/v2/deals", "/api/v2/deals/archived"),
    "activities": ("/api/v2/activities",),
}
_WITH_DELETED = {"deals": {"status": "open,won,lost,deleted"}, "activities": {}}
_NO_TOKENS_SECONDS, _BURST_SECONDS, _BLOCKED_SECONDS = 900.0, 2.0, 300.0


class PipedriveSettings(BaseModel):
    """What `source add` asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: SecretStr = Field(description="API token of an admin: others do not see all")
    base_url: str = Field("https://api.pipedrive.com", description="address of the API")


class PipedriveClient:
    """Implements contract.Client and contract.Subscribing."""

    def __init__(self, settings: PipedriveSettings) -> None:
        token = settings.token.get_secret_value()
        self._api = Api(
            settings.base_url,
            headers=lambda: {"x-api-token": token},
            limited=_patience,
            heard=self._hear,
        )
        self._left: Quota | None = None
        self._stages: dict[int, Any] = {}
        self._account: Mapping[str, Any] = {}

    @understood("Pipedrive")
    def check(self) -> tuple[Finding, ...]:
        """Return what a real call finds, object by object."""
        remedy = "use the token of an admin"
        asked: list[tuple[str, Callable[[], Any]]] = [("account", self._me)]
        asked += [(n, partial(self._api.get, p[0], {"limit": 1})) for n, p in PATHS.items()]
        asked += [("users", self._users), ("webhooks", partial(self._api.get, "/v1/webhooks"))]
        found = [_found(what, call, remedy) for what, call in asked]
        if found[0].ok and not self._me().get("is_admin"):
            found.append(Finding("the user is no admin and does not see all", False, remedy))
        return tuple(found)

    @understood("Pipedrive")
    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return each record in full, or None where it is deleted."""
        found: dict[str, Record | None] = dict.fromkeys(record_ids)
        ids = [one for one in found if one.isascii() and one.isdigit()]
        for path in PATHS[object_name]:
            missing = [one for one in ids if found[one] is None]
            for start in range(0, len(missing), READ_MAX):
                params = {"ids": ",".join(missing[start : start + READ_MAX]), "limit": READ_MAX}
                rows = _rows_of(self._rows(path, params))
                found |= {str(row["id"]): self._dressed(object_name, row)
                          for row in rows if not is_gone(row)}  # fmt: skip
        return found

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what changed, deletions of the last 30 days among it."""
        with understood("Pipedrive"):
            yield from self._changed(object_name, since, cursor)

    def _changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        now = datetime.now(UTC)
        place = _begun(object_name, since, cursor, now)
        for path in PATHS[object_name]:
            start, token, more = place[path], "", True
            while more:
                params = {
                    "sort_by": "update_time", "sort_direction": "asc", "limit": PAGE,
                    **_WITH_DELETED[object_name], **({"cursor": token} if token else {}),
                    **({"updated_since": _iso_of(place[path])} if place[path] else {}),
                }  # fmt: skip
                answer = self._rows(path, params)
                after = (answer.body.get("additional_data") or {}).get("next_cursor")
                page = window(_rows_of(answer), place[path], changed_at, after)
                rows, at, token, more = page
                place[path] = at if more else max(start, min(at, (now - OVERLAP).timestamp()))
                said = tuple(self._notice(object_name, row) for row in rows)
                yield Page(said, json.dumps({**place, "listed": now.timestamp()}))

    def users(self) -> Iterator[User]:
        """Yield everybody, also those who were deactivated."""
        with understood("Pipedrive"):
            for one in self._users():
                email, name = one.get("email") or None, one.get("name") or None
                yield User(str(one["id"]), name, email, None, bool(one.get("active_flag", True)))

    @understood("Pipedrive")
    def subscribe(self, url: str, secret: str) -> tuple[str, ...]:
        """Return which webhooks were made; those that failed, were banned or are old are replaced.

        A webhook's password cannot be read; its user's name says which secret it has.
        """
        user = f"{HOOK_USER}-{sha256(secret.encode()).hexdigest()[:8]}"
        known = self._api.get("/v1/webhooks")["data"] or []
        done = []
        for thing in OBJECTS:
            ours = [one for one in known
                    if one["subscription_url"] == url and one["event_object"] == thing]  # fmt: skip
            good = [one for one in ours if _is_good(one, user)][:1]
            if not good:
                wanted = {"subscription_url": url, "event_action": "*", "event_object": thing,
                          "version": "2.0", "http_auth_user": user,
                          "http_auth_password": secret}  # fmt: skip
                self._api.post("/v1/webhooks", wanted)
                done.append(f"made the webhook of {OBJECTS[thing]}")
            for one in ours:
                if one not in good:
                    self._api.ask("DELETE", f"/v1/webhooks/{one['id']}", also=(404,))
                    done.append(f"removed webhook {one['id']} of {OBJECTS[thing]}")
        return tuple(done)

    def quota(self) -> Quota | None:
        """Return what is left of the day's tokens."""
        return self._left

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _rows(self, path: str, params: Mapping[str, Any]) -> Answer:
        return settled(
            lambda: self._api.ask("GET", path, params=params),
            lambda answer: map(changed_at, _rows_of(answer)),
        )

    def _notice(self, name: str, row: Row) -> Notice:
        one, at = str(row["id"]), changed_at(row)
        if is_gone(row):
            return Notice(name, one, at + END_OF_SECOND, gone=True)
        return Notice(name, one, at, self._dressed(name, row))

    def _dressed(self, name: str, row: Row) -> Record:
        if name != "deals":
            return with_due(row)
        zone = self._me().get("timezone_name") or "UTC"
        return with_stage(row, self._stage(row.get("stage_id")), zone)

    def _stage(self, stage_id: Any) -> Row:
        if stage_id is not None and stage_id not in self._stages:
            listed = self._api.get("/api/v2/stages", {"limit": PAGE})["data"] or ()
            self._stages = {stage_id: {}, **{one["id"]: one for one in listed}}
        return self._stages.get(stage_id) or {}

    def _me(self) -> Row:
        self._account = self._account or self._api.get("/v1/users/me")["data"]
        return self._account

    def _users(self) -> Sequence[Mapping[str, Any]]:
        return self._api.get("/v1/users")["data"] or ()

    def _hear(self, answer: Answer) -> None:
        left = answer.headers.get("x-daily-ratelimit-token-remaining", "")
        of = answer.headers.get("x-daily-ratelimit-token-limit", "")
        if left.isdigit():
            self._left = Quota(int(left), int(of) if of.isdigit() else None)


def _begun(
    name: str, since: datetime | None, cursor: str | None, now: datetime
) -> dict[str, float]:
    """Return the second from which on each address is to be listed; 0: from the beginning.

    Raises:
        CursorExpired: it is none of ours, or deletions since may have been forgotten.
    """
    if cursor is None:
        return dict.fromkeys(PATHS[name], 0.0 if since is None else float(int(since.timestamp())))
    try:
        place = json.loads(cursor)
        listed = datetime.fromtimestamp(place["listed"], UTC)
        begun = {path: float(place[path]) for path in PATHS[name]}
        for at in begun.values():
            _iso_of(at)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        raise CursorExpired("the cursor is none of Pipedrive's") from None
    if listed < now - KEPT:
        raise CursorExpired(f"Pipedrive forgets deletions after {KEPT.days} days")
    return begun


def _iso_of(second: float) -> str:
    return iso(datetime.fromtimestamp(second, UTC))


def _rows_of(answer: Answer) -> Sequence[Row]:
    """Return the records of an answer; what is no list must not be taken for none."""
    rows = answer.body["data"]
    if not isinstance(rows, list):
        raise TypeError(f"data is {str(rows)[:40]}")
    return rows


def _is_good(hook: Row, user: str) -> bool:
    """Return whether a webhook delivers. What failed may be banned; a new one is not."""
    status = hook.get("last_http_status") or 200
    is_ours = hook.get("http_auth_user") == user and hook.get("event_action") == "*"
    return bool(hook.get("is_active", True)) and is_ours and 200 <= int(status) < 300


def _patience(answer: Answer) -> float | None:
    """Return how long to wait when tokens or requests are used up, or we were shut out for it."""
    if answer.status == 403 and not isinstance(answer.body, dict):
        return _BLOCKED_SECONDS  # a page instead of JSON: too many answers of 429 were passed over
    if answer.status != 429:
        return None
    if answer.headers.get("x-daily-ratelimit-token-remaining") == "0":
        return _NO_TOKENS_SECONDS
    reset = answer.headers.get("x-ratelimit-reset", "")
    return retry_after(answer) or (float(reset) if reset.isdigit() else _BURST_SECONDS)


def _found(what: str, call: Callable[[], Any], remedy: str) -> Finding:
    try:
        call()
    except Denied as denied:
        return Finding(f"{what}: {denied}", False, remedy)
    return Finding(what, True)


VENDOR = Vendor(
    name="pipedrive",
    title="Pipedrive",
    settings=PipedriveSettings,
    objects=("deals", "activities"),
    mapping="pipedrive.yaml",
    hook=PipedriveHook(),
    client=PipedriveClient,
    answer_seconds_max=10.0,
    setup=(
        "Personal preferences, API: copy the API token of an admin",
        "webhooks for {url} are made and kept by this source; it may have no redirect",
    ),
    notes={
        "activities": "whether listings tell of deleted ones is not documented: webhooks do",
        "calls": "an activity's duration is what was planned; the talk is known to the dialer",
        "deletions": "whether a deletion moves update_time, by which listings go, is not "
        "documented; webhooks tell it",
        "webhook bans": "not shown by the API; a webhook whose last delivery failed is replaced",
        "splits": "Pipedrive has none: the owner is credited",
        "restore": "whether it is told by a webhook is not documented; listings show it",
    },
)
