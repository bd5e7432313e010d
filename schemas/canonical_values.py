"""Values of single fields at the door: what a type takes, and the problem and remedy otherwise."""

import base64
import difflib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

TEXT_MAX = 1024  # characters; ids and labels, never prose
_YEARS = range(1970, 2200)  # what every store on the way keeps exactly
Read = Callable[[Any], Any]


class Wrong(Exception):
    """A value its field cannot take."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def reader_of(kind: Any) -> Read:
    """Return what reads a value of a scalar Avro type, raising Wrong."""
    if isinstance(kind, str):
        return _PLAIN[kind]
    if kind["type"] == "enum":
        return partial(_symbol, kind["symbols"])
    if kind["logicalType"] == "decimal":
        return partial(_decimal, kind["precision"], kind["scale"])
    return _TIMES[kind["logicalType"]]


def instant(value: Any) -> datetime:
    """Return an aware instant in UTC, from RFC 3339 text or an aware datetime.

    Raises:
        Wrong: it is none, or names no time zone.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Wrong("is no instant", 'write it as "2026-11-22T09:30:00+01:00"') from None
    if not isinstance(value, datetime):
        raise Wrong("is no instant", 'write it as "2026-11-22T09:30:00+01:00"')
    if value.tzinfo is None:
        raise Wrong("names no time zone", "add an offset such as +01:00 or Z")
    if value.year not in _YEARS:
        raise Wrong(f"is outside the years {_YEARS[0]} to {_YEARS[-1]}", "check the year")
    return value.astimezone(UTC)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("is no text", 'put it in quotes, as in "42"')
    if len(value) > TEXT_MAX:
        raise Wrong(f"has {len(value)} characters", f"shorten it to {TEXT_MAX}")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise Wrong("holds half a character (a lone surrogate)", "write the text anew as UTF-8")
    return value


def _integer(bits: int) -> Callable[[Any], int]:
    limit = 1 << (bits - 1)

    def check_integer(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong("is no whole number", "give digits without quotes or decimals")
        if not -limit <= value < limit:
            raise Wrong(f"does not fit {bits} bits", "check its unit")
        return value

    return check_integer


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong("is neither true nor false", "give true or false without quotes")
    return value


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        raise Wrong("is no base64", "give bytes, or their base64 text") from None


def _symbol(symbols: list[str], value: Any) -> str:
    if value not in symbols:
        near = difflib.get_close_matches(str(value).upper(), symbols, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise Wrong("is not allowed", f"{hint}allowed are {', '.join(symbols)}")
    return str(value)


def _decimal(precision: int, scale: int, value: Any) -> Decimal:
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        raise Wrong("is no exact number", 'give a decimal string such as "1250.50"')
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Wrong("is no number", 'give digits with a decimal point, as in "1250.50"') from None
    if not number.is_finite():
        raise Wrong("is not finite", "give a number")
    if number.copy_abs() >= Decimal(10) ** (precision - scale):
        raise Wrong("is too large", f"at most {precision - scale} digits stand before the point")
    kept = number.quantize(Decimal(1).scaleb(-scale))
    if kept != number:
        raise Wrong(f"has more than {scale} decimals", f"round it to {scale} decimals")
    return kept


def _millis(value: Any) -> datetime:
    at = instant(value)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _date(value: Any) -> date:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise Wrong("is no date", 'write it as "2026-11-22"') from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Wrong("is no date", 'write it as "2026-11-22", without a time')
    if value.year not in _YEARS:
        raise Wrong(f"is outside the years {_YEARS[0]} to {_YEARS[-1]}", "check the year")
    return value


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "int": _integer(32),
    "long": _integer(64),
    "boolean": _boolean,
    "bytes": _bytes,
}
_TIMES: dict[str, Callable[[Any], Any]] = {"timestamp-millis": _millis, "date": _date}
