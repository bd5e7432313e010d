"""JSON Schema of the messages, made from the Avro schemas, for editors and senders of events."""

from typing import Any

from schemas import catalogue
from schemas.canonical_values import TEXT_MAX
from schemas.catalogue import Schema
from schemas.examples import example

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# `check` fills these in where a sender leaves them out.
_FILLED = {"op", "entity_id"}
_TOLD = {"description": "doc", "default": "default"}
_INSTANT = {"type": "string", "format": "date-time"}


def json_schema(message: str) -> dict[str, Any]:
    """Return the JSON Schema of a message in canonical JSON, its example included.

    Raises:
        KeyError: there is no such message.
    """
    avro = catalogue.schema(catalogue.latest(message))
    body = _object(avro["fields"])
    body["properties"] = {"message": {"const": message}, **body["properties"]}
    body["required"] = ["message", *(name for name in body["required"] if name not in _FILLED)]
    return {
        "title": avro["name"],
        "description": avro["doc"],
        **body,
        "examples": [example(message)],
    }


def json_schema_of(messages: tuple[str, ...]) -> dict[str, Any]:
    """Return one JSON Schema that accepts any of several messages."""
    return {
        "$schema": DIALECT,
        "oneOf": [{"$ref": f"#/$defs/{m}"} for m in messages],
        "$defs": {m: json_schema(m) for m in messages},
    }


def _object(fields: list[Schema]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {f["name"]: _described(f) for f in fields},
        "required": [f["name"] for f in fields if "default" not in f],
        "additionalProperties": False,
    }


def _described(field: Schema) -> dict[str, Any]:
    shape = _shape(field["type"])
    if field["name"] == "revision":
        shape = {"anyOf": [_INSTANT, shape]}
    told = {trait: field[key] for trait, key in _TOLD.items() if key in field}
    return {**shape, **told}


def _shape(kind: Any) -> dict[str, Any]:
    if isinstance(kind, list):  # always [null, T]
        inner = _shape(kind[1])
        return {"anyOf": [inner, {"type": "null"}]}
    if isinstance(kind, str):
        return dict(_PLAIN[kind])
    if kind["type"] == "enum":
        return {"enum": list(kind["symbols"])}
    if kind["type"] == "array":
        items = kind["items"]
        inner = _shape(items) if isinstance(items, str) else _object(items["fields"])
        return {"type": "array", "items": inner}
    if kind["logicalType"] == "decimal":
        return _decimal(kind["precision"], kind["scale"])
    return dict(_INSTANT) if kind["logicalType"] == "timestamp-millis" else dict(_DATE)


def _decimal(precision: int, scale: int) -> dict[str, Any]:
    """Return the shape of an exact number: text, a whole number, or a JSON number read exactly."""
    digits = {"type": "string", "pattern": rf"^-?\d{{1,{precision - scale}}}(\.\d{{1,{scale}}})?$"}
    return {"anyOf": [digits, {"type": "number"}]}


def _whole(bits: int) -> dict[str, Any]:
    limit = 1 << (bits - 1)
    return {"type": "integer", "minimum": -limit, "maximum": limit - 1}


_DATE = {"type": "string", "format": "date"}
_PLAIN: dict[str, dict[str, Any]] = {
    "string": {"type": "string", "maxLength": TEXT_MAX},
    "int": _whole(32),
    "long": _whole(64),
    "boolean": {"type": "boolean"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
}
