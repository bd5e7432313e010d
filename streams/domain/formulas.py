"""Formulas of KPIs: text to a small tree and back. Four operations, names and calls; nothing runs.

formula  = term (("+" | "-") term)*
term     = factor (("*" | "/") factor)*
factor   = number | name | name "(" argument ")" | "(" formula ")" | "-" factor
argument = formula | "text in double quotes"
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

LENGTH_MAX = 1_000  # a longer one belongs into several KPIs, which formulas may name
DEPTH_MAX = 50  # far beyond what a person writes; keeps a wrong file from exhausting the stack
_DIGITS_MAX = 15  # of a number in a formula
_TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<text>"[^"]*")|(?P<sign>[-+*/()]))',
    re.ASCII,
)


class FormulaError(ValueError):
    """A formula that cannot be read; `at` is the place of the first odd character, from 1."""

    def __init__(self, text: str, at: int) -> None:
        self.at = at
        super().__init__(f"{text} (character {at})")


class Number(NamedTuple):
    """A number as it is written."""

    value: Decimal


class Text(NamedTuple):
    """A text in quotes: the argument of some calls."""

    value: str


class Name(NamedTuple):
    """A measure, an input or another KPI."""

    name: str


class Call(NamedTuple):
    """A function or an input with its argument."""

    function: str
    argument: "Node"


class Negative(NamedTuple):
    """The same below zero."""

    of: "Node"


class Binary(NamedTuple):
    """Two sides and what is between them: +, -, * or /."""

    sign: str
    left: "Node"
    right: "Node"


Node = Number | Text | Name | Call | Negative | Binary
_LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2}


def parsed(text: str) -> Node:
    """Return the tree of a formula.

    Raises:
        FormulaError: it is none, or longer or deeper than a person writes.

    >>> parsed("won / (won + lost)")
    Binary(sign='/', left=Name(name='won'), right=Binary(sign='+', left=Name(name='won'), \
right=Name(name='lost')))
    """
    if len(text) > LENGTH_MAX:
        raise FormulaError(f"longer than {LENGTH_MAX} characters", LENGTH_MAX + 1)
    return _Reader(text).whole()


def written(node: Node) -> str:
    """Return a tree as text, with no more brackets than it needs.

    >>> written(parsed("((a)*(b + c))"))
    'a * (b + c)'
    """
    match node:
        case Number(value):
            return f"{value:f}"
        case Text(value):
            return f'"{value}"'
        case Name(name):
            return name
        case Call(function, argument):
            return f"{function}({written(argument)})"
        case Negative(of):
            return f"-{_within(of, 3)}"
        case Binary(sign, left, right):
            level = _LEVEL[sign]
            return f"{_within(left, level)} {sign} {_within(right, level + 1)}"


def names_in(node: Node) -> Iterator[str]:
    """Yield every name that stands by itself, in order, repeats too."""
    match node:
        case Name(name):
            yield name
        case Call(_, inner) | Negative(inner):
            yield from names_in(inner)
        case Binary(_, left, right):
            yield from names_in(left)
            yield from names_in(right)


def _within(node: Node, level: int) -> str:
    inner = _LEVEL[node.sign] if isinstance(node, Binary) else 3
    return written(node) if inner >= level else f"({written(node)})"


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class _Reader:
    """Reads one formula, token by token."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = self._depth = 0

    def whole(self) -> Node:
        found = self._formula()
        if (left := self._peek()).kind != "end":
            raise FormulaError(f"{left.text!r} is not expected here", left.at)
        return found

    def _formula(self) -> Node:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise FormulaError(f"brackets are deeper than {DEPTH_MAX}", self._peek().at)
        found = self._term()
        while self._peek().text in ("+", "-"):
            found = Binary(self._take().text, found, self._term())
        self._depth -= 1
        return found

    def _term(self) -> Node:
        found = self._factor()
        while self._peek().text in ("*", "/"):
            found = Binary(self._take().text, found, self._factor())
        return found

    def _factor(self) -> Node:
        if self._peek().text != "-":
            return self._single()
        self._take()
        if (second := self._peek()).text == "-":
            raise FormulaError("two signs in a row", second.at)
        return Negative(self._single())

    def _single(self) -> Node:
        token = self._take()
        if token.kind == "number":
            if len(token.text.replace(".", "")) > _DIGITS_MAX:
                raise FormulaError(f"a number has more than {_DIGITS_MAX} digits", token.at)
            return Number(Decimal(token.text))
        if token.kind == "name":
            return self._named(token)
        if token.text == "(":
            return self._closed(self._formula())
        if token.kind == "end":
            raise FormulaError("it ends where a name or a number belongs", token.at)
        raise FormulaError(f"{token.text!r} stands where a name or a number belongs", token.at)

    def _named(self, token: _Token) -> Node:
        if self._peek().text != "(":
            return Name(token.text)
        self._take()
        if self._peek().kind == "text":
            return self._closed(Call(token.text, Text(self._take().text[1:-1])))
        return self._closed(Call(token.text, self._formula()))

    def _closed(self, node: Node) -> Node:
        if (token := self._take()).text != ")":
            raise FormulaError("a bracket is not closed", token.at)
        return node

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise FormulaError(f"{text[at]!r} has no meaning in a formula", at + 1)
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind], match.start(kind) + 1)
        at = match.end()
    yield _Token("end", "", end + 1)
