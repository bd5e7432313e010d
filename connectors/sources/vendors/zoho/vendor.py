"""Zoho CRM's API (version 8), and its registry line.

Sources: developer documentation of Zoho CRM and its OpenAPI descriptions (zoho/crm-oas).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from connectors.sources.vendors.contract import (
    Denied,
    Finding,
    Notice,
    Page,
    Quota,
    Record,
    User,
    Vendor,
)
from connectors.sources.vendors.http import Answer, Api, retry_after, told
from connectors.sources.vendors.understanding import understood
from connectors.sources.vendors.whole_seconds import settled, window
from connectors.sources.vendors.zoho.channels import is_good, wanted
from connectors.sources.vendors.zoho.hook import ZohoHook
from connectors.sources.vendors.zoho.listing import (
    Cursor,
    Row,
    begun,
    changed_at,
    dressed,
    following,
    has_more,
    instant,
    iso_of,
)
from connectors.sources.vendors.zoho.tokens import Tokens, ZohoSettings

API = "/crm/v8"
READ_MAX = 100  # ids of a request
PAGE = 200
FIELDS_MAX = 50  # of a request
OVERLAP = timedelta(minutes=5)  # of listings, for what is committed late
END_OF_SECOND = timedelta(milliseconds=999)  # of whole seconds: an end comes after all else in it
_COMMON = ("Owner", "Created_Time", "Modified_Time")
FIELDS = {
    "Deals": (
        *_COMMON, "Deal_Name", "Amount", "Stage", "Closing_Date", "Currency", "Exchange_Rate",
        "Probability", "Pipeline", "Type", "Account_Name", "Lead_Source", "Reason_For_Loss__s",
        "Stage_Modified_Time",
    ),
    "Calls": (
        *_COMMON, "Call_Start_Time", "Call_Duration_in_seconds", "Call_Type",
        "Outgoing_Call_Status", "Call_Status", "Call_Result", "Who_Id", "What_Id",
        "$se_module",
    ),
    "Events": (
        *_COMMON, "Event_Title", "Start_DateTime", "End_DateTime", "Check_In_Status", "Who_Id",
        "What_Id", "All_day", "$se_module",
    ),
}  # fmt: skip
PATIENCE_SECONDS = 60.0  # Zoho says no time with 429


class ZohoClient:
    """Implements contract.Client and contract.Subscribing."""

    def __init__(self, settings: ZohoSettings) -> None:
        self._settings = settings
        self._tokens = Tokens(settings)
        self._api = Api(
            settings.base_url,
            headers=self._tokens.headers,
            renew=self._tokens.renew,
            limited=_patience,
            heard=self._hear,
        )
        self._left: Quota | None = None
        self._fields: dict[str, str] = {}
        self._currency = ""

    @understood("Zoho")
    def check(self) -> tuple[Finding, ...]:
        """Return what a real call finds, module by module."""
        asked: list[tuple[str, str, Callable[[], Any]]] = [
            ("account", "ZohoCRM.org.READ", self._home),
            ("users", "ZohoCRM.users.READ", partial(self._people, 1)),
            ("notifications", "ZohoCRM.notifications.ALL", self._channels),
        ]
        for name in FIELDS:
            scope = "ZohoCRM.modules.READ and ZohoCRM.settings.fields.READ"
            asked.append((name, scope, partial(self._rows, name, {"per_page": 1})))
        return tuple(_found(*one) for one in asked)

    @understood("Zoho")
    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return each record in full, or None where it is deleted."""
        found: dict[str, Record | None] = dict.fromkeys(record_ids)
        ids = [one for one in found if one.isascii() and one.isdigit()]
        for start in range(0, len(ids), READ_MAX):
            asked = {"ids": ",".join(ids[start : start + READ_MAX]), "per_page": READ_MAX}
            rows = self._rows(object_name, asked)["data"]
            found |= {str(row["id"]): self._dressed(row) for row in rows}
        return found

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what changed, in ascending order; then what was deleted."""
        with understood("Zoho"):
            yield from self._changed(object_name, since, cursor)

    def _changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        now = datetime.now(UTC)
        place = begun(since, cursor, now)
        start, token, more = place.at, "", True
        while more:
            body = self._page(object_name, place.at, token)
            page = window(body["data"], place.at, changed_at, following(body))
            rows, at, token, more = page
            if not more:  # the next listing begins where this one may have been too early
                at = max(start, min(at, (now - OVERLAP).timestamp()))
            place = place._replace(at=at)
            said = [Notice(object_name, str(row["id"]), changed_at(row), self._dressed(row))
                    for row in rows]  # fmt: skip
            yield Page(tuple(said), json.dumps(place))
        yield from self._deletions(object_name, place, now)

    def users(self) -> Iterator[User]:
        """Yield everybody, also those who were deactivated."""
        with understood("Zoho"):
            page, more = 1, True
            while more:
                body = self._people(page)
                for one in body.get("users", ()):
                    email, is_active = one.get("email") or None, one.get("status") == "active"
                    yield User(str(one["id"]), one.get("full_name") or None, email, None, is_active)
                page, more = page + 1, bool((body.get("info") or {}).get("more_records"))

    @understood("Zoho")
    def subscribe(self, url: str, secret: str) -> tuple[str, ...]:
        """Return which channels were made or renewed."""
        now, done = datetime.now(UTC), []
        known = {str(one.get("channel_id")): one for one in self._channels()}
        for module in FIELDS:
            channel = wanted(url, secret, module, now)
            has = known.get(channel["channel_id"])
            if has is not None and is_good(has, channel, now):
                continue
            method = "POST" if has is None else "PUT"
            answer = self._api.ask(method, f"{API}/actions/watch", body={"watch": [channel]})
            if any(one.get("status") != "success" for one in answer.body["watch"]):
                raise Denied(f"no channel of {module}: {told(answer)}", "see what Zoho says")
            done.append(f"{'made' if has is None else 'renewed'} the channel of {module}")
        return tuple(done)

    def quota(self) -> Quota | None:
        """Return what is left of the day's credits; Zoho says it when half of them are used."""
        return self._left

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()
        self._tokens.close()

    def _rows(self, name: str, params: Row) -> Row:
        return self._settled(f"{API}/{name}", {**params, "fields": self._fields_of(name)})

    def _page(self, name: str, at: float, token: str) -> Row:
        params = {
            "sort_by": "Modified_Time", "sort_order": "asc", "per_page": PAGE,
            "fields": self._fields_of(name), **({"page_token": token} if token else {}),
        }  # fmt: skip
        return self._settled(f"{API}/{name}", params, at)

    def _deletions(self, name: str, place: Cursor, now: datetime) -> Iterator[Page]:
        page, more, newest = 1, True, place.gone
        while more:
            params = {"type": "all", "page": page, "per_page": PAGE}
            answer = self._asked(f"{API}/{name}/deleted", params, place.gone)
            ended = [(instant(row["deleted_time"]), str(row["id"])) for row in _rows_of(answer)]
            newest = max([newest, *(at.timestamp() for at, _ in ended)])
            page, more = page + 1, has_more(answer.body or {})
            said = [Notice(name, one, at + END_OF_SECOND, gone=True) for at, one in ended
                    if at.timestamp() >= place.gone]  # fmt: skip
            done = place
            if not more:
                gone = max(place.gone, min(newest, (now - OVERLAP).timestamp()))
                done = place._replace(gone=gone, listed=now.timestamp())
            yield Page(tuple(said), json.dumps(done))

    def _settled(self, path: str, params: Row, at: float = 0) -> Row:
        answer = settled(
            lambda: self._asked(path, params, at),
            lambda answer: map(changed_at, _rows_of(answer)),
        )
        return {**(answer.body or {}), "data": _rows_of(answer)}

    def _asked(self, path: str, params: Row, at: float = 0) -> Answer:
        """Return an answer; with `at` of what changed since. Nothing found has no body."""
        since = iso_of(datetime.fromtimestamp(at - 1, UTC)) if at > 1 else ""  # "after", or "from"?
        headers = {"If-Modified-Since": since} if since else {}
        return self._api.ask("GET", path, params=params, headers=headers, also=(304,))

    def _dressed(self, row: Row) -> Record:
        return dressed(row, self._home())

    def _fields_of(self, name: str) -> str:
        """Return the fields to ask for, of those that the module has: unknown ones are refused."""
        if name not in self._fields:
            body = self._api.get(f"{API}/settings/fields", {"module": name}) or {}
            has = {one["api_name"] for one in body.get("fields", ())} | {"$se_module"}
            more = [one.strip().partition(".") for one in self._settings.more_fields.split(",")]
            wanted = [*FIELDS[name], *(field for module, _, field in more if module == name)]
            self._fields[name] = ",".join([one for one in wanted if one in has][:FIELDS_MAX])
        return self._fields[name]

    def _home(self) -> str:
        if not self._currency:
            org = self._api.get(f"{API}/org")["org"][0]
            self._currency = str(org.get("currency") or "")[-3:]  # US Dollar - USD
        return self._currency

    def _people(self, page: int) -> Row:
        params = {"type": "AllUsers", "page": page, "per_page": PAGE}
        return self._api.get(f"{API}/users", params) or {}

    def _channels(self) -> Sequence[Row]:
        return (self._api.get(f"{API}/actions/watch") or {}).get("watch") or ()

    def _hear(self, answer: Answer) -> None:
        left = answer.headers.get("x-api-credits-remaining", "")
        if left.isdigit():
            self._left = Quota(int(left))


