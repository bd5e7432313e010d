"""Cells: what the text of an export means, as a mapping says it is written. Pure; nothing guessed.

Cells of a CSV file are text. Those of a sheet or of JSON may have a type already: a number, a
truth value, a date; such a cell is taken as what it is.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sources.files.mapping import FileOptions, Rule, Unit

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_EPOCH = {"epoch_seconds": 1_000_000, "epoch_millis": 1_000}
_SECONDS = {
    Unit.MILLISECONDS: Decimal("0.001"),
    Unit.SECONDS: Decimal(1),
    Unit.MINUTES: Decimal(60),
    Unit.HOURS: Decimal(3600),
}
_TRUE, _FALSE = {"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}
_SPACES = " \u00a0\u202f"  # plain, no-break and narrow no-break: what exports group digits with
_PLAIN_LENGTHS = (16, 19)  # 2026-11-22 09:30 and with seconds: what most exports hold
Cell = Any
Reader = Callable[[Cell], Any]


class Unreadable(Exception):
    """A cell that cannot be what its field needs."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def reader_of(kind: Any, rule: Rule, file: FileOptions) -> Reader:
    """Return the function that reads a cell for a field.

    Args:
        kind: the field's Avro type, or "instant".
    """
    if isinstance(kind, list):
        kind = kind[1]
    if not isinstance(kind, dict):
        plain = {"instant": instant, "int": whole, "long": whole}.get(kind)
        if plain is not None:
            return lambda cell: plain(cell, rule, file)
        return truth if kind == "boolean" else text
    if kind["type"] == "enum":
        symbols = frozenset(kind["symbols"])
        return lambda cell: _symbol(cell, symbols)
    if kind["logicalType"] == "decimal":
        scale = kind["scale"]
        return lambda cell: _scaled(number(cell, rule, file), rule, scale)
    read = instant if kind["logicalType"] == "timestamp-millis" else day
    return lambda cell: read(cell, rule, file)


def text(cell: Cell) -> str:
    """Return a cell as text; a whole number that a sheet keeps as 12.0 is 12."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def number(cell: Cell, rule: Rule, file: FileOptions) -> Decimal:
    """Return a number exactly as it is written."""
    if isinstance(cell, bool | date):
        raise Unreadable("is no number", "check the column")
    if isinstance(cell, int | Decimal):
        return Decimal(cell)
    if isinstance(cell, float):
        return Decimal(repr(cell))
    plain = cell.strip().translate(dict.fromkeys(map(ord, rule.remove)))
    grouped = _SPACES if file.thousands == " " else file.thousands
    whole_part, mark, fraction = plain.strip().partition(file.decimal)
    _check_groups(whole_part, fraction, grouped, file)
    bare = whole_part.translate(dict.fromkeys(map(ord, grouped))) + ("." if mark else "") + fraction
    try:
        value = Decimal(bare)
    except InvalidOperation:
        raise Unreadable("is no number", _number_remedy(plain, file)) from None
    if not value.is_finite():
        raise Unreadable("is no number", "write digits")
    return value


def whole(cell: Cell, rule: Rule, file: FileOptions) -> int:
    """Return a whole number; a duration in seconds, rounded half-even."""
    value = number(cell, rule, file)
    if rule.unit is not None:
        value = (value * _SECONDS[rule.unit]).to_integral_value(ROUND_HALF_EVEN)
    if value != value.to_integral_value() or abs(value.adjusted()) > 30:
        raise Unreadable("is no whole number", "write digits only, or give a unit in the mapping")
    return int(value)


def truth(cell: Cell) -> bool:
    """Return a truth value."""
    if isinstance(cell, bool):
        return cell
    word = text(cell).casefold()
    if word not in _TRUE | _FALSE:
        raise Unreadable("is neither true nor false", "write true or false, or map it by a lookup")
    return word in _TRUE


def instant(cell: Cell, rule: Rule, file: FileOptions) -> datetime:
    """Return an aware instant. A bare date is that day at the mapping's `date_at`."""
    moment = _moment(cell, rule, file)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, file.date_at)
    if moment.tzinfo is not None:
        return moment
    if file.time_zone is None:
        raise Unreadable(
            "names no time zone", "write file.time_zone in the mapping, or an offset in the cell"
        )
    local = moment.replace(tzinfo=ZoneInfo(file.time_zone))
    if _offset(local) < _offset(local.replace(fold=1)):  # clocks were put forward over it
        raise Unreadable(f"does not exist in {file.time_zone}", "check file.time_zone")
    return local


