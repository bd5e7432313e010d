"""A vendor's mapping: which field of its records becomes which field of a message.

One YAML file for a source, a part for each of the vendor's objects, in the words of mappings of
files. A record is flattened with dots; a list in it can become splits (`splits_each`). What the
company changes, it changes here, and `pacesetter source replay` maps everything again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from connectors.sources.files.jsonl_rows import flattened
from connectors.sources.files.mapper import EventMaker, Given, Skipped, field_of, read
from connectors.sources.files.mapping import AnyRule, Column, Conditions, EventMapping, Part
from connectors.sources.files.picking import Cells, Columns, test_of
from connectors.sources.files.reading_mapping import (
    BYTES_MAX,
    BadMapping,
    Lines,
    checked,
    tree_of,
)
from connectors.sources.files.rows import Problem
from connectors.sources.producing import Event
from connectors.sources.vendors.contract import Record
from schemas import catalogue

SOURCE = "{$source}"  # in any text of a mapping: the source's name, for ids that hold it
Made = Event | Skipped | tuple[Problem, ...]
Mapper = Callable[[Record, Given], Made]


class SplitsEach(Part):
    """Splits of a deal from a list of objects within the record."""

    list: Annotated[Column, Field(description="the list's name, with dots where it is nested")]
    fields: Annotated[
        dict[str, AnyRule], Field(description="owner_id, role and share, of an object's fields")
    ]
    skip_if: Annotated[Conditions, Field(description="objects that are no split")] = ()


class ObjectMapping(EventMapping):
    """How records of one of the vendor's objects become one kind of message."""

    splits_each: SplitsEach | None = None

    @model_validator(mode="after")
    def _each_fits(self) -> "ObjectMapping":
        if self.splits_each is None:
            return self
        if self.message != "deal" or self.splits:
            raise ValueError("splits_each belongs to deals that have no splits beside it")
        lacking = [name for name in _parts() if name not in self.splits_each.fields]
        if lacking:
            raise ValueError(f"splits_each.fields lacks {', '.join(lacking)}")
        strangers = [name for name in self.splits_each.fields if name not in _parts()]
        if strangers:
            raise ValueError(f"splits_each.fields: {', '.join(strangers)} is no field of a split")
        return self


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A source's mapping.

    Attributes:
        objects: the vendor's name of an object -> what its records are. Several: the first one
            whose `skip_if` lets a record pass, as where one object holds calls and e-mails.
    """

    source: str
    objects: Mapping[str, tuple[ObjectMapping, ...]]


def load(path: Path, source: str | None = None) -> SourceMapping:
    """Return the mapping in a file.

    Args:
        source: name to map under; None: the one the file says.

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
        return parsed(data.decode("utf-8-sig"), str(path), source)
    except UnicodeDecodeError:
        raise BadMapping(f"{path}: is no UTF-8 text; is it the data?") from None


def parsed(text: str, name: str, source: str | None = None) -> SourceMapping:
    """Return the mapping a YAML text says; `name` stands in its errors.

    Raises:
        BadMapping: with file, line, field and remedy of everything wrong.
    """
    raw, lines = tree_of(text, name)
    called = source or raw.get("source")
    if not isinstance(called, str) or not called:
        raise BadMapping(f"{name}:1: source is missing; write the source's name at the top")
    strangers = set(raw) - {"source", "file", "objects"}
    if strangers or not isinstance(raw.get("objects"), dict):
        wrong = f"{sorted(strangers)[0]} is not known" if strangers else "objects is missing"
        raise BadMapping(f"{name}:1: {wrong}; at the top stand source, file, objects")
    objects: dict[str, tuple[ObjectMapping, ...]] = {}
    problems: list[str] = []
    for thing, written in raw["objects"].items():
        parts = written if isinstance(written, list) else [written]
        made = []
        for index, part in enumerate(parts):
            at = ("objects", thing, *((index,) if isinstance(written, list) else ()))
            try:
                made.append(_object(part, raw.get("file"), called, _below(lines, at), name))
            except BadMapping as bad:
                problems += [f"{line} (in {thing})" for line in str(bad).splitlines()]
        objects[thing] = tuple(made)
    if problems:
        raise BadMapping("\n".join(problems))
    return SourceMapping(called, objects)


