"""What is different between two states of definitions, entry by entry. Pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from infra.definitions.canonical import KEYS, key_of, plain
from schemas.defining import Definition


class Sign(StrEnum):
    """What happened to an entry."""

    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"


class Change(NamedTuple):
    """One entry or field that is not the same.

    Attributes:
        what: the entry, such as `reps kenji-mori history 2026-01-01`, or empty for the kind.
        field: the field within it, empty where the whole entry came or went.
    """

    kind: str
    sign: Sign
    what: str
    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        name = " ".join(filter(None, (self.what, self.field)))
        if self.sign is Sign.CHANGED:
            return f"~ {name}: {_short(self.before)} -> {_short(self.after)}"
        value = self.after if self.sign is Sign.ADDED else self.before
        return f"{self.sign} {name}{_detail(value, name.split())}"


def differences(
    before: Mapping[str, Definition], after: Mapping[str, Definition]
) -> tuple[Change, ...]:
    """Return every change of the kinds in `after`; a kind that is only in `before` stays."""
    changes: list[Change] = []
    for kind, value in after.items():
        old = plain(before[kind]) if kind in before else {}
        changes.extend(_fields(kind, "", old, plain(value)))
    return tuple(changes)


def _fields(kind: str, what: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if name in KEYS:
            yield from _entries(kind, what, name, before or [], after or [])
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from _fields(kind, " ".join(filter(None, (what, name))), before, after)
        elif before != after:
            sign = Sign.ADDED if name not in old else Sign.REMOVED if name not in new else None
            yield Change(kind, sign or Sign.CHANGED, what, name, before, after)


def _entries(kind: str, what: str, name: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    before = {key_of(name, e): e for e in old}
    after = {key_of(name, e): e for e in new}
    for key in sorted(before.keys() | after.keys()):
        label = " ".join(filter(None, (what, name, *key)))
        if key not in before:
            yield Change(kind, Sign.ADDED, label, "", None, after[key])
        elif key not in after:
            yield Change(kind, Sign.REMOVED, label, "", before[key], None)
        elif isinstance(before[key], dict):  # and not an id, of which the key is all there is
            yield from _fields(kind, label, before[key], after[key])


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "none"
    return "nothing" if value is None else str(value)


def _detail(value: Any, told: list[str]) -> str:
    """Return the fields of an entry that came or went, in one line, without those of its name."""
    if not isinstance(value, dict):
        return "" if value in told else f": {_short(value)}"
    parts = [
        f"{k} {len(v)}x" if isinstance(v, list) and k in KEYS else f"{k} {_short(v)}"
        for k, v in value.items()
        if v not in ("", [], *told)
    ]
    return f"  ({'; '.join(parts)})" if parts else ""
