"""Whether a new version of a message may follow the old ones: FULL_TRANSITIVE.

Every version must be readable with every other, both ways, because topics keep their records
for ever and workers are updated one by one. Our readers fill defaults but convert nothing, so the
rules are stricter than Avro's: a type never widens, and an enum's strangers become its default.
Source: Avro specification 1.11, "Schema Resolution"; Confluent's FULL_TRANSITIVE.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

from schemas.catalogue import Schema

_FIXED = ("logicalType", "precision", "scale")


def breaks(versions: Sequence[Schema]) -> tuple[str, ...]:
    """Return what keeps any of these versions from reading any other; empty: they may coexist."""
    return tuple(
        f"version {newer} cannot read version {older}: {why}"
        for (newer, reader), (older, writer) in permutations(enumerate(versions, start=1), 2)
        for why in unreadable(reader, writer)
    )


def unreadable(reader: Any, writer: Any, where: str = "") -> Iterator[str]:
    """Yield what a reader cannot make of a writer's records."""
    reader_kind, writer_kind = _kind(reader), _kind(writer)
    if reader_kind != writer_kind:
        yield f"{where or 'message'} was {writer_kind} and is {reader_kind}"
    elif reader_kind == "union":
        yield from _union(reader, writer, where)
    elif reader_kind == "record":
        yield from _record(reader, writer, where)
    elif reader_kind == "enum":
        yield from _enum(reader, writer, where)
    elif reader_kind == "array":
        yield from unreadable(reader["items"], writer["items"], f"{where}[]")
    else:
        yield from _plain(reader, writer, where)


def _record(reader: Schema, writer: Schema, where: str) -> Iterator[str]:
    yield from _name(reader, writer, where)
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        path = f"{where}.{field['name']}" if where else field["name"]
        if field["name"] in written:
            yield from unreadable(field["type"], written[field["name"]]["type"], path)
        elif "default" not in field:
            yield f"{path} has no default and was not written"


def _enum(reader: Schema, writer: Schema, where: str) -> Iterator[str]:
    yield from _name(reader, writer, where)
    strangers = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
    if strangers and "default" not in reader:
        yield f"{where} does not know {', '.join(strangers)} and has no default"


def _union(reader: list[Any], writer: list[Any], where: str) -> Iterator[str]:
    if len(reader) != len(writer):
        yield f"{where} had {len(writer)} branches and has {len(reader)}"
        return
    for one, other in zip(reader, writer, strict=True):
        yield from unreadable(one, other, where)


def _plain(reader: Any, writer: Any, where: str) -> Iterator[str]:
    if isinstance(reader, dict) or isinstance(writer, dict):
        for trait in _FIXED:
            was, now = _trait(writer, trait), _trait(reader, trait)
            if was != now:
                yield f"{where} had {trait} {was} and has {now}"


def _name(reader: Schema, writer: Schema, where: str) -> Iterator[str]:
    if reader["name"] != writer["name"]:
        yield f"{where or 'message'} was called {writer['name']} and is called {reader['name']}"


def _kind(schema: Any) -> str:
    if isinstance(schema, list):
        return "union"
    return str(schema["type"]) if isinstance(schema, dict) else str(schema)


def _trait(schema: Any, trait: str) -> Any:
    return schema.get(trait) if isinstance(schema, dict) else None
