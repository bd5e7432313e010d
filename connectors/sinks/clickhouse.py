"""The warehouse as a sink and a memory: fenced Arrow inserts, and reads as columns.

Every insert carries the incarnation its writer has read, as a condition that the server checks with
the insert itself. So a worker that outlived a restored backup or an opened epoch writes nothing.
"""

import io
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import clickhouse_connect
import polars as pl
from clickhouse_connect.driver import exceptions

from schemas.warehouse import Fenced, Incarnation, Tile, Unavailable

SECONDS_MAX = 120  # a statement that takes longer is stuck, not slow
QUERY_BYTES_MAX = 8 << 20  # lookups name their ids in the text
_FENCE = 395  # FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: nothing else of ours throws it
# Codes that pass by themselves: load, memory, network, a replica or a disk that recovers.
_INCARNATION = "(SELECT any(incarnation) FROM spm.warehouse FINAL)"
_FORGOTTEN = (
    "it has forgotten what it had acknowledged: a backup was restored without `pacesetter restored`"
)
_TRANSIENT = frozenset(
    {159, 164, 173, 201, 202, 203, 209, 210, 215, 236, 241, 242, 243, 252, 279, 285, 286, 289,
     306, 319, 394, 425, 439, 473, 516, 733, 999}
)  # fmt: skip
_NOT_SET_UP = frozenset({60, 81})  # unknown table or database: before the first migration
_SETTINGS = {
    "async_insert": 0,
    "insert_deduplicate": 0,  # rows have identity; equal blocks of honest rows must not vanish
    # No two rows of an insert have one identity. Looking for such would merge row by row, which
    # takes longer than all the rest of an insert.
    "optimize_on_insert": 0,
    "max_query_size": QUERY_BYTES_MAX,
}
_READS_VIEWS = "26.4"  # ClickHouse that reads Arrow's string views; it can be spared a copy then
_QUORUM = {"insert_quorum": "auto", "select_sequential_consistency": 1}


