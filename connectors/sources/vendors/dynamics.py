"""Microsoft Dynamics 365 (Dataverse): pushes name rows, which are read; delta links list changes.

A push holds what changed, or nothing when it is too large, so the row is always read in full: push
and listing end in the same record.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

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
from connectors.sources.vendors.payloads import iso, object_in, wanted
from connectors.sources.vendors.signing import check_secret
from connectors.sources.vendors.tokens import Tokens

SETS = {
    "opportunity": "opportunities",
    "phonecall": "phonecalls",
    "appointment": "appointments",
    "email": "emails",
}
KEYS = {"opportunity": "opportunityid"}  # of the others: activityid
WEB_API = "/api/data/v9.2"
HEADER = "x-webhook-key"  # HttpHeader authentication; WebhookKey puts the secret into ?code=
PAGE_MAX = 1000
TRACKED = {"Prefer": f"odata.track-changes,odata.maxpagesize={PAGE_MAX}"}
EXPIRED = frozenset({"0x80044352", "-2147204270"})  # the version stamp of the client has expired
NOBODY = UUID(int=0)
_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_NEXT, _DELTA = "@odata.nextLink", "@odata.deltaLink"


class Settings(BaseModel):
    """How to reach an environment of Dynamics 365."""

    url: str = Field(description="address of the environment, https://NAME.crm.dynamics.com")
    tenant_id: str = Field(description="Directory (tenant) ID of Microsoft Entra")
    client_id: str = Field(description="Application (client) ID of the app registration")
    client_secret: SecretStr = Field(description="a client secret of the app registration")
    login_url: str = Field("https://login.microsoftonline.com", description="where tokens are made")


class Hook:
    """Webhook steps: RemoteExecutionContext as JSON."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None for what tells the secret, in its header or as ?code=."""
        query = dict(parse_qsl(request.target.partition("?")[2]))
        told = request.headers.get(HEADER) or query.get("code")
        check_secret(told, endpoint.secrets, f"{HEADER} or code")
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return the row an operation was on, to be read; or that it is gone."""
        told = object_in(request.body)
        table, message = wanted(told, "PrimaryEntityName"), wanted(told, "MessageName")
        if table not in SETS:
            return ()
        at = instant(told.get("OperationCreatedOn"))
        record_id = _id(told.get("PrimaryEntityId")) or _closed(told)
        if not record_id and "x-ms-dynamics-msg-size-exceeded" not in request.headers:
            raise Unreadable("PrimaryEntityId is absent")
        return (Notice(table, record_id, at, gone=message == "Delete" and bool(record_id)),)


class Client:
    """The Web API of one environment."""

    def __init__(self, settings: Settings) -> None:
        self._currencies: dict[str, str] = {}
        self._left: Quota | None = None
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "scope": f"{settings.url.rstrip('/')}/.default",
        }
        address = f"{settings.login_url}/{settings.tenant_id}/oauth2/v2.0/token"
        self._tokens = Tokens(address, lambda: form)
        self._api = Api(
            settings.url, headers=self._asking, renew=self._tokens.forget, heard=self._hear
        )

    def check(self) -> tuple[Finding, ...]:
        """Return whether each table can be read, and tracks its changes."""
        found = []
        for table, rows in SETS.items():
            try:
                self._api.get(f"{WEB_API}/{rows}", {"$top": 1, "$select": _key(table)})
                path = f"{WEB_API}/EntityDefinitions(LogicalName='{table}')"
                about = self._api.get(path, {"$select": "ChangeTrackingEnabled"})
            except Denied as denied:
                remedy = f"give the application user a role with organization read of {table}"
                found.append(Finding(f"{table}: {denied}", False, remedy))
                continue
            tracked = (about or {}).get("ChangeTrackingEnabled") is True
            found.append(
                Finding(table, tracked, "" if tracked else f"turn on Track changes of {table}")
            )
        return tuple(found)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return rows by their ids, with the ISO code of their currency."""
        read: dict[str, Record | None] = {}
        for record_id in record_ids:
            path = f"{WEB_API}/{SETS[object_name]}({_id(record_id)})"
            answer = self._api.ask("GET", path, also=(404,))
            read[record_id] = None if answer.status == 404 else self._full(answer.body)
        return read

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what changed since a delta link; without one all rows changed since an instant.

        A delta link can only be had by listing the table, so that is done whenever there is none.
        """
        link = cursor or f"{WEB_API}/{SETS[object_name]}"
        after = since if cursor is None else None
        while True:
            body = self._page(link, resumed=link == cursor)
            rows = [self._notice(object_name, row) for row in body.get("value") or []]
            link = body.get(_NEXT) or body.get(_DELTA) or link
            told = tuple(n for n in rows if after is None or n.at is None or n.at >= after)
            yield Page(told, link)
            if not body.get(_NEXT):
                return

    def users(self) -> Iterator[User]:
        """Yield the users of the environment."""
        columns = "systemuserid,fullname,internalemailaddress,employeeid,isdisabled"
        body = self._api.get(f"{WEB_API}/systemusers", {"$select": columns})
        while True:
            for user in body.get("value") or []:
                yield User(
                    wanted(user, "systemuserid"),
                    user.get("fullname"),
                    user.get("internalemailaddress"),
                    user.get("employeeid"),
                    user.get("isdisabled") is not True,
                )
            if not body.get(_NEXT):
                return
            body = self._api.get(body[_NEXT])

    def quota(self) -> Quota | None:
        """Return requests left in the window of five minutes; None: not said yet."""
        return self._left

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()
        self._tokens.close()

    def _page(self, link: str, resumed: bool) -> Mapping[str, Any]:
        answer = self._api.ask("GET", link, headers=TRACKED, also=(400, 404, 410, 412))
        if answer.status < 300:
            return answer.body or {}
        error = _error(answer)
        text = f"{error.get('code')} {error.get('message')}"
        if resumed and (answer.status == 410 or error.get("code") in EXPIRED or "expired" in text):
            raise CursorExpired(f"the delta link is no longer known: {text[:200]}")
        raise Denied(f"Dynamics answered {answer.status}: {text[:200]}", "turn on Track changes")

    def _notice(self, table: str, row: Mapping[str, Any]) -> Notice:
        if str(row.get("@odata.context", "")).endswith("/$deletedEntity"):
            return Notice(table, wanted(row, "id"), gone=True)
        record = self._full(row)
        return Notice(table, wanted(record, _key(table)), iso(record.get("modifiedon")), record)

    def _full(self, row: Mapping[str, Any]) -> Record:
        """Return a row with what its ids do not say: its currency, and a plain Message-ID."""
        currency, message = row.get("_transactioncurrencyid_value"), row.get("messageid")
        said = {n: v for n, v in row.items() if n != "@odata.context"}  # differs by what was asked
        if isinstance(currency, str):
            said["isocurrencycode"] = self._currency(currency)
        if isinstance(message, str):
            said["message_id"] = message.strip().strip("<>")
        return said

    def _currency(self, currency_id: str) -> str | None:
        if currency_id not in self._currencies:
            asked = {"$select": "transactioncurrencyid,isocurrencycode"}
            body = self._api.get(f"{WEB_API}/transactioncurrencies", asked)
            for known in body.get("value") or []:
                self._currencies[known["transactioncurrencyid"]] = known["isocurrencycode"]
        return self._currencies.get(currency_id)

    def _asking(self) -> Mapping[str, str]:
        named = 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"'
        return {**self._tokens.headers(), "OData-Version": "4.0", "Prefer": named}

    def _hear(self, answer: Answer) -> None:
        left = answer.headers.get("x-ms-ratelimit-burst-remaining-xrm-requests", "")
        if left.isdecimal():
            self._left = Quota(int(left))


def instant(written: Any) -> datetime | None:
    r"""Return the instant of a date as .NET writes it: milliseconds UTC; a zone is for display.

    >>> instant("/Date(1506409448000-0700)/").isoformat()
    '2017-09-26T07:04:08+00:00'
    """
    match = _DATE.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        return iso(written)
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(match[1]))
    except OverflowError:
        return None


def _closed(told: Mapping[str, Any]) -> str:
    """Return the opportunity of a Win or Lose, whose message names the activity that closes it."""
    for parameter in told.get("InputParameters") or []:
        value = parameter.get("value") if isinstance(parameter, dict) else None
        for pair in (value.get("Attributes") or []) if isinstance(value, dict) else []:
            about = pair.get("value") if isinstance(pair, dict) else None
            if isinstance(about, dict) and pair.get("key") == "opportunityid":
                return _id(about.get("Id"))
    return ""


def _id(written: Any) -> str:
    """Return a row's id as the Web API writes it; empty: it is none, or nobody's."""
    try:
        known = UUID(written) if isinstance(written, str) else NOBODY
    except ValueError:
        return ""
    return "" if known == NOBODY else str(known)


def _key(table: str) -> str:
    return KEYS.get(table, "activityid")


def _error(answer: Answer) -> Mapping[str, Any]:
    told = answer.body.get("error") if isinstance(answer.body, dict) else None
    return told if isinstance(told, dict) else {}


VENDOR = Vendor(
    name="dynamics",
    title="Microsoft Dynamics 365",
    settings=Settings,
    objects=tuple(SETS),
    mapping="dynamics.yaml",
    hook=Hook(),
    client=Client,
    setup=(
        "In Microsoft Entra register an app, and give it a client secret.",
        "In the Power Platform admin centre add it as application user, with organization read of "
        "opportunities, activities, users and currencies.",
        "Turn on Track changes of the tables opportunity, phonecall, appointment and email.",
        "In the Plug-in Registration Tool register a webhook with the address {url} and "
        f"authentication HttpHeader: key {HEADER}, value {{secret}}.",
        "Register asynchronous PostOperation steps of it: Create, Update, Delete and Assign of "
        "each table; Win and Lose of opportunity.",
    ),
    answer_seconds_max=60.0,
    notes={
        "expiry": "delta links last 7 days by default (ExpireChangeTrackingInDays); that an "
        "expired one answers 0x80044352 is not confirmed; 410 and the word expired count as well",
        "deletions": "while no delta link was known a deletion is not listed, as documented",
        "retries": "one more attempt, and only after 502, 503 or 504: the listing is not optional",
        "meetings": "globalobjectid is not confirmed to be the iCal UID: meetings have own ids",
    },
)
