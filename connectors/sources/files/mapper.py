"""The mapper: a row becomes an event, is skipped, or is refused with the reason. Pure but for now.

It is made once for a file, so that a row costs only what its cells cost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from connectors.sources.admitting import Window, admitted
from connectors.sources.files.cells import Reader, Unreadable, reader_of, text
from connectors.sources.files.joining import Joined
from connectors.sources.files.mapping import EventMapping, Rule
from connectors.sources.files.picking import (
    Cells,
    Columns,
    Pick,
    Test,
    headings_of,
    picker,
    test_of,
)
from connectors.sources.files.rows import Problem, Row
from connectors.sources.producing import Event
from schemas import catalogue
from schemas.keys import entity_id_of

SHOWN_MAX = 60  # characters of a cell in a message


class Skipped(NamedTuple):
    """The mapping says the row is no record of this kind."""


Made = Event | Skipped | tuple[Problem, ...]
Maker = Callable[[Row], Made]


class Field(NamedTuple):
    """One field of a message: which cell it is, and how that is read."""

    name: str
    heading: str
    pick: Pick
    read: Reader
    may_be_null: bool


@dataclass(frozen=True, slots=True)
class Given:
    """What a mapping does not say.

    Attributes:
        as_of: revision of rows without one: when the export was made.
        now: instants far ahead of it are mistakes.
    """

    as_of: datetime | None
    now: datetime


def maker(
    mapping: EventMapping, columns: Columns, joined: Joined, given: Given, hint: str = ""
) -> Maker:
    """Return what makes an event of a row.

    Args:
        hint: told with missing columns.

    Raises:
        MissingColumns: the file lacks columns the mapping names.
    """
    skip = test_of(mapping.skip_if, columns)
    make = EventMaker(mapping, columns)
    columns.check(hint)

    def made(row: Row) -> Made:
        if row.damage:
            return row.damage
        cells = joined.added(row.cells)
        return Skipped() if skip(cells) else make(row.number, cells, given)

    return made


class EventMaker:
    """Makes events of cells, as one mapping says."""

    def __init__(self, mapping: EventMapping, columns: Columns) -> None:
        self._mapping = mapping
        self._window = Window(earliest=mapping.earliest_at())
        self._is_cancelled: Test = test_of(mapping.cancelled_if, columns)
        known = {
            f["name"]: f for f in catalogue.schema(catalogue.latest(mapping.message))["fields"]
        }
        self._fields = [
            field_of(name, rule, known[name], mapping, columns)
            for name, rule in mapping.fields.items()
        ]
        parts = {f["name"]: f for f in known["splits"]["type"]["items"]["fields"]} if (
            mapping.splits
        ) else {}  # fmt: skip
        self._splits = [
            [field_of(name, rule, parts[name], mapping, columns) for name, rule in split.items()]
            for split in mapping.splits
        ]

    def __call__(self, number: int, cells: Cells, given: Given) -> Made:
        """Return the event a row's cells make, or everything wrong with them."""
        raw: dict[str, Any] = {"source": self._mapping.source}
        problems: list[Problem] = []
        read(self._fields, number, cells, raw, problems)
        splits = self.splits(number, cells, problems)
        if splits is not None:
            raw["splits"] = splits
        self._complete(raw, cells, given)
        record, errors = admitted(self._mapping.message, raw, given.now, self._window)
        if record is not None and not problems:
            return Event(self._mapping.message, record)
        told = {problem.field for problem in problems}
        headings = {field.name: field.heading for field in self._fields}
        problems += [
            _problem(number, headings, raw, error) for error in errors if error.field not in told
        ]
        return _without_echoes(problems)

    def splits(
        self, number: int, cells: Cells, problems: list[Problem]
    ) -> list[dict[str, Any]] | None:
        """Return who has which part; None: the mapping does not say."""
        if not self._splits:
            return None
        splits = []
        for fields in self._splits:
            raw: dict[str, Any] = {}
            read(fields, number, cells, raw, problems)
            if raw.get("owner_id"):
                splits.append(raw)
        return splits

    def _complete(self, raw: dict[str, Any], cells: Cells, given: Given) -> None:
        if self._is_cancelled(cells):
            raw["op"] = "CANCELLED"
        if raw.get("revision") is None and given.as_of is not None:
            raw["revision"] = given.as_of
        if self._mapping.is_of_bills:
            raw.update({"bill_id": raw.get("bill_id") or ""})  # without one it would be the deal
            return
        thing, source_id = self._mapping.object, raw.get("source_id")
        if thing and source_id and not raw.get("entity_id"):
            raw["entity_id"] = entity_id_of(self._mapping.source, thing, source_id)


def read(
    fields: list[Field],
    number: int,
    cells: Cells,
    raw: dict[str, Any],
    problems: list[Problem],
) -> None:
    """Put what cells say into `raw`, and what is wrong with them into `problems`."""
    for field in fields:
        cell = None
        try:
            cell = field.pick(cells)
            if cell is not None:
                raw[field.name] = field.read(cell)
            elif field.may_be_null:
                raw[field.name] = None
        except Unreadable as wrong:
            shown = _shown(cells, field, cell)
            where = (number, field.heading, field.name, shown)
            problems.append(Problem(*where, wrong.problem, wrong.remedy))


def field_of(
    name: str, rule: Rule, avro: dict[str, Any], mapping: EventMapping, columns: Columns
) -> Field:
    """Return a field ready to be read."""
    kind = "instant" if name == "revision" else avro["type"]
    pick, read = picker(rule, columns), reader_of(kind, rule, mapping.file)
    return Field(name, headings_of(rule), pick, read, isinstance(avro["type"], list))


def _shown(cells: Cells, field: Field, cell: Any) -> str:
    value = cell if cell is not None else cells.get(field.heading)
    shown = "" if value is None else text(value)
    return shown if len(shown) <= SHOWN_MAX else shown[: SHOWN_MAX - 3] + "..."


def _problem(number: int, headings: dict[str, str], raw: dict[str, Any], error: Any) -> Problem:
    heading = headings.get(error.field, "")
    if error.field not in raw and error.problem == "is missing":
        if error.field == "revision" and not heading:
            remedy = "map revision to a last-modified column, or pass --as-of"
            return Problem(number, "", "revision", "", "is missing", remedy)
        remedy = "fill the cell, or write a default in the mapping"
        return Problem(number, heading, error.field, "", "is empty", remedy)
    value = "" if isinstance(error.value, object) and type(error.value) is object else error.value
    shown = str(value)[:SHOWN_MAX]
    return Problem(number, heading, error.field, shown, error.problem, error.remedy)


def _without_echoes(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return each problem of a cell once, though several fields may be read from it."""
    by_cell: dict[tuple[str, str, str], Problem] = {}
    for problem in problems:
        cell = (problem.column or problem.field, problem.value, problem.problem)
        first = by_cell.setdefault(cell, problem)
        if first is not problem:
            first.field = f"{first.field}, {problem.field}"
    return tuple(by_cell.values())