def day(cell: Cell, rule: Rule, file: FileOptions) -> date:
    """Return a calendar date. The day written counts, unless the rule says `day_in` a zone."""
    moment = _moment(cell, rule, file)
    later = timedelta(days=rule.days_later)
    if not isinstance(moment, datetime):
        return moment + later
    if rule.day_in is None:
        return moment.date() + later
    return instant(moment, rule, file).astimezone(ZoneInfo(rule.day_in)).date() + later


def _moment(cell: Cell, rule: Rule, file: FileOptions) -> datetime | date:
    if isinstance(cell, datetime | date):
        return cell
    written = text(cell)
    formats = rule.formats or file.formats
    if not formats and len(written) in _PLAIN_LENGTHS:
        with suppress(ValueError):
            return datetime.fromisoformat(written)
    for known in formats:
        found = _epoch(written, _EPOCH[known]) if known in _EPOCH else _parsed(written, known)
        if found is not None:
            return found
    match = _ISO.fullmatch(written)
    if match is None:
        wanted = f" or {', '.join(formats)}" if formats else ""
        raise Unreadable(
            f"is no date as 2026-11-22{wanted}", "correct it, or add its form to formats"
        )
    return _iso(match)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def _iso(match: re.Match[str]) -> datetime | date:
    year, month, day_, hour, minute, second, fraction, zone = match.groups()
    try:
        if hour is None:
            return date(int(year), int(month), int(day_))
        micros = int((fraction or "0")[:6].ljust(6, "0"))
        clock = (int(hour), int(minute), int(second or 0), micros)
        moment = datetime(int(year), int(month), int(day_), *clock)  # noqa: DTZ001  # zone follows
    except ValueError as error:
        raise Unreadable(f"is no date ({error})", "correct it") from None
    if zone is None:
        return moment
    return moment.replace(tzinfo=UTC if zone == "Z" else datetime.strptime(zone, "%z").tzinfo)


def _parsed(written: str, known: str) -> datetime | date | None:
    try:
        moment = datetime.strptime(written, known)  # noqa: DTZ007  # the zone is the file's
    except ValueError:
        return None
    return moment if any(f"%{c}" in known for c in "HIsSMfcX") else moment.date()


def _epoch(written: str, micros: int) -> datetime | None:
    try:
        count = int(Decimal(written) * micros)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=count)
    except (InvalidOperation, OverflowError, ValueError):
        return None


def _scaled(value: Decimal, rule: Rule, scale: int) -> Decimal:
    """Return a percentage as a part of 1; other numbers as they are."""
    if not rule.percent:
        return value
    return (value / 100).quantize(Decimal(1).scaleb(-scale)) if abs(value) < 10**9 else value


def _symbol(cell: Cell, symbols: frozenset[str]) -> str:
    written = text(cell)
    plain = written.upper().replace(" ", "_").replace("-", "_")
    return plain if plain in symbols else written


def _check_groups(whole_part: str, fraction: str, grouped: str, file: FileOptions) -> None:
    """Refuse 1,25 read with thousands "," and such: a group that is no group is a wrong mapping."""
    groups = re.split(f"[{re.escape(grouped)}]", whole_part.lstrip("+-")) if grouped else []
    if len(groups) > 1 and (len(groups[0]) > 3 or any(len(g) != 3 for g in groups[1:])):
        raise Unreadable(
            f"does not group thousands by {file.thousands!r}", "check decimal and thousands"
        )
    if grouped and any(mark in fraction for mark in grouped):
        raise Unreadable("has a thousands mark behind the decimal mark", "swap the two")


def _number_remedy(plain: str, file: FileOptions) -> str:
    other = "," if file.decimal == "." else "."
    if re.fullmatch(r"[+-]?[\d.,\s']+", plain):
        return f"check file.decimal and file.thousands: is {other!r} the decimal mark?"
    return "write digits; cut signs out with remove"
