"""A small organisation of Salesforce: its objects, with fields of the Object Reference, its rows.

Instants are cut to whole seconds, as Salesforce keeps them.
"""

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.connectors.vendors import salesforce_soql as soql
from tests.connectors.vendors.salesforce_events import Bus


def _fields(text: str) -> dict[str, str]:
    """Return the type of each field of a list such as `Id:id Name:string`."""
    return dict(one.split(":") for one in text.split())


_AUDIT = (
    "CreatedDate:datetime CreatedById:reference LastModifiedDate:datetime "
    "LastModifiedById:reference SystemModstamp:datetime IsDeleted:boolean"
)
_ACTIVITY = (
    "Id:id WhoId:reference WhatId:reference WhoCount:int Subject:string "
    "OwnerId:reference AccountId:reference Type:picklist Description:textarea "
    "IsRecurrence:boolean IsArchived:boolean"
)
OBJECTS = {
    "Opportunity": _fields(
        "Id:id AccountId:reference IsPrivate:boolean Name:string Description:textarea "
        "StageName:picklist Amount:currency Probability:percent ExpectedRevenue:currency "
        "TotalOpportunityQuantity:double CloseDate:date Type:picklist NextStep:string "
        "LeadSource:picklist IsClosed:boolean IsWon:boolean ForecastCategory:picklist "
        "ForecastCategoryName:picklist CurrencyIsoCode:picklist CampaignId:reference "
        f"HasOpportunityLineItem:boolean Pricebook2Id:reference OwnerId:reference {_AUDIT} "
        "LastStageChangeDate:datetime"
    ),
    "OpportunitySplit": _fields(
        "Id:id OpportunityId:reference SplitOwnerId:reference SplitPercentage:percent "
        f"SplitTypeId:reference SplitAmount:currency SplitNote:string {_AUDIT}"
    ),
    "OpportunitySplitType": _fields(
        "Id:id DeveloperName:string MasterLabel:string IsTotalValidated:boolean "
        f"IsActive:boolean {_AUDIT}"
    ),
    "Task": _fields(
        f"{_ACTIVITY} ActivityDate:date Status:picklist Priority:picklist IsClosed:boolean "
        "CallDurationInSeconds:int CallType:picklist CallDisposition:string "
        f"CallObject:string TaskSubtype:picklist CompletedDateTime:datetime {_AUDIT}"
    ),
    "Event": _fields(
        f"{_ACTIVITY} Location:string IsAllDayEvent:boolean ActivityDateTime:datetime "
        "ActivityDate:date DurationInMinutes:int StartDateTime:datetime "
        "EndDateTime:datetime IsPrivate:boolean ShowAs:picklist IsChild:boolean "
        f"IsGroupEvent:boolean EventSubtype:picklist {_AUDIT} Outcome__c:picklist"
    ),
    "EmailMessage": _fields(
        "Id:id ParentId:reference ActivityId:reference TextBody:textarea Subject:string "
        "FromName:string FromAddress:email ToAddress:string CcAddress:string "
        "BccAddress:string Incoming:boolean Status:picklist MessageDate:datetime "
        "RelatedToId:reference MessageIdentifier:string ThreadIdentifier:string "
        f"IsBounced:boolean {_AUDIT}"
    ),
    "User": _fields(
        "Id:id Username:string Name:string Email:email EmployeeNumber:string "
        "IsActive:boolean UserType:picklist UserRoleId:reference ManagerId:reference "
        f"TimeZoneSidKey:picklist DefaultCurrencyIsoCode:picklist {_AUDIT}"
    ),
    "UserRole": _fields(f"Id:id Name:string DeveloperName:string ParentRoleId:reference {_AUDIT}"),
    "Territory2": _fields(
        f"Id:id Name:string DeveloperName:string ParentTerritory2Id:reference {_AUDIT}"
    ),
    "UserTerritory2Association": _fields(
        f"Id:id UserId:reference Territory2Id:reference IsActive:boolean {_AUDIT}"
    ),
    "CurrencyType": _fields(
        "Id:id IsoCode:picklist ConversionRate:double IsCorporate:boolean "
        f"IsActive:boolean {_AUDIT}"
    ),
    "DatedConversionRate": _fields(
        f"Id:id IsoCode:picklist ConversionRate:double StartDate:date NextStartDate:date {_AUDIT}"
    ),
}
TOLD = ("Opportunity", "OpportunitySplit", "Task", "Event", "EmailMessage")  # chosen for events
PREFIXES = {
    "Opportunity": "006",
    "OpportunitySplit": "1FF",
    "Task": "00T",
    "Event": "00U",
    "EmailMessage": "02s",
    "User": "005",
}
PARENTS = {
    ("OpportunitySplit", "SplitType"): ("SplitTypeId", "OpportunitySplitType"),
    ("User", "UserRole"): ("UserRoleId", "UserRole"),
}
CHILDREN = {("Opportunity", "OpportunitySplits"): ("OpportunitySplit", "OpportunityId")}


