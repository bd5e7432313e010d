"""Picking: which cell of a row a rule means, before anybody asks what it says. Pure."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from connectors.sources.files.cells import Unreadable, text
from connectors.sources.files.mapping import Condition, FileOptions, Rule

Cells = Mapping[str, Any]
Pick = Callable[[Cells], Any]
Test = Callable[[Cells], bool]
_NAMED = re.compile(r"\{([^{}]+)\}")


class MissingColumns(ValueError):
    """The file lacks columns the mapping names."""

    def __init__(self, columns: Collection[str], remedies: Collection[str]) -> None:
        self.columns, self.remedies = tuple(columns), tuple(remedies)
        super().__init__("\n".join(remedies))


class Columns:
    """The columns of a file: resolves the names a mapping writes, and notes those it lacks."""

    def __init__(self, header: Collection[str] | None, options: FileOptions) -> None:
        self._header = header
        self._empty = frozenset(options.empty) | {""}
        self._lacking: dict[str, str] = {}
        self.used: set[str] = set()
        self.needed: set[str] = set()  # those without `?`

    def cell(self, column: str) -> Pick:
        """Return what picks a cell of a column, None when it is empty."""
        name = self._resolved(column)
        empty = self._empty

        def pick(cells: Cells) -> Any:
            value = cells.get(name)
            if isinstance(value, str):
                value = value.strip()
                return None if value in empty else value
            return value

        return pick

    def check(self, hint: str = "") -> None:
        """Refuse a file that lacks columns.

        Raises:
            MissingColumns: with the nearest headings there are.
        """
        twice = [n for n in sorted(self.used) if list(self._header or ()).count(n) > 1]
        remedies = [f"the heading {n!r} stands twice; rename one of the columns" for n in twice]
        remedies += self._lacking.values()
        if remedies:
            raise MissingColumns((*twice, *self._lacking), (*remedies, *([hint] if hint else [])))

    def _resolved(self, column: str) -> str:
        optional = column.endswith("?") and (self._header is None or column not in self._header)
        name = column[:-1] if optional else column
        self.used.add(name)
        if not optional:
            self.needed.add(name)
        if self._header is not None and name not in self._header and not optional:
            near = difflib.get_close_matches(name, list(self._header), 1)
            known = ", ".join(filter(None, self._header))
            remedy = f"did you mean {near[0]!r}?" if near else f"there are {known[:300]}"
            self._lacking[name] = f"there is no column {name!r}; {remedy}"
        return name


def picker(rule: Rule, columns: Columns) -> Pick:
    """Return what picks the cell a rule means: None if it is empty, its default included."""
    pick = _origin(rule, columns)
    if rule.when:
        pick = _only_when(test_of(rule.when, columns), pick)
    if rule.lookup is not None:
        pick = _looked_up(pick, rule)
    if rule.default is not None:
        pick = _or_default(pick, rule.default)
    return pick


def test_of(conditions: tuple[Condition, ...], columns: Columns) -> Test:
    """Return what tells whether any of some conditions holds."""
    tests = [_test(condition, columns) for condition in conditions]
    return lambda cells: any(test(cells) for test in tests)


def headings_of(rule: Rule) -> str:
    """Return the columns a rule reads, as a person would look for them."""
    if rule.template is not None:
        return ", ".join(_NAMED.findall(rule.template))
    return rule.column or ", ".join(rule.first_of)


def _origin(rule: Rule, columns: Columns) -> Pick:
    if rule.column is not None:
        return columns.cell(rule.column)
    if rule.constant is not None:
        return _constant(rule.constant)
    if rule.template is not None:
        return _template(rule.template, columns)
    picks = [columns.cell(column) for column in rule.first_of]
    return lambda cells: next((v for pick in picks if (v := pick(cells)) is not None), None)


def _constant(value: str) -> Pick:
    return lambda _: value


def _template(template: str, columns: Columns) -> Pick:
    parts = _NAMED.split(template)  # text, column, text, column, ..., text
    picks = [columns.cell(column) for column in parts[1::2]]

    def fill(cells: Cells) -> str | None:
        values = [pick(cells) for pick in picks]
        if picks and all(value is None for value in values):
            return None
        told = ["" if value is None else text(value) for value in values]
        return "".join(a + b for a, b in zip(parts[::2], [*told, ""], strict=True)).strip()

    return fill


def _only_when(test: Test, pick: Pick) -> Pick:
    return lambda cells: pick(cells) if test(cells) else None


def _or_default(pick: Pick, default: str) -> Pick:
    def pick_or_default(cells: Cells) -> Any:
        value = pick(cells)
        return default if value is None else value

    return pick_or_default


def _looked_up(pick: Pick, rule: Rule) -> Pick:
    table = {key.strip().casefold(): value for key, value in (rule.lookup or {}).items()}
    otherwise = rule.otherwise

    def look(cells: Cells) -> Any:
        value = pick(cells)
        if value is None:
            return None
        key = text(value).casefold()
        if key in table:
            return table[key] or None
        if otherwise is not None:
            return otherwise or None
        near = difflib.get_close_matches(key, table, 1)
        hint = f"did you mean {near[0]!r}? else " if near else ""
        raise Unreadable("is not in the lookup", f"{hint}add it to the mapping")

    return look


def _test(condition: Condition, columns: Columns) -> Test:
    pick = columns.cell(condition.column)
    if condition.empty is not None:
        wanted = condition.empty
        return lambda cells: (pick(cells) is None) == wanted

    def told(cells: Cells) -> str:
        value = pick(cells)
        return "" if value is None else text(value).casefold()

    if condition.starts_with is not None:
        heads = tuple(head.casefold() for head in condition.starts_with)
        return lambda cells: told(cells).startswith(heads)
    words = frozenset(w.strip().casefold() for w in condition.is_ or condition.is_not or ())
    if condition.is_not is not None:
        return lambda cells: told(cells) not in words
    return lambda cells: told(cells) in words
