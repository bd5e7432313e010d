"""Rows of a CSV file: streaming, strict, and sound behind a broken line."""

import csv
import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from connectors.sources.files.mapping import FileOptions
from connectors.sources.files.rows import BadFile, Problem, Row

_OTHER_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
LINE_MAX = 1_048_576  # characters; keeps a file without line ends from filling memory
_SURROGATE = re.compile(r"[\udc80-\udcff]")  # a byte that `surrogateescape` could not decode


class _Lines:
    """Lines of a file; those a reader has swallowed can be given back to be read again."""

    def __init__(self, file: TextIO, name: str) -> None:
        self._file = file
        self._name = name
        self._again: deque[str] = deque()
        self.swallowed: list[str] = []
        self.number = 0  # of the last line handed out

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._file.readline(LINE_MAX)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LINE_MAX:
            raise BadFile(f"{self._name}: line {self.number} has {LINE_MAX} characters or more; "
                          "is it a CSV file?")  # fmt: skip
        self.swallowed.append(line)
        return line

    def give_back_all_but_first(self) -> str:
        first, *rest = self.swallowed
        self._again.extendleft(reversed(rest))
        self.number -= len(rest)
        self.swallowed = []
        return first


class CsvRows:
    """An opened CSV file. Implements rows.Rows."""

    def __init__(self, path: Path, options: FileOptions) -> None:
        self._path = path
        self._options = options
        self._size = path.stat().st_size
        encoding = "utf-8-sig" if _is_utf8(options.encoding) else options.encoding
        self._file = path.open(encoding=encoding, errors="surrogateescape", newline="")
        self._lines = _Lines(self._file, str(path))
        self.header: tuple[str, ...] = ()
        try:
            self.header = self._headings()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[Row]:
        reader = self._reader()
        while True:
            self._lines.swallowed = []
            number = self._lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._broken(number, str(error))
                reader = self._reader()
                continue
            if cells:
                yield self._row(number, cells)

    def progress(self) -> tuple[int, int]:
        """Return bytes read and bytes there are."""
        return min(os.lseek(self._file.fileno(), 0, os.SEEK_CUR), self._size), self._size

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._options.delimiter, strict=True)

    def _headings(self) -> tuple[str, ...]:
        if self._options.headings:
            return self._options.headings
        reader = self._reader()
        try:
            for _ in range(self._options.header_row - 1):
                next(reader)
            header = tuple(cell.strip() for cell in next(reader))
        except StopIteration:
            raise BadFile(f"{self._path}: has no row of headings") from None
        except csv.Error as error:
            raise BadFile(
                f"{self._path}: the headings are broken ({error}); check file.delimiter"
            ) from None
        if any(_SURROGATE.search(cell) for cell in header):
            raise BadFile(f"{self._path}: the headings are no {self._options.encoding}; "
                          "write file.encoding, cp1252 perhaps")  # fmt: skip
        return header

    def delimiter_hint(self) -> str:
        """Return what to do about headings that do not come apart; empty if they do."""
        for other, name in _OTHER_DELIMITERS.items():
            if len(self.header) == 1 and other in self.header[0]:
                word = "tab" if other == "\t" else other
                return f'the headings hold {name}: write file.delimiter: "{word}"'
        return ""

    def _row(self, number: int, cells: list[str]) -> Row:
        damage = tuple(self._damage(number, cells))
        table = dict(zip(self.header, cells, strict=False)) if not damage else {}
        return Row(number, table, cells, damage)

    def _damage(self, number: int, cells: list[str]) -> Iterator[Problem]:
        wanted = len(self.header)
        if len(cells) != wanted:
            why = "is a cell with a delimiter in it not quoted?" if len(cells) > wanted else (
                "is the line cut off?"
            )  # fmt: skip
            yield _whole(number, f"has {len(cells)} cells where there are {wanted} headings", why)
            return
        for heading, cell in zip(self.header, cells, strict=True):
            if cell.isascii():
                if "\0" in cell:
                    yield Problem(number, heading, "", "", "holds a NUL byte", "remove it")
            elif bad := _SURROGATE.search(cell):
                byte = f"0x{ord(bad[0]) - 0xDC00:02x}"
                remedy = "save the file as UTF-8, or write file.encoding: cp1252 in the mapping"
                problem = f"byte {byte} is no {self._options.encoding}"
                yield Problem(number, heading, "", "", problem, remedy)

    def _broken(self, number: int, error: str) -> Row:
        """Set one line aside and give back what a runaway quotation mark has swallowed after it."""
        over_lines = len(self._lines.swallowed) > 1
        line = self._lines.give_back_all_but_first()
        cells = line.rstrip("\r\n").split(self._options.delimiter)
        what, remedy = error, "write quotation marks inside a cell twice"
        if len(line) > csv.field_size_limit():
            what = f"a cell has more than {csv.field_size_limit()} characters"
            remedy = "shorten it"
        elif over_lines or "unexpected end" in error:
            what, remedy = "a quotation mark is opened and never closed", "close it"
        return Row(number, {}, cells, (_whole(number, what, remedy),))


def _whole(number: int, problem: str, remedy: str) -> Problem:
    return Problem(number, "", "", "", problem, remedy)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8")
