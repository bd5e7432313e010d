"""JSON lines that are canonical events already, as for `POST /v1/events`: no mapping needed."""

from typing import Any

from connectors.sources.admitting import Window, admitted
from connectors.sources.files.mapper import SHOWN_MAX, Given, Made, Maker
from connectors.sources.files.rows import Problem, Row
from connectors.sources.producing import Event
from schemas.topics import BY_FACT


def canonical_maker(given: Given) -> Maker:
    """Return what makes an event of a line."""

    def made(row: Row) -> Made:
        if row.damage:
            return row.damage
        raw: dict[str, Any] = dict(row.value)
        message = raw.pop("message", None)
        if message not in tuple(BY_FACT):
            remedy = f"write one of {', '.join(BY_FACT)}, or name a mapping with --mapping"
            problem = "is no message of sources"
            shown = "" if message is None else str(message)[:SHOWN_MAX]
            return (Problem(row.number, "message", "message", shown, problem, remedy),)
        if given.as_of is not None:
            raw.setdefault("revision", given.as_of)
        record, errors = admitted(message, raw, given.now, Window())
        if record is not None:
            return Event(message, record)
        return tuple(
            Problem(
                row.number,
                error.field,
                error.field,
                "" if type(error.value) is object else str(error.value)[:SHOWN_MAX],
                error.problem,
                error.remedy,
            )
            for error in errors
        )

    return made
