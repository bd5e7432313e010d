"""Whether a canonical object may pass a door: its fields are right, and its instants plausible.

A wrong instant does lasting harm: a revision from the future beats every later correction, and an
event of next year counts for nobody until then. So the doors ask what no schema can say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas import canonical
from schemas.canonical import Checked, FieldError

_AHEAD = ("occurred_at", "created_at", "won_at", "lost_at", "booked_at", "complete_through")
_PLANNED = ("occurred_at", "start_at", "end_at")  # of meetings, which are told before they are held
_UNREADABLE = datetime.max.replace(tzinfo=UTC)  # a number no calendar holds
_EARLIEST = ("occurred_at", "start_at", "won_at", "lost_at")


@dataclass(frozen=True, slots=True)
class Window:
    """Between when a source's instants are believed.

    Attributes:
        earliest: before it an instant is a mistaken unit or a default, not business.
        ahead_days_max: clocks and zones differ by less than this.
        planned_days_max: how far ahead a meeting may be planned.
    """

    earliest: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    ahead_days_max: int = 2
    planned_days_max: int = 731


def admitted(message: str, raw: Mapping[str, Any], now: datetime, window: Window) -> Checked:
    """Return the record a canonical object stands for, or None and everything wrong with it.

    Raises:
        KeyError: there is no such message.
    """
    record, errors = canonical.check(message, raw)
    if record is not None:
        errors = tuple(_implausible(message, record, now, window))
    return (None, errors) if errors else (record, ())


def _implausible(
    message: str, record: Mapping[str, Any], now: datetime, window: Window
) -> Iterator[FieldError]:
    for name in ("revision", *_AHEAD, "start_at", "end_at"):
        instant = _instant(record.get(name))
        if instant is None:
            continue
        planned = message == "meeting" and name in _PLANNED
        days_max = window.planned_days_max if planned else window.ahead_days_max
        if instant > now + timedelta(days=days_max):
            yield _wrong(name, instant, f"lies more than {days_max} days ahead of now")
        elif instant < window.earliest and name in ("revision", *_EARLIEST):
            yield _wrong(name, instant, f"lies before {window.earliest:%Y-%m-%d}")


def _instant(value: Any) -> datetime | None:
    if isinstance(value, int):  # a revision
        try:
            return datetime.fromtimestamp(value // 1_000_000, UTC)
        except (ValueError, OverflowError, OSError):
            return _UNREADABLE
    return value if isinstance(value, datetime) else None


def _wrong(name: str, instant: datetime, problem: str) -> FieldError:
    shown = "an unreadable instant" if instant == _UNREADABLE else instant.isoformat()
    unit = "microseconds since 1970" if name == "revision" else "the year, the zone and the unit"
    return FieldError(name, shown, problem, f"check {unit}; is it seconds read as milliseconds?")
