"""Tables: rows of a file become entries of definitions, and go in beside those there are. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args

from pydantic import ValidationError

from connectors.sources.files.cells import Unreadable, day, number, text
from connectors.sources.files.mapping import QuotaRule, Rule
from connectors.sources.files.picking import Columns, Pick, headings_of, picker, test_of
from connectors.sources.files.rows import Problem, Row
from connectors.sources.files.table_mapping import Holding, TableMapping
from schemas.defining import Definition
from schemas.territories import Holder, Territories, Territory

LAST = timedelta(days=1)
_WORDS = {"missing": "is empty", "enum": "is not allowed", "extra_forbidden": "is no field here"}


@dataclass(slots=True)
class Drafted:
    """Entries a table stands for, and the rows that could not be used."""

    entries: list[Definition] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: int = 0
    read: int = 0
    skipped: int = 0


def entries_of(rows: Iterable[Row], columns: Columns, mapping: TableMapping) -> Drafted:
    """Return the entries in a table; of two rows with one key the second is refused.

    Raises:
        MissingColumns: the file lacks columns the mapping names.
    """
    reading = _Reading(mapping, columns)
    skip = test_of(mapping.skip_if, columns)
    columns.check()
    drafted = Drafted()
    found: list[tuple[Row, dict[str, Any]]] = []
    for row in rows:
        drafted.read += 1
        if not row.damage and skip(row.cells):
            drafted.skipped += 1
            continue
        read, problems = reading.read(row)
        found += [(row, each) for each in read] if not problems else []
        drafted.problems += problems
        drafted.refused += bool(problems)
    if mapping.period_months:
        _close(found, mapping.period_months)
    first: dict[tuple[Any, ...], int] = {}
    for row, values in found:
        _validate(row, values, mapping, drafted, first)
    return drafted


def put_in(existing: Definition | None, mapping: TableMapping, new: list[Definition]) -> Definition:
    """Return a kind with entries in it: those with a known key replace what was there."""
    kind, key = mapping.table.kind, mapping.table.key
    if mapping.message == "holders":
        assert isinstance(existing, Territories)
        return _with_holders(existing, new)
    there = {_key(entry, key): entry for entry in (getattr(existing, kind) if existing else ())}
    for entry in new:
        before = there.get(_key(entry, key))
        kept: Mapping[str, Any] = {}
        if before is not None:  # what no cell of the file can hold stays
            kept = {n: getattr(before, n) for n in type(before).model_fields
                    if isinstance(getattr(before, n), tuple)}  # fmt: skip
        there[_key(entry, key)] = entry.model_copy(update=kept)
    if existing is not None:
        return existing.model_copy(update={kind: tuple(there.values())})
    from schemas.definitions import KINDS  # noqa: PLC0415 - names every kind there is

    return KINDS[kind].model_validate({kind: tuple(there.values())})


class _Reading:
    """Reads one row by the mapping."""

    def __init__(self, mapping: TableMapping, columns: Columns) -> None:
        self._mapping = mapping
        known = mapping.table.row.model_fields
        self._fields = [
            (name, rule, picker(rule, columns), _reader(known[name].annotation, rule, mapping))
            for name, rule in mapping.fields.items()
        ]
        self._wide = [(q, picker(q.amount, columns)) for q in mapping.quotas]

    def read(self, row: Row) -> tuple[list[dict[str, Any]], list[Problem]]:
        if row.damage:
            return [], list(row.damage)
        problems: list[Problem] = []
        values: dict[str, Any] = {}
        for name, rule, pick, read in self._fields:
            value = _read(row, (name, rule, pick), read, problems)
            if value is not None:
                values[name] = value + LAST if name in self._mapping.inclusive else value
        if not self._wide:
            return [values], problems
        rows = [self._of_column(row, values, q, pick, problems) for q, pick in self._wide]
        return [each for each in rows if each is not None], problems

    def _of_column(
        self,
        row: Row,
        values: Mapping[str, Any],
        rule: QuotaRule,
        pick: Pick,
        problems: list[Problem],
    ) -> dict[str, Any] | None:
        def read(cell: Any) -> Decimal:
            return number(cell, rule.amount, self._mapping.file)

        amount = _read(row, ("amount", rule.amount, pick), read, problems)
        if amount is None:
            return None
        told = {"kpi": rule.kpi, "period_start": rule.period_start, "period_end": rule.period_end}
        currency = {"currency": rule.currency} if rule.currency else {}
        return {**values, **told, **currency, "amount": amount}


def _read(row: Row, at: tuple[str, Rule, Pick], read: Any, problems: list[Problem]) -> Any:
    """Return the value of a field; None: the cell is empty, or a problem that is noted."""
    name, rule, pick = at
    cell = None
    try:
        cell = pick(row.cells)
        return None if cell is None else read(cell)
    except Unreadable as wrong:
        shown = "" if cell is None else text(cell)[:60]
        problems.append(
            Problem(row.number, headings_of(rule), name, shown, wrong.problem, wrong.remedy)
        )
        return None


def _reader(annotation: Any, rule: Rule, mapping: TableMapping) -> Any:
    kinds = set(_leaves(annotation))
    if date in kinds:
        return lambda cell: day(cell, rule, mapping.file)
    if Decimal in kinds:
        return lambda cell: number(cell, rule, mapping.file)
    if any(isinstance(k, type) and issubclass(k, StrEnum) for k in kinds):
        return lambda cell: text(cell).upper()
    return text


def _leaves(annotation: Any) -> Iterator[Any]:
    inside = get_args(annotation)
    if not inside:
        yield annotation
    for each in inside:
        yield from _leaves(each)


def _close(found: list[tuple[Row, dict[str, Any]]], months: int) -> None:
    """Give quotas an end: where the owner's next one begins, else so many months later."""
    starts: dict[tuple[Any, ...], list[date]] = {}

    def owner(values: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(values.get(n) for n in ("owner_kind", "owner_id", "kpi", "currency"))

    for _, values in found:
        if "period_start" in values:
            starts.setdefault(owner(values), []).append(values["period_start"])
    for _, values in found:
        if "period_start" in values and "period_end" not in values:
            later = [d for d in starts[owner(values)] if d > values["period_start"]]
            end = _months_later(values["period_start"], months)
            # A next one beyond that month means that quotas between them are missing.
            near = [d for d in later if d < _months_later(end, 1)]
            values["period_end"] = min(near, default=end)


def _months_later(start: date, months: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    first = date(start.year + years, month + 1, 1)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return min(first + timedelta(days=start.day - 1), following - LAST)


def _validate(
    row: Row,
    values: dict[str, Any],
    mapping: TableMapping,
    drafted: Drafted,
    first: dict[tuple[Any, ...], int],
) -> None:
    try:
        entry = mapping.table.row.model_validate(values)
    except ValidationError as error:
        drafted.refused += 1
        for each in error.errors():
            name = str(each["loc"][0]) if each["loc"] else ""
            problem = _WORDS.get(each["type"], each["msg"].lower())
            shown = str(values.get(name, ""))
            column = headings_of(mapping.fields[name]) if name in mapping.fields else ""
            drafted.problems.append(
                Problem(row.number, column, name, shown, problem, "correct the cell")
            )
        return
    key = _key(entry, mapping.table.key)
    if key in first:
        drafted.refused += 1
        problem = f"says again what row {first[key]} says"
        told, names = " ".join(map(str, key)), " ".join(mapping.table.key)
        drafted.problems.append(Problem(row.number, "", names, told, problem, "keep one row"))
        return
    first[key] = row.number
    drafted.entries.append(entry)


def _with_holders(existing: Territories, new: list[Definition]) -> Territories:
    by_id = {t.territory_id: t for t in existing.territories}
    for each in new:
        assert isinstance(each, Holding)
        territory = by_id.get(each.territory_id) or Territory(
            territory_id=each.territory_id, name=each.territory_id
        )
        holder = Holder(rep_id=each.rep_id, valid_from=each.valid_from, valid_to=each.valid_to)
        others = [h for h in territory.holders
                  if (h.rep_id, h.valid_from) != (holder.rep_id, holder.valid_from)]  # fmt: skip
        by_id[each.territory_id] = territory.model_copy(update={"holders": (*others, holder)})
    return Territories(territories=tuple(by_id.values()))


def _key(entry: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(entry, name) for name in names)
