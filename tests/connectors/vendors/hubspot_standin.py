"""HubSpot on loopback, written from its developer documentation: objects, searches, webhooks.

What it keeps to: all property values are texts; a search takes one sort, gives 200 results a page
and 10,000 in all, at most five times a second, from an index that lags; batches take 100 ids and
answer 207 with errors for those that are not there; deleted records are in the archived list only;
merged ones are in no list, and asking for one gives the one it became.
"""

import json
import time
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.hubspot_records import (
    comparable,
    fits,
    iso,
    millis,
    properties_of,
    pushed,
    shown,
)
from tests.connectors.vendors.loopback import Asked, Loopback, Told

RESULTS_MAX = 10_000
SEARCH_CHARACTERS_MAX = 3_000
SEARCHES_A_SECOND = 5
TYPES = {"deal": "deals", "call": "calls", "email": "emails", "meeting": "meetings"}
TYPE_IDS = {"deals": "0-3", "calls": "0-48", "emails": "0-49", "meetings": "0-47"}
PIPELINES: list[dict[str, Any]] = [
    {
        "id": "default",
        "label": "Sales Pipeline",
        "stages": [
            {"id": "appointmentscheduled", "label": "Appointment Scheduled",
             "metadata": {"isClosed": "false", "probability": "0.2"}},
            {"id": "closedwon", "label": "Closed Won",
             "metadata": {"isClosed": "true", "probability": "1.0"}},
            {"id": "closedlost", "label": "Closed Lost",
             "metadata": {"isClosed": "true", "probability": "0.0"}},
        ],
    }
]  # fmt: skip
TOKEN = "pat-eu1-00000000-0000-0000-0000-000000000000"


