"""Several sources of one activity: whose word counts for what, as data.

A call may come from the dialer, from the CRM that the dialer tells, and from a calendar. Each says
what it knows; one activity is made of it, part by part.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from schemas.defining import Definition, Id


class SourceKind(StrEnum):
    """What a source is, for whoever has to choose between several."""

    MANUAL = "MANUAL"  # a person who corrects what systems say
    CRM = "CRM"
    DIALER = "DIALER"
    CALENDAR = "CALENDAR"
    MAILBOX = "MAILBOX"
    OTHER = "OTHER"


_MANUAL, _CRM, _DIALER = SourceKind.MANUAL, SourceKind.CRM, SourceKind.DIALER
_CALENDAR, _MAILBOX = SourceKind.CALENDAR, SourceKind.MAILBOX
KNOWN: Mapping[str, SourceKind] = {
    "manual": _MANUAL,
    "pacesetter": _MANUAL,
    **dict.fromkeys(("salesforce", "hubspot", "pipedrive", "dynamics", "zoho"), _CRM),
    **dict.fromkeys(("aircall", "twilio", "ringcentral"), _DIALER),
    **dict.fromkeys(
        ("google", "google-calendar", "microsoft", "microsoft-calendar", "calendar", "ics"),
        _CALENDAR,
    ),
    **dict.fromkeys(("gmail", "exchange", "outlook", "imap"), _MAILBOX),
}


class Part(NamedTuple):
    """Fields that are taken from one source together, so that they fit each other.

    Attributes:
        fields: the first one decides: a source that says nothing in it has no say in the others.
        order: kinds of sources, the best first; all others follow.
    """

    fields: tuple[str, ...]
    order: tuple[SourceKind, ...]


_BY_CRM = (_MANUAL, _CRM, _MAILBOX, _DIALER, _CALENDAR)
_BY_DIALER = (_MANUAL, _DIALER, _CRM, _CALENDAR, _MAILBOX)
_BY_CALENDAR = (_MANUAL, _CALENDAR, _CRM, _DIALER, _MAILBOX)
_BY_MAILBOX = (_MANUAL, _MAILBOX, _CRM, _DIALER, _CALENDAR)
_LINKS = tuple(Part((name,), _BY_CRM) for name in ("deal_id", "account_id", "contact_id"))
# `source` and `source_id` go with the owner: they say whose user that is.
PARTS: Mapping[str, tuple[Part, ...]] = {
    "call": (
        Part(("owner_id", "source", "source_id"), _BY_CRM),
        *(
            Part((name,), _BY_DIALER)
            for name in (
                "occurred_at", "direction", "status", "connected", "talk_seconds",
                "counterpart_hash", "is_automated",
            )
        ),
        Part(("disposition",), _BY_CRM),
        *_LINKS,
    ),
    "email": (
        Part(("owner_id", "source", "source_id"), _BY_CRM),
        *(
            Part((name,), _BY_MAILBOX)
            for name in (
                "occurred_at", "direction", "status", "external_recipient_count", "is_reply",
                "thread_id", "is_automated",
            )
        ),
        *_LINKS,
    ),
    "meeting": (
        Part(("owner_id", "source", "source_id", "booked_by_id"), _BY_CRM),
        Part(("start_at", "end_at", "occurred_at"), _BY_CALENDAR),
        Part(("booked_at",), _BY_CALENDAR),
        Part(("outcome",), _BY_CRM),
        Part(("meeting_type",), _BY_CRM),
        Part(("external_attendee_count",), _BY_CALENDAR),
        *_LINKS,
    ),
}  # fmt: skip
# Said for want of anything better: they count only if nobody says more.
WEAK: Mapping[tuple[str, str], tuple[str | bool, ...]] = {
    ("call", "status"): ("IN_PROGRESS",),
    ("call", "is_automated"): (False,),  # a source that does not know says so, too
    ("email", "status"): ("SCHEDULED",),
    ("email", "is_automated"): (False,),
    ("meeting", "outcome"): ("SCHEDULED", "RESCHEDULED"),
}
NOTHING = ("", "UNKNOWN")  # texts that say nothing; null does not either


class Source(Definition):
    """What one source is."""

    source: Id = Field(description="the source's name, as its records carry it")
    kind: SourceKind = Field(description="MANUAL, CRM, DIALER, CALENDAR, MAILBOX or OTHER")


class Precedence(Definition):
    """Whose word counts for a field of an activity that several sources tell of."""

    of: Literal["call", "email", "meeting"] = Field(description="call, email or meeting")
    field: str = Field(description="field of the message, with those taken together with it")
    sources: Annotated[tuple[Id, ...], Field(min_length=1)] = Field(
        description="names or kinds of sources, the best first; all others follow as is usual"
    )

    @model_validator(mode="after")
    def _is_known(self) -> "Precedence":
        known = [name for part in PARTS[self.of] for name in part.fields]
        if self.field not in known or self.field in ("source", "source_id"):
            some = ", ".join(name for name in known if not name.startswith("source"))
            raise ValueError(f"field {self.field} of {self.of} is not chosen; there are {some}")
        return self
