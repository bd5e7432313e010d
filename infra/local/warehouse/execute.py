"""One request from statement to answer, in a thread of its own."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.local.warehouse import settings
from infra.local.warehouse.blocks import framed
from infra.local.warehouse.compression import chosen, packed
from infra.local.warehouse.engine import Answer, Engine, Handle
from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.fence import Fence, Text, fenced
from infra.local.warehouse.handles import Handles
from infra.local.warehouse.lexer import tokens
from infra.local.warehouse.limits import Limits
from infra.local.warehouse.native import (
    BLOCK_INFO,
    REVISION_WITH_FLAGS,
    with_flags,
    without_flags,
)
from infra.local.warehouse.outward import check_outward
from infra.local.warehouse.request import Asked
from infra.local.warehouse.sessions import Sessions
from infra.local.warehouse.statements import (
    InsertData,
    InsertInput,
    Statement,
    output_format,
    understood,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the client."""

    body: bytes | memoryview
    fmt: str
    encoding: str
    summary: str
    time_zone: str


class Executor:
    """Runs requests of the pipeline's own processes."""

    def __init__(self, engine: Engine, sessions: Sessions, limits: Limits) -> None:
        self._engine, self._sessions, self._limits = engine, sessions, limits
        self._handles = Handles(engine.handle, limits.writers_max)
        self._fence = Fence(engine.ask)

    def run(self, asked: Asked, owner: str) -> Reply:
        """Return the answer to a writer's request.

        Raises:
            ClickHouseError: whatever is wrong with it.
        """
        started = time.perf_counter_ns()
        text = understood(asked.raw, self._engine.input_formats)
        check_outward(text)
        wanted = settings.applied(asked.settings, self._engine.settings, None)
        if _leaves_nothing(asked, text):
            with self._handles.borrow(asked.database, wanted) as handle:
                answer = self._ask(handle, asked, text)
        else:
            answer = self._asked_apart(asked, text, wanted, owner)
        return reply(
            self._engine, asked, text, answer, bytes_max=self._limits.result_bytes, started=started
        )

    def close(self) -> None:
        """Close what is kept; nothing runs any more."""
        self._handles.close()

    def _asked_apart(self, asked: Asked, text: Text, wanted: dict[str, str], owner: str) -> Answer:
        """Return the answer, by a handle of this request's or of its session's own."""
        with self._handle(asked, owner) as handle, _with(handle, wanted, bool(asked.session_id)):
            if asked.database:
                handle.use(asked.database)
            for table in asked.tables:
                table.put(handle)
            try:
                return self._ask(handle, asked, text)
            finally:
                for table in asked.tables:
                    table.drop(handle)

    def _ask(self, handle: Handle, asked: Asked, text: Text) -> Answer:
        if isinstance(text, Statement):
            kind = handle.kind_of_one(text.text)
            if kind.is_read:
                return handle.run(text.text, asked.fmt, asked.params)
        if not asked.changes_allowed:
            raise _get_changes_nothing()
        plain = None if asked.params or asked.session_id else fenced(text)
        if plain is not None:
            with self._fence.passed(plain) as is_of_table:
                if is_of_table:
                    return handle.insert(plain.insert)
        with self._fence.changing(text):
            return self._changed(handle, asked, text)

    def _changed(self, handle: Handle, asked: Asked, text: Text) -> Answer:
        if isinstance(text, Statement):
            return handle.run(text.text, asked.fmt, asked.params)
        if isinstance(text, InsertInput):
            return handle.insert_select(text, asked.params, self._engine.scratch)
        handle.set({f"param_{name}": value for name, value in asked.params.items()})
        return handle.insert(_plain(text, asked.native_revision))

    @contextmanager
    def _handle(self, asked: Asked, owner: str) -> Iterator[Handle]:
        if asked.session_id:
            with self._sessions.borrow(
                owner, asked.session_id, asked.session_seconds, asked.session_must_exist
            ) as handle:
                yield handle
            return
        handle = self._engine.handle()
        try:
            yield handle
        finally:
            handle.close()


def _leaves_nothing(asked: Asked, text: Text) -> bool:
    """Return whether a handle is as it was after this request."""
    if asked.session_id or asked.tables or asked.params:
        return False
    if not isinstance(text, Statement):
        return True
    first = next(tokens(text.text), None)
    return first is not None and first.says("SELECT", "INSERT")


def _plain(text: InsertData, revision: int) -> InsertData:
    """Return an insert with its Native blocks as chDB reads them.

    clickhouse-go names a newer revision and yet inserts blocks of revision 0: so look first.
    """
    newer = text.fmt == "Native" and revision >= REVISION_WITH_FLAGS
    if not newer or bytes(text.data[: len(BLOCK_INFO)]) != BLOCK_INFO:
        return text
    return InsertData(text.head, text.fmt, memoryview(without_flags(text.data)))


@contextmanager
def _with(handle: Handle, wanted: dict[str, str], keep: bool) -> Iterator[None]:
    """Apply settings; on a handle that is kept, take them back afterwards."""
    before = _values(handle, wanted) if keep and wanted else {}
    handle.set(wanted)
    try:
        yield
    finally:
        if keep and wanted:
            handle.set(before)


def _values(handle: Handle, wanted: dict[str, str]) -> dict[str, str]:
    names = ", ".join(settings.quoted(name) for name in wanted)
    answer = handle.run(
        f"SELECT name, value FROM system.settings WHERE name IN ({names})", "JSONCompactEachRow"
    )
    rows = (json.loads(line) for line in bytes(answer.data).splitlines())
    return {name: value for name, value in rows}


def _get_changes_nothing() -> Exception:
    return refused(
        Code.READONLY, "Cannot execute query in readonly mode: GET changes nothing; POST it"
    )


def reply(
    engine: Engine,
    asked: Asked,
    text: InsertData | InsertInput | Statement,
    answer: Answer,
    *,
    bytes_max: int,
    started: int,
) -> Reply:
    """Return an answer in the packing that the client asked for.

    Raises:
        ClickHouseError: it is larger than bytes_max.
    """
    if len(answer.data) > bytes_max:
        raise refused(
            Code.TOO_MANY_ROWS_OR_BYTES,
            f"Limit for result exceeded, max bytes: {bytes_max}; ask for less, or in parts",
        )
    named = output_format(text.text) if isinstance(text, Statement) else None
    fmt = named or asked.fmt
    fmt = engine.output_formats.get(fmt.lower(), fmt)
    data: bytes | memoryview = answer.data
    encoding = ""
    if fmt == "Native" and asked.native_revision >= REVISION_WITH_FLAGS:
        data = with_flags(answer.data)
    if asked.blocks:
        data = framed(data)
    elif data and (encoding := chosen(asked.accept_encoding)):
        data = packed(data, encoding)
    zone = asked.settings.get("session_timezone") or engine.time_zone
    return Reply(data, fmt, encoding, _summary(answer, started), zone)


def _summary(answer: Answer, started: int) -> str:
    """Return the counts of a statement; numbers as text, as ClickHouse has them."""
    counts = {
        "read_rows": answer.rows_read,
        "read_bytes": answer.bytes_read,
        "written_rows": answer.rows_written,
        "written_bytes": answer.bytes_written,
        "total_rows_to_read": answer.rows_read,
        "result_rows": answer.rows or answer.rows_written,
        "result_bytes": len(answer.data) or answer.bytes_written,
        "elapsed_ns": time.perf_counter_ns() - started,
    }
    return json.dumps({name: str(count) for name, count in counts.items()}, separators=(",", ":"))
