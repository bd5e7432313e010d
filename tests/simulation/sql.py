"""The SQL that the engine speaks, read by a small parser and turned into Python.

A subset of ClickHouse's: one table, FINAL, WHERE, GROUP BY, ORDER BY, LIMIT n BY, LIMIT. So the
simulation runs the engine's own statements, a thousand times faster than a server; test_memory.py
holds the answers to those of the real warehouse. What is not understood is an error, never a guess.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import polars as pl

Node = tuple[Any, ...]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+)|(?P<text>'(?:[^'\\]|\\.|'')*')|(?P<name>[A-Za-z_][\w.]*)"
    r"|(?P<mark><=|>=|!=|<>|==|[-+*/%=<>(),\[\]]))"
)
_ESCAPED = re.compile(r"\\(.)|''")
_COMPARES = {
    "=": "==",
    "==": "==",
    "!=": "!=",
    "<>": "!=",
    **{c: c for c in ("<", ">", "<=", ">=")},
}
_WORDS = frozenset(
    {
        "SELECT", "DISTINCT", "FROM", "FINAL", "WHERE", "GROUP", "ORDER", "HAVING", "BY", "LIMIT",
        "AS", "AND", "OR", "NOT", "IN", "DESC", "ASC", "IS", "NULL", "PREWHERE", "SETTINGS",
        "UNION", "JOIN", "WITH", "EXCEPT",
    }
)  # fmt: skip
AGGREGATES = frozenset({"max", "min", "any", "argMax", "argMin", "count", "sum"})


class Unread(ValueError):
    """The statement is none of the subset: widen the subset, and the test of its answers."""


class Column(NamedTuple):
    """One column of an answer."""

    name: str
    node: Node


@dataclass(frozen=True, slots=True)
class Select:
    """A statement taken apart."""

    table: str
    columns: tuple[Column, ...]
    is_final: bool
    is_distinct: bool
    where: Node | None
    groups: tuple[Node, ...]
    having: Node | None
    orders: tuple[tuple[Node, bool], ...]
    limit_by: tuple[int, tuple[Node, ...]] | None
    limit: int | None

    @property
    def aggregates(self) -> bool:
        """Whether rows are put together."""
        return bool(self.groups) or any(has_aggregate(column.node) for column in self.columns)


def has_aggregate(node: Node) -> bool:
    if node[0] == "call" and node[1] in AGGREGATES:
        return True
    return any(has_aggregate(part) for part in _parts(node))


def _parts(node: Node) -> Sequence[Node]:
    if node[0] == "call":
        return node[2]  # type: ignore[no-any-return]
    if node[0] in ("tuple", "and", "or"):
        return node[1]  # type: ignore[no-any-return]
    if node[0] in ("compare", "sum"):
        return node[2:]
    if node[0] == "in":
        return [node[1]]
    return [node[1]] if node[0] == "not" else []


def with_answers(node: Any, ask: Callable[[Select], pl.DataFrame]) -> Any:
    """Return an expression with its subqueries replaced by their values."""
    if isinstance(node, tuple) and node:
        if node[0] == "select":
            return ("value", ask(node[1]).item())
        if node[0] == "rows of":
            return tuple(("value", value) for value in ask(node[1]).to_series().unique())
        return tuple(with_answers(part, ask) for part in node)
    return node


@lru_cache(maxsize=2_000)
def parsed(sql: str) -> Select:
    """Return a statement taken apart.

    Raises:
        Unread: it is none of the subset.
    """
    return _Parser(sql).select()


class _Parser:
    def __init__(self, sql: str) -> None:
        self.sql, self.at, self.tokens = sql, 0, list[tuple[str, str]]()
        place = 0
        text = sql.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if not found:
                raise Unread(f"at {text[place : place + 40]!r} of {sql}")
            self.tokens.append((found.lastgroup or "", found.group(found.lastgroup or 0)))
            place = found.end()
        self.tokens.append(("end", ""))

    def select(self) -> Select:
        found = self._select()
        self._take("end")
        return found

    def _select(self) -> Select:
        self._must("SELECT")
        is_distinct = self._word("DISTINCT")
        columns = self._list(self._column)
        self._must("FROM")
        table = self._take("name")
        is_final = self._word("FINAL")
        where = self._expression() if self._word("WHERE") else None
        groups = self._list(self._expression) if self._words("GROUP", "BY") else []
        having = self._expression() if self._word("HAVING") else None
        orders = self._list(self._order) if self._words("ORDER", "BY") else []
        limit_by, limit = None, None
        while self._word("LIMIT"):
            count = int(self._take("number"))
            if self._word("BY"):
                limit_by = count, tuple(self._list(self._expression))
            else:
                limit = count
        return Select(
            table, tuple(columns), is_final, is_distinct, where, tuple(groups), having,
            tuple(orders), limit_by, limit,
        )  # fmt: skip

    def _column(self) -> Column:
        first = self.at
        if self._is_mark("*"):
            left_out: list[str] = []
            if self._word("EXCEPT"):
                is_list = self._is_mark("(")
                left_out = self._list(lambda: self._take("name"))
                if is_list:
                    self._mark(")")
            return Column("*", ("star", tuple(left_out)))
        node = self._expression()
        if self._word("AS"):
            return Column(self._take("name"), node)
        return Column(node[1] if node[0] == "name" else f"at {first}", node)

    def _order(self) -> tuple[Node, bool]:
        node = self._expression()
        return node, self._word("DESC") or (self._word("ASC") and False)

    def _expression(self) -> Node:
        parts = [self._conjunction()]
        while self._word("OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else ("or", tuple(parts))

    def _conjunction(self) -> Node:
        parts = [self._negation()]
        while self._word("AND"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else ("and", tuple(parts))

    def _negation(self) -> Node:
        return ("not", self._negation()) if self._word("NOT") else self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        kind, text = self.tokens[self.at]
        if kind == "mark" and text in _COMPARES:
            self.at += 1
            return ("compare", _COMPARES[text], left, self._sum())
        negated = self._words("NOT", "IN")
        if negated or self._word("IN"):
            node: Node = ("in", left, self._several())
            return ("not", node) if negated else node
        return left

    def _several(self) -> tuple[Any, ...]:
        splits = self._word("SPLITBYCHAR")
        self._mark("(")
        if self.tokens[self.at] == ("name", "SELECT"):
            found = self._select()
            self._mark(")")
            return ("rows of", found)
        values = tuple(self._list(self._sum))
        self._mark(")")
        if not splits:
            return values
        (_, between), (_, text) = values
        return tuple(("value", part) for part in text.split(between))

    def _sum(self) -> Node:
        left = self._product()
        while self.tokens[self.at] in (("mark", "+"), ("mark", "-")):
            sign = self._take("mark")
            left = ("sum", sign, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._primary()
        while self.tokens[self.at] in (("mark", "%"), ("mark", "*")):
            left = ("sum", self._take("mark"), left, self._primary())
        return left

    def _primary(self) -> Node:
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return ("value", int(text))
        if kind == "text":
            return ("value", _ESCAPED.sub(lambda m: m.group(1) or "'", text[1:-1]))
        if kind == "name" and text.upper() not in _WORDS:
            if self._is_mark("("):
                arguments = [] if self._is_mark(")") else self._list(self._expression)
                if self.tokens[self.at - 1] != ("mark", ")") or arguments:
                    self._mark(")")
                return ("call", text, tuple(arguments))
            return ("name", text)
        if (kind, text) == ("mark", "("):
            if self.tokens[self.at] == ("name", "SELECT"):
                found = self._select()
                self._mark(")")
                return ("select", found)
            inside = self._list(self._expression)
            self._mark(")")
            return inside[0] if len(inside) == 1 else ("tuple", tuple(inside))
        raise Unread(f"{text!r} stands where a value is due in {self.sql}")

    def _list(self, one: Any) -> list[Any]:
        found = [one()]
        while self._is_mark(","):
            found.append(one())
        return found

    def _is_mark(self, text: str) -> bool:
        is_there = self.tokens[self.at] == ("mark", text)
        self.at += is_there
        return is_there

    def _mark(self, text: str) -> None:
        if not self._is_mark(text):
            raise Unread(f"{self.tokens[self.at][1]!r} stands where {text} is due in {self.sql}")

    def _word(self, word: str) -> bool:
        kind, text = self.tokens[self.at]
        is_there = kind == "name" and text.upper() == word
        self.at += is_there
        return is_there

    def _words(self, *words: str) -> bool:
        ahead = self.tokens[self.at : self.at + len(words)]
        is_there = [text.upper() for _, text in ahead] == list(words)
        self.at += len(words) * is_there
        return is_there

    def _must(self, word: str) -> None:
        if not self._word(word):
            raise Unread(f"{self.tokens[self.at][1]!r} stands where {word} is due in {self.sql}")

    def _take(self, kind: str) -> str:
        found, text = self.tokens[self.at]
        if found != kind:
            raise Unread(f"{text!r} stands where a {kind} is due in {self.sql}")
        self.at += 1
        return text
