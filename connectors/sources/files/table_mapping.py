"""A mapping of tables that become definitions row by row: quotas, rates, leave, territories."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from connectors.sources.files.mapping import AnyRule, Mapping, QuotaRule, Rule, Texts
from schemas.calendars import Absence
from schemas.defining import Definition, Id
from schemas.definitions import Rate
from schemas.quotas import Quota
from schemas.territories import Holder, Territory


class Holding(Holder):
    """A holder of a territory, as a row of its own."""

    territory_id: Id


class Table(NamedTuple):
    """What the rows of a table become.

    Attributes:
        kind: of definitions the rows go into.
        row: what one row is.
        key: fields that tell one row from another; a row with the key of another replaces it.
    """

    kind: str
    row: type[Definition]
    key: tuple[str, ...]


TABLES = {
    "quotas": Table("quotas", Quota, ("quota_id",)),
    "rates": Table("rates", Rate, ("base", "quote", "on")),
    "leave": Table("leave", Absence, ("rep_id", "valid_from")),
    "territories": Table("territories", Territory, ("territory_id",)),
    "holders": Table("territories", Holding, ("territory_id", "rep_id", "valid_from")),
}


class TableMapping(Mapping):
    """A table whose rows become entries of definitions, not events."""

    message: Literal["quotas", "rates", "leave", "territories", "holders"]
    source: Annotated[str, Field(description="means nothing here")] = ""
    fields: dict[str, AnyRule] = {}  # noqa: RUF012 - pydantic copies it
    inclusive: Annotated[
        Texts, Field(description="fields whose date names the last day instead of the one behind")
    ] = ()
    period_months: Annotated[
        int | None,
        Field(ge=1, le=24, description="quotas without an end: up to the owner's next, else so "
              "many months"),
    ] = None  # fmt: skip
    quotas: Annotated[
        tuple[QuotaRule, ...], Field(description="of a wide table: a column for each period")
    ] = ()

    @model_validator(mode="after")
    def _fields_fit(self) -> "TableMapping":
        known = self.table.row.model_fields
        strangers = [name for name in (*self.fields, *self.inclusive) if name not in known]
        if strangers:
            allowed = ", ".join(plain_fields(self.table.row))
            raise ValueError(f"fields has {', '.join(strangers)}; there are {allowed}")
        if self.message != "quotas" and (self.quotas or self.period_months):
            raise ValueError("quotas and period_months belong to quotas")
        filled = {"period_end"} if self.period_months else set()
        if self.quotas:
            filled |= {"kpi", "amount", "period_start", "period_end", "currency"}
        needed = {n for n, f in known.items() if f.is_required()} - filled - set(self.fields)
        if needed:
            raise ValueError(f"fields lacks {', '.join(sorted(needed))}")
        return self

    @property
    def table(self) -> Table:
        """What its rows become."""
        return TABLES[self.message]


def plain_fields(row: type[Definition]) -> tuple[str, ...]:
    """Return the fields of a row that fit into one cell."""
    return tuple(n for n, f in row.model_fields.items() if not isinstance(f.default, tuple))


def by_names(message: Literal["quotas", "rates", "leave"]) -> TableMapping:
    """Return the mapping of a file whose headings are the names of the fields."""
    row = TABLES[message].row
    fields = {
        n: Rule(column=n if row.model_fields[n].is_required() else f"{n}?")
        for n in plain_fields(row)
    }
    return TableMapping(message=message, fields=fields)
