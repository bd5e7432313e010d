"""CloudEvents 1.0: an envelope round the canonical fields. Pure.

`type` is io.spm.<message>.changed.v1, or .cancelled.v1 for what was deleted or never happened;
`data` holds the canonical fields. Where data leaves them out, `subject` stands in for source_id and
`time` for revision. `source` and `id` must be there, as the specification wants, and say nothing
more: the token tells the source, and identity is entity and revision.
"""

import re
from collections.abc import Mapping
from typing import Any

from schemas.canonical import FieldError

TYPE = re.compile(r"io\.spm\.([a-z_]+)\.(changed|cancelled)\.v1")
SHAPE = "io.spm.deal.changed.v1 or io.spm.deal.cancelled.v1"
_OPS = {"changed": "SET", "cancelled": "CANCELLED"}


def canonical_of(event: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[FieldError, ...]]:
    """Return the canonical object in a CloudEvent, `message` included, and what is wrong."""
    errors = [
        FieldError(name, event.get(name), "is no text", "CloudEvents 1.0 requires it")
        for name in ("id", "source", "type")
        if not isinstance(event.get(name), str) or not event[name]
    ]
    if event.get("specversion") != "1.0":
        errors.append(
            FieldError("specversion", event.get("specversion"), "is not taken", 'send "1.0"')
        )
    if "data_base64" in event:
        errors.append(FieldError("data_base64", "", "is not taken", "send JSON in data"))
    data = event.get("data")
    if not isinstance(data, Mapping):
        errors.append(FieldError("data", data, "is no object", "put the canonical fields here"))
        data = {}
    named = TYPE.fullmatch(event["type"]) if isinstance(event.get("type"), str) else None
    if named is None:
        errors.append(FieldError("type", event.get("type"), "names no message", f"write {SHAPE}"))
        return {}, tuple(errors)
    return _filled(event, data, named[1], _OPS[named[2]], errors)


def _filled(
    event: Mapping[str, Any],
    data: Mapping[str, Any],
    message: str,
    op: str,
    errors: list[FieldError],
) -> tuple[dict[str, Any], tuple[FieldError, ...]]:
    for name, told in (("message", message), ("op", op)):
        if name in data and data[name] != told:
            problem = f"is not the {told} of the event's type"
            errors.append(FieldError(name, data[name], problem, "leave it out of data"))
    filled = {
        "source_id": event.get("subject"),
        "revision": event.get("time"),
        **data,
        "message": message,
        "op": op,
    }
    spare = [n for n in ("source_id", "revision") if n not in data and filled[n] is None]
    return {n: v for n, v in filled.items() if n not in spare}, tuple(errors)
