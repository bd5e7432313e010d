"""The canonical model at the door: a JSON object or a mapped row becomes a record, or named errors.

The Avro schemas are the only list of fields; this module reads them. Every door (intake, import,
command line) calls `check`, so one wrong value earns one message everywhere: the field, the value
and the remedy.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from schemas import catalogue
from schemas.bills import BLANK_DEAL, faults_of_bill, is_bill
from schemas.canonical_values import Read, Wrong, instant, reader_of
from schemas.catalogue import Schema
from schemas.keys import entity_id_of

NAMES_MAX = 200  # fields told of one object; naming the nearest for each costs time
ENTRIES_MAX = 1000  # of a list; no deal has nearly as many splits
_CURRENCY = re.compile(r"[A-Z]{3}")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field, and what to do about it."""

    field: str
    value: Any
    problem: str
    remedy: str

    def __str__(self) -> str:
        shown = "" if self.value is _MISSING else f" is {_shown(self.value)}"
        return f"{self.field}{shown}: {self.problem}; {self.remedy}"


class _Field(NamedTuple):
    """One field of a record, ready to read: a scalar by `read`, a list by `item`."""

    name: str
    doc: str
    default: Any
    may_be_null: bool
    read: Read | None
    item: Any


Checked = tuple[dict[str, Any] | None, tuple[FieldError, ...]]


def check(message: str, raw: Mapping[str, Any]) -> Checked:
    """Return the record a canonical object stands for, or None and everything wrong with it.

    Instants are RFC 3339 strings with an offset or aware datetimes; dates are ISO strings; money is
    a string, an integer or a Decimal, never a float; `revision` may be an instant. `op` is SET and
    `entity_id` is source:message:source_id when they are absent.

    Raises:
        KeyError: there is no such message.
    """
    fields = _fields_of(message)
    record, errors = _record(fields, _with_defaults(message, raw, fields), "")
    if any(error.field in ("source", "source_id") for error in errors):
        errors = [error for error in errors if error.field != "entity_id"]  # it follows from them
    if message == "deal" and is_bill(raw):
        errors = [_of_bill(e) if e.field == "entity_id" else e for e in errors]
    if not errors:
        errors = list(_sense(message, record))
    return (None, tuple(errors)) if errors else (record, ())


def _of_bill(error: FieldError) -> FieldError:
    remedy = "give the entity_id of the deal it is a bill of, as the deal's own records have it"
    return replace(error, remedy=remedy)


def _with_defaults(
    message: str, raw: Mapping[str, Any], fields: tuple[_Field, ...]
) -> dict[str, Any]:
    if fields[0].name != "entity_id":  # no fact: nothing to fill in
        return dict(raw)
    filled = {"op": "SET", **raw}
    if isinstance(filled.get("revision"), str | datetime):
        filled["revision"] = _micros(filled["revision"])
    source, source_id = filled.get("source"), filled.get("source_id")
    if message == "deal" and is_bill(raw):
        return {**BLANK_DEAL, **filled}  # whose bill it is nobody can guess
    if "entity_id" not in filled and source and source_id:
        filled["entity_id"] = entity_id_of(str(source), message, str(source_id))
    return filled


def _micros(value: Any) -> Any:
    try:
        at = instant(value)
    except Wrong:
        return value
    return int(at.timestamp()) * 1_000_000 + at.microsecond


@cache
def _fields_of(message: str) -> tuple[_Field, ...]:
    return _ready(catalogue.schema(catalogue.latest(message))["fields"])


def _ready(fields: list[Schema]) -> tuple[_Field, ...]:
    made = []
    for field in fields:
        may_be_null = isinstance(field["type"], list)  # always [null, T]
        kind = field["type"][1] if may_be_null else field["type"]
        is_list = isinstance(kind, dict) and kind["type"] == "array"
        read = None if is_list else reader_of(kind)
        item = _item(kind["items"]) if is_list else None
        default = field.get("default", _MISSING)
        made.append(_Field(field["name"], field.get("doc", ""), default, may_be_null, read, item))
    return tuple(made)


def _item(kind: Any) -> tuple[_Field, ...] | Read:
    is_record = isinstance(kind, dict) and kind["type"] == "record"
    return _ready(kind["fields"]) if is_record else reader_of(kind)


def _record(
    fields: tuple[_Field, ...], raw: Mapping[str, Any], prefix: str
) -> tuple[dict[str, Any], list[FieldError]]:
    record: dict[str, Any] = {}
    errors: list[FieldError] = []
    for field in fields:
        value = raw.get(field.name, _MISSING)
        if value is _MISSING:
            if field.default is _MISSING:
                where = prefix + field.name
                errors.append(FieldError(where, value, "is missing", f"give: {field.doc}"))
            record[field.name] = field.default
            continue
        try:
            record[field.name] = _value(field, value, prefix, errors)
        except Wrong as wrong:
            errors.append(FieldError(prefix + field.name, value, wrong.problem, wrong.remedy))
    if len(raw) > NAMES_MAX or not record.keys() >= raw.keys():
        errors[:0] = _strangers(fields, raw, prefix)
    return record, errors


