"""Migrations: once each, in order, never edited."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from infra.migrations import FOLDER, MigrationError, migrate, migrations, pending
from infra.placing import placed
from tests.infra.warehouse import serving
from tests.infra.warehouse.serving import REAL


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    if REAL:
        pytest.skip("wants an empty warehouse")
    with (
        serving.embedded(tmp_path_factory.mktemp("migrations")) as served,
        served.client() as client,
    ):
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped migrations that a test may change."""
    for path in FOLDER.glob("*.sql"):
        (tmp_path / path.name).write_text(path.read_text())
    return tmp_path


def test_all_run_once_and_the_warehouse_gets_an_incarnation(client: Client) -> None:
    names = [migration.name for migration in migrations()]
    assert pending(client) == names
    assert migrate(client) == names
    first = client.query(
        "SELECT only, incarnation, generation FROM spm.warehouse FINAL"
    ).result_rows
    assert len(first) == 1
    assert len(first[0][1]) == 32
    assert migrate(client) == []
    assert pending(client) == []
    again = client.query(
        "SELECT only, incarnation, generation FROM spm.warehouse FINAL"
    ).result_rows
    assert again == first


def test_running_a_file_again_is_harmless(client: Client) -> None:
    """A crash can fall between the last statement of a file and its record."""
    migrate(client)
    client.command("TRUNCATE TABLE spm.migration")
    assert migrate(client) == [migration.name for migration in migrations()]


def test_a_changed_file_stops_the_run(client: Client, folder: Path) -> None:
    migrate(client)
    changed = folder / "0002_facts.sql"
    changed.write_text(changed.read_text() + "\n-- a second thought\n")
    with pytest.raises(MigrationError, match=r"0002_facts\.sql has run .* and was changed"):
        migrate(client, folder=folder)


def test_an_older_release_stops_at_a_newer_warehouse(client: Client, folder: Path) -> None:
    migrate(client)
    last = sorted(folder.glob("*.sql"))[-1]
    last.unlink()
    with pytest.raises(MigrationError, match="the warehouse is newer"):
        migrate(client, folder=folder)


def test_a_new_file_runs_alone(client: Client, folder: Path) -> None:
    migrate(client)
    number = len(list(folder.glob("*.sql"))) + 1
    name = f"{number:04}_more.sql"
    (folder / name).write_text("CREATE TABLE IF NOT EXISTS spm.more (a UInt8) ENGINE = Memory;\n")
    assert migrate(client, folder=folder) == [name]
    assert client.command("SELECT count() FROM spm.more") == 0
    client.command("DROP TABLE spm.more")
    client.command(f"DELETE FROM spm.migration WHERE number = {number}")


def test_numbers_have_no_gap(folder: Path) -> None:
    (folder / "0099_far.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="next number"):
        migrations(folder)


def test_every_table_and_column_says_what_it_means(client: Client) -> None:
    migrate(client)
    silent = client.query(
        "SELECT database, table, name FROM system.columns"
        " WHERE database IN ('spm', 'spm_bi') AND comment = ''"
    ).result_rows
    assert silent == []
    mute = client.query(
        "SELECT name FROM system.tables WHERE database IN ('spm', 'spm_bi') AND comment = ''"
    ).result_rows
    assert mute == []


def test_a_cluster_gets_replicated_tables_everywhere() -> None:
    texts = [
        placed(statement, "sales")
        for migration in migrations()
        for statement in migration.statements()
    ]
    assert all(" ON CLUSTER 'sales'" in text for text in texts)
    tables = [text for text in texts if "ENGINE = " in text]
    assert tables
    assert all("ENGINE = ReplicatedReplacingMergeTree" in text for text in tables)
    assert not any("Replicated" in text for text in texts if text not in tables)


def test_comments_of_views_are_changed_everywhere() -> None:
    said = "ALTER TABLE spm_bi.dim_rep COMMENT COLUMN rep_id 'ALTER TABLE x'"
    assert placed(said, "sales") == (
        "ALTER TABLE spm_bi.dim_rep ON CLUSTER 'sales' COMMENT COLUMN rep_id 'ALTER TABLE x'"
    )
    assert placed(said, "") == said
