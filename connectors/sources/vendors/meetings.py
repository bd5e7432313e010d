"""What calendars have in common: which copy of a meeting tells of it, who is from outside. Pure.

A meeting stands in the calendar of everybody invited. One copy speaks for all: the organizer's, if
we read that calendar, else that of the first of those invited whose calendar we read.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

SINGLE = "-"  # stands for the recurrence of a meeting that does not recur
OUTLOOK_UID = "040000008200E00074C5B7101A82E008"  # begins what Outlook makes itself
KEPT_DAYS = 400  # how far back a first listing goes
AHEAD_DAYS = 365  # how far ahead meetings are told; a series without an end has no last one


def _texts(value: Any) -> Any:
    return (
        [t.strip().lower() for t in value.split(",") if t.strip()]
        if isinstance(value, str)
        else value
    )


Calendars = Annotated[
    tuple[str, ...],
    BeforeValidator(_texts),
    Field(
        min_length=1,
        description="e-mail addresses of the people whose calendars are read, by commas",
    ),
]
Domains = Annotated[
    tuple[str, ...],
    BeforeValidator(_texts),
    Field(
        min_length=1, description="the company's e-mail domains, by commas; others are customers"
    ),
]


def address(written: object) -> str:
    """Return an e-mail address as it is compared: without its case and mailto."""
    return written.strip().lower().removeprefix("mailto:") if isinstance(written, str) else ""


def is_told_by(
    calendar: str, organizer: str, invited: Iterable[str], read: Collection[str]
) -> bool:
    """Return whether the copy in a calendar speaks for the meeting.

    >>> is_told_by("bo@x.de", "ana@x.de", ["ana@x.de", "bo@x.de"], ["ana@x.de", "bo@x.de"])
    False
    >>> is_told_by("bo@x.de", "cy@customer.com", ["ida@x.de", "bo@x.de"], ["bo@x.de", "ida@x.de"])
    True
    """
    if organizer in read:
        return calendar == organizer
    return calendar == min([one for one in invited if one in read], default=calendar)


def owner_of(calendar: str, organizer: str, read: Collection[str]) -> str:
    """Return whose meeting it is: the organizer's if one of ours, else whose copy speaks."""
    return organizer if organizer in read else calendar


def outsiders(invited: Iterable[str], domains: Collection[str]) -> int:
    """Return how many are from outside the company.

    >>> outsiders(["ana@x.de", "cy@customer.com", "bo@eu.x.de"], ["x.de"])
    1
    """
    return sum(1 for one in set(invited) if one and not _is_inside(one, domains))


def recurrence(original_start: datetime | date | None) -> str:
    """Return what tells one meeting of a series from another, the same in every calendar.

    >>> recurrence(datetime(2026, 3, 5, 13, tzinfo=UTC)), recurrence(None)
    ('20260305T130000Z', '-')
    """
    if original_start is None:
        return SINGLE
    if isinstance(original_start, datetime):
        return original_start.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return original_start.strftime("%Y%m%d")


def entity_id(uid: str, original_start: datetime | date | None) -> str:
    """Return the identity of a meeting that every calendar and invitation shares."""
    return f"ical:{uid}/{recurrence(original_start)}"


def uid_of(ical_uid: str) -> str:
    """Return the UID of an invitation: Outlook writes an occurrence's day into its own.

    Source: MS-OXOCAL, PidLidCleanGlobalObjectId.
    """
    if not ical_uid.upper().startswith(OUTLOOK_UID) or len(ical_uid) < 40:
        return ical_uid
    return f"{ical_uid[:32]}00000000{ical_uid[40:]}"


def _is_inside(one: str, domains: Collection[str]) -> bool:
    domain = one.rpartition("@")[2]
    return any(domain == inside or domain.endswith(f".{inside}") for inside in domains)
