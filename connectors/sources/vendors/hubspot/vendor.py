"""HubSpot's API, and its registry line."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.sources.vendors.contract import (
    Denied,
    Finding,
    Page,
    Quota,
    Record,
    User,
    Vendor,
)
from connectors.sources.vendors.http import Answer, Api, retry_after
from connectors.sources.vendors.hubspot import records
from connectors.sources.vendors.hubspot.hook import HubSpotHook
from connectors.sources.vendors.hubspot.listing import Cursor, Listing, next_page
from connectors.sources.vendors.understanding import understood

READ_MAX = 100  # ids of a batch
STAGES_SECONDS_MAX = 900  # a label may be as old as this; an unknown stage is looked up at once
_PATIENCE = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 900.0}  # renewed at midnight
_SCOPES = {
    "deals": "crm.objects.deals.read",
    "calls": "crm.objects.contacts.read",
    "emails": "sales-email-read",
    "meetings": "crm.objects.contacts.read",
}


class HubSpotSettings(BaseModel):
    """What `source add` asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: SecretStr = Field(description="access token of the private app")
    deal_splits: bool = Field(
        False, description="deal splits are turned on (Sales Hub Enterprise), and the app has them"
    )
    more_properties: str = Field(
        "", description="further properties your mapping reads, separated by commas"
    )
    base_url: str = Field("https://api.hubapi.com", description="address of the API")


