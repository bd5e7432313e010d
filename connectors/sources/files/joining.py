"""Joining: columns of a second file, found by key."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connectors.sources.files.cells import text
from connectors.sources.files.mapping import FileOptions, Join
from connectors.sources.files.picking import Cells, Columns
from connectors.sources.files.rows import BadFile, opened

ROWS_MAX = 1_000_000  # held in memory: stages, users, accounts; not activities


class Joined:
    """The second files of a mapping."""

    def __init__(self, joins: Mapping[str, Join], files: Mapping[str, Path], options: FileOptions):
        """Read them.

        Raises:
            BadFile: one is missing, cannot be read, or has a key twice with different rows.
        """
        self._joins = joins
        self._tables = {n: _table(n, join, files[n], options) for n, join in joins.items()}

    @property
    def headings(self) -> list[str]:
        """Return the columns they add."""
        return [f"{n}.{heading}" for n, (header, _) in self._tables.items() for heading in header]

    def added(self, cells: Cells) -> Cells:
        """Return a row's cells with those it finds in the second files."""
        if not self._joins:
            return cells
        together = dict(cells)
        for name, join in self._joins.items():
            _, rows = self._tables[name]
            key = tuple(_key(cells.get(column)) for column in join.on)
            for heading, cell in rows.get(key, {}).items():
                together[f"{name}.{heading}"] = cell
        return together


def _table(
    name: str, join: Join, path: Path, options: FileOptions
) -> tuple[Sequence[str], dict[tuple[str, ...], Mapping[str, Any]]]:
    rows = opened(path, options)
    try:
        seen: dict[str, None] = dict.fromkeys(rows.header or ())
        columns = Columns(rows.header, options)
        for column in join.key:
            columns.cell(column)
        try:
            columns.check()
        except ValueError as error:
            raise BadFile(f"{path}: {error} (joins.{name}.key)") from None
        table: dict[tuple[str, ...], Mapping[str, Any]] = {}
        for row in rows:
            if row.damage:
                raise BadFile(f"{path}: {row.damage[0]}")
            key = tuple(_key(row.cells.get(column)) for column in join.key)
            if table.setdefault(key, row.cells) != row.cells:
                raise BadFile(f"{path}: row {row.number} has the key {', '.join(key)} once more "
                              f"with other cells; add columns to joins.{name}")  # fmt: skip
            if len(table) > ROWS_MAX:
                raise BadFile(f"{path}: has more than {ROWS_MAX} rows; join it beforehand")
            seen.update(dict.fromkeys(row.cells))
        return list(seen), table
    finally:
        rows.close()


def _key(cell: Any) -> str:
    return "" if cell is None else text(cell)
