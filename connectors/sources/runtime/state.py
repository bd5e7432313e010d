"""What a source remembers: cursors, how far it has mapped, and how each record stood last.

One SQLite file, synced with every commit. It is a copy of what can be had again: from raw.<source>
by mapping all of it once more, and from the vendor by listing everything. So losing it costs time
and no numbers. Each thread has a State of its own; a commit of one is seen by the others.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

BUSY_SECONDS = 60.0  # a commit waits for Kafka's acknowledgement, which takes ten at most
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last (
    object TEXT NOT NULL, record_id TEXT NOT NULL, message TEXT NOT NULL, entity_id TEXT NOT NULL,
    own INTEGER NOT NULL, revision INTEGER NOT NULL, op TEXT NOT NULL, gone_at INTEGER,
    read_at INTEGER NOT NULL, epoch INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (object, record_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS former (
    object TEXT NOT NULL, record_id TEXT NOT NULL, message TEXT NOT NULL, entity_id TEXT NOT NULL,
    content BLOB NOT NULL, PRIMARY KEY (object, record_id, message, entity_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wanted (
    object TEXT NOT NULL, record_id TEXT NOT NULL, due INTEGER NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (object, record_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listing (
    object TEXT PRIMARY KEY, cursor TEXT, since INTEGER, is_full INTEGER NOT NULL,
    begun_at INTEGER, ended_at INTEGER, complete_to INTEGER, records INTEGER NOT NULL,
    total INTEGER, reconciles INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aside (
    number INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, place INTEGER NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    seen_at INTEGER NOT NULL);
"""


class Last(NamedTuple):
    """How a record stood when it was mapped last.

    Attributes:
        own: revision the record itself gave; revision: the one that was sent.
        gone_at: microseconds; when it was deleted, None while it is there.
        read_at: milliseconds; when it was last asked for or delivered.
        epoch: of the log of raw.<source> under which it was sent.
        content: the message as Avro under the shipped catalogue.
    """

    object: str
    record_id: str
    message: str
    entity_id: str
    own: int
    revision: int
    op: str
    gone_at: int | None
    read_at: int
    epoch: int
    content: bytes


class Former(NamedTuple):
    """An entity that a record was before it turned out to be another one.

    Attributes:
        content: how it ended, as Avro under the shipped catalogue. It is told again to a log that
            was lost before a worker had all of it; else the twin would count beside the other.
    """

    object: str
    record_id: str
    message: str
    entity_id: str
    content: bytes


class Wanted(NamedTuple):
    """A record that has to be read. `number` tells a newer wish from the one that is served."""

    object: str
    record_id: str
    number: int


class Aside(NamedTuple):
    """Something that could not be mapped, on its way to the dead letters."""

    number: int
    epoch: int
    place: int
    reason: str
    detail: str
    key: bytes
    value: bytes
    seen_at: int


class Listing(NamedTuple):
    """How far an object has been listed. Instants in milliseconds.

    Attributes:
        cursor: goes on behind the last page that Kafka has; None: begin.
        since: where to begin without a cursor; None: with everything there is.
        is_full: it lists everything, so what does not come up may be gone.
        begun_at, ended_at: of the listing under way, or of the last; complete_to: begin of the
            last that came to its end.
        reconciles: the number of the person's wish it serves.
    """

    object: str
    cursor: str | None = None
    since: int | None = None
    is_full: bool = True
    begun_at: int | None = None
    ended_at: int | None = None
    complete_to: int | None = None
    records: int = 0
    total: int | None = None
    reconciles: int = 0