class Warehouse:
    """One connection to ClickHouse over HTTP. Methods may be called from several threads."""

    def __init__(self, connect: Callable[[], Any], quorum: bool = False) -> None:
        self._connect, self._lock = connect, threading.Lock()
        self._connected: Any = None
        self._settings = _SETTINGS | (_QUORUM if quorum else {})
        self._structures: dict[str, dict[str, str]] = {}

    @classmethod
    def connect(
        cls,
        url: str,
        user: str,
        password: str,
        quorum: bool = False,
        *,
        seconds_max: float = SECONDS_MAX,
        at_once: bool = True,
    ) -> Self:
        """Return a connection whose statements may take so long.

        Args:
            at_once: try it now. Otherwise the first statement does, so that a worker which is
                there before its warehouse waits like one whose warehouse goes away.

        Raises:
            Unavailable: nobody answers there, or does not let this user in.
        """

        def client() -> Any:
            try:
                return clickhouse_connect.get_client(
                    dsn=url,
                    username=user,
                    password=password,
                    autogenerate_session_id=False,  # a session allows one statement at a time
                    send_receive_timeout=seconds_max,
                    compress=False,
                    query_limit=0,
                )
            except (exceptions.Error, OSError) as error:
                raise Unavailable(f"warehouse at {url}: {error}") from error

        found = cls(client, quorum)
        if at_once:
            _ = found._client
        return found

    @property
    def _client(self) -> Any:
        with self._lock:
            if self._connected is None:
                self._connected = self._connect()
            return self._connected

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connected is not None:
                self._connected.close()

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is and which generation of results is live.

        Raises:
            Unavailable: it has not been set up.
        """
        found = self.frame(
            "SELECT incarnation, generation, if(paused_until > now64(3), reason, '') AS paused "
            "FROM spm.warehouse FINAL"
        )
        if found.is_empty():
            raise Unavailable("table spm.warehouse is empty; run `pacesetter migrate`")
        return Incarnation(*found.row(0))

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query.

        Raises:
            Unavailable: not now.
        """
        answer = self._send(
            f"{sql} FORMAT ArrowStream",
            b"",
            {"output_format_arrow_string_as_string": 1, "max_query_size": QUERY_BYTES_MAX},
        )
        return pl.read_ipc_stream(io.BytesIO(answer)) if answer else pl.DataFrame()

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the driver's answer to a query with parameters.

        Raises:
            Unavailable: not now.
        """
        with _told():
            return self._client.query(sql, parameters=parameters)

    def insert(
        self,
        table: str,
        rows: pl.DataFrame,
        incarnation: Incarnation,
        *,
        last: Tile | None = None,
        also: str = "",
    ) -> None:
        """Insert rows, all or none, unless the warehouse is another incarnation.

        Args:
            last: what must be known to be applied: a warehouse that has forgotten it came out of
                a backup, and nobody said so.
            also: a further condition, which throws where nothing may be written.

        Raises:
            Fenced: it is another incarnation, has forgotten `last`, or the condition threw.
            Unavailable: not now; inserting the same rows again is harmless.
        """
        if rows.is_empty():
            return
        structure = self._structure(table)
        names = ", ".join(rows.columns)
        types = ", ".join(f"{name} {structure[name]}" for name in rows.columns)
        holds = [_is_still(incarnation), *([_knows(incarnation, last)] if last else []), also]
        sql = (
            f"INSERT INTO {table} ({names}) SELECT {names} FROM input({quoted(types)}) "
            f"WHERE {' AND '.join(filter(None, holds))} FORMAT ArrowStream"
        )
        body = io.BytesIO()
        body.write(sql.encode() + b"\n")
        # Packed it is a third. zstd makes it a seventh, at three times the cost for both sides.
        rows.write_ipc_stream(body, compat_level=self._layout(), compression="lz4")
        self._send("", body.getvalue(), self._settings)

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing.

        Raises:
            Fenced: it is a condition of the statement that the warehouse is another incarnation.
            Unavailable: not now.
        """
        self._send(sql, b"", self._settings)

    def _layout(self) -> pl.CompatLevel:
        """Return how texts are laid out: as polars keeps them, if the server reads that."""
        is_read = self._client.min_version(_READS_VIEWS)
        return pl.CompatLevel.newest() if is_read else pl.CompatLevel.oldest()

    def _structure(self, table: str) -> dict[str, str]:
        known = self._structures.get(table)
        if known is None:
            database, name = table.split(".")
            found = self.frame(
                f"SELECT name, type FROM system.columns WHERE database = {quoted(database)} "
                f"AND table = {quoted(name)}"
            )
            if found.is_empty():
                raise Unavailable(f"there is no table {table}; run `pacesetter migrate`")
            known = self._structures[table] = dict(found.iter_rows())
        return known

    def _send(self, sql: str, body: bytes, settings: dict[str, Any]) -> bytes:
        with _told():
            return self._request(sql, body, settings)

    def _request(self, sql: str, body: bytes, settings: dict[str, Any]) -> bytes:
        if body:  # as it is: `command` would look for SQL in all of the data
            self._client.raw_insert(insert_block=body, settings=settings)
            return b""
        answer: bytes = self._client.raw_query(sql, settings=settings)
        return answer


def _is_still(incarnation: Incarnation) -> str:
    """Return SQL that throws in another incarnation."""
    name = quoted(incarnation.name)
    return f"throwIf({_INCARNATION} != {name}, 'another incarnation') = 0"


def _knows(incarnation: Incarnation, last: Tile) -> str:
    """Return SQL that throws where a tile is not applied; of another incarnation nothing is said.

    By its whole key, so that one mark is read.
    """
    tile = (
        f"SELECT count() FROM spm.applied WHERE topic = {quoted(last.topic)}"
        f" AND partition = {last.partition} AND epoch = {last.epoch}"
        f" AND offset_from = {last.offset_from} AND offset_to = {last.offset_to}"
    )
    is_still = f"{_INCARNATION} = {quoted(incarnation.name)}"
    return f"throwIf({is_still} AND ({tile}) = 0, {quoted(_FORGOTTEN)}) = 0"


@contextmanager
def _told() -> Iterator[None]:
    """Let the driver's errors be those of ours that say what to do."""
    try:
        yield
    except exceptions.DatabaseError as error:
        code = getattr(error, "code", None)
        if code == _FENCE:
            raise Fenced(str(error)) from error
        if code in _NOT_SET_UP:
            raise Unavailable(f"warehouse: {error}; run `pacesetter migrate`") from error
        if code is None or code in _TRANSIENT:
            raise Unavailable(f"warehouse: {error}") from error
        raise
    except (exceptions.Error, OSError) as error:
        raise Unavailable(f"warehouse: {error}") from error


def quoted(text: str) -> str:
    r"""Return a text as a string literal of SQL.

    >>> quoted("it's")
    "'it\\\\'s'"
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def texts(values: Sequence[str]) -> str:
    """Return texts as a list for IN (...)."""
    return ", ".join(map(quoted, values))
