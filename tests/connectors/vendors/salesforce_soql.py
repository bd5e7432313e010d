"""The part of SOQL that the stand-in of Salesforce answers, by the SOQL and SOSL Reference.

SELECT of fields, of parents' fields with dots, of children in parentheses, or COUNT(); WHERE with
comparisons, IN, NOT IN, AND, OR, parentheses; ORDER BY; LIMIT. Literals are written as documented:
instants and dates without quotes, texts with them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][\w.]*)|(?P<sign><=|>=|!=|<>|[=<>(),]))"
)
Row = Mapping[str, Any]
Test = Callable[[Callable[[str], Any]], bool]


class Malformed(Exception):
    """MALFORMED_QUERY."""


class Query(NamedTuple):
    """A query that was read.

    Attributes:
        fields: paths; children: subqueries; is_count: SELECT COUNT().
        order: (path, is_descending).
    """

    fields: tuple[str, ...]
    children: tuple["Query", ...]
    is_count: bool
    source: str
    test: Test
    order: tuple[tuple[str, bool], ...]
    limit: int | None
    asked: tuple[str, ...]  # every path the conditions name


def parse(text: str) -> Query:
    """Return what a query asks for."""
    reader = _Reader(text)
    query = reader.query()
    if reader.tokens:
        raise Malformed(f"unexpected token: {reader.tokens[0][1]}")
    return query


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.asked: list[str] = []
        place = 0
        text = text.strip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise Malformed(f"unexpected token at {text[place : place + 20]!r}")
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            place = match.end()

    def query(self) -> Query:
        self._word("SELECT")
        fields: list[str] = []
        children: list[Query] = []
        is_count = False
        outer, self.asked = self.asked, []
        while True:
            if self._is("("):
                self._take()
                children.append(self.query())
                self._sign(")")
            else:
                name = self._name()
                if name.upper() == "COUNT" and self._is("("):
                    self._sign("(")
                    self._sign(")")
                    is_count = True
                else:
                    fields.append(name)
            if not self._is(","):
                break
            self._take()
        self._word("FROM")
        source = self._name()
        test: Test = lambda _: True  # noqa: E731
        if self._is_word("WHERE"):
            self._take()
            test = self._either()
        order = self._order()
        limit = None
        if self._is_word("LIMIT"):
            self._take()
            limit = int(self._take()[1])
        asked, self.asked = tuple(self.asked), outer
        return Query(tuple(fields), tuple(children), is_count, source, test, order, limit, asked)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        if not self._is_word("ORDER"):
            return ()
        self._take()
        self._word("BY")
        found: list[tuple[str, bool]] = []
        while True:
            name, down = self._name(), False
            if self._is_word("ASC") or self._is_word("DESC"):
                down = self._take()[1].upper() == "DESC"
            found.append((name, down))
            self.asked.append(name)
            if not self._is(","):
                return tuple(found)
            self._take()

    def _either(self) -> Test:
        tests = [self._both()]
        while self._is_word("OR"):
            self._take()
            tests.append(self._both())
        return lambda of: any(test(of) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._is_word("AND"):
            self._take()
            tests.append(self._one())
        return lambda of: all(test(of) for test in tests)

    def _one(self) -> Test:
        if self._is("("):
            self._take()
            inner = self._either()
            self._sign(")")
            return inner
        path = self._name()
        self.asked.append(path)
        kind, sign = self._take()
        if kind == "name" and sign.upper() in ("IN", "NOT"):
            if sign.upper() == "NOT":
                self._word("IN")
            wanted = self._values()
            inside = sign.upper() == "IN"
            return lambda of: (_cut(of(path)) in wanted) == inside
        value = self._value()
        return lambda of: _compared(of(path), sign, value)

    def _values(self) -> set[Any]:
        self._sign("(")
        found = {_cut(self._value())}
        while self._is(","):
            self._take()
            found.add(_cut(self._value()))
        self._sign(")")
        return found

    def _value(self) -> Any:
        kind, text = self._take()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "instant":
            return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
        if kind == "date":
            return date.fromisoformat(text)
        if kind == "number":
            return Decimal(text)
        if text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text.lower()]
        raise Malformed(f"unexpected token: {text}")

    def _take(self) -> tuple[str, str]:
        if not self.tokens:
            raise Malformed("unexpected end of query")
        return self.tokens.pop(0)

    def _is(self, sign: str) -> bool:
        return bool(self.tokens) and self.tokens[0] == ("sign", sign)

    def _is_word(self, word: str) -> bool:
        kind, text = self.tokens[0] if self.tokens else ("", "")
        return kind == "name" and text.upper() == word

    def _sign(self, sign: str) -> None:
        if self._take()[1] != sign:
            raise Malformed(f"expecting {sign!r}")

    def _word(self, word: str) -> None:
        if self._take()[1].upper() != word:
            raise Malformed(f"expecting {word}")

    def _name(self) -> str:
        kind, text = self._take()
        if kind != "name":
            raise Malformed(f"unexpected token: {text}")
        return text


def _cut(value: Any) -> Any:
    """Return an id without its checksum: 15 and 18 characters mean the same record."""
    is_id = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9]{18}", value)
    return value[:15] if is_id else value


def _compared(found: Any, sign: str, value: Any) -> bool:
    if sign in ("=", "!=", "<>"):
        return (_cut(found) == _cut(value)) == (sign == "=")
    if found is None or value is None:
        return False
    return bool(
        {"<": found < value, "<=": found <= value, ">": found > value, ">=": found >= value}[sign]
    )
