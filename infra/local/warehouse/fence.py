"""The fence of inserts: which incarnation the warehouse is, kept in memory.

An insert carries the incarnation its writer has read, as a condition in SQL. This server alone
opens the folder, so it knows the incarnation without asking the engine each time, and it can do
what the condition cannot: a change of the incarnation waits for the fenced inserts that run, and
those that come wait for it. So once the change is acknowledged, no row of an older writer comes.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.lexer import literal, tokens
from infra.local.warehouse.statements import InsertData, InsertInput, Statement

KNOWN_MAX = 50  # flushes that are asked for: one for each worker
TABLE = "warehouse"  # holds the incarnation
_BEFORE = re.compile(r"INSERT INTO (\w+\.\w+) \((\w+(?:, \w+)*)\) SELECT (\w+(?:, \w+)*) FROM ")
# The second condition, if there is one, names a flush that must be known.
_AFTER = re.compile(
    r"\s*WHERE throwIf\(\(SELECT any\(incarnation\) FROM spm\.warehouse FINAL\) "
    r"!= '([^'\\]*)'(?:, '([^'\\]*)')?\) = 0"
    r"(?: AND throwIf\(\(SELECT any\(incarnation\) FROM spm\.warehouse FINAL\) = '\1' AND "
    r"\((SELECT count\(\) FROM spm\.applied WHERE topic = '[^'\\]*' AND partition = \d+"
    r" AND epoch = \d+ AND offset_from = \d+ AND offset_to = \d+)\) = 0, '([^'\\]*)'\) = 0)?\s*"
)
# A mutation that has not ended may change the answer at any time.
_INCARNATION = (
    "SELECT any(incarnation), (SELECT count() FROM system.mutations WHERE database = 'spm' "
    f"AND table = '{TABLE}' AND NOT is_done) FROM spm.{TABLE} FINAL"
)
Ask = Callable[[str], str]
Text = InsertData | InsertInput | Statement


class Fenced(NamedTuple):
    """An insert that takes rows as they come, if the warehouse is that incarnation.

    Attributes:
        message: of the refusal.
        last: query that must not answer 0, empty: there is none.
        forgotten: of the refusal if it does.
    """

    table: str
    columns: tuple[str, ...]
    structure: str
    incarnation: str
    message: str
    last: str
    forgotten: str
    insert: InsertData


def fenced(text: Text) -> Fenced | None:
    """Return what an insert says whose only condition is the fence; None for any other text."""
    if not isinstance(text, InsertInput):
        return None
    before, after = _BEFORE.fullmatch(text.before), _AFTER.fullmatch(text.after)
    if before is None or after is None or before[2] != before[3]:
        return None
    if before[1].endswith(f".{TABLE}"):  # it changes what the others lean on
        return None
    return Fenced(
        before[1],
        tuple(before[2].split(", ")),
        text.structure,
        after[1],
        after[2] or f"another incarnation than {after[1]}",
        after[3] or "",
        after[4] or "",
        InsertData(f"INSERT INTO {before[1]} ({before[2]})", text.fmt, text.data),
    )


class Fence:
    """What is known of the incarnation and of columns, until a statement might change it."""

    def __init__(self, ask: Ask) -> None:
        """`ask`: returns the engine's answer to a query; called by one thread at a time."""
        self._ask = ask
        self._turn = threading.Condition()
        self._inserting = self._changing = 0
        self._is_rewriting = False
        self._incarnation: str | None = None
        self._types: dict[str, Mapping[str, str]] = {}
        self._known: dict[str, None] = {}  # the inserts of a flush ask alike, and it costs 5 ms

    @contextmanager
    def passed(self, asked: Fenced) -> Iterator[bool]:
        """Hold the incarnation for the time of an insert; give whether the rows are the table's.

        Raises:
            ClickHouseError: it is another incarnation, or has forgotten what it must know.
        """
        with self._turn:
            self._turn.wait_for(lambda: not self._is_rewriting)
            if self._now() != asked.incarnation:
                raise refused(Code.FUNCTION_THROW_IF_VALUE_IS_NON_ZERO, asked.message)
            if asked.last and not self._is_known(asked.last):
                raise refused(Code.FUNCTION_THROW_IF_VALUE_IS_NON_ZERO, asked.forgotten)
            is_plain = self._is_of_table(asked)
            self._inserting += 1
        try:
            yield is_plain
        finally:
            with self._turn:
                self._inserting -= 1
                self._turn.notify_all()

    @contextmanager
    def changing(self, text: Text) -> Iterator[None]:
        """Forget what is known before and after a statement that changes something."""
        is_rewriting = _rewrites(text)
        with self._turn:
            if is_rewriting:
                self._turn.wait_for(lambda: not self._is_rewriting)
                self._is_rewriting = True
                self._turn.wait_for(lambda: not self._inserting)
            self._changing += 1
            self._forget()
        try:
            yield
        finally:
            with self._turn:
                self._changing -= 1
                self._forget()
                if is_rewriting:
                    self._is_rewriting = False
                self._turn.notify_all()

    def _forget(self) -> None:
        self._incarnation = None
        self._types.clear()
        self._known.clear()

    def _now(self) -> str:
        if self._incarnation is not None:
            return self._incarnation
        name, mutations = self._ask(_INCARNATION).split("\t")
        if mutations == "0" and not self._changing:
            self._incarnation = name
        return name

    def _is_known(self, last: str) -> bool:
        """Return whether a query answers something; a flush that is known stays known."""
        if last not in self._known:
            if self._ask(last) == "0":
                return False
            if self._changing:
                return True
            self._known[last] = None
            if len(self._known) > KNOWN_MAX:
                self._known.pop(next(iter(self._known)))
        return True

    def _is_of_table(self, asked: Fenced) -> bool:
        """Return whether the structure an insert names is the table's own."""
        types = self._types.get(asked.table)
        if types is None:
            types = self._columns(asked.table)
            if not self._changing:
                self._types[asked.table] = types
        named = ", ".join(f"{name} {types.get(name)}" for name in asked.columns)
        return asked.structure.strip() == literal(named)

    def _columns(self, table: str) -> Mapping[str, str]:
        database, name = table.split(".")
        lines = self._ask(
            f"SELECT name, type FROM system.columns WHERE database = {literal(database)} "
            f"AND table = {literal(name)}"
        ).split("\n")
        return dict(line.split("\t") for line in lines if line)


def _rewrites(text: Text) -> bool:
    """Return whether a statement that changes something may change the incarnation."""
    match text:
        case InsertData():
            return _target(text.head) == TABLE
        case InsertInput():
            return _target(text.before) == TABLE
        case Statement():
            target = _target(text.text)
            if target is not None:
                return target == TABLE
            return any(token.text.strip('`"') == TABLE for token in tokens(text.text))


def _target(sql: str) -> str | None:
    """Return the table an INSERT writes, without its database; None for any other statement."""
    stream = tokens(sql)
    first = next(stream, None)
    if first is None or not first.says("INSERT"):
        return None
    name = ""
    for token in stream:
        if token.says("INTO", "TABLE") and not name:
            continue
        if token.kind in ("word", "quoted") and (not name or name.endswith(".")):
            name += token.text.strip('`"')
        elif token.text == "." and name:
            name += "."
        else:
            break
    return name.rpartition(".")[2]
