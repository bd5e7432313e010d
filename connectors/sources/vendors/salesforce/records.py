"""Records: one form, whether REST or a Bulk API result tells of them. Pure.

Beside Salesforce's own fields a record has
- LatestModstamp: the greatest SystemModstamp of it and its children, deleted ones too. It is the
  record's revision: a changed split need not touch the opportunity itself.
- of an EmailMessage, ExternalRecipientCount in place of all addresses: how many it went to outside
  the sender's own domain.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sources.vendors.contract import Record
from connectors.sources.vendors.salesforce.soql import CURRENCY, STAMP, Kind

LATEST = "LatestModstamp"
_ADDRESSES = ("FromAddress", "ToAddress", "CcAddress", "BccAddress")
_DECIMALS = frozenset({"double", "currency", "percent"})
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d:?\d\d)", re.ASCII)


def of_rest(row: Mapping[str, Any], kind: Kind, currency: str = "") -> Record:
    """Return the record of a row of a REST answer; a list of children is a plain list.

    Args:
        currency: of amounts, where the organisation has one and records do not say.
    """
    return _complete(_plain(row), kind, currency)


def of_csv(
    row: Mapping[str, str], types: Mapping[str, str], kind: Kind, currency: str = ""
) -> Record:
    """Return the record of a row of a Bulk result.

    Args:
        types: of the fields, as the object's description has them.
    """
    typed = {name: _typed(text, types.get(name, "")) for name, text in row.items()}
    return _complete(typed, kind, currency)


def stamp(record: Record) -> datetime:
    """Return when a record, or a part of it, changed last.

    Raises:
        KeyError, ValueError: it does not say.
    """
    return moment(record[LATEST])


def moment(text: str) -> datetime:
    """Return an instant as Salesforce writes it, in UTC.

    Raises:
        ValueError: it is none.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no instant with its zone")
    zone = "+00:00" if match[2] == "Z" else match[2]
    return datetime.fromisoformat(match[1] + zone).astimezone(UTC)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in row.items():
        if name == "attributes":
            continue
        if isinstance(value, Mapping) and "records" in value:
            made[name] = [_plain(one) for one in value["records"]]
        else:
            made[name] = _plain(value) if isinstance(value, Mapping) else value
    return made


def _complete(record: dict[str, Any], kind: Kind, currency: str) -> Record:
    stamps = [record[STAMP]]
    if kind.child is not None:
        children = record.get(kind.child.relation) or []
        record[kind.child.relation] = children
        stamps += [one[STAMP] for one in children]
    record[LATEST] = max(stamps, key=moment)
    if currency and CURRENCY in kind.fields and not record.get(CURRENCY):
        record[CURRENCY] = currency
    if kind.name == "EmailMessage":
        if record.get("MessageIdentifier"):  # other sources tell it without its brackets
            record["MessageIdentifier"] = record["MessageIdentifier"].strip().strip("<>")
        record["ExternalRecipientCount"] = _recipients(record)
        for name in _ADDRESSES:  # nobody needs whom it went to
            record.pop(name, None)
    return record


def _recipients(record: Mapping[str, Any]) -> int | None:
    """Return how many got it outside the sender's domain; None: nobody is named."""
    own = _domain(record.get("FromAddress") or "")
    written = ";".join(record.get(name) or "" for name in _ADDRESSES[1:])
    found = {one.strip().casefold() for one in re.split("[;,]", written) if one.strip()}
    return sum(1 for one in found if _domain(one) != own) if found else None


def _domain(address: str) -> str:
    return address.rpartition("@")[2].strip(" <>").casefold()


def _typed(text: str, kind: str) -> Any:
    if text == "":
        return None
    if kind == "boolean":
        return text == "true"
    if kind == "datetime":
        return f"{text[:-1]}+0000" if text.endswith("Z") else text  # as REST writes it
    if kind in _DECIMALS:
        try:
            return Decimal(text)
        except InvalidOperation:
            return text  # the mapping tells whose field it is
    return int(text) if kind == "int" and text.removeprefix("-").isdecimal() else text
