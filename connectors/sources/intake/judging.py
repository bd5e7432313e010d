"""Judging: each object of a request becomes an event or named errors. Pure; time is an argument."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sources.admitting import Window, admitted
from connectors.sources.intake.bodies import Sent
from connectors.sources.intake.cloudevents import canonical_of
from connectors.sources.producing import Event
from schemas.canonical import FieldError
from schemas.topics import BY_FACT

ERRORS_MAX = 20  # of one event; whoever has more is reading the wrong page
_SHOWN_MAX = 60  # characters of a value in an error


@dataclass(frozen=True, slots=True)
class Judged:
    """What the door thinks of one object: an event to send, or errors."""

    entity_id: str | None
    event: Event | None
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the events of one source as of an instant."""

    source: str
    now: datetime
    window: Window

    def all_of(self, sent: Sent) -> list[Judged]:
        """Return the judgement on each object, in their order."""
        return [self._one(value, sent.is_cloudevents) for value in sent.objects]

    def _one(self, value: Any, is_cloudevent: bool) -> Judged:
        if not isinstance(value, Mapping):
            return _refused({}, FieldError("", value, "is no object", "send {...} with fields"))
        if is_cloudevent:
            raw, errors = canonical_of(value)
            if errors:
                return _refused(raw, *errors)
            return self._canonical(raw)
        return self._canonical(dict(value))

    def _canonical(self, raw: dict[str, Any]) -> Judged:
        message = raw.pop("message", None)
        if not isinstance(message, str) or message not in BY_FACT:
            return _refused(raw, _no_message(message, raw))
        told = raw.setdefault("source", self.source)
        if told != self.source:
            remedy = "leave it out, or use the token of that source"
            return _refused(raw, FieldError("source", told, "is not this token's source", remedy))
        record, errors = admitted(message, raw, self.now, self.window)
        if record is None:
            return _refused(raw, *errors)
        return Judged(record["entity_id"], Event(message, record))


def shown(error: FieldError) -> dict[str, Any]:
    """Return an error as JSON, its value cut to a length that fits a log line."""
    value = error.value
    if not isinstance(value, str | int | bool | Decimal):
        value = None if value is None or type(value) is object else str(value)
    if isinstance(value, str | Decimal) or (isinstance(value, int) and abs(value) >= 1 << 63):
        text = str(value)
        value = text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."
    return {
        "field": error.field[:_SHOWN_MAX],
        "value": value,
        "problem": error.problem,
        "remedy": error.remedy,
    }


def _no_message(message: Any, raw: Mapping[str, Any]) -> FieldError:
    remedy = f"write one of {', '.join(BY_FACT)}"
    if message == "progress":
        remedy = "send it to /v1/progress"
    elif message is None and "specversion" in raw:
        remedy = "send CloudEvents as application/cloudevents+json"
    return FieldError("message", message, "is no message of sources", remedy)


def _refused(raw: Mapping[str, Any], *errors: FieldError) -> Judged:
    entity_id = raw.get("entity_id")
    known = entity_id if isinstance(entity_id, str) and len(entity_id) <= 1024 else None
    return Judged(known, None, errors[:ERRORS_MAX])
