"""One warehouse for all that reads spm_bi: the sample company, with a past."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from tests.infra.bi import floor
from tests.infra.warehouse import serving
from tests.infra.warehouse.serving import Served


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sample company's warehouse; nobody changes it."""
    with serving.migrated(tmp_path_factory.mktemp("company")) as served:
        floor.fill(served)
        yield served


@pytest.fixture(scope="session")
def analyst(company: Served) -> Iterator[Client]:
    """clickhouse-connect with an analyst's rights."""
    with company.client("ann", database="spm_bi") as client:
        yield client


@pytest.fixture(scope="session")
def finance(company: Served) -> Iterator[Client]:
    """clickhouse-connect with the rights of finance, who reads pay, too."""
    with company.client("frida", database="spm_bi") as client:
        yield client