class State:
    """A connection to a source's memory, for one thread."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        place = f"file:{path}?mode=ro" if read_only else str(path)
        self._sql = sqlite3.connect(
            place, timeout=BUSY_SECONDS, isolation_level=None, uri=read_only
        )
        if not read_only:
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = FULL")
            self._sql.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the file."""
        self._sql.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Commit all that is done within, or nothing of it."""
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")

    def get(self, name: str, default: str = "") -> str:
        """Return a remembered value."""
        row = self._sql.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else default

    def put(self, name: str, value: str) -> None:
        """Remember a value."""
        self._sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def last(self, thing: str, record_id: str) -> Last | None:
        """Return how a record stood last; None: it was never mapped."""
        row = self._sql.execute(
            "SELECT * FROM last WHERE object = ? AND record_id = ?", (thing, record_id)
        ).fetchone()
        return Last(*row) if row else None

    def keep(self, last: Last) -> None:
        """Remember how a record stands."""
        self._sql.execute(f"INSERT OR REPLACE INTO last VALUES ({','.join('?' * 11)})", last)

    def was(self, former: Former) -> None:
        """Remember an entity that a record is no longer."""
        self._sql.execute("INSERT OR REPLACE INTO former VALUES (?, ?, ?, ?, ?)", former)

    def is_again(self, thing: str, record_id: str, message: str, entity_id: str) -> None:
        """Forget that a record is no longer an entity."""
        self._sql.execute(
            "DELETE FROM former WHERE object = ? AND record_id = ? AND message = ? "
            "AND entity_id = ?",
            (thing, record_id, message, entity_id),
        )

    def formers(self, thing: str, record_id: str) -> list[Former]:
        """Return the entities that a record was before."""
        rows = self._sql.execute(
            "SELECT * FROM former WHERE object = ? AND record_id = ?", (thing, record_id)
        )
        return [Former(*row) for row in rows]

    def unseen(self, thing: str, before: int, oldest: int) -> list[str]:
        """Return records that are there, changed since `oldest`, and not read since `before`."""
        rows = self._sql.execute(
            "SELECT record_id FROM last WHERE object = ? AND gone_at IS NULL AND message != '' "
            "AND read_at < ? AND own >= ?",
            (thing, before, oldest * 1000),
        )
        return [row[0] for row in rows]

    def want(self, thing: str, record_id: str, due: int = 0) -> None:
        """Ask for a record to be read, from an instant on."""
        self._sql.execute(
            "INSERT INTO wanted VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET "
            "due = min(due, excluded.due), number = number + 1",
            (thing, record_id, due),
        )

    def wanted(self, now: int, limit: int) -> list[Wanted]:
        """Return records that are due to be read, of one object at a time."""
        rows = self._sql.execute(
            "SELECT object, record_id, number FROM wanted WHERE due <= ? AND object = "
            "(SELECT object FROM wanted WHERE due <= ? ORDER BY due LIMIT 1) LIMIT ?",
            (now, now, limit),
        )
        return [Wanted(*row) for row in rows]

    def served(self, one: Wanted) -> None:
        """Forget a wish, unless it was made again meanwhile."""
        self._sql.execute(
            "DELETE FROM wanted WHERE object = ? AND record_id = ? AND number = ?", one
        )

    def listing(self, thing: str) -> Listing:
        """Return how far an object has been listed."""
        row = self._sql.execute("SELECT * FROM listing WHERE object = ?", (thing,)).fetchone()
        return Listing(*row)._replace(is_full=bool(row[3])) if row else Listing(thing)

    def list_on(self, listing: Listing) -> None:
        """Remember how far an object has been listed."""
        self._sql.execute(f"INSERT OR REPLACE INTO listing VALUES ({','.join('?' * 10)})", listing)

    def set_aside(self, one: Aside) -> None:
        """Keep what could not be mapped until the dead letters have it; its number is given."""
        self._sql.execute(
            "INSERT INTO aside (epoch, place, reason, detail, key, value, seen_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            one[1:],
        )

    def aside(self, limit: int) -> list[Aside]:
        """Return what is on its way to the dead letters."""
        rows = self._sql.execute("SELECT * FROM aside ORDER BY number LIMIT ?", (limit,))
        return [Aside(*row) for row in rows]

    def taken(self, numbers: list[int]) -> None:
        """Forget what the dead letters have."""
        self._sql.executemany("DELETE FROM aside WHERE number = ?", [(n,) for n in numbers])

    def counts(self) -> dict[str, Any]:
        """Return how much there is, for status."""
        one = self._sql.execute
        return {
            "records": one("SELECT count(*) FROM last").fetchone()[0],
            "wanted": one("SELECT count(*) FROM wanted").fetchone()[0],
            "aside": one("SELECT count(*) FROM aside").fetchone()[0],
            "newest": one("SELECT max(own) FROM last").fetchone()[0],
        }
