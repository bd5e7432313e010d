"""The canonical model at the door: a JSON object or a mapped row becomes a record, or named errors.

The Avro schemas are the only list of fields; this module reads them. Every door (intake, import,
command line) calls `check`, so one wrong value earns one message everywhere: the field, the value
and the remedy.
"""

import base64
import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.keys import entity_id_of

TEXT_MAX = 1024  # characters; ids and labels, never prose
NAMES_MAX = 200  # fields told of one object; naming the nearest for each costs time
ENTRIES_MAX = 1000  # of a list; no deal has nearly as many splits
_YEARS = range(1970, 2200)  # what every store on the way keeps exactly
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


class _Wrong(Exception):
    def __init__(self, problem: str, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy


Checked = tuple[dict[str, Any] | None, tuple[FieldError, ...]]


def check(message: str, raw: Mapping[str, Any]) -> Checked:
    """Return the record a canonical object stands for, or None and everything wrong with it.

    Instants are RFC 3339 strings with an offset or aware datetimes; dates are ISO strings; money is
    a string, an integer or a Decimal, never a float; `revision` may be an instant. `op` is SET and
    `entity_id` is source:message:source_id when they are absent.

    Raises:
        KeyError: there is no such message.
    """
    fields = catalogue.schema(catalogue.latest(message))["fields"]
    filled = _with_defaults(message, raw, {field["name"] for field in fields})
    record, errors = _record(fields, filled, "")
    if not errors:
        errors = tuple(_sense(message, record))
    return (None, errors) if errors else (record, ())


def _with_defaults(message: str, raw: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    filled = {"op": "SET", **raw} if "op" in known else dict(raw)
    if isinstance(filled.get("revision"), str | datetime):
        filled["revision"] = _micros(filled["revision"])
    source, source_id = filled.get("source"), filled.get("source_id")
    if "entity_id" in known and "entity_id" not in filled and source and source_id:
        filled["entity_id"] = entity_id_of(str(source), message, str(source_id))
    return filled


def _micros(value: Any) -> Any:
    try:
        instant = _instant(value)
    except _Wrong:
        return value
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond


def _record(
    fields: list[Schema], raw: Mapping[str, Any], prefix: str
) -> tuple[dict[str, Any], tuple[FieldError, ...]]:
    record: dict[str, Any] = {}
    errors: list[FieldError] = list(_strangers(fields, raw, prefix))
    for field in fields:
        name, value = field["name"], raw.get(field["name"], _MISSING)
        where = prefix + name
        if value is _MISSING and "default" in field:
            record[name] = field["default"]
        elif value is _MISSING:
            errors.append(FieldError(where, value, "is missing", f"give: {field['doc']}"))
        else:
            try:
                record[name] = _value(field["type"], value, where, errors)
            except _Wrong as wrong:
                errors.append(FieldError(where, value, wrong.problem, wrong.remedy))
    return record, tuple(errors)


def _strangers(fields: list[Schema], raw: Mapping[str, Any], prefix: str) -> Iterator[FieldError]:
    known = [field["name"] for field in fields]
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


def _value(kind: Any, value: Any, where: str, errors: list[FieldError]) -> Any:
    if isinstance(kind, list):  # always [null, T]
        return None if value is None else _value(kind[1], value, where, errors)
    if value is None:
        raise _Wrong("is null", "give a value; this field is required")
    if isinstance(kind, str):
        return _PLAIN[kind](value)
    if kind["type"] == "array":
        return _array(kind["items"], value, where, errors)
    if kind["type"] == "enum":
        return _symbol(kind["symbols"], value)
    if kind["logicalType"] == "decimal":
        return _decimal(value, kind["precision"], kind["scale"])
    return _TIMES[kind["logicalType"]](value)


def _array(item: Any, value: Any, where: str, errors: list[FieldError]) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise _Wrong("is no list", "give a list, empty if there is nothing")
    if len(value) > ENTRIES_MAX:
        raise _Wrong(f"has {len(value)} entries", f"give at most {ENTRIES_MAX}")
    if not (isinstance(item, dict) and item["type"] == "record"):
        return [_value(item, entry, where, errors) for entry in value]
    records = []
    for i, entry in enumerate(value):
        if not isinstance(entry, Mapping):
            raise _Wrong(f"entry {i} is no object", "give objects with named fields")
        record, wrong = _record(item["fields"], entry, f"{where}[{i}].")
        errors.extend(wrong)
        records.append(record)
    return records


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("is no text", 'put it in quotes, as in "42"')
    if len(value) > TEXT_MAX:
        raise _Wrong(f"has {len(value)} characters", f"shorten it to {TEXT_MAX}")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise _Wrong("holds half a character (a lone surrogate)", "write the text anew as UTF-8")
    return value


def _integer(bits: int) -> Callable[[Any], int]:
    limit = 1 << (bits - 1)

    def check_integer(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _Wrong("is no whole number", "give digits without quotes or decimals")
        if not -limit <= value < limit:
            raise _Wrong(f"does not fit {bits} bits", "check its unit")
        return value

    return check_integer


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("is neither true nor false", "give true or false without quotes")
    return value


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        raise _Wrong("is no base64", "give bytes, or their base64 text") from None


def _symbol(symbols: list[str], value: Any) -> str:
    if value not in symbols:
        near = difflib.get_close_matches(str(value).upper(), symbols, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise _Wrong("is not allowed", f"{hint}allowed are {', '.join(symbols)}")
    return str(value)


def _decimal(value: Any, precision: int, scale: int) -> Decimal:
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        raise _Wrong("is no exact number", 'give a decimal string such as "1250.50"')
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _Wrong("is no number", 'give digits with a decimal point, as in "1250.50"') from None
    if not number.is_finite():
        raise _Wrong("is not finite", "give a number")
    if number.copy_abs() >= Decimal(10) ** (precision - scale):
        raise _Wrong("is too large", f"at most {precision - scale} digits stand before the point")
    kept = number.quantize(Decimal(1).scaleb(-scale))
    if kept != number:
        raise _Wrong(f"has more than {scale} decimals", f"round it to {scale} decimals")
    return kept


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise _Wrong("is no instant", 'write it as "2026-11-22T09:30:00+01:00"') from None
    if not isinstance(value, datetime):
        raise _Wrong("is no instant", 'write it as "2026-11-22T09:30:00+01:00"')
    if value.tzinfo is None:
        raise _Wrong("names no time zone", "add an offset such as +01:00 or Z")
    if value.year not in _YEARS:
        raise _Wrong(f"is outside the years {_YEARS[0]} to {_YEARS[-1]}", "check the year")
    return value.astimezone(UTC)


def _millis(value: Any) -> datetime:
    instant = _instant(value)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _date(value: Any) -> date:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise _Wrong("is no date", 'write it as "2026-11-22"') from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _Wrong("is no date", 'write it as "2026-11-22", without a time')
    if value.year not in _YEARS:
        raise _Wrong(f"is outside the years {_YEARS[0]} to {_YEARS[-1]}", "check the year")
    return value


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "int": _integer(32),
    "long": _integer(64),
    "boolean": _boolean,
    "bytes": _bytes,
}
_TIMES: dict[str, Callable[[Any], Any]] = {"timestamp-millis": _millis, "date": _date}


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
    if message == "deal":
        yield from _deal_sense(record)


def _deal_sense(deal: Mapping[str, Any]) -> Iterator[FieldError]:
    if not _CURRENCY.fullmatch(deal["currency"]):
        yield FieldError(
            "currency", deal["currency"], "is no ISO 4217 code", "write three capitals such as EUR"
        )
    shares = [s["share"] for s in deal["splits"] if s["role"] == "REVENUE"]
    if deal["splits"] and sum(shares) != 1:
        yield FieldError(
            "splits", str(sum(shares)), "REVENUE shares do not sum to 1", "make them add up to 1"
        )
    if any(s["share"] < 0 for s in deal["splits"]):
        yield FieldError("splits", "", "a share is negative", "give parts of 1")


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
