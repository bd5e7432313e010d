"""Which fields the bitmaps of a change event's header name. Pure.

`changedFields`, `nulledFields` and `diffFields` are lists such as ["0x650004E0", "4-0x10"]: a
bitmap over the fields of the event's Avro schema, bit 0 the first field, and behind it one for each
compound field that changed in part: its position in that schema, a hyphen, a bitmap over its own
fields.

Source: developer.salesforce.com, Pub/Sub API, Event Deserialization Considerations.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]


class BadBitmap(ValueError):
    """A bitmap that does not fit its schema: nobody can say what changed."""


def names(schema: Schema, bitmaps: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the fields, those within a compound field as `Compound.Field`.

    Raises:
        BadBitmap: it is none, or names a field the schema lacks.
    """
    found: list[str] = []
    for text in bitmaps:
        position, hyphen, bitmap = text.rpartition("-")
        if not hyphen:
            found += (field["name"] for field in _marked(schema, bitmap, text))
            continue
        parent = _field(schema, position, text)
        inner = _record_of(parent["type"])
        if inner is None:
            raise BadBitmap(f"{text}: {parent['name']} has no fields of its own")
        found += (f"{parent['name']}.{field['name']}" for field in _marked(inner, bitmap, text))
    return tuple(found)


def _marked(schema: Schema, bitmap: str, text: str) -> Iterator[Mapping[str, Any]]:
    bits = _bits(bitmap, text)
    fields = schema["fields"]
    if bits.bit_length() > len(fields):
        raise BadBitmap(f"{text} names field {bits.bit_length() - 1} of {len(fields)}")
    return (field for index, field in enumerate(fields) if bits >> index & 1)


def _bits(bitmap: str, text: str) -> int:
    prefix, digits = bitmap[:2], bitmap[2:]
    if prefix not in ("0x", "0X") or not digits.isascii() or not digits.isalnum():
        raise BadBitmap(f"{text} is no bitmap")
    try:
        return int(digits, 16)
    except ValueError:
        raise BadBitmap(f"{text} is no bitmap") from None


def _field(schema: Schema, position: str, text: str) -> Mapping[str, Any]:
    fields: Sequence[Mapping[str, Any]] = schema["fields"]
    if not (position.isascii() and position.isdigit()) or int(position) >= len(fields):
        raise BadBitmap(f"{text} names no field of {len(fields)}")
    return fields[int(position)]


def _record_of(written: Any) -> Schema | None:
    """Return the record of a field's type, alone or in a union; None: it is no compound field."""
    for one in written if isinstance(written, list) else [written]:
        if isinstance(one, Mapping) and one.get("type") == "record":
            return one
    return None
