"""What can be wrong with definitions: a problem, where it stands, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

Path = tuple[str | int, ...]  # from the top of a kind: ("reps", 3, "history", 0, "team_id")
SHOWN_MAX = 60  # characters of a wrong value worth reading


class Severity(StrEnum):
    """How bad it is: an error keeps definitions from taking effect."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a path within a kind, before anyone asks which line that is."""

    kind: str
    path: Path
    value: str
    problem: str
    remedy: str
    severity: Severity = Severity.ERROR


class Place(NamedTuple):
    """Line and column of something in a file, both from 1. Line 0: the file as a whole."""

    file: str
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding with its place."""

    place: Place
    field: str
    value: str
    problem: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = self.place.file + (f":{self.place.line}" if self.place.line else "")
        what = self.field + (f" is {shown(self.value)}" if self.value else "")
        text = f"{self.problem}; {self.remedy}"
        return f"{where}: {self.severity}: {what + ': ' if what else ''}{text}"


class Refused(ValueError):
    """Definitions that cannot take effect; str() lists every problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def field_of(path: Path) -> str:
    """Return a path as people write it.

    >>> field_of(("reps", 3, "history", 0, "team_id"))
    'reps[3].history[0].team_id'
    """
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


def did_you_mean(wrong: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy that names the nearest known word, or says otherwise.

    >>> did_you_mean("rol", ["role", "team_id"], "leave it out")
    'did you mean role?'
    """
    near = get_close_matches(wrong, sorted(known), 1)
    return f"did you mean {near[0]}?" if near else otherwise


def shown(value: str) -> str:
    """Return a value in quotes, cut where nobody reads on."""
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "..."


def has_errors(problems: Iterable[Problem]) -> bool:
    """Return whether anything keeps the definitions from taking effect."""
    return any(p.severity is Severity.ERROR for p in problems)
