"""What Salesforce knows beside records: exchange rates, territories, roles and people, as files.

Rates and territories become definitions, put into the folder's rates.yaml and territories.yaml.
Rates stay as Salesforce has them, so many units for one of the corporate currency: inverting is the
reader's, so nothing is rounded here. A territory keeps Salesforce's id, which deals carry. People
and roles are tables to draw the roster from: Salesforce says neither since when, nor who is paid.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.sources.files.people_folder import existing_in, write
from connectors.sources.files.table_mapping import TableMapping, by_names
from connectors.sources.files.tables import put_in
from connectors.sources.vendors.salesforce import soql
from connectors.sources.vendors.salesforce.rest import Rest
from connectors.sources.vendors.tabling import Written
from schemas.defining import Definition
from schemas.definitions import Rate
from schemas.territories import Territories, Territory

PLACES_MAX = 10  # of a rate in definitions; Salesforce keeps six
FIRST_DAY = date(2000, 1, 1)  # of rates without a date, which hold for ever
_USERS = (
    "Id", "Name", "Email", "EmployeeNumber", "IsActive", "TimeZoneSidKey", "ManagerId",
    "UserRole.Name", "UserRoleId", "CreatedDate",
)  # fmt: skip
_ROLES = ("Id", "Name", "DeveloperName", "ParentRoleId")
_HOLDERS = ("UserId", "Territory2Id", "IsActive")


def write_all(rest: Rest, folder: Path) -> Written:
    """Return what was written into a folder of definitions; an older file stays as *.bak.

    Raises:
        BadFile: a file that is there cannot be understood.
        Unavailable, Denied
    """
    found_rates, found_territories = tuple(rates(rest)), tuple(territories(rest))
    held = existing_in(folder, ("rates", "territories"))
    kinds: dict[str, Definition] = {}
    if found_rates:
        kinds["rates"] = put_in(held.get("rates"), by_names("rates"), list(found_rates))
    if found_territories:
        there = held.get("territories") or Territories()
        kinds["territories"] = put_in(there, _BY_ID, list(found_territories))
    files = list(write(folder, kinds)) if kinds else []
    counts = {"rates": len(found_rates), "territories": len(found_territories)}
    for name, object_name, fields in (
        ("users", "User", _USERS),
        ("roles", "UserRole", _ROLES),
        ("territory_holders", "UserTerritory2Association", _HOLDERS),
    ):
        rows = list(_rows(rest, object_name, fields))
        counts[name] = len(rows)
        if rows:
            path = folder / "salesforce" / f"{name}.csv"  # below: only definitions lie beside them
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_table(fields, rows), "utf-8")
            files.append(path)
    return Written(counts, tuple(files))


def rates(rest: Rest) -> Iterator[Rate]:
    """Yield the organisation's exchange rates: dated ones, else those that hold for ever.

    An organisation with one currency has none.
    """
    if rest.described("CurrencyType") is None:
        return
    known = list(
        rest.rows(soql.select(("IsoCode", "ConversionRate", "IsCorporate"), "CurrencyType"))
    )
    corporate = next((row["IsoCode"] for row in known if row["IsCorporate"]), None)
    if corporate is None:
        return
    if rest.described("DatedConversionRate") is not None:
        asked = soql.select(
            ("IsoCode", "ConversionRate", "StartDate"), "DatedConversionRate",
            behind="IsoCode, StartDate",
        )  # fmt: skip
        dated = [row for row in rest.rows(asked) if row["IsoCode"] != corporate]
        if dated:
            yield from (
                _rate(corporate, row, date.fromisoformat(row["StartDate"])) for row in dated
            )
            return
    others = (row for row in known if row["IsoCode"] != corporate)
    yield from (_rate(corporate, row, FIRST_DAY) for row in others)


def territories(rest: Rest) -> Iterator[Territory]:
    """Yield the territories, without who holds them: Salesforce does not say since when."""
    if rest.described("Territory2") is None:
        return
    asked = soql.select(("Id", "Name", "ParentTerritory2Id"), "Territory2", behind="Id")
    for row in rest.rows(asked):
        yield Territory(
            territory_id=row["Id"],
            name=row["Name"],
            parent_territory_id=row.get("ParentTerritory2Id"),
        )


_BY_ID = TableMapping.model_validate(
    {"message": "territories", "fields": {"territory_id": "Id", "name": "Name"}}
)


def _rate(corporate: str, row: Any, on: date) -> Rate:
    rate = Decimal(row["ConversionRate"]).quantize(Decimal(1).scaleb(-PLACES_MAX)).normalize()
    return Rate(base=corporate, quote=row["IsoCode"], on=on, rate=rate)


def _rows(rest: Rest, object_name: str, fields: Sequence[str]) -> Iterator[tuple[str, ...]]:
    if rest.described(object_name) is None:
        return
    for row in rest.rows(soql.select(fields, object_name)):
        yield tuple(_cell(row, field) for field in fields)


def _cell(row: Any, field: str) -> str:
    value: Any = row
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _table(fields: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(rows)
    return text.getvalue()
