"""A mapping: which column of an export becomes which field of a message. Values only.

A mapping is a YAML file. All its scalars are text (`Yes`, `007` and `2026-01-01` stay what they
are); they are read by the same rules as the cells of the file.
"""

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas import catalogue
from schemas.bills import BLANK_DEAL
from schemas.topics import BY_FACT

GIVEN = ("source", "op")  # told by the mapping as a whole, never by a column
FILLED = ("revision", "entity_id", *GIVEN)  # need no rule of their own


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no IANA time zone; write one such as Europe/Berlin or UTC") from None
    return name


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError("is no encoding; write utf-8, utf-16, cp1252 or latin-1") from None
    return name


def _delimiter(text: str) -> str:
    text = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(text) != 1 or text in '"\r\n':
        raise ValueError('is no delimiter; write one character, or "tab"')
    return text


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _rule(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Zone = Annotated[str, AfterValidator(_zone)]
Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=str | tuple[str, ...]),
]
Column = Annotated[
    str, Field(min_length=1, description="a column's heading; `name?` may be absent from the file")
]


class Part(BaseModel):
    """Base of everything in a mapping: frozen, and strict about names."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Unit(StrEnum):
    """What a duration is counted in; seconds come out."""

    MILLISECONDS = "milliseconds"
    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"


class FileOptions(Part):
    """How the file is written. Nothing is guessed: what differs from the defaults is said here."""

    format: Annotated[
        Literal["csv", "jsonl", "xlsx"] | None,
        Field(description="of a file whose ending does not tell"),
    ] = None
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    delimiter: Annotated[
        str, AfterValidator(_delimiter), Field(description='one character, or "tab"')
    ] = ","
    decimal: Annotated[Literal[".", ","], Field(description="the decimal mark")] = "."
    thousands: Annotated[
        Literal["", ".", ",", " ", "'"], Field(description="what groups thousands")
    ] = ""
    time_zone: Annotated[
        Zone | None, Field(description="of times without an offset; absent: they are refused")
    ] = None
    formats: Annotated[
        Texts,
        Field(description="strptime formats of dates and times, epoch_seconds or epoch_millis"),
    ] = ()
    date_at: Annotated[
        time, Field(description="time of day of a bare date where an instant is wanted")
    ] = time(12)  # noon is the same day in any zone within twelve hours
    empty: Annotated[Texts, Field(description="texts that mean: no value")] = ("",)
    sheet: Annotated[str | None, Field(description="of a workbook; absent: the first")] = None
    header_row: Annotated[int, Field(ge=1, le=1000, description="the row of headings")] = 1
    headings: Annotated[Texts, Field(description="of a file that has no row of them")] = ()


class Condition(Part):
    """A test of one cell. Texts are compared without their case."""

    column: Column
    is_: Annotated[Texts | None, Field(alias="is")] = None
    is_not: Texts | None = None
    starts_with: Texts | None = None
    empty: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> "Condition":
        tests = (self.is_, self.is_not, self.starts_with, self.empty)
        if sum(test is not None for test in tests) != 1:
            raise ValueError("wants exactly one of is, is_not, starts_with, empty")
        return self


Conditions = Annotated[
    tuple[Condition, ...],
    BeforeValidator(
        lambda v: [v] if isinstance(v, dict) else v,
        json_schema_input_type=Condition | tuple[Condition, ...],
    ),
    Field(description="true if any of them is"),
]


class Rule(Part):
    """Where one field comes from, and how its text is read."""

    column: Column | None = None
    first_of: Annotated[
        tuple[Column, ...], Field(description="the first of these columns that is not empty")
    ] = ()
    constant: str | None = None
    template: Annotated[str | None, Field(description="text with {columns} in it")] = None
    when: Annotated[Conditions, Field(description="else the field is empty")] = ()
    lookup: Annotated[
        dict[str, str] | None, Field(description="cell -> value, without regard to case")
    ] = None
    otherwise: Annotated[
        str | None, Field(description="for cells the lookup lacks; absent: they are refused")
    ] = None
    default: Annotated[str | None, Field(description="for an empty cell")] = None
    remove: Annotated[str, Field(description="characters to cut out, such as a currency sign")] = ""
    unit: Unit | None = None
    percent: Annotated[bool, Field(description="65 means 0.65")] = False
    formats: Texts = ()
    day_in: Annotated[
        Zone | None, Field(description="for a date: the zone in which an instant is cut to a day")
    ] = None
    days_later: Annotated[
        int, Field(ge=-1, le=1, description="for a date: 1 turns a last day into the next")
    ] = 0

    @model_validator(mode="after")
    def _one_origin(self) -> "Rule":
        origins = (self.column, self.first_of or None, self.constant, self.template)
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("wants exactly one of column, first_of, constant, template")
        if self.otherwise is not None and self.lookup is None:
            raise ValueError("otherwise belongs to a lookup; for empty cells write default")
        if self.lookup is not None:
            folded = [text.strip().casefold() for text in self.lookup]
            twice = {text for text in folded if folded.count(text) > 1}
            if twice:
                raise ValueError(f"lookup has {', '.join(sorted(twice))} twice")
        return self


AnyRule = Annotated[Rule, BeforeValidator(_rule, json_schema_input_type=str | Rule)]


class Join(Part):
    """A second file that is looked into by key; its columns are `<name>.<column>`."""

    file: Annotated[str, Field(description="beside the imported file; --with NAME=FILE overrides")]
    on: Annotated[Texts, Field(description="columns of the imported file")]
    key: Annotated[Texts, Field(description="columns of the second file, in the same order")]

    @model_validator(mode="after")
    def _as_many(self) -> "Join":
        if len(self.on) != len(self.key):
            raise ValueError("on and key must name equally many columns")
        return self


class Mapping(Part):
    """What all mappings have."""

    source: Annotated[
        str, Field(min_length=1, description="the source's name, as the identity map has it")
    ]
    file: FileOptions = FileOptions()
    joins: dict[str, Join] = {}
    skip_if: Annotated[Conditions, Field(description="rows that are no records of this kind")] = ()


class EventMapping(Mapping):
    """An export of calls, e-mails, meetings or deals."""

    message: Literal["call", "email", "meeting", "deal"]
    object: Annotated[
        str | None,
        Field(description="middle of entity_id, source:object:source_id; absent: the message"),
    ] = None
    cancelled_if: Annotated[
        Conditions, Field(description="rows that were deleted or never happened")
    ] = ()
    earliest: Annotated[
        date, Field(description="before it an instant is a mistake, not business")
    ] = date(2000, 1, 1)
    fields: dict[str, AnyRule]
    splits: Annotated[
        tuple[dict[str, AnyRule], ...],
        Field(description="of a deal: owner_id, role and share of each person"),
    ] = ()

    @model_validator(mode="after")
    def _fields_fit(self) -> "EventMapping":
        if self.file.headings:
            raise ValueError("file.headings are for definitions; give events a row of headings")
        known = catalogue.schema(catalogue.latest(self.message))["fields"]
        filled: tuple[str, ...] = FILLED
        if self.is_of_bills:  # whose deal it is nobody can guess; of the deal it says nothing
            filled = (*BLANK_DEAL, *(name for name in FILLED if name != "entity_id"))
        needed = [f["name"] for f in known if "default" not in f and f["name"] not in filled]
        lacking = [name for name in needed if name not in self.fields]
        if lacking:
            raise ValueError(f"fields lacks {', '.join(lacking)}; a {self.message} needs them")
        if self.splits and self.message != "deal":
            raise ValueError("splits belong to deals")
        return self

    @property
    def is_of_bills(self) -> bool:
        """Whether its deal messages are bills: what a billing system says of a deal's invoices."""
        return "bill_id" in self.fields

    def earliest_at(self) -> datetime:
        """Return the first instant that is believed."""
        return datetime.combine(self.earliest, time(), UTC)


