"""What a request's text says: an INSERT and the data behind it, or a statement and its format.

chDB reads inline data of an INSERT only up to an empty line and ignores data for input(), both
without a word. So statement and data are parted here, and the data is handed over on its own.
"""

from dataclasses import dataclass
from itertools import pairwise

from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.lexer import Token, literal, tokens

HEAD_BYTES_MAX = 1 << 20  # four times ClickHouse's max_query_size; data begins before that
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class InsertData:
    """INSERT INTO head, with data in a format."""

    head: str
    fmt: str
    data: memoryview


@dataclass(frozen=True, slots=True)
class InsertInput:
    """INSERT ... SELECT ... FROM input('structure') ... FORMAT fmt, with data.

    Attributes:
        before: text up to input, `after`: text behind its closing parenthesis, without FORMAT.
        structure: the literal between the parentheses, as written.
    """

    before: str
    structure: str
    after: str
    fmt: str
    data: memoryview

    def over_file(self, path: str) -> str:
        """Return the statement reading the data from a file instead."""
        return (
            f"{self.before}file({literal(path)}, {literal(self.fmt)}, {self.structure}){self.after}"
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """Anything else."""

    text: str


def understood(raw: bytes, formats: frozenset[str]) -> InsertData | InsertInput | Statement:
    """Return what a request's text says. `formats`: names of input formats.

    Raises:
        ClickHouseError: input() without a format, or an INSERT from or into files.
    """
    prefix = raw[:HEAD_BYTES_MAX].decode("latin-1")
    stream = tokens(prefix)
    if not any(token.says("INSERT") for token in (next(stream, None),) if token):
        return Statement(_utf8(raw))
    depth, seen = 0, list[Token]()
    for token in stream:
        depth += (token.text in _OPEN) - (token.text in _CLOSE) if token.kind == "mark" else 0
        if depth == 0 and token.says("VALUES") and not _selects(seen):
            return _values(raw, token)
        if depth == 0 and token.says("FORMAT") and _is_clause(seen):
            named = next(stream, None)
            if named is not None and named.kind == "word" and _names(named, seen, formats):
                return _with_format(raw, seen, token, named)
            continue
        seen.append(token)
    if _input_at(seen) is not None:
        raise refused(Code.BAD_ARGUMENTS, "input() needs FORMAT and data behind the statement")
    return Statement(_utf8(raw))


def output_format(text: str) -> str | None:
    """Return the format that a statement's own FORMAT clause names; None without one."""
    depth, found = 0, None
    for token, following in pairwise([*tokens(text), Token("mark", "", 0, 0)]):
        depth += (token.text in _OPEN) - (token.text in _CLOSE) if token.kind == "mark" else 0
        if depth == 0 and token.says("FORMAT") and following.kind == "word":
            found = following.text
    return found


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refused(
            Code.SYNTAX_ERROR, f"the statement is no UTF-8 text at byte {error.start}; send it so"
        ) from error


def _selects(seen: list[Token]) -> bool:
    return any(token.says("SELECT", "WITH") for token in seen)


def _is_clause(seen: list[Token]) -> bool:
    return bool(seen) and seen[-1].text not in {".", ",", "("}


def _names(named: Token, seen: list[Token], formats: frozenset[str]) -> bool:
    return not _selects(seen) or named.text.lower() in formats


def _values(raw: bytes, keyword: Token) -> InsertData:
    head = _utf8(raw[: keyword.start])
    return InsertData(head, "Values", memoryview(raw)[keyword.end :])


def _with_format(
    raw: bytes, seen: list[Token], keyword: Token, named: Token
) -> InsertData | InsertInput | Statement:
    data = memoryview(raw)[_data_start(raw, named.end) :]
    head = raw[: keyword.start]
    if not _selects(seen):
        return InsertData(_utf8(head), named.text, data)
    at = _input_at(seen)
    if at is None:
        return Statement(_utf8(raw))
    name, start, end = at
    return InsertInput(
        before=_utf8(head[: name.start]),
        structure=_utf8(head[start:end]),
        after=_utf8(head[end + 1 :]),
        fmt=named.text,
        data=data,
    )


def _input_at(seen: list[Token]) -> tuple[Token, int, int] | None:
    """Return the word input, and where what its parentheses hold begins and ends."""
    for name, opening, held, closing in zip(seen, seen[1:], seen[2:], seen[3:], strict=False):
        if name.says("INPUT") and opening.text == "(" and closing.text == ")":
            return name, held.start, closing.start
    return None


def _data_start(raw: bytes, at: int) -> int:
    """Return where data begins: behind blanks and at most one line break."""
    while raw[at : at + 1] in (b" ", b"\t", b"\f"):
        at += 1
    if raw[at : at + 1] == b"\r":
        at += 1
    return at + 1 if raw[at : at + 1] == b"\n" else at
