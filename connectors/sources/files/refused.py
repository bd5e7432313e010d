"""The file of refused rows: the rows as they were, and what is wrong with each.

It has the shape of the file it came from (a sheet becomes CSV) with one more column, which reading
ignores: correct the rows in it and import it with the same mapping.
"""

import csv
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from connectors.sources.files.mapping import FileOptions
from connectors.sources.files.rows import PROBLEM_COLUMN, BadFile, Problem, Row

_TRIES = 1000  # numbered names tried before giving up


class RefusedFile:
    """Writes refused rows; the file exists only once there is one."""

    def __init__(self, path: Path, header: Sequence[str] | None, options: FileOptions) -> None:
        self.path = path
        self.count = 0
        self._header = list(header) if header is not None else None
        self._options = options
        self._file: TextIO | None = None

    def add(self, row: Row, problems: Sequence[Problem]) -> None:
        """Write one row with what is wrong with it."""
        told = " | ".join(str(problem).partition(": ")[2] for problem in problems)
        self.count += 1
        if self._header is None:
            # Spliced into the line as it was, so that its numbers stay exactly as they are.
            head = str(row.original).rstrip().removesuffix("}").rstrip()
            comma = "" if head.endswith("{") else ", "
            problem = json.dumps(told, ensure_ascii=False)
            self._opened().write(f'{head}{comma}"{PROBLEM_COLUMN}": {problem}}}\n')
            return
        kept = [self._written(cell) for cell in row.original]
        if PROBLEM_COLUMN in self._header:
            at = self._header.index(PROBLEM_COLUMN)
            cells = [*kept[:at], told, *kept[at + 1 :]] if len(kept) > at else [*kept, told]
        else:
            cells = [*kept, told]
        self._csv().writerow(cells)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _csv(self) -> Any:
        fresh = self._file is None
        file = self._opened()
        writer = csv.writer(file, delimiter=self._options.delimiter, lineterminator="\r\n")
        if fresh:
            header = self._header or []
            spare = [] if PROBLEM_COLUMN in header else [PROBLEM_COLUMN]
            for _ in range(self._options.header_row - 1):
                writer.writerow([""])
            writer.writerow([*header, *spare])
        return writer

    def _opened(self) -> TextIO:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            encoding = "utf-8" if self._header is None else self._options.encoding
            self._file = self.path.open(
                "x", encoding=encoding, errors="surrogateescape", newline=""
            )
        return self._file

    def _written(self, cell: Any) -> str:
        """Return a sheet's typed cell as the mapping would read it from text."""
        if isinstance(cell, str):
            return cell
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if isinstance(cell, int | float | Decimal):
            return repr(cell).replace(".", self._options.decimal)
        if isinstance(cell, datetime | date):
            return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
        return "" if cell is None else str(cell)


def refused_path(given: Path | None, imported: Path, folder: Path) -> Path:
    """Return where refused rows go: as told, else beside the caller, never over another file.

    Raises:
        BadFile: the file that was told exists.
    """
    if given is not None:
        if given.exists():
            raise BadFile(f"{given}: exists; remove it or name another with --refused")
        return given
    suffix = ".jsonl" if imported.suffix.lower() in (".jsonl", ".ndjson") else ".csv"
    stem = imported.stem.split(".refused")[0]
    names = [f"{stem}.refused{suffix}", *(f"{stem}.refused.{n}{suffix}" for n in range(2, _TRIES))]
    return next(path for name in names if not (path := folder / name).exists())