class HubSpotStandin(Loopback):
    """Implements Standin.

    Attributes:
        merges_anew: merging makes a record with an id of its own, as with deals.
        denied: objects the token has no scope for; asking for one is answered with 403.
    """

    kinds = ("deal", "call", "email", "meeting")

    def __init__(self) -> None:
        super().__init__()
        self.merges_anew = False
        self.searches_a_second = SEARCHES_A_SECOND
        self.denied: set[str] = set()
        self.objects: dict[str, dict[str, dict[str, Any]]] = {t: {} for t in TYPES.values()}
        self.linked: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        self.pipelines = deepcopy(PIPELINES)
        self.owners: list[dict[str, Any]] = []
        self.became: dict[str, str] = {}
        self._hidden: dict[str, int] = {}  # id -> searches it is not found by
        self._lag = 0
        self._events: list[dict[str, Any]] = []
        self._searches: list[float] = []
        self._left = 250_000

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return what reaches it."""
        return {"token": TOKEN, "deal_splits": True, "base_url": self.base_url}

    def user(self, user_id: str, email: str, name: str) -> None:
        """Let there be an owner."""
        first, _, last = name.partition(" ")
        self.owners.append(
            {"id": user_id, "email": email, "firstName": first, "lastName": last,
             "userId": int(user_id) + 1_000_000 if user_id.isdigit() else 1, "archived": False}
        )  # fmt: skip

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        """Make or change a record."""
        with self.lock:
            thing = TYPES[kind]
            properties, splits = properties_of(kind, said, at)
            was = self.objects[thing].get(record_id)
            record = was or {
                "id": record_id,
                "properties": {"hs_createdate": iso(at), "createdate": iso(at)},
                "createdAt": iso(at),
                "archived": False,
                "splits": [],
            }
            if splits is not None:
                properties["hs_is_deal_split"] = "true" if len(splits) > 1 else "false"
                record["splits"] = [
                    {"id": f"{record_id}{i}", "archived": False, "createdAt": iso(at),
                     "updatedAt": iso(at),
                     "properties": {"hubspot_owner_id": owner, "hs_deal_split_percentage": share}}
                    for i, (owner, share) in enumerate(splits)
                ]  # fmt: skip
            changed = {k: v for k, v in properties.items() if record["properties"].get(k) != v}
            record["properties"].update(properties)
            self._touch(record, at)
            self.objects[thing][record_id] = record
            if was is None:
                self._tell(thing, "creation", record_id, at, changeFlag="CREATED")
            for name, value in changed.items() if was is not None else ():
                self._tell(thing, "propertyChange", record_id, at,
                           propertyName=name, propertyValue=value)  # fmt: skip

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        """Move it to the recycling bin."""
        with self.lock:
            record = self.objects[TYPES[kind]][record_id]
            record.update(archived=True, archivedAt=iso(at))
            self._tell(TYPES[kind], "deletion", record_id, at)

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        """Bring it back."""
        with self.lock:
            record = self.objects[TYPES[kind]][record_id]
            record.update(archived=False)
            record.pop("archivedAt")
            self._touch(record, at)
            self._tell(TYPES[kind], "restore", record_id, at)

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        """Merge two records."""
        with self.lock:
            records = self.objects[TYPES[kind]]
            kept = records[winner]
            merged = [loser]
            if self.merges_anew:
                del records[winner]
                kept = {**kept, "id": f"9{winner}", "createdAt": iso(at)}
                merged.append(winner)
                records[kept["id"]] = kept
            del records[loser]
            known = (kept["properties"].get("hs_merged_object_ids") or "").split(";")
            ids = ";".join(filter(None, [*known, *merged]))
            kept["properties"] = {**kept["properties"], "hs_merged_object_ids": ids}
            self.became.update(dict.fromkeys(merged, kept["id"]))
            self._touch(kept, at)
            self._tell(TYPES[kind], "merge", kept["id"], at, primaryObjectId=int(winner),
                       mergedObjectIds=[int(one) for one in merged], newObjectId=int(kept["id"]),
                       numberOfPropertiesMoved=1)  # fmt: skip

    def link(self, kind: str, record_id: str, to: str, other: str, label: str | None) -> None:
        """Associate a record with one of another object."""
        known = self.linked.setdefault((TYPES[kind], to, record_id), [])
        known.append({"toObjectId": int(other), "associationTypes": [
            {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": label}]})  # fmt: skip

    def lag(self, searches: int) -> None:
        """Let what is put from now on be missing from so many searches."""
        self._lag = searches

    def forget_cursors(self) -> None:
        """Nothing: HubSpot keeps none for us."""

    def pushes(self, url: str, secret: str) -> list[Request]:
        """Return what it would push, a hundred events at a time."""
        with self.lock:
            events, self._events = self._events, []
        return [
            pushed(url, secret, events[start : start + 100]) for start in range(0, len(events), 100)
        ]

    def answer(self, asked: Asked) -> Told:
        """Return what HubSpot answers."""
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Told(401, _error("INVALID_AUTHENTICATION", "Authentication credentials"))
        told = self._answer(asked)
        if asked.path.endswith("/search"):
            return told
        self._left -= 1
        limits = {"X-HubSpot-RateLimit-Daily": "250000",
                  "X-HubSpot-RateLimit-Daily-Remaining": str(self._left)}  # fmt: skip
        return told._replace(headers={**told.headers, **limits})

    def limited(self) -> Told:
        """Return the answer to too many requests; it names the limit and says no time."""
        text = "You have reached your ten_secondly_rolling limit."
        return Told(429, {**_error("RATE_LIMITS", text), "policyName": "TEN_SECONDLY_ROLLING"})

    def _answer(self, asked: Asked) -> Told:  # noqa: PLR0911 - a route a line
        body = json.loads(asked.body) if asked.body else {}
        match asked.method, asked.path.strip("/").split("/"):
            case "GET", ["account-info", "v3", "details"]:
                return Told(200, {"portalId": 62515, "accountType": "STANDARD",
                                  "timeZone": "Europe/Berlin", "companyCurrency": "EUR",
                                  "additionalCurrencies": ["USD"]})  # fmt: skip
            case "GET", ["crm", "v3", "owners"]:
                return self._owners(asked.query)
            case "GET", ["crm", "v3", "pipelines", "deals"]:
                return Told(200, {"results": self.pipelines})
            case "POST", ["crm", "v3", "objects", "deals", "splits", "batch", "read"]:
                return self._denied("splits") or self._splits(body)
            case "POST", ["crm", "v4", "associations", thing, to, "batch", "read"]:
                return self._links(thing, to, body)
            case "POST", ["crm", "v3", "objects", thing, "search"] if thing in TYPE_IDS:
                return self._denied(thing) or self._search(thing, body, asked.body)
            case "POST", ["crm", "v3", "objects", thing, "batch", "read"] if thing in TYPE_IDS:
                return self._denied(thing) or self._batch(thing, body)
            case "GET", ["crm", "v3", "objects", thing] if thing in TYPE_IDS:
                return self._denied(thing) or self._archived(thing, asked.query)
        return Told(404, _error("NOT_FOUND", f"no {asked.method} {asked.path}"))

    def _denied(self, thing: str) -> Told | None:
        if thing not in self.denied:
            return None
        return Told(403, _error("MISSING_SCOPES", "This app hasn't been granted all scopes"))

    def _owners(self, query: Mapping[str, str]) -> Told:
        archived = query.get("archived") == "true"
        owners = [one for one in self.owners if one["archived"] == archived]
        start, limit = int(query.get("after", 0)), int(query.get("limit", 100))
        answer: dict[str, Any] = {"results": owners[start : start + limit]}
        if start + limit < len(owners):
            answer["paging"] = {"next": {"after": str(start + limit)}}
        return Told(200, answer)

    def _search(self, thing: str, body: Mapping[str, Any], written: bytes) -> Told:
        now = time.monotonic()
        self._searches = [one for one in self._searches if now - one < 1] + [now]
        if len(self._searches) > self.searches_a_second:
            text = "You have reached your secondly limit."
            return Told(429, {**_error("RATE_LIMITS", text), "policyName": "SECONDLY"})
        limit, after = int(body.get("limit", 10)), int(body.get("after", 0))
        bad = limit > 200 or len(body.get("sorts", ())) > 1 or len(written) > SEARCH_CHARACTERS_MAX
        if bad or after + limit > RESULTS_MAX:
            return Told(400, _error("VALIDATION_ERROR", "There was a problem with the request."))
        found = [r for r in self.objects[thing].values() if self._is_found(r, body)]
        for sort in body.get("sorts", ()):
            found.sort(key=lambda r: comparable(r, sort["propertyName"]),
                       reverse=sort["direction"] == "DESCENDING")  # fmt: skip
        page = [shown(one, body.get("properties", ())) for one in found[after : after + limit]]
        answer: dict[str, Any] = {"total": len(found), "results": page}
        if after + limit < len(found):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return Told(200, answer)

    def _is_found(self, record: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
        if record["archived"]:
            return False
        if self._hidden.get(record["id"], 0) > 0:
            self._hidden[record["id"]] -= 1
            return False
        groups = body.get("filterGroups") or [{"filters": []}]
        return any(all(fits(record, one) for one in group["filters"]) for group in groups)

    def _batch(self, thing: str, body: Mapping[str, Any]) -> Told:
        ids = [one["id"] for one in body["inputs"]]
        if len(ids) > 100 or not all(one.isdigit() for one in ids):
            return Told(400, _error("VALIDATION_ERROR", "Invalid input"))
        found, missing = {}, []
        for one in ids:
            record = self.objects[thing].get(self.became.get(one, one))
            if record is None or record["archived"]:
                missing.append(one)
            else:
                found[record["id"]] = shown(record, body.get("properties", ()))
        answer: dict[str, Any] = {"status": "COMPLETE", "results": list(found.values())}
        if not missing:
            return Told(200, answer)
        error = _error("OBJECT_NOT_FOUND", "Could not get some objects, they may be deleted")
        errors = [{**error, "context": {"ids": missing}}]
        return Told(207, {**answer, "numErrors": 1, "errors": errors})

    def _archived(self, thing: str, query: Mapping[str, str]) -> Told:
        archived = query.get("archived") == "true"
        records = [r for r in self.objects[thing].values() if r["archived"] == archived]
        start, limit = int(query.get("after", 0)), int(query.get("limit", 10))
        page = [{**shown(r, ()), "archivedAt": r.get("archivedAt")} for r in records]
        answer: dict[str, Any] = {"results": page[start : start + limit]}
        if start + limit < len(records):
            answer["paging"] = {"next": {"after": str(start + limit)}}
        return Told(200, answer)

    def _splits(self, body: Mapping[str, Any]) -> Told:
        ids = [one["id"] for one in body["inputs"]]
        known = [(one, self.objects["deals"][one]) for one in ids if one in self.objects["deals"]]
        results = [{"id": one, "splits": deal["splits"]} for one, deal in known]
        return Told(200, {"status": "COMPLETE", "results": results})

    def _links(self, thing: str, to: str, body: Mapping[str, Any]) -> Told:
        results, errors = [], []
        for one in (each["id"] for each in body["inputs"]):
            known = self.linked.get((thing, to, one))
            if known:
                results.append({"from": {"id": one}, "to": known})
            else:
                error = _error("OBJECT_NOT_FOUND", f"No {to} is associated with {one}.")
                errors.append({**error, "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"})
        answer = {"status": "COMPLETE", "results": results}
        return Told(207, {**answer, "errors": errors}) if errors else Told(200, answer)

    def _touch(self, record: dict[str, Any], at: datetime) -> None:
        record["updatedAt"] = record["properties"]["hs_lastmodifieddate"] = iso(at)
        self._hidden[record["id"]] = self._lag

    def _tell(self, thing: str, what: str, record_id: str, at: datetime, **more: Any) -> None:
        self._events.append(
            {"eventId": len(self._events) % 7 + 1, "subscriptionId": 12345, "portalId": 62515,
             "appId": 54321, "occurredAt": millis(at), "subscriptionType": f"object.{what}",
             "attemptNumber": 0, "objectId": int(record_id), "objectTypeId": TYPE_IDS[thing],
             "changeSource": "CRM_UI", **more}
        )  # fmt: skip


def _error(category: str, message: str) -> dict[str, Any]:
    return {"status": "error", "category": category, "message": message, "correlationId": "aeb5"}
