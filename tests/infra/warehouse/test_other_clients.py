"""clickhouse-go over HTTP (Grafana's plugin) and the JavaScript client, from their registries."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from tests.infra.warehouse.serving import Served, absent, cache_folder, need
from tests.infra.warehouse.test_python_clients import COLUMNS, ROW

pytestmark = [pytest.mark.external, pytest.mark.slow, pytest.mark.timeout(400)]
HERE = Path(__file__).parent
NODE_CLIENT = "@clickhouse/client@1.23.1"


@pytest.fixture
def row(client: Client, table: str) -> str:
    client.command(f"CREATE TABLE {table} ({COLUMNS}) ENGINE = MergeTree ORDER BY id")
    client.insert(table, [ROW])
    return table


def run(command: list[str | Path], served: Served, table: str, **more: str) -> str:
    user, token = served.auth()
    who = {"WAREHOUSE_USER": user, "WAREHOUSE_PASSWORD": token, "WAREHOUSE_TABLE": table}
    where = {"WAREHOUSE_ADDR": f"{served.host}:{served.port}", "WAREHOUSE_URL": served.url}
    done = subprocess.run(
        command, env={**os.environ, **who, **where, **more},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def go_program() -> Path:
    go, folder = need("go"), cache_folder("go")
    shutil.copytree(HERE / "go", folder, dirs_exist_ok=True)
    for words in (["mod", "tidy"], ["build", "-o", "conformance", "."]):
        done = subprocess.run(
            [go, *words], cwd=folder, capture_output=True, text=True, timeout=350, check=False
        )
        if done.returncode:
            absent(f"clickhouse-go cannot be built: {done.stderr[-400:]}")
    return folder / "conformance"


@pytest.mark.parametrize("packing", ["none", "lz4", "gzip"])
def test_clickhouse_go(go_program: Path, warehouse: Served, row: str, packing: str) -> None:
    printed = run([go_program], warehouse, row, WAREHOUSE_PACKING=packing)
    said = dict(line.split("\t", 1) for line in printed.splitlines())
    assert int(said["version"]) >= 25
    assert said["row"] == "Dana AE true 2026-11-22T09:30:00.25Z [a b] won map[calls:3]"
    assert said["batch"] == "1000 1000"
    assert said["sum"] == str(200_000 * 199_999 // 2)
    assert said["error"] == "true"


def test_the_javascript_client(warehouse: Served, row: str) -> None:
    npm, node, folder = need("npm"), need("node"), cache_folder("node")
    if not (folder / "node_modules" / "@clickhouse" / "client").exists():
        done = subprocess.run(
            [npm, "install", "--silent", "--no-audit", "--prefix", folder, NODE_CLIENT],
            capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        if done.returncode:
            absent(f"the client cannot be installed: {done.stderr[-300:]}")
    shutil.copy(HERE / "node" / "conformance.mjs", folder / "conformance.mjs")
    said = json.loads(run([node, folder / "conformance.mjs"], warehouse, row))
    assert said["ping"] is True
    assert said["row"] == {"name": "Dana", "kind": "AE", "note": None, "tags": ["a", "b"]}
    assert [int(count) for count in said["counted"]] == [500, 500]
    assert said["streamed"] == 100_000
    assert said["error"] == "60"
