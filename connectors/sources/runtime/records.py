"""What a vendor said as messages of raw.<source>, and back. Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.sources.producing import Framed
from connectors.sources.vendors.contract import Notice, Record, Request
from schemas import codec, topics
from schemas.codec import SchemaIds

Raw = dict[str, Any]


def of_delivery(source: str, request: Request, at: datetime) -> Raw:
    """Return a push as it is kept."""
    headers = [{"name": name, "value": value} for name, value in request.headers.items()]
    return {
        **_head(source, "DELIVERY", at),
        "method": request.method,
        "target": request.target,
        "headers": headers,
        "body": request.body,
    }


def of_notice(source: str, notice: Notice, at: datetime) -> Raw:
    """Return a record in full, or its end, as it is kept.

    Args:
        at: before the vendor was asked.
    """
    gone = notice.gone or notice.record is None
    body = b"" if notice.record is None else json_of(notice.record)
    return {
        **_head(source, "GONE" if gone else "RECORD", at),
        "object": notice.object,
        "record_id": notice.record_id,
        "at": notice.at,
        "merged_into": notice.merged_into,
        "body": b"" if gone else body,
    }


def request_of(raw: Raw) -> Request:
    """Return the push that was kept."""
    headers = {header["name"]: header["value"] for header in raw["headers"]}
    return Request(raw["method"], raw["target"], headers, raw["body"])


def notice_of(raw: Raw) -> Notice:
    """Return what a kept record or end says."""
    gone = raw["kind"] == "GONE"
    record = None if gone else json.loads(raw["body"], parse_float=Decimal)
    return Notice(
        raw["object"], raw["record_id"], raw["at"], record, gone, raw["merged_into"] or None
    )


def framed(raw: Raw, ids: SchemaIds) -> Framed:
    """Return a kept message as it goes onto the wire."""
    key = f"{raw['object']}:{raw['record_id']}" if raw["object"] else raw["source"]
    name = topics.raw(raw["source"]).name
    return Framed(name, key.encode(), codec.encode("raw", raw, ids))


def json_of(record: Record) -> bytes:
    """Return a record as JSON, its numbers exactly as the vendor wrote them."""
    return "".join(_parts(record)).encode("utf-8", "surrogatepass")


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield "{"
        for index, (name, inner) in enumerate(value.items()):
            yield ("," if index else "") + json.dumps(str(name)) + ":"
            yield from _parts(inner)
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for index, inner in enumerate(value):
            yield "," if index else ""
            yield from _parts(inner)
        yield "]"
    elif isinstance(value, Decimal):
        yield str(value) if value.is_finite() else json.dumps(str(value))
    elif isinstance(value, date):
        yield json.dumps(value.isoformat())
    else:
        yield json.dumps(value)


def _head(source: str, kind: str, at: datetime) -> Raw:
    return {
        "source": source,
        "kind": kind,
        "received_at": at,
        "object": "",
        "record_id": "",
        "at": None,
        "merged_into": None,
        "method": "",
        "target": "",
        "headers": [],
        "body": b"",
    }
