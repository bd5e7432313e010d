"""A mapping file to a checked mapping, or every error in it with its line and a remedy."""

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from connectors.sources.files.mapping import GIVEN, EventMapping, PeopleMapping
from connectors.sources.files.mapping import MODELS as OF_EVENTS
from connectors.sources.files.table_mapping import TABLES, TableMapping
from schemas import catalogue

BYTES_MAX = 1_048_576  # a lookup of ten thousand stages fits
_Path = tuple[str | int, ...]
Lines = dict[_Path, int]
M = TypeVar("M", bound=BaseModel)
AnyMapping = EventMapping | PeopleMapping | TableMapping
MODELS: dict[str, type[EventMapping] | type[PeopleMapping] | type[TableMapping]] = {
    **OF_EVENTS,
    **dict.fromkeys(TABLES, TableMapping),
}
SHAPED = "mapping.schema.json"


class BadMapping(ValueError):
    """The mapping cannot be used; str() has a line for each error."""


def read_mapping(path: Path) -> AnyMapping:
    """Return the mapping in a YAML file.

    Raises:
        BadMapping: with file, line, field and remedy of everything wrong.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadMapping(f"{path}: cannot be read ({error.strerror}); name a YAML file") from None
    if len(data) > BYTES_MAX:
        raise BadMapping(f"{path}: is larger than {BYTES_MAX} bytes; is it the data?")
    try:
        return mapping_of(data.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError:
        raise BadMapping(f"{path}: is no UTF-8 text; is it the data?") from None


def mapping_of(text: str, name: str) -> AnyMapping:
    """Return the mapping a YAML text says; `name` stands in its errors.

    Raises:
        BadMapping: with file, line, field and remedy of everything wrong.
    """
    raw, lines = tree_of(text, name)
    model = MODELS.get(str(raw.get("message")))
    if model is None:
        line = f"{name}:{lines.get(('message',), 1)}"
        raise BadMapping(f"{line}: message is {raw.get('message')!r}; write {', '.join(MODELS)}")
    return checked(model, raw, lines, name)


def tree_of(text: str, name: str) -> tuple[dict[str, Any], Lines]:
    """Return a YAML text as tables, lists and texts, and the line of each.

    Raises:
        BadMapping: it is no YAML, or no table.
    """
    lines: Lines = {}
    try:
        raw = _plain(yaml.compose(text, Loader=yaml.SafeLoader), (), lines, name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"{name}:{mark.line + 1}" if mark else name
        what = getattr(error, "problem", None) or str(error)
        raise BadMapping(f"{line}: is no YAML ({what}); check indentation and quotes") from None
    if not isinstance(raw, dict):
        raise BadMapping(f"{name}: holds no fields; begin with message: and source:")
    return raw, lines


def checked(model: type[M], raw: dict[str, Any], lines: Lines, name: str) -> M:
    """Return what a tree says as a model.

    Raises:
        BadMapping: with line, field and remedy of everything wrong.
    """
    errors = list(_strangers(model, raw, lines, name))
    try:
        mapping = model.model_validate(raw)
    except ValidationError as error:
        errors += [_told(e, lines, name) for e in error.errors() if not _named(errors, e)]
        raise BadMapping("\n".join(errors)) from None
    if errors:
        raise BadMapping("\n".join(errors))
    return mapping


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of mappings, for editors."""
    schema = TypeAdapter(AnyMapping).json_schema(by_alias=True)
    rule = {"anyOf": [{"type": "string", "description": "a column"}, {"$ref": "#/$defs/Rule"}]}
    events = schema["$defs"]["EventMapping"]["properties"]
    events["fields"] = {
        "type": "object",
        "properties": {name: rule for message in _EVENTS for name in _fields_of(message)},
        "additionalProperties": False,
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


_EVENTS = tuple(message for message in OF_EVENTS if message != "people")


def _fields_of(message: str) -> list[str]:
    fields = catalogue.schema(catalogue.latest(message))["fields"]
    return [f["name"] for f in fields if f["name"] not in (*GIVEN, "splits")]


def _plain(node: yaml.Node | None, at: _Path, lines: Lines, name: str) -> Any:
    """Return nodes as dicts, lists and text, noting the line of each."""
    if node is None:
        return None
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        table: dict[str, Any] = {}
        for key, value in node.value:
            word = key.value if isinstance(key, yaml.ScalarNode) else str(key.tag)
            if word in table:
                line = key.start_mark.line + 1
                raise BadMapping(f"{name}:{line}: {word} stands twice; keep one")
            table[word] = _plain(value, (*at, word), lines, name)
            lines[(*at, word)] = key.start_mark.line + 1
        return table
    if isinstance(node, yaml.SequenceNode):
        return [_plain(v, (*at, i), lines, name) for i, v in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    is_null = node.tag == "tag:yaml.org,2002:null" and node.style is None
    return None if is_null else node.value


def _strangers(model: type[BaseModel], raw: dict[str, Any], lines: Lines, name: str) -> list[str]:
    """Return the fields that no message of this kind has; pydantic cannot know them."""
    fields = raw.get("fields")
    if not issubclass(model, EventMapping) or not isinstance(fields, dict):
        return []
    known = _fields_of(raw["message"])
    errors = []
    for field in fields:
        if field in known:
            continue
        line = f"{name}:{lines.get(('fields', field), 1)}"
        remedy = _near(field, known) or f"fields are {', '.join(known)}"
        if field == "op":
            remedy = "write cancelled_if"
        elif field == "source":
            remedy = "it stands at the top"
        elif field == "splits":
            remedy = "write splits at the top"
        errors.append(f"{line}: fields.{field} is no field of a {raw['message']}; {remedy}")
    return errors


def _told(error: Any, lines: Lines, name: str) -> str:
    at: _Path = tuple(error["loc"])
    while at and at not in lines:
        at = at[:-1]
    where = ".".join(str(part) for part in error["loc"]) or "mapping"
    what = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = _siblings(error["loc"])
        what = f"is not known; {_near(str(error['loc'][-1]), known) or 'remove it'}"
    return f"{name}:{lines.get(at, 1)}: {where} {what[:1].lower()}{what[1:]}"


def _siblings(loc: _Path) -> list[str]:
    """Return the names all parts of mappings have, for a near miss."""
    from connectors.sources.files import mapping  # noqa: PLC0415  # only when something is wrong

    parts = {**vars(mapping), "TableMapping": TableMapping}
    models = [m for m in parts.values() if isinstance(m, type) and issubclass(m, BaseModel)]
    return sorted({f.alias or n for m in models for n, f in m.model_fields.items()})


def _named(errors: list[str], error: Any) -> bool:
    """Return whether an error is only the echo of one that is told already."""
    return bool(errors) and error["type"] == "value_error" and "lacks" in error["msg"]


def _near(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else ""