def mapper(mapping: SourceMapping, name: str) -> Mapper:
    """Return what makes an event of a record of an object; it never raises for what a record says.

    A record without a revision of its own takes `Given.as_of`.

    Raises:
        KeyError: the mapping has no such object.
    """
    makers = [_OneKind(one) for one in mapping.objects[name]]

    def made(record: Record, given: Given) -> Made:
        cells = {k: v for k, v in flattened(record) if v != {}}
        for make in makers:
            if not make.skips(cells):
                return make(0, cells, given)
        return Skipped()

    return made


def columns_of(mapping: SourceMapping, name: str) -> frozenset[str]:
    """Return the names a mapping reads of an object's records."""
    return frozenset().union(*(_OneKind(one).columns.used for one in mapping.objects[name]))


def needed_of(mapping: SourceMapping, name: str) -> frozenset[str]:
    """Return the names that records of an object should have: those written without `?`."""
    return frozenset().union(*(_OneKind(one).columns.needed for one in mapping.objects[name]))


class _OneKind(EventMaker):
    def __init__(self, mapping: ObjectMapping) -> None:
        self.columns = Columns(None, mapping.file)
        super().__init__(mapping, self.columns)
        self.skips = test_of(mapping.skip_if, self.columns)
        self._each = mapping.splits_each
        if self._each is not None:
            self._list = self.columns.cell(self._each.list)
            inner = Columns(None, mapping.file)
            self._skips_part = test_of(self._each.skip_if, inner)
            self._parts = [
                field_of(field, rule, _parts()[field], mapping, inner)
                for field, rule in self._each.fields.items()
            ]

    def splits(
        self, number: int, cells: Cells, problems: list[Problem]
    ) -> list[dict[str, Any]] | None:
        """Return the splits that a list within the record says."""
        if self._each is None:
            return super().splits(number, cells, problems)
        written = self._list(cells)
        if written is None:
            return []
        if not isinstance(written, list) or not all(isinstance(v, Mapping) for v in written):
            remedy = "name a list of objects in splits_each.list"
            problems.append(Problem(0, self._each.list, "splits", "", "is no list", remedy))
            return []
        return list(self._parts_of(number, written, cells, problems))

    def _parts_of(
        self, number: int, written: list[Any], cells: Cells, problems: list[Problem]
    ) -> Iterator[dict[str, Any]]:
        for part in written:
            inner = {**cells, **dict(flattened(part))}
            if self._skips_part(inner):
                continue
            raw: dict[str, Any] = {}
            read(self._parts, number, inner, raw, problems)
            yield raw


def _object(raw: Any, file: Any, source: str, lines: Lines, name: str) -> ObjectMapping:
    if not isinstance(raw, dict):
        raise BadMapping(f"{name}:{lines.get((), 1)}: holds no fields; begin with message:")
    if "source" in raw:
        raise BadMapping(f"{name}:{lines.get(('source',), 1)}: source stands at the top only")
    if str(raw.get("message")) not in ("call", "email", "meeting", "deal"):
        line = lines.get(("message",), lines.get((), 1))
        raise BadMapping(f"{name}:{line}: message is no kind; write call, email, meeting or deal")
    file = {"file": file} if file is not None else {}
    return checked(ObjectMapping, _named({**file, **raw, "source": source}, source), lines, name)


def _named(value: Any, source: str) -> Any:
    if isinstance(value, str):
        return value.replace(SOURCE, source)
    if isinstance(value, dict):
        return {k: _named(v, source) for k, v in value.items()}
    return [_named(v, source) for v in value] if isinstance(value, list) else value


def _below(lines: Lines, at: tuple[str | int, ...]) -> Lines:
    return {path[len(at) :]: line for path, line in lines.items() if path[: len(at)] == at}


def _parts() -> dict[str, Any]:
    fields = catalogue.schema(catalogue.latest("deal"))["fields"]
    splits = next(field for field in fields if field["name"] == "splits")
    return {field["name"]: field for field in splits["type"]["items"]["fields"]}
