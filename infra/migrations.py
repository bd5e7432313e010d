"""Migrations: the numbered SQL of infra/clickhouse, run once each and in order.

A file that has run is never edited: its SHA-256 stands in spm.migration, and a changed file stops
the run. The statements of a file end with a semicolon at the end of a line; each is written so
that running it twice is harmless, because a crash can fall between a statement and its record.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from clickhouse_connect.driver.client import Client

from infra.bi.making import make_views
from infra.placing import placed

FOLDER = Path(__file__).parent / "clickhouse"
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_END_OF_STATEMENT = re.compile(r";[ \t]*(?=\n|\Z)")
LEDGER = """CREATE TABLE IF NOT EXISTS spm.migration
(
    number UInt16 COMMENT 'Number of the file.',
    name String COMMENT 'Name of the file.',
    sha256 String COMMENT 'SHA-256 of its text.',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it had run.'
)
ENGINE = ReplacingMergeTree(applied_at) ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Migrations that have run.'"""


class MigrationError(RuntimeError):
    """The files and what has run do not fit together."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def statements(self) -> list[str]:
        """Return its statements in order."""
        parts = (part.strip() for part in _END_OF_STATEMENT.split(self.text))
        return [part for part in parts if part]


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Return all migrations by number.

    Raises:
        MigrationError: a file without a number, or a number twice or left out.
    """
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: name it NNNN_words_in_lower_case.sql")
        found.append(Migration(int(match[1]), path.name, path.read_text("utf-8")))
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations are numbered {numbers}; give each file the next number")
    return found


def migrate(client: Client, *, cluster: str = "", folder: Path = FOLDER) -> list[str]:
    """Return the names of the migrations that ran just now; none when all had run.

    `cluster`: name of a cluster. Then every statement runs ON CLUSTER and tables are replicated
    (ReplicatedReplacingMergeTree under ClickHouse's default path, from the macros shard and
    replica); '' is one node.

    Raises:
        MigrationError: a file that has run was changed, or has gone.
    """
    files = migrations(folder)
    client.command(placed("CREATE DATABASE IF NOT EXISTS spm", cluster))
    client.command(placed(LEDGER, cluster))
    done = _done(client)
    _check(files, done)
    fresh = [migration for migration in files if migration.number not in done]
    for migration in fresh:
        for statement in migration.statements():
            client.command(placed(statement, cluster))
        row = [migration.number, migration.name, migration.sha256]
        client.insert("spm.migration", [row], column_names=["number", "name", "sha256"])
    _found(client)
    make_views(client, cluster=cluster)
    return [migration.name for migration in fresh]


def pending(client: Client, folder: Path = FOLDER) -> list[str]:
    """Return the names of the migrations that have not run yet.

    Raises:
        MigrationError: as `migrate`.
    """
    files = migrations(folder)
    exists = client.command("EXISTS TABLE spm.migration") == 1
    done = _done(client) if exists else {}
    _check(files, done)
    return [migration.name for migration in files if migration.number not in done]


def _done(client: Client) -> dict[int, tuple[str, str]]:
    rows = client.query("SELECT number, name, sha256 FROM spm.migration FINAL").result_rows
    return {number: (name, sha256) for number, name, sha256 in rows}


def _check(files: list[Migration], done: dict[int, tuple[str, str]]) -> None:
    by_number = {migration.number: migration for migration in files}
    for number, (name, sha256) in sorted(done.items()):
        migration = by_number.get(number)
        if migration is None:
            raise MigrationError(
                f"{name} has run on this warehouse but is not in this release:"
                " the warehouse is newer; install the release it was made with, or a later one"
            )
        if migration.sha256 != sha256:
            raise MigrationError(
                f"{name} has run on this warehouse and was changed since: take the change back"
                " and write it as a new file with the next number"
            )


def _found(client: Client) -> None:
    """Give the warehouse its first incarnation, unless it has one."""
    if client.command("SELECT count() FROM spm.warehouse") == 0:
        row = [secrets.token_hex(16), "first migration"]
        client.insert("spm.warehouse", [row], column_names=["incarnation", "reason"])
