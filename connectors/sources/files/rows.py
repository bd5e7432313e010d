"""Rows: what stands in a file, one at a time, with the number a person finds it by.

A file that cannot be read at all is told by BadFile before anything is sent; a damaged row is a row
with a problem, and the rows behind it are read all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from connectors.sources.files.mapping import FileOptions

PROBLEM_COLUMN = "_problem"  # what refusing adds; ignored when the corrected file is read again
_LOOK_BYTES = 65_536
NULS_MAX = 0.05
_MAGIC = {
    b"PK\x03\x04": "a zip archive or a workbook; name it .xlsx if it is one",
    b"\xd0\xcf\x11\xe0": "an old .xls workbook; save it as .xlsx or CSV",
    b"\x1f\x8b": "compressed; unpack it first",
    b"%PDF": "a PDF document; export CSV instead",
}
_FORMATS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
            ".xlsx": "xlsx", ".xlsm": "xlsx"}  # fmt: skip


class BadFile(ValueError):
    """The file cannot be imported; str() says what it is and what to do."""


@dataclass(slots=True)
class Problem:
    """One thing wrong with one row.

    Attributes:
        row: line of the file, or row of the sheet.
        column: heading of the cell; empty when it is the row as a whole.
        field: field of the message; empty when it is the cell or the row itself.
    """

    row: int
    column: str
    field: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = self.column or self.field
        if self.column and self.field and self.column != self.field:
            where = f"{self.column} ({self.field})"
        shown = f" is {self.value}" if self.value else ""
        subject = f"{where}{shown}: " if where else ""
        return f"row {self.row}: {subject}{self.problem}; {self.remedy}"


@dataclass(slots=True)
class Row:
    """One row.

    Attributes:
        cells: column -> cell; of JSON, nested names joined by dots.
        original: as it stood in the file, for the file of refused rows: cells, or a line of JSON.
        value: the object of a line of JSON.
        damage: what keeps it from being read at all.
    """

    number: int
    cells: Mapping[str, Any]
    original: Any = None
    damage: tuple[Problem, ...] = field(default=())
    value: Mapping[str, Any] = field(default_factory=dict)


class Rows(Protocol):
    """An opened file."""

    @property
    def header(self) -> Sequence[str] | None:
        """Headings in their order; None when each row names its own, as in JSON lines."""

    def __iter__(self) -> Iterator[Row]: ...

    def progress(self) -> tuple[int, int]:
        """Return how far it is read and how far there is to read, in the same unit."""

    def close(self) -> None:
        """Let go of the file."""


def opened(path: Path, options: FileOptions) -> Rows:
    """Return the rows of a file, headings read.

    Raises:
        BadFile: it is missing, empty, of another kind than it says, or lacks headings.
    """
    from connectors.sources.files.csv_rows import CsvRows  # noqa: PLC0415  # they import this page
    from connectors.sources.files.jsonl_rows import JsonlRows  # noqa: PLC0415
    from connectors.sources.files.xlsx_rows import XlsxRows  # noqa: PLC0415

    kind = _FORMATS.get(path.suffix.lower(), options.format)
    if kind is None:
        raise BadFile(f"{path}: what is it? name it .csv, .jsonl or .xlsx, or write file.format")
    _look(path, kind, options.encoding)
    makers: dict[str, type[CsvRows | JsonlRows | XlsxRows]] = {
        "csv": CsvRows,
        "jsonl": JsonlRows,
        "xlsx": XlsxRows,
    }
    return makers[kind](path, options)


def _look(path: Path, kind: str, encoding: str) -> None:
    """Refuse what is plainly another thing than it should be."""
    try:
        with path.open("rb") as file:
            head = file.read(_LOOK_BYTES)
    except IsADirectoryError:
        raise BadFile(f"{path}: is a folder; name a file in it") from None
    except OSError as error:
        raise BadFile(f"{path}: cannot be read ({error.strerror})") from None
    if not head:
        raise BadFile(f"{path}: is empty; export it again")
    for magic, what in _MAGIC.items():
        if head.startswith(magic) and kind != "xlsx":
            raise BadFile(f"{path}: is {what}")
    if kind == "xlsx" and not head.startswith(b"PK\x03\x04"):
        raise BadFile(f"{path}: is no .xlsx workbook; is it CSV under another name?")
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if utf16 and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf16")):
        raise BadFile(f"{path}: is UTF-16; write file.encoding: utf-16 in the mapping")
    nuls = head.count(b"\0") / len(head)  # one slip into text; a binary file is full of them
    if kind != "xlsx" and not utf16 and "16" not in encoding and nuls > NULS_MAX:
        raise BadFile(f"{path}: holds NUL bytes; it is binary, or UTF-16 (file.encoding: utf-16)")
