"""ClickHouse's tokens, enough to find where a statement's head ends and its data begins.

Texts with commas between them are one token: a lookup may name twenty thousand. Text is decoded as
latin-1 by the callers, so that an index is a byte offset whatever the data behind the statement
holds.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Token(NamedTuple):
    """One token: its kind (word, quoted, string, number, mark), its text and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords, in capitals."""
        return self.kind == "word" and self.text.upper() in words


_TOKEN = re.compile(
    r"""
    (?P<space>[\s\x00\xa0]+|--[^\n]*|//[^\n]*|\#[!\x20][^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'(?:,\x20?'[^'\\]*(?:(?:\\.|'')[^'\\]*)*')*
        |(?P<tag>\$\w*\$).*?(?P=tag))
    |(?P<curly>\u2018[^\u2019]*\u2019|\u201c[^\u201d]*\u201d
        |\xe2\x80\x98.*?\xe2\x80\x99|\xe2\x80\x9c.*?\xe2\x80\x9d)
    |(?P<quoted>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
    |(?P<word>[A-Za-z_][\w$]*)
    |(?P<number>\d[\w.]*)
    |(?P<mark>.)
    """,
    re.X | re.S,
)


def tokens(text: str) -> Iterator[Token]:
    """Return the tokens of a statement without spaces and comments, one at a time."""
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "mark"
        if kind in ("tag", "curly"):
            kind = "string"
        if kind != "space":
            yield Token(kind, found.group(), found.start(), found.end())


def literal(value: str) -> str:
    """Return a string as a literal of SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    """Return a name as a quoted identifier of SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
