"""Rows of an Excel sheet: typed cells, streamed. A formula counts by the value stored with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl

from connectors.sources.files.mapping import FileOptions
from connectors.sources.files.rows import BadFile, Problem, Row

BYTES_MAX = 256 * 1024 * 1024  # texts of a workbook are held in memory; larger exports are CSV
_UNREADABLE = (BadZipFile, KeyError, ValueError, OSError, EOFError)


class XlsxRows:
    """An opened sheet. Implements rows.Rows."""

    def __init__(self, path: Path, options: FileOptions) -> None:
        self._path = path
        if path.stat().st_size > BYTES_MAX:
            raise BadFile(f"{path}: is larger than {BYTES_MAX >> 20} MiB; export CSV instead")
        # Two readers side by side: only the one with formulas can tell an empty cell from a formula
        # whose value was never stored.
        self._values = self._book(data_only=True)
        self._formulas = self._book(data_only=False)
        name = self._sheet_name(options.sheet)
        self._rows = zip(
            self._values[name].iter_rows(), self._formulas[name].iter_rows(), strict=False
        )
        self._total = self._values[name].max_row or 0
        self._number = 0
        self.header = options.headings or self._headings(options.header_row)

    def __iter__(self) -> Iterator[Row]:
        try:
            for values, formulas in self._rows:
                self._number += 1
                cells = [cell.value for cell in values]
                if any(v is not None for v in cells) or any(_is_formula(f) for f in formulas):
                    yield self._row(cells, values, formulas)
        except _UNREADABLE as error:
            raise BadFile(f"{self._path}: breaks off behind row {self._number} ({error})") from None

    def progress(self) -> tuple[int, int]:
        """Return rows read and rows the sheet says it has."""
        return self._number, max(self._total, self._number)

    def close(self) -> None:
        """Let go of the file."""
        self._values.close()
        self._formulas.close()

    def _book(self, *, data_only: bool) -> Any:
        try:
            return openpyxl.load_workbook(self._path, read_only=True, data_only=data_only)
        except _UNREADABLE as error:
            raise BadFile(f"{self._path}: is no workbook that can be read ({error})") from None

    def _sheet_name(self, wanted: str | None) -> str:
        names = [sheet.title for sheet in self._values.worksheets]
        if not names:
            raise BadFile(f"{self._path}: has no sheet with cells")
        if wanted is not None and wanted not in names:
            raise BadFile(f"{self._path}: has no sheet {wanted!r}; it has {', '.join(names)}")
        return wanted or names[0]

    def _headings(self, header_row: int) -> tuple[str, ...]:
        for values, _ in self._rows:
            self._number += 1
            if self._number == header_row:
                texts = ["" if cell.value is None else str(cell.value).strip() for cell in values]
                while texts and not texts[-1]:
                    texts.pop()
                if texts:
                    return tuple(texts)
                break
        raise BadFile(f"{self._path}: row {header_row} has no headings; write file.header_row")

    def _row(self, cells: list[Any], values: Any, formulas: Any) -> Row:
        width = len(self.header)
        cells = (cells + [None] * width)[: max(width, len(cells))]
        spare = [i for i, cell in enumerate(cells[width:], start=width + 1) if cell is not None]
        damage = list(self._bad_cells(values, formulas))
        if spare:
            problem = f"has a cell in column {spare[0]} where there is no heading"
            damage.append(Problem(self._number, "", "", "", problem, "add a heading or clear it"))
        original = cells[:width]
        table = dict(zip(self.header, original, strict=True))
        return Row(self._number, table, original, tuple(damage))

    def _bad_cells(self, values: Any, formulas: Any) -> Iterator[Problem]:
        for heading, value, formula in zip(self.header, values, formulas, strict=False):
            if _is_formula(formula) and value.value is None:
                remedy = "open and save it in a spreadsheet program, or paste values"
                problem = "is a formula without a stored value"
                yield Problem(self._number, heading, "", str(formula.value)[:60], problem, remedy)
            elif value.data_type == "e":
                problem, remedy = "is an error of the sheet", "correct the formula"
                yield Problem(self._number, heading, "", str(value.value), problem, remedy)


def _is_formula(cell: Any) -> bool:
    return bool(cell.data_type == "f")