def _rows_of(answer: Answer) -> Sequence[Row]:
    """Return the records of an answer. Only these two statuses say that there are none."""
    if answer.status in (204, 304):
        return ()
    rows = answer.body["data"]
    if not isinstance(rows, list):
        raise TypeError(f"data is {str(rows)[:40]}")
    return rows


def _patience(answer: Answer) -> float | None:
    """Return how long to wait when credits or parallel calls are used up."""
    return retry_after(answer) or PATIENCE_SECONDS if answer.status == 429 else None


def _found(what: str, scope: str, call: Callable[[], Any]) -> Finding:
    try:
        call()
    except Denied as denied:
        return Finding(f"{what}: {denied}", False, f"make a refresh token with {scope}")
    return Finding(what, True)


VENDOR = Vendor(
    name="zoho",
    title="Zoho CRM",
    settings=ZohoSettings,
    objects=("Deals", "Calls", "Events"),
    mapping="zoho.yaml",
    hook=ZohoHook(),
    client=ZohoClient,
    setup=(
        "API console of Zoho: add a self client; make a grant token with the scopes "
        "ZohoCRM.modules.READ, ZohoCRM.settings.fields.READ, ZohoCRM.users.READ, "
        "ZohoCRM.org.READ, ZohoCRM.notifications.ALL, and exchange it for a refresh token",
        "channels for {url} are made and renewed by this source",
    ),
    notes={
        "retries": "whether a notification is sent again is not documented; listings find it",
        "restore": "whether a restored record is notified or marked as changed is not documented",
        "merge": "the merged record is told as deleted, without the one it became",
        "splits": "Zoho has none in its records: the owner is credited",
        "e-mails": "belong to records and have no listing of their own; connect the mailboxes",
    },
)
