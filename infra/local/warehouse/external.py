"""External tables: data that a request brings with it, as temporary tables of its handle."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import File, parse_form

from infra.local.warehouse.engine import Handle
from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.lexer import Token, identifier, tokens
from infra.local.warehouse.statements import InsertData

# Formats of data alone. Not Values: it evaluates expressions, and those could reach outside.
FORMATS = frozenset({
    "TabSeparated", "TabSeparatedWithNames", "TabSeparatedWithNamesAndTypes", "TSV", "TSVWithNames",
    "TSVWithNamesAndTypes", "TabSeparatedRaw", "TSVRaw", "CSV", "CSVWithNames",
    "CSVWithNamesAndTypes", "JSONEachRow", "JSONCompactEachRow", "Native", "RowBinary",
    "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Arrow", "ArrowStream", "Parquet",
})  # fmt: skip
_STATES = ("aggregatefunction", "simpleaggregatefunction")  # bytes of states are not checked
_WORD = re.compile(r"[A-Za-z_]\w{0,99}")


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """One table that came with a request."""

    name: str
    columns: tuple[tuple[str, str], ...]
    fmt: str
    data: bytes

    def put(self, handle: Handle) -> None:
        """Create and fill it on a handle."""
        columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in self.columns)
        handle.run(f"CREATE TEMPORARY TABLE {identifier(self.name)} ({columns}) ENGINE = Memory")
        head = f"INSERT INTO {identifier(self.name)}"
        handle.insert(InsertData(head, self.fmt, memoryview(self.data)))

    def drop(self, handle: Handle) -> None:
        """Take it away again."""
        handle.run(f"DROP TEMPORARY TABLE IF EXISTS {identifier(self.name)}")


def parted(
    body: bytes, content_type: str, query: Mapping[str, str]
) -> tuple[dict[str, str], tuple[ExternalTable, ...]]:
    """Return all fields, of the query string too, and the external tables of a multipart body.

    Raises:
        ClickHouseError: a damaged body, or a table without columns or with impossible ones.
    """
    fields: dict[str, str] = {}
    files: list[tuple[str, bytes]] = []

    def on_field(field: object) -> None:
        fields[_text(field.field_name)] = _text(field.value)  # type: ignore[attr-defined]

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        files.append((_text(file.field_name or file.file_name), file.file_object.read()))

    try:
        headers = {"Content-Type": content_type.encode(), "Content-Length": str(len(body)).encode()}
        parse_form(headers, BytesIO(body), on_field, on_file)
    except (FormParserError, ValueError) as error:
        raise refused(Code.BAD_ARGUMENTS, f"the multipart body is damaged: {error}") from error
    told = {**query, **fields}
    tables = tuple(_table(name, data, told) for name, data in files)
    used = {f"{t.name}_{end}" for t in tables for end in ("format", "structure", "types")}
    return {k: v for k, v in told.items() if k not in used}, tables


def _table(name: str, data: bytes, told: Mapping[str, str]) -> ExternalTable:
    if not _WORD.fullmatch(name):
        raise refused(Code.BAD_ARGUMENTS, f"external table {name!r}: the name must be a plain word")
    structure = told.get(f"{name}_structure")
    if structure is None:
        kinds = _split(told.get(f"{name}_types", ""))
        columns = tuple((f"_{n}", _kind(name, kind)) for n, kind in enumerate(kinds, 1))
    else:
        columns = tuple(_column(name, part) for part in _split(structure))
    if not columns:
        raise refused(Code.BAD_ARGUMENTS, f"external table {name}: send {name}_structure")
    fmt = told.get(f"{name}_format", "TabSeparated")
    if fmt not in FORMATS:
        raise refused(
            Code.UNKNOWN_FORMAT,
            f"external table {name}: {fmt}; use one of {', '.join(sorted(FORMATS))}",
        )
    return ExternalTable(name, columns, fmt, data)


def _split(structure: str) -> list[list[Token]]:
    parts, depth = list[list[Token]]([[]]), 0
    for token in tokens(structure):
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _column(table: str, part: list[Token]) -> tuple[str, str]:
    name, *kind = part
    if name.kind not in ("word", "quoted"):
        raise refused(Code.BAD_ARGUMENTS, f"external table {table}: {name.text} is no column name")
    return name.text.strip('`"'), _kind(table, kind)


def _kind(table: str, kind: Iterable[Token]) -> str:
    """Return a type as text. A type alone: a DEFAULT could reach outside the engine."""
    parts = list(kind)
    depths, depth = [], 0
    for token in parts:
        depth += (token.text == "(") - (token.text == ")")
        depths.append(depth)
    closed = bool(depths) and depths[-1] == 0 and all(d > 0 for d in depths[1:-1])
    nested = len(parts) > 1 and parts[1].text != "("
    stateful = any(token.text.lower() in _STATES for token in parts)
    if not closed or parts[0].kind != "word" or nested or stateful:
        said = " ".join(token.text for token in parts)
        raise refused(Code.BAD_ARGUMENTS, f"external table {table}: {said!r} is no type")
    return " ".join(token.text for token in parts)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