def _value(field: _Field, value: Any, prefix: str, errors: list[FieldError]) -> Any:
    if value is None:
        if field.may_be_null:
            return None
        raise Wrong("is null", "give a value; this field is required")
    if field.read is not None:
        return field.read(value)
    return _array(field.item, value, prefix + field.name, errors)


def _strangers(
    fields: tuple[_Field, ...], raw: Mapping[str, Any], prefix: str
) -> Iterator[FieldError]:
    known = [field.name for field in fields]
    if len(raw) > NAMES_MAX:
        yield FieldError(
            prefix, _MISSING, f"has {len(raw)} fields", f"fields are {', '.join(known)}"
        )
        return
    for name in raw:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, 1)
            remedy = f"did you mean {near[0]}?" if near else f"fields are {', '.join(known)}"
            yield FieldError(f"{prefix}{name}", raw[name], "is no field of this message", remedy)


def _array(item: Any, value: Any, where: str, errors: list[FieldError]) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Wrong("is no list", "give a list, empty if there is nothing")
    if len(value) > ENTRIES_MAX:
        raise Wrong(f"has {len(value)} entries", f"give at most {ENTRIES_MAX}")
    if callable(item):
        return [item(entry) for entry in value]
    records = []
    for i, entry in enumerate(value):
        if not isinstance(entry, Mapping):
            raise Wrong(f"entry {i} is no object", "give objects with named fields")
        record, wrong = _record(item, entry, f"{where}[{i}].")
        errors.extend(wrong)
        records.append(record)
    return records


def _sense(message: str, record: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what no single type can tell."""
    for name in ("entity_id", "source", "source_id"):
        if name in record and not record[name].strip():
            yield FieldError(name, record[name], "is empty", "give the identifier")
    if "talk_seconds" in record and (record["talk_seconds"] or 0) < 0:
        yield FieldError("talk_seconds", record["talk_seconds"], "is negative", "give seconds")
    start, end = record.get("start_at"), record.get("end_at")
    if start and end and end < start:
        yield FieldError("end_at", end, "lies before start_at", "swap them or leave end_at out")
    into = record.get("merged_into")
    if into is not None and (record["op"] != "CANCELLED" or into == record.get("entity_id")):
        yield FieldError(
            "merged_into", into, "stands where the record counts, or is the record itself",
            "send op CANCELLED with the entity id of what it turned out to be, or leave it out",
        )  # fmt: skip
    if message == "deal":
        yield from _bill_sense(record) if is_bill(record) else _deal_sense(record)


def _money_sense(deal: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what is wrong in what deals and bills both say."""
    if not _CURRENCY.fullmatch(deal["currency"]):
        yield FieldError(
            "currency", deal["currency"], "is no ISO 4217 code", "write three capitals such as EUR"
        )
    if deal["cancel_reason"] != "NONE" and deal["cancelled_on"] is None:
        yield FieldError(
            "cancel_reason", deal["cancel_reason"], "has no cancelled_on beside it",
            "give the day from which the customer no longer has it",
        )  # fmt: skip


def _bill_sense(bill: Mapping[str, Any]) -> Iterator[FieldError]:
    yield from _money_sense(bill)
    for name, problem, remedy in faults_of_bill(bill, _defaults_of("deal")):
        yield FieldError(name, bill[name], problem, remedy)


@cache
def _defaults_of(message: str) -> dict[str, Any]:
    return {f.name: f.default for f in _fields_of(message) if f.default is not _MISSING}


def _deal_sense(deal: Mapping[str, Any]) -> Iterator[FieldError]:
    yield from _money_sense(deal)
    if deal["credit_note_amount"] is not None:
        yield FieldError(
            "credit_note_amount", deal["credit_note_amount"], "stands where there is no bill_id",
            "give bill_id if it is a bill; a deal's own invoiced_amount is less credit notes",
        )  # fmt: skip
    shares = [s["share"] for s in deal["splits"] if s["role"] == "REVENUE"]
    if shares and sum(shares) != 1:
        yield FieldError(
            "splits", str(sum(shares)), "REVENUE shares do not sum to 1",
            "make them add up to 1, or leave them out: then the owner has all of it",
        )  # fmt: skip
    if deal["probability"] is not None and not 0 <= deal["probability"] <= 1:
        yield FieldError(
            "probability", deal["probability"].normalize(), "is not between 0 and 1",
            "write 0.65 for 65 %",
        )  # fmt: skip
    if any(s["share"] < 0 for s in deal["splits"]):
        yield FieldError("splits", "", "a share is negative", "give parts of 1")


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
