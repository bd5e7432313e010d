"""The data dictionary: every view of spm_bi and what its columns mean, from dictionary.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FILE = Path(__file__).with_name("dictionary.yaml")
NUMBERS = ("Decimal", "UInt", "Int", "Float")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, where there is one: half a second


class DictionaryError(ValueError):
    """The dictionary contradicts itself; str() names the place and what to do."""


class Column(NamedTuple):
    """A column.

    Attributes:
        unit: name of the unit, empty for what is no number.
        null_means: empty for what is never NULL.
        empty_means: what an empty text means; empty where that cannot be.
        deprecated: what to read instead; empty for what stays.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    null_means: str = ""
    empty_means: str = ""
    deprecated: str = ""


class View(NamedTuple):
    """A view.

    Attributes:
        grain: what one row is.
        key: the columns that name a row.
    """

    name: str
    meaning: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def comment(self) -> str:
        """What the warehouse says of it."""
        return f"{self.meaning} A row: {self.grain}."


@dataclass(frozen=True, slots=True)
class Dictionary:
    """All views.

    Attributes:
        version: of the contract that they are.
        units: name of a unit -> in words.
    """

    version: str
    units: Mapping[str, str]
    views: Mapping[str, View]

    def comment(self, column: Column) -> str:
        """Return what the warehouse says of a column."""
        said = [f"Deprecated: {column.deprecated}"] if column.deprecated else []
        said.append(column.meaning)
        if column.unit:
            said.append(self.units[column.unit])
        if column.null_means:
            said.append(f"NULL: {column.null_means}")
        if column.empty_means:
            said.append(f"Empty: {column.empty_means}")
        return " ".join(said)


@cache
def dictionary() -> Dictionary:
    """Return the dictionary of this release."""
    return read(FILE.read_text("utf-8"))


def read(text: str) -> Dictionary:
    """Return a dictionary from YAML.

    Raises:
        DictionaryError: it contradicts itself.
    """
    told = yaml.load(text, _LOADER)  # noqa: S506  # a safe one
    shared, units = told["columns"], told["units"]
    views: dict[str, View] = {}
    for name, view in told["views"].items():
        views[name] = _view(name, view, shared, views)
        _check(views[name], units)
    return Dictionary(str(told["version"]), units, views)


def _view(
    name: str, told: Mapping[str, Any], shared: Mapping[str, Any], views: Mapping[str, View]
) -> View:
    own = {c: _column(f"{name}.{c}", c, how, shared) for c, how in _columns(told).items()}
    columns: dict[str, Column] = {}
    if "like" in told:
        if told["like"] not in views:
            raise DictionaryError(f"{name}: like names {told['like']}; write that view before it")
        columns = {c.name: c for c in views[told["like"]].columns}
    kept = {c: column for c, column in columns.items() if c not in told.get("without", ())}
    first = {c: own[c] for c in told.get("first", {})}
    return View(
        name, told["meaning"], told["grain"], tuple(told["key"]),
        tuple((first | kept | own).values()),
    )  # fmt: skip


def _columns(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told.get("first", {}), **told.get("columns", {})}


def _column(place: str, name: str, how: Any, shared: Mapping[str, Any]) -> Column:
    if how is None or isinstance(how, str):
        if (how or name) not in shared:
            raise DictionaryError(f"{place}: {how or name} does not stand under columns; say more")
        how = shared[how or name]
    says = {"type", "meaning", "unit", "null", "empty", "deprecated"}
    if unknown := set(how) - says:
        raise DictionaryError(f"{place}: {sorted(unknown)} means nothing; known: {sorted(says)}")
    texts = {key: str(value) for key, value in how.items()}
    return Column(
        name, texts["type"], texts["meaning"], texts.get("unit", ""), texts.get("null", ""),
        texts.get("empty", ""), texts.get("deprecated", ""),
    )  # fmt: skip


def _check(view: View, units: Mapping[str, str]) -> None:
    names = {c.name for c in view.columns}
    if missing := set(view.key) - names:
        raise DictionaryError(f"{view.name}: key names {sorted(missing)}, which it does not have")
    for column in view.columns:
        place = f"{view.name}.{column.name}"
        bare = column.type.removeprefix("Nullable(")
        if bare.startswith(NUMBERS) != bool(column.unit):
            raise DictionaryError(f"{place}: numbers have a unit, and nothing else has")
        if column.unit and column.unit not in units:
            raise DictionaryError(f"{place}: no unit {column.unit}; known: {sorted(units)}")
        if (bare != column.type) != bool(column.null_means):
            raise DictionaryError(f"{place}: null says what NULL means, if it may be NULL")
        if column.empty_means and bare != "String":
            raise DictionaryError(f"{place}: only a text can be empty")
