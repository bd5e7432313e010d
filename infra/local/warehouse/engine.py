"""chDB as this server uses it: one data folder, many handles, errors with their numbers."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chdb

from infra.local.warehouse.errors import ClickHouseError, Code, error_of, refused
from infra.local.warehouse.lexer import identifier, literal
from infra.local.warehouse.statements import InsertData, InsertInput

_connect: Callable[[str], Any] = chdb.connect
APPEND_BYTES = (
    8 << 20
)  # handed to the engine at once; smaller pieces cost calls, larger ones copies
# What every handle starts with. The pipeline's few large inserts are to be in a part on disk
# when they are acknowledged, and deduplication is not leaned on.
GROUND = {"async_insert": "0", "insert_deduplicate": "0", "max_insert_threads": "1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave. `rows`: rows of the answer."""

    data: memoryview
    rows_read: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """What the engine says a text is."""

    is_read: bool
    statements: int


class Handle:
    """One connection of the engine: its own settings, database and temporary tables.

    Not to be used by two threads at once. Leans on chDB's private connection object, which alone
    tells what class a statement is of: hence the pinned major version in pyproject.toml.
    """

    def __init__(self, path: Path) -> None:
        self._owner: Any = _connect(str(path))  # closes the connection when it is collected
        self._connection = self._owner._conn
        self.set(GROUND)

    def close(self) -> None:
        """Give the connection back."""
        self._owner.close()

    def run(
        self, sql: str, fmt: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> Answer:
        """Return what one statement gave.

        Raises:
            ClickHouseError: the engine refused it.
        """
        with _engine_errors():
            result = self._connection.query(sql, fmt, params=dict(params or {}))
            data = memoryview(result.bytes()) if result.size() else memoryview(b"")
            return Answer(
                data,
                rows_read=result.storage_rows_read(),
                bytes_read=result.storage_bytes_read(),
                rows_written=result.rows_written(),
                bytes_written=result.bytes_written(),
                rows=result.rows_read(),  # chDB calls so what came out
            )

    def text(self, sql: str, params: Mapping[str, str] | None = None) -> str:
        """Return what one statement gave, as raw text without the last line break."""
        return str(self.run(sql, "TSVRaw", params).data, "utf-8", "replace").removesuffix("\n")

    def insert(self, asked: InsertData) -> Answer:
        """Write data and return how much. Nothing is written when the data is damaged."""
        with _engine_errors():
            open_insert = self._connection.send_insert(asked.head, asked.fmt)
            try:
                for start in range(0, len(asked.data), APPEND_BYTES):
                    piece = bytes(asked.data[start : start + APPEND_BYTES])
                    self._connection.insert_append(open_insert, piece)
            except BaseException:
                self._connection.insert_cancel(open_insert)
                raise
            done = self._connection.insert_done(open_insert)
        written, size = done.rows_written(), done.bytes_written()
        return Answer(memoryview(b""), rows_written=written, bytes_written=size)

    def insert_select(self, asked: InsertInput, params: Mapping[str, str], folder: Path) -> Answer:
        """Run INSERT ... SELECT ... FROM input() over its data, by way of a private file."""
        file, name = tempfile.mkstemp(dir=folder)  # opens for the owner alone
        try:
            with os.fdopen(file, "wb") as out:
                out.write(asked.data)
            return self.run(asked.over_file(name), params=params)
        finally:
            Path(name).unlink()

    def set(self, settings: Mapping[str, str]) -> None:
        """Set settings of this handle."""
        if settings:
            pairs = ", ".join(f"{identifier(k)} = {literal(v)}" for k, v in settings.items())
            self.run(f"SET {pairs}")

    def unset(self, names: Iterator[str]) -> None:
        """Take settings back to their defaults."""
        for name in names:
            self.run(f"SET {identifier(name)} = DEFAULT")

    def use(self, database: str) -> None:
        """Make a database the one that unqualified names are of."""
        self.run(f"USE {identifier(database)}")

    def kind(self, sql: str, database: str = "default") -> Kind:
        """Return what the engine says a text is, without running it."""
        with _engine_errors():
            said: dict[str, Any] = self._connection.classify_query(sql, database)
        return Kind(said["query_class"].name == "READ_ONLY", int(said["statement_count"]))

    def kind_of_one(self, sql: str, database: str = "default") -> Kind:
        """Return what the engine says a single statement is, without running it.

        Raises:
            ClickHouseError: there is none, one that cannot be parsed, or more than one.
        """
        kind = self.kind(sql, database)
        if kind.statements > 1:
            raise refused(Code.SYNTAX_ERROR, "Multi-statements are not allowed")
        if kind.statements == 0 and sql.strip():
            self._point_out(sql)
        if kind.statements == 0:
            raise refused(Code.SYNTAX_ERROR, "Empty query")
        return kind

    def _point_out(self, sql: str) -> None:
        """Raise the engine's own word on a text that cannot be parsed; evaluates nothing."""
        before = "EXPLAIN AST "
        try:
            self.run(before + sql)
        except ClickHouseError as error:
            said = re.sub(
                r"at position (\d+)",
                lambda found: f"at position {int(found[1]) - len(before)}",
                error.message,
            )
            raise refused(Code.SYNTAX_ERROR, said) from None


class Engine:
    """The open data folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "store"
        self.scratch = folder / "scratch"
        self.scratch.mkdir(parents=True, exist_ok=True)
        for left in self.scratch.iterdir():  # of a process that was killed
            left.unlink()
        self._anchor = Handle(self._path)  # keeps the engine open between requests
        self.version = self._anchor.text("SELECT version()")
        self.time_zone = self._anchor.text("SELECT timezone()")
        self.settings = self._names("SELECT name FROM system.settings")
        names = self._names("SELECT name FROM system.formats WHERE is_input")
        self.input_formats = frozenset(name.lower() for name in names)
        names = self._names("SELECT name FROM system.formats WHERE is_output")
        self.output_formats = {name.lower(): name for name in names}

    def handle(self) -> Handle:
        """Return a fresh handle. Costs about a millisecond."""
        with _engine_errors():
            return Handle(self._path)

    def ask(self, sql: str) -> str:
        """Return what a query gave, as raw text; one at a time."""
        return self._anchor.text(sql)

    def close(self) -> None:
        """Close the folder; running statements must have ended."""
        self._anchor.close()

    def _names(self, sql: str) -> frozenset[str]:
        return frozenset(self._anchor.text(sql).split("\n"))


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # all that chDB raises
        raise error_of(str(error)) from error