class HubSpotClient:
    """Implements contract.Client."""

    def __init__(self, settings: HubSpotSettings) -> None:
        token = settings.token.get_secret_value()
        self._api = Api(
            settings.base_url,
            headers=lambda: {"Authorization": f"Bearer {token}"},
            limited=_patience,
            heard=self._hear,
        )
        self._listing = Listing(self._api, self.read)
        self._has_splits = settings.deal_splits
        self._more = [p.strip() for p in settings.more_properties.split(",") if p.strip()]
        self._left: Quota | None = None
        self._looked_up = float("-inf")
        self._stages: records.Stages = {}
        self._portal: Mapping[str, Any] = {}

    @understood("HubSpot")
    def check(self) -> tuple[Finding, ...]:
        """Return what a real call finds, object by object."""
        asked: list[tuple[str, str, Callable[[], Any]]] = [
            ("account", "oauth", self._account),
            ("owners", "crm.objects.owners.read", partial(self._owners, "false", None)),
            ("pipelines", "crm.schemas.deals.read", self._look_up_stages),
        ]
        for name, scope in _SCOPES.items():
            asked.append((name, scope, partial(self._listing.search, name, Cursor(), 1)))
        if self._has_splits:
            asked.append(("deal splits", "crm.dealsplits.read_write", partial(self._split, ["1"])))
        return tuple(_found(*one) for one in asked)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return each record in full, or None where it is gone or merged away."""
        found: dict[str, Record | None] = dict.fromkeys(record_ids)
        ids = [one for one in found if one.isascii() and one.isdigit()]
        with understood("HubSpot"):
            for start in range(0, len(ids), READ_MAX):
                found |= self._batch(object_name, ids[start : start + READ_MAX])
        return found

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what changed, then what was deleted."""
        with understood("HubSpot"):
            yield from self._listing.pages(object_name, since, cursor)

    def users(self) -> Iterator[User]:
        """Yield all owners, also those who left. An owner's id is not their user's."""
        with understood("HubSpot"):
            for archived in ("false", "true"):
                after, more = None, True
                while more:
                    page = self._owners(archived, after)
                    yield from (_user(one, archived == "false") for one in page["results"])
                    after = next_page(page)
                    more = after is not None

    def quota(self) -> Quota | None:
        """Return what is left of the day's calls."""
        return self._left

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _batch(self, name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        body = {**_inputs(ids), "properties": [*records.PROPERTIES[name], *self._more]}
        answer = self._api.post(f"/crm/v3/objects/{name}/batch/read", body)
        records.refuse_half(answer, "OBJECT_NOT_FOUND")
        # Of a deal that was merged away HubSpot gives the one it became.
        found = {one: r for r in answer["results"] if (one := str(r["id"])) in set(ids)}
        if not found:
            return {}
        linked = {to: self._linked(name, to, list(found)) for to in records.LINKED[name]}
        split = [one for one, record in found.items() if self._is_split(name, record)]
        splits = self._split(split) if split else {}
        stages = self._stages_of(found.values()) if name == "deals" else {}
        around = records.Around(linked, splits, stages, self._account())
        return {one: records.dressed(record, around) for one, record in found.items()}

    def _is_split(self, name: str, record: Record) -> bool:
        """Return whether splits have to be read: also where the settings know of none."""
        is_split = record["properties"].get("hs_is_deal_split") == "true"
        return name == "deals" and (self._has_splits or is_split)

    def _linked(self, name: str, to: str, ids: Sequence[str]) -> Mapping[str, str]:
        path = f"/crm/v4/associations/{name}/{to}/batch/read"
        return records.links(self._api.post(path, _inputs(ids)))

    def _split(self, ids: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        answer = self._api.post("/crm/v3/objects/deals/splits/batch/read", _inputs(ids))
        records.refuse_half(answer, "OBJECT_NOT_FOUND")
        return {str(one["id"]): one.get("splits") or () for one in answer["results"]}

    def _stages_of(self, deals: Iterable[Record]) -> records.Stages:
        said = [deal["properties"] for deal in deals]
        asked = {(p.get("pipeline"), p["dealstage"]) for p in said if p.get("dealstage")}
        is_old = time.monotonic() - self._looked_up > STAGES_SECONDS_MAX
        if is_old or not asked <= self._stages.keys():
            self._look_up_stages()
        return self._stages

    def _look_up_stages(self) -> None:
        self._stages = records.stages_of(self._api.get("/crm/v3/pipelines/deals")["results"])
        self._looked_up = time.monotonic()

    def _account(self) -> Mapping[str, Any]:
        self._portal = self._portal or self._api.get("/account-info/v3/details")
        return self._portal

    def _owners(self, archived: str, after: str | None) -> Mapping[str, Any]:
        params = {"limit": 100, "archived": archived, **({"after": after} if after else {})}
        page: Mapping[str, Any] = self._api.get("/crm/v3/owners", params)
        return page

    def _hear(self, answer: Answer) -> None:
        left = answer.headers.get("x-hubspot-ratelimit-daily-remaining", "")
        of = answer.headers.get("x-hubspot-ratelimit-daily", "")
        if left.isdigit():
            self._left = Quota(int(left), int(of) if of.isdigit() else None)


def _user(owner: Mapping[str, Any], is_active: bool) -> User:
    name = " ".join(filter(None, (owner.get("firstName"), owner.get("lastName"))))
    return User(str(owner["id"]), name or None, owner.get("email") or None, None, is_active)


def _inputs(ids: Sequence[str]) -> dict[str, Any]:
    return {"inputs": [{"id": one} for one in ids]}


def _patience(answer: Answer) -> float | None:
    """Return how long to wait when a limit is reached: HubSpot seldom says, but names the limit."""
    if answer.status != 429:
        return None
    body = answer.body if isinstance(answer.body, dict) else {}
    return retry_after(answer) or _PATIENCE.get(str(body.get("policyName")), 0.0)


def _found(what: str, scope: str, call: Callable[[], Any]) -> Finding:
    try:
        call()
    except Denied as denied:
        return Finding(f"{what}: {denied}", False, f"give the private app the scope {scope}")
    return Finding(what, True)


VENDOR = Vendor(
    name="hubspot",
    title="HubSpot",
    settings=HubSpotSettings,
    objects=("deals", "calls", "emails", "meetings"),
    mapping="hubspot.yaml",
    hook=HubSpotHook(),
    client=HubSpotClient,
    answer_seconds_max=5.0,
    secret="the client secret of the private app (its tab Auth)",  # noqa: S106 - where it is found
    setup=(
        "Settings, Integrations, Private apps: create an app with the scopes "
        "crm.objects.owners.read, crm.schemas.deals.read, crm.objects.deals.read, "
        "crm.objects.contacts.read, crm.objects.companies.read, sales-email-read, and "
        "crm.dealsplits.read_write where deal splits are in use",
        "its tab Webhooks: target URL {url}, at most 10 concurrent requests",
        "subscribe object.creation, deletion, restore, merge (deals) and associationChange of "
        "Deal, Call, Email and Meeting, and object.propertyChange of dealstage, amount, closedate, "
        "hubspot_owner_id, pipeline, deal_currency_code; of calls hs_call_status, "
        "hs_call_disposition, hs_call_duration; of meetings hs_meeting_outcome, "
        "hs_meeting_start_time; of all hubspot_owner_id",
        "its tab Auth: the access token is the token asked for here, the client secret proves "
        "what it pushes",
    ),
    notes={
        "calls, emails, meetings": "generic subscriptions (object.*) push them; a beta feature",
        "deal splits": "whether a change of splits alone marks the deal as changed is not "
        "documented; a full reconcile finds it",
        "associations": "whether a changed association marks both sides as changed is not "
        "documented; a full reconcile finds it",
        "meetings in series": "whether HubSpot tells one from another by more than their iCalendar "
        "UID is not documented; so the shipped mapping does not join them with calendars",
        "restore": "whether a restored record is marked as changed is not documented",
        "merge": "ids that were merged away vanish from every list; they are known by "
        "hs_merged_object_ids of the record they became",
        "dates of paths": "/crm/v3 and /crm/v4 are called legacy since 2026-03, and kept",
    },
)
