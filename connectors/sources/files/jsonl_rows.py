"""Rows of JSON lines: one object a line, nested names joined by dots, numbers exact."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.sources.files.mapping import FileOptions
from connectors.sources.files.rows import PROBLEM_COLUMN, Problem, Row

LINE_BYTES_MAX = 1_048_576  # what fits in a message; a longer line is no record
BROKEN_LINE = "_line"  # in the file of refused rows: a line that is no JSON, as text
_DEPTH_MAX = 8


class JsonlRows:
    """An opened file of JSON lines. Implements rows.Rows."""

    header = None

    def __init__(self, path: Path, options: FileOptions) -> None:
        self._size = path.stat().st_size
        self._file = path.open("rb")
        self._encoding = options.encoding
        self._read = 0

    def __iter__(self) -> Iterator[Row]:
        number = 0
        while line := self._file.readline(LINE_BYTES_MAX):
            number += 1
            self._read += len(line)
            if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
                self._skip_rest()
                problem = f"is longer than {LINE_BYTES_MAX} bytes"
                yield _damaged(number, "", problem, "is it one record?")
            elif line.strip():
                yield self._row(number, line)

    def progress(self) -> tuple[int, int]:
        """Return bytes read and bytes there are."""
        return self._read, self._size

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _skip_rest(self) -> None:
        while (part := self._file.readline(LINE_BYTES_MAX)) and not part.endswith(b"\n"):
            self._read += len(part)
        self._read += len(part)

    def _row(self, number: int, line: bytes) -> Row:
        try:
            written = line.decode("utf-8-sig" if number == 1 else self._encoding).strip()
        except UnicodeDecodeError as error:
            shown = line.decode("utf-8", "replace").strip()
            problem = f"byte {error.start} is no {self._encoding}"
            return _damaged(number, shown, problem, "save it as UTF-8")
        try:
            value = parsed_line(written)
            if isinstance(value, dict) and set(value) == {PROBLEM_COLUMN, BROKEN_LINE}:
                written = str(value[BROKEN_LINE])
                value = parsed_line(written)
            elif isinstance(value, dict) and PROBLEM_COLUMN in value:
                del value[PROBLEM_COLUMN]
                written = _without_problem(written, value)
        except (ValueError, RecursionError, ArithmeticError) as error:
            return _damaged(number, written, f"is no JSON ({error})", "correct it")
        if not isinstance(value, dict):
            return _damaged(number, written, "is no object", "write {...} with names")
        return Row(number, dict(flattened(value)), written, (), value)


def parsed_line(written: str) -> Any:
    """Return a JSON value with its numbers exactly as they are written.

    Raises:
        ValueError: it is no JSON.
    """
    return json.loads(written, parse_float=Decimal, parse_constant=_no_constant)


def flattened(value: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[Any]:
    """Yield (name, value) of a nested object, names joined by dots. Lists stay as they are."""
    for name, inner in value.items():
        if isinstance(inner, dict) and inner and depth < _DEPTH_MAX:
            yield from flattened(inner, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", inner


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _without_problem(written: str, value: dict[str, Any]) -> str:
    """Return a line of the file of refused rows as it was before."""
    head, mark, _ = written.rpartition(f', "{PROBLEM_COLUMN}"')
    try:
        return head + "}" if mark and parsed_line(head + "}") == value else written
    except ValueError:
        return written


def _damaged(number: int, line: str, problem: str, remedy: str) -> Row:
    shown = json.dumps({BROKEN_LINE: line}, ensure_ascii=False)
    return Row(number, {}, shown, (Problem(number, "", "", "", problem, remedy),))
