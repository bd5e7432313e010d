"""What is asked of Salesforce's records: objects, their fields, and SOQL text. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
STAMP = "SystemModstamp"
CURRENCY = "CurrencyIsoCode"
ALWAYS = ("Id", "CreatedDate", "IsDeleted", STAMP)
IDS_MAX = 300  # of a query: an address holds 16,384 characters, an id with its quotes 27


@dataclass(frozen=True, slots=True)
class Child:
    """Records that are a part of another's.

    Attributes:
        relation: the name of their list in it.
        parent: their field that names it.
    """

    object: str
    relation: str
    parent: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """An object whose records are read.

    Attributes:
        fields: those an organisation has are asked for; many depend on its features.
        needed: without these a record means nothing.
        only: a condition that holds for records that count.
    """

    name: str
    fields: tuple[str, ...]
    needed: tuple[str, ...]
    child: Child | None = None
    only: str = ""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SPLITS = Child(
    "OpportunitySplit",
    "OpportunitySplits",
    "OpportunityId",
    _names(
        "Id SplitOwnerId SplitPercentage SplitAmount SplitTypeId SplitType.DeveloperName "
        "SplitType.MasterLabel SplitType.IsTotalValidated IsDeleted SystemModstamp"
    ),
)
_ABOUT = _names(
    "OwnerId WhoId WhatId AccountId Type IsRecurrence IsArchived CurrencyIsoCode CreatedById "
    "LastModifiedDate"
)
_OPPORTUNITY = _names(
    "Name AccountId OwnerId Type StageName IsClosed IsWon Amount ExpectedRevenue "
    "TotalOpportunityQuantity Probability CloseDate ForecastCategoryName LeadSource RecordTypeId "
    "Territory2Id CampaignId CurrencyIsoCode LastStageChangeDate CreatedById "
    "LastModifiedDate"
)
_TASK = _names(
    "TaskSubtype Status IsClosed ActivityDate CompletedDateTime CallType CallDurationInSeconds "
    "CallDisposition CallObject"
)
_EVENT = _names(
    "EventSubtype StartDateTime EndDateTime ActivityDate ActivityDateTime DurationInMinutes "
    "IsAllDayEvent IsChild IsGroupEvent IsPrivate ShowAs WhoCount"
)
_EMAIL = _names(
    "CreatedById LastModifiedDate MessageDate Incoming Status RelatedToId ActivityId "
    "MessageIdentifier ThreadIdentifier ReplyToEmailMessageId FromAddress ToAddress CcAddress "
    "BccAddress IsBounced AutomationType"
)
KINDS = (
    Kind(
        "Opportunity",
        (*ALWAYS, *_OPPORTUNITY),
        ("OwnerId", "StageName", "IsClosed", "IsWon", "Amount", "CloseDate"),
        _SPLITS,
    ),
    Kind(
        "Task",
        (*ALWAYS, *_ABOUT, *_TASK),
        ("OwnerId", "TaskSubtype", "Status", "IsClosed", "CallType", "CallDurationInSeconds"),
    ),
    Kind(
        "Event",
        (*ALWAYS, *_ABOUT, *_EVENT),
        ("OwnerId", "StartDateTime", "EndDateTime"),
        only="IsChild = false",  # the copies of one meeting in the calendars of its invitees
    ),
    Kind(
        "EmailMessage",
        (*ALWAYS, *_EMAIL),
        ("MessageDate", "Incoming", "Status", "FromAddress", "ToAddress"),
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}


class NoId(ValueError):
    """A text that cannot be the id of a record."""


def select(
    fields: Sequence[str], name: str, where: Iterable[str] = (), behind: str = "", limit: int = 0
) -> str:
    """Return a query; `behind` is its order."""
    asked = f"SELECT {','.join(fields)} FROM {name}"
    conditions = [one for one in where if one]
    if conditions:
        asked += f" WHERE {' AND '.join(conditions)}"
    if behind:
        asked += f" ORDER BY {behind}"
    return f"{asked} LIMIT {limit}" if limit else asked


def parts(child: Child) -> str:
    """Return what asks for children within a query for their parents."""
    return f"(SELECT {','.join(child.fields)} FROM {child.relation})"


def among(field: str, record_ids: Collection[str]) -> str:
    """Return the condition that a field holds one of some ids.

    Raises:
        NoId: one of them is none, so nothing foreign gets into a query.
    """
    wrong = [one for one in record_ids if not ID.fullmatch(one)]
    if wrong:
        raise NoId(f"{wrong[0][:30]!r} is no id of Salesforce")
    return f"{field} IN ({','.join(repr(one) for one in record_ids)})"


def behind(at: datetime | None, record_id: str) -> str:
    """Return the condition of what lies behind a place in the order of change.

    Without an id what changed at `at` itself counts as behind it.
    """
    if at is None:
        return ""
    if not record_id:
        return f"{STAMP} >= {instant(at)}"
    if not ID.fullmatch(record_id):
        raise NoId(f"{record_id[:30]!r} is no id of Salesforce")
    return f"({STAMP} > {instant(at)} OR ({STAMP} = {instant(at)} AND Id > '{record_id}'))"


def instant(at: datetime) -> str:
    """Return an instant as SOQL writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
