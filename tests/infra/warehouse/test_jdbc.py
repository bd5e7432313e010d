"""The official JDBC driver, compressed as it is by default: what BI tools connect with."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from infra.bi.dictionary import dictionary
from tests.infra.warehouse.serving import Served, absent, cache_folder, need
from tests.infra.warehouse.test_python_clients import COLUMNS, ROW

pytestmark = [pytest.mark.external, pytest.mark.slow]
HERE = Path(__file__).parent / "jdbc"


@pytest.fixture(scope="module")
def driver() -> Path:
    """A folder with the driver and the compiled program."""
    maven, javac = need("mvn"), need("javac")
    folder = cache_folder("jdbc-0.9.8")
    shutil.copy(HERE / "pom.xml", folder / "pom.xml")
    if not list((folder / "lib").glob("clickhouse-jdbc-*.jar")):
        fetched = subprocess.run(
            [maven, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"],
            cwd=folder, capture_output=True, text=True, timeout=170, check=False,
        )  # fmt: skip
        if fetched.returncode:
            absent(f"the driver cannot be fetched: {fetched.stdout[-300:]}")
    subprocess.run([javac, "-d", folder, HERE / "Conformance.java"], check=True, timeout=60)
    return folder


def run(driver: Path, served: Served, name: str, table: str, *more: str) -> dict[str, str]:
    user, token = served.auth(name)
    done = subprocess.run(
        [need("java"), "-Xmx256m", "-cp", f"{driver}:{driver}/lib/*", "Conformance",
         f"jdbc:clickhouse:{served.url}", *more],
        env={**os.environ, "WAREHOUSE_USER": user, "WAREHOUSE_PASSWORD": token,
             "WAREHOUSE_TABLE": table},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)


def metadata_is_there(said: dict[str, str]) -> None:
    assert said["product"] == "ClickHouse"
    assert int(said["tables"]) >= 11
    view = dictionary().views["rep_day"]
    assert said["table remark"] == view.comment
    measure = next(column for column in view.columns if column.name == "measure")
    assert said["column remark"] == dictionary().comment(measure)
    assert (said["columns"], said["column type"]) == ("8", "String")
    assert (said["schema seen"], said["types"]) == ("true", "true")
    assert said["error"] == "47"


@pytest.mark.parametrize(
    "packing", [(), ("compress=false",), ("client.use_http_compression=true",)]
)
def test_the_pipeline_writes_and_reads(
    driver: Path, warehouse: Served, client: Client, table: str, packing: tuple[str, ...]
) -> None:
    client.command(f"CREATE TABLE {table} ({COLUMNS}) ENGINE = MergeTree ORDER BY id")
    client.insert(table, [ROW])
    said = run(driver, warehouse, "pipeline", table, "write", *packing)
    metadata_is_there(said)
    assert said["value id"] == "1"
    assert said["value kind"] == "AE"
    assert said["value day"] == "2026-11-22"
    assert said["value at"].startswith("2026-11-22")
    assert said["value key"] == "12345678-1234-5678-1234-567812345678"
    assert said["value state"] == "won"
    assert (said["decimal"], said["null"]) == ("true", "true")
    assert (said["batch"], said["prepared count"], said["prepared sum"]) == ("50", "50", "62.5")
    assert said["prepared text"] == "it's; number//9"
    assert said["large sum"] == str(300_000 * 299_999 // 2)


@pytest.mark.parametrize("name", ["ann", "rex"])
def test_readers_see_the_views_and_nothing_else(driver: Path, ours: Served, name: str) -> None:
    said = run(driver, ours, name, "", "read")
    metadata_is_there(said)
    assert said["reader columns"] == "8"
    assert said["reader secret"] == "497"