class Refused(Exception):
    """An error of the REST API."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class Org:
    """Rows by object and id, and the bus on which their changes are told."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in OBJECTS}
        self.bus = Bus({name: OBJECTS[name] for name in TOLD})
        self.me = "0055f000005mc66AAA"
        self.now = datetime(2020, 1, 1, tzinfo=UTC)  # moves with the changes, as stamps are its own

    def write(
        self,
        entity: str,
        record_ids: Sequence[str],
        at: datetime,
        values: Mapping[str, Any],
        *,
        transaction: str = "",
        sequence: int = 1,
    ) -> bool:
        """Make or change records alike, as one transaction; return whether anything changed."""
        at = self._moment(at)
        with self.lock:
            changed: list[str] = []
            is_new = record_ids[0] not in self.rows[entity]
            for record_id in record_ids:
                row = self.rows[entity].setdefault(record_id, self._blank(entity, record_id, at))
                changed = [name for name, value in values.items() if row.get(name) != value]
                if changed or is_new:
                    row |= values
                    row |= {"LastModifiedDate": at, "SystemModstamp": at}
            if entity in TOLD and (changed or is_new):
                op = "CREATE" if is_new else "UPDATE"
                row = self.rows[entity][record_ids[0]]
                changed.append("LastModifiedDate")
                self._tell(
                    entity,
                    op,
                    record_ids,
                    at,
                    row=row,
                    changed=changed,
                    transaction=transaction,
                    sequence=sequence,
                )
            return bool(changed)

    def erase(self, entity: str, record_ids: Iterable[str], at: datetime, gone: bool) -> None:
        """Move records into the recycle bin, or out of it."""
        at = self._moment(at)
        with self.lock:
            for record_id in record_ids:
                row = self.rows[entity][record_id]
                row |= {"IsDeleted": gone, "LastModifiedDate": at, "SystemModstamp": at}
                self._tell(entity, "DELETE" if gone else "UNDELETE", [record_id], at, row=row)

    def empty_bin(self, entity: str, record_id: str) -> None:
        """Delete a record for good: no event tells of it."""
        with self.lock:
            del self.rows[entity][record_id]

    def tell(self, entity: str, op: str, record_ids: Sequence[str], at: datetime) -> None:
        """Put an event without values on the bus: a gap, an overflow."""
        self._tell(entity, op, record_ids, at, row={})

    def answer(self, query: soql.Query, with_deleted: bool) -> list[dict[str, Any]]:
        """Return the rows that a query asks for, with children under their names."""
        with self.lock:
            self._check(query, query.source, OBJECTS.get(query.source))
            return self._rows(query, query.source, self.rows[query.source].values(), with_deleted)

    def _moment(self, at: datetime) -> datetime:
        self.now = max(self.now, at + timedelta(seconds=3))
        return at.replace(microsecond=0)

    def _rows(
        self, query: soql.Query, entity: str, rows: Iterable[dict[str, Any]], with_deleted: bool
    ) -> list[dict[str, Any]]:
        found = [
            row
            for row in rows
            if (with_deleted or not row["IsDeleted"]) and query.test(self._reader(entity, row))
        ]
        for path, down in reversed(query.order):
            found.sort(key=lambda row: _sortable(self._reader(entity, row)(path)), reverse=down)
        found = found if query.limit is None else found[: query.limit]
        return [self._picked(query, entity, row, with_deleted) for row in found]

    def _picked(
        self, query: soql.Query, entity: str, row: dict[str, Any], with_deleted: bool
    ) -> dict[str, Any]:
        read = self._reader(entity, row)
        made: dict[str, Any] = {"": entity, "Id": row["Id"]}
        for path in query.fields:
            made[path] = read(path)
        for child in query.children:
            name, field = CHILDREN[entity, child.source]
            inner = [one for one in self.rows[name].values() if one[field] == row["Id"]]
            made[child.source] = self._rows(child, name, inner, with_deleted)
        return made

    def _reader(self, entity: str, row: Mapping[str, Any]) -> Any:
        def read(path: str) -> Any:
            name, dot, rest = path.partition(".")
            if not dot:
                return row.get(name)
            field, parent = PARENTS[entity, name]
            above = self.rows[parent].get(row.get(field) or "")
            return self._reader(parent, above)(rest) if above else None

        return read

    def _check(self, query: soql.Query, entity: str, types: Mapping[str, str] | None) -> None:
        if types is None:
            raise Refused("INVALID_TYPE", f"sObject type '{entity}' is not supported.")
        for path in (*query.fields, *query.asked):
            name, dot, rest = path.partition(".")
            parent = PARENTS.get((entity, name)) if dot else None
            known = OBJECTS[parent[1]] if parent else types
            if (rest if parent else path) not in known:
                raise Refused("INVALID_FIELD", f"No such column '{path}' on entity '{entity}'.")
        for child in query.children:
            known_as = CHILDREN.get((entity, child.source))
            if known_as is None:
                raise Refused("INVALID_TYPE", f"Didn't understand relationship '{child.source}'")
            self._check(child, known_as[0], OBJECTS.get(known_as[0]))

    def _blank(self, entity: str, record_id: str, at: datetime) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(OBJECTS[entity])
        row |= {name: False for name, kind in OBJECTS[entity].items() if kind == "boolean"}
        audit = {"CreatedDate": at, "SystemModstamp": at, "LastModifiedDate": at}
        return row | audit | {"Id": record_id, "CreatedById": self.me, "LastModifiedById": self.me}

    def _tell(
        self,
        entity: str,
        op: str,
        ids: Sequence[str],
        at: datetime,
        *,
        row: Mapping[str, Any],
        changed: Sequence[str] = (),
        transaction: str = "",
        sequence: int = 1,
    ) -> None:
        key = transaction or str(uuid.uuid4())
        self.bus.publish(
            entity,
            op,
            ids,
            at,
            user=self.me,
            values=row,
            changed=changed,
            transaction=key,
            sequence=sequence,
        )


def split_of(value: Any) -> Iterator[tuple[str, Decimal]]:
    """Yield (owner, percentage) of what a trial says of splits."""
    for owner, share in value or ():
        yield str(owner), Decimal(str(share)) * 100


def _sortable(value: Any) -> Any:
    return (
        value is not None,
        value if not isinstance(value, date | datetime) else value.isoformat(),
    )
