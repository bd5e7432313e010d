"""What verified bytes say: JSON and forms, with one trouble for all that makes no sense. Pure."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from connectors.sources.vendors.contract import Unreadable

FORM_FIELDS_MAX = 1000  # a status callback has thirty


def json_in(body: bytes) -> Any:
    """Return a JSON value with its numbers exactly as they are written.

    Raises:
        Unreadable: it is no JSON.
    """
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation):
        raise Unreadable("the body is no JSON") from None


def object_in(body: bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        Unreadable: it is none.
    """
    value = json_in(body)
    if not isinstance(value, dict):
        raise Unreadable("the body is no JSON object")
    return value


def form_in(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a form in their order, empty ones too.

    Raises:
        Unreadable: it is none.
    """
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=FORM_FIELDS_MAX,
        )
    except ValueError:
        raise Unreadable("the body is no form") from None


def wanted(value: Mapping[str, Any], name: str) -> str:
    """Return a field that must be there, as text.

    Raises:
        Unreadable: it is absent, empty, or neither text nor a whole number.
    """
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        raise Unreadable(f"{name} is absent")
    return str(found)


def moment(seconds: Any) -> datetime | None:
    """Return the instant of so many seconds since 1970; None: it is no such number."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal):
        return None
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def iso(written: Any) -> datetime | None:
    """Return an instant written with its offset; None: it is none."""
    if not isinstance(written, str):
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def latest(instants: Iterable[datetime | None]) -> datetime | None:
    """Return the greatest instant that is known; None: none is."""
    return max((at for at in instants if at is not None), default=None)