class IdentityRule(Part):
    """How a source knows the person of a row."""

    source: Annotated[str, Field(min_length=1)]
    user_id: AnyRule


class QuotaRule(Part):
    """A column that holds a quota of the person of a row."""

    amount: AnyRule
    kpi: Annotated[str, Field(min_length=1)]
    period_start: date
    period_end: Annotated[date, Field(description="first day behind the period")]
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None


class PeopleMapping(Mapping):
    """A list of people: becomes a draft of definitions, not events."""

    message: Literal["people"]
    fields: dict[
        Literal[
            "rep_id", "name", "email", "employee_number", "team", "manager", "role", "valid_from",
            "valid_to", "time_zone", "calendar_id",
        ],
        AnyRule,
    ]  # fmt: skip
    manager_role: Annotated[str, Field(description="of managers who have no row of their own")] = (
        "manager"
    )
    identities: tuple[IdentityRule, ...] = ()
    quotas: tuple[QuotaRule, ...] = ()

    @model_validator(mode="after")
    def _fields_fit(self) -> "PeopleMapping":
        needed = ("rep_id", "name", "team", "valid_from", "time_zone")
        lacking = [name for name in needed if name not in self.fields]
        if lacking:
            raise ValueError(f"fields lacks {', '.join(lacking)}; a person needs them")
        return self


MODELS: dict[str, type[EventMapping] | type[PeopleMapping]] = {
    **dict.fromkeys(BY_FACT, EventMapping),
    "people": PeopleMapping,
}
