"""Salesforce on loopback: REST, Bulk API 2.0 and the Pub/Sub API, written from its documents.

What the documents leave open is said where it is decided. Kinds of `put`: a deal is an Opportunity
with its OpportunitySplits, a call a Task, a meeting an Event, an e-mail an EmailMessage.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.sources.vendors.contract import Request
from tests.connectors.vendors.salesforce_http import HttpSide
from tests.connectors.vendors.salesforce_org import PREFIXES, Org, split_of
from tests.connectors.vendors.salesforce_pubsub import PubSubSide

OF_KIND = {"deal": "Opportunity", "call": "Task", "meeting": "Event", "email": "EmailMessage"}
REVENUE, OVERLAY = "1QT000000000001AAA", "1QT000000000002AAA"
_STAGES = {"OPEN": "Prospecting", "WON": "Closed Won", "LOST": "Closed Lost"}
_OUTCOMES = {
    "COMPLETED": "Completed",
    "NO_SHOW": "No Show",
    "CANCELED": "Canceled",
    "SCHEDULED": "Scheduled",
    "RESCHEDULED": "Rescheduled",
}
_CALLS = {"OUTBOUND": "Outbound", "INBOUND": "Inbound", "INTERNAL": "Internal"}


class SalesforceStandin:
    """Implements standin.Standin."""

    kinds = ("deal", "call", "email", "meeting")

    def __init__(self) -> None:
        self.org = Org()
        self._gone_with: dict[str, list[str]] = {}
        self.http = HttpSide(self.org)
        self.pubsub = PubSubSide(self.org, self.http)
        for record_id, name, is_total in ((REVENUE, "Revenue", True), (OVERLAY, "Overlay", False)):
            values = {"DeveloperName": name, "MasterLabel": name, "IsTotalValidated": is_total}
            self.org.write("OpportunitySplitType", [record_id], _long_ago(), values)

    @property
    def settings(self) -> Mapping[str, Any]:
        """What reaches it."""
        return {
            "login_url": self.http.url,
            "client_id": self.http.client_id,
            "client_secret": self.http.client_secret,
            "pubsub_url": self.pubsub.url,
            "extra_fields": "Event.Outcome__c",
        }

    @property
    def asked(self) -> int:
        """Requests answered so far."""
        return self.http.asked + self.pubsub.asked

    def start(self) -> None:
        """Listen on free loopback ports."""
        self.http.start()
        self.pubsub.start()

    def stop(self) -> None:
        """Stop listening."""
        self.pubsub.stop()
        self.http.stop()

    def id_of(self, kind: str, record_id: str) -> str:
        """Return the id under which Salesforce would keep it: 18 characters with a prefix."""
        prefix = PREFIXES[OF_KIND[kind]]
        plain = "".join(c for c in record_id if c.isascii() and c.isalnum())
        if plain == record_id and len(plain) in (15, 18) and plain.startswith(prefix):
            return plain
        return f"{prefix}{plain[-12:]:0>12}AAA"

    def user(self, user_id: str, email: str, name: str) -> None:
        """Let there be a person."""
        values = {
            "Name": name,
            "Email": email,
            "Username": email,
            "IsActive": True,
            "UserType": "Standard",
            "TimeZoneSidKey": "Europe/Berlin",
        }
        self.org.write("User", [user_id], _long_ago(), values)

    def put(self, kind: str, record_id: str, at: datetime, **said: Any) -> None:
        """Make or change a record."""
        made = self.id_of(kind, record_id)
        key = str(uuid.uuid4())
        values = _VALUES[kind](self, said, at, self.org.rows[OF_KIND[kind]].get(made))
        self.org.write(OF_KIND[kind], [made], at, values, transaction=key)
        if "splits" in said:
            self._split(made, at, said["splits"], key)

    def put_alike(self, kind: str, record_ids: Sequence[str], at: datetime, **values: Any) -> None:
        """Change some records alike within one transaction: one event tells of all of them."""
        ids = [self.id_of(kind, one) for one in record_ids]
        self.org.write(OF_KIND[kind], ids, at, values)

    def delete(self, kind: str, record_id: str, at: datetime) -> None:
        """Delete a record as a user would."""
        self._erase(kind, record_id, at, gone=True)

    def restore(self, kind: str, record_id: str, at: datetime) -> None:
        """Bring it back out of the recycle bin."""
        self._erase(kind, record_id, at, gone=False)

    def merge(self, kind: str, winner: str, loser: str, at: datetime) -> None:
        """Raise: Salesforce merges accounts, contacts, leads and cases only."""
        raise NotImplementedError("Salesforce cannot merge opportunities or activities")

    def pushes(self, url: str, secret: str) -> list[Request]:
        """Return nothing: change events are streamed."""
        return []

    def outage(self, on: bool) -> None:
        """While on, answer 503 (UNAVAILABLE)."""
        self.http.is_away = on
        self.pubsub.cut()

    def limit(self, requests: int) -> None:
        """Refuse so many of the next requests with 429 and Retry-After."""
        self.http.to_refuse = requests

    def forget_cursors(self) -> None:
        """Let every cursor given out so far be expired: 72 hours pass, bulk results are dropped."""
        self.org.bus.forget()
        self.http.jobs.clear()
        self.pubsub.cut()

    def _erase(self, kind: str, record_id: str, at: datetime, gone: bool) -> None:
        made = self.id_of(kind, record_id)
        self.org.erase(OF_KIND[kind], [made], at, gone)
        if kind != "deal":
            return
        rows = self.org.rows["OpportunitySplit"].items()
        if gone:  # what belongs to it goes with it, and comes back with it
            inner = [k for k, v in rows if v["OpportunityId"] == made and not v["IsDeleted"]]
            self._gone_with[made] = inner
        self.org.erase("OpportunitySplit", self._gone_with.get(made, []), at, gone)

    def _split(self, deal: str, at: datetime, splits: Any, key: str) -> None:
        rows = self.org.rows["OpportunitySplit"]
        there = {
            row["SplitOwnerId"]: k
            for k, row in rows.items()
            if row["OpportunityId"] == deal and not row["IsDeleted"]
        }
        for number, (owner, percentage) in enumerate(split_of(splits), 2):
            made = there.pop(owner, None) or f"{PREFIXES['OpportunitySplit']}{len(rows):0>12}AAA"
            values = {
                "OpportunityId": deal,
                "SplitOwnerId": owner,
                "SplitPercentage": percentage,
                "SplitTypeId": REVENUE,
            }
            self.org.write("OpportunitySplit", [made], at, values, transaction=key, sequence=number)
        self.org.erase("OpportunitySplit", there.values(), at, gone=True)

    def _deal(self, said: Mapping[str, Any], at: datetime, row: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if "stage" in said or row is None:
            stage = said.get("stage", "OPEN")
            values |= {
                "StageName": _STAGES[stage],
                "IsClosed": stage != "OPEN",
                "IsWon": stage == "WON",
            }
            if row is None or row["StageName"] != _STAGES[stage]:
                values["LastStageChangeDate"] = at.replace(microsecond=0)
        if row is None:
            values["CurrencyIsoCode"] = "USD"  # of the user, where nobody says another
        if "close_date" in said or row is None:
            closing = said.get("close_date") or at.date()
            is_text = isinstance(closing, str)
            values["CloseDate"] = date.fromisoformat(closing[:10]) if is_text else closing
        if "amount" in said:
            values["Amount"] = None if said["amount"] is None else Decimal(str(said["amount"]))
        return values | _as_said(said, owner="OwnerId", name="Name", currency="CurrencyIsoCode")

    def _call(self, said: Mapping[str, Any], at: datetime, row: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if row is None:
            values |= {
                "TaskSubtype": "Call",
                "Status": "Completed",
                "IsClosed": True,
                "CompletedDateTime": at.replace(microsecond=0),
                "ActivityDate": at.date(),
            }
        if "direction" in said:
            values["CallType"] = _CALLS.get(said["direction"])
        if "connected" in said:
            values["CallDisposition"] = "Connected" if said["connected"] else "No Answer"
        return values | _as_said(
            said, owner="OwnerId", uuid="CallObject", seconds="CallDurationInSeconds"
        )

    def _meeting(self, said: Mapping[str, Any], at: datetime, row: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, field in (("start_at", "StartDateTime"), ("end_at", "EndDateTime")):
            if name in said or (row is None and name == "start_at"):
                values[field] = _instant(said.get(name) or at)
        if "outcome" in said:
            values["Outcome__c"] = _OUTCOMES.get(said["outcome"])
        return values | _as_said(said, owner="OwnerId")  # no field holds a calendar's UID

    def _email(self, said: Mapping[str, Any], at: datetime, row: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if row is None:
            values |= {"Status": "3", "MessageDate": at.replace(microsecond=0)}
        if "direction" in said:
            values["Incoming"] = said["direction"] == "INBOUND"
        if "owner" in said:
            person = self.org.rows["User"].get(said["owner"])
            values |= {
                "CreatedById": said["owner"],
                "FromAddress": person["Email"] if person else "rep@acme.example",
            }
        if "recipients" in said:
            many = said["recipients"]
            names = (
                [f"p{i}@customer.example" for i in range(many)] if isinstance(many, int) else many
            )
            values["ToAddress"] = "; ".join([names] if isinstance(names, str) else names)
        return values | _as_said(said, message_id="MessageIdentifier")


_VALUES = {
    "deal": SalesforceStandin._deal,
    "call": SalesforceStandin._call,
    "meeting": SalesforceStandin._meeting,
    "email": SalesforceStandin._email,
}


def _as_said(said: Mapping[str, Any], **fields: str) -> dict[str, Any]:
    return {field: said[name] for name, field in fields.items() if name in said}


def _instant(value: Any) -> datetime:
    made = datetime.fromisoformat(value) if isinstance(value, str) else value
    return made.replace(microsecond=0)


def _long_ago() -> datetime:
    return datetime.fromisoformat("2020-01-01T00:00:00+00:00")
