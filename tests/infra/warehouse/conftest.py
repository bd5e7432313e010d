"""One warehouse for the whole suite, migrated; each test keeps to tables of its own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from clickhouse_connect.driver.client import Client

from infra.migrations import migrate
from tests.infra.warehouse import floor, serving
from tests.infra.warehouse.asking import SECRET
from tests.infra.warehouse.serving import REAL, Served


@pytest.fixture(scope="package")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A warehouse that speaks ClickHouse over HTTP: embedded, or a real one."""
    if REAL:
        served = serving.real()
        with served.client() as client:
            migrate(client)
        yield served
        return
    with serving.migrated(tmp_path_factory.mktemp("warehouse")) as served:
        yield served


@pytest.fixture(scope="package")
def ours(warehouse: Served) -> Served:
    """The embedded warehouse; what only it has is not asked of a real one."""
    if REAL:
        pytest.skip("principals, limits and the guard are the embedded server's own")
    return warehouse


@pytest.fixture(scope="package")
def floor_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An embedded warehouse with a floor in it, and a secret in a file beside it."""
    if REAL:
        pytest.skip("the guard is the embedded server's own")
    folder = tmp_path_factory.mktemp("floor")
    (folder / "secret.txt").write_text(SECRET)
    with serving.migrated(folder) as served:
        served.extra["secret"] = str(folder / "secret.txt")
        served.extra["outfile"] = str(folder / "out.txt")
        with served.client() as client:
            floor.fill(client)
        yield served


@pytest.fixture
def client(warehouse: Served) -> Iterator[Client]:
    """clickhouse-connect with the pipeline's rights."""
    with warehouse.client() as client:
        yield client


@pytest.fixture
def table(client: Client) -> Iterator[str]:
    """The name of a table of this test's own, dropped afterwards."""
    name = f"spm.test_{uuid4().hex[:12]}"
    yield name
    client.command(f"DROP TABLE IF EXISTS {name}")
