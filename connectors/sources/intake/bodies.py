"""Bodies: what a request's bytes say, by their content type. Pure.

A body is read whole or not at all: one that is no JSON is refused with line and column, and
nothing of it is sent.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import unquote

from connectors.sources.intake.refusing import Refusal

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
CLOUDEVENT = "application/cloudevents+json"
CLOUDEVENTS = "application/cloudevents-batch+json"
_CE = "ce-"


class Sent:
    """The objects of a request, in their order.

    Attributes:
        is_cloudevents: each object is a CloudEvent; else a canonical event.
    """

    __slots__ = ("is_cloudevents", "objects")

    def __init__(self, objects: list[Any], is_cloudevents: bool = False) -> None:
        self.objects, self.is_cloudevents = objects, is_cloudevents


def sent_in(headers: Mapping[str, str], body: bytes) -> Sent:
    """Return the objects of a request.

    Args:
        headers: with lower-case names.

    Raises:
        Refusal: the content type is none of ours (415) or the body is damaged (400).
    """
    kind = _content_type(headers)
    if kind == CLOUDEVENT:
        return Sent([parsed(body)], is_cloudevents=True)
    if kind == CLOUDEVENTS:
        return Sent(_array(parsed(body)), is_cloudevents=True)
    if kind in NDJSON:
        return Sent(_lines(body))
    if "ce-specversion" in headers or "ce-type" in headers:
        return Sent([_binary_mode(headers, body)], is_cloudevents=True)
    value = parsed(body)
    return Sent(value if isinstance(value, list) else [value])


def parsed(body: bytes, first_line: int = 1) -> Any:
    """Return a JSON value with its numbers exactly as they are written.

    Raises:
        Refusal: it is no JSON; names line and column.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as error:
        raise _damaged(f"byte {error.start} is no UTF-8", "send UTF-8") from None
    except json.JSONDecodeError as error:
        line = error.lineno + first_line - 1
        raise _damaged(f"{error.msg}, line {line} column {error.colno}", "send JSON") from None
    except RecursionError:
        raise _damaged("it is nested too deeply", "send flat objects") from None
    except (ValueError, ArithmeticError) as error:
        raise _damaged(f"line {first_line} or later: {error}", "correct it") from None


def _content_type(headers: Mapping[str, str]) -> str:
    kind, _, parameters = headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind not in (JSON, CLOUDEVENT, CLOUDEVENTS, *NDJSON):
        ours = ", ".join((JSON, NDJSON[0], CLOUDEVENT, CLOUDEVENTS))
        raise Refusal(415, f"content type {kind[:60] or '(none)'} is not taken", f"send {ours}")
    charset = parameters.partition("charset=")[2].split(";")[0].strip(" \"'").lower()
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Refusal(415, f"charset {charset[:40]} is not taken", "send UTF-8")
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refusal(415, "compressed bodies are not taken", "send it without Content-Encoding")
    return kind


def _lines(body: bytes) -> list[Any]:
    lines = enumerate(body.split(b"\n"), start=1)
    return [parsed(line, number) for number, line in lines if line.strip()]


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _damaged("a batch is a JSON array", f"send one event as {CLOUDEVENT}")
    return value


def _binary_mode(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    attributes = {n[len(_CE) :]: unquote(v) for n, v in headers.items() if n.startswith(_CE)}
    return {**attributes, "data": parsed(body)}


def _damaged(what: str, remedy: str) -> Refusal:
    return Refusal(400, f"the body cannot be read: {what}", remedy)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:60]!r} stands twice in one object")
    return table
