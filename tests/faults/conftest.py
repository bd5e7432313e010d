"""One Apache Kafka for all tests of this folder, and a ground on it for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.ports import free_port
from streams.settings import Settings
from tests.ground import Site, site
from tests.kafka import Kafka, kafka, without_topics

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(600))  # a busy machine stretches every wait


@pytest.fixture(scope="package")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Apache Kafka on a free port."""
    folder = tmp_path_factory.mktemp("kafka")
    settings = Settings(data_dir=folder, broker_port=free_port())
    # It lives for minutes: the better half of its compiler would cost more than it gains.
    with kafka(settings, "-XX:TieredStopAtLevel=1") as running:
        yield running


@pytest.fixture
def made(node: Kafka, tmp_path: Path) -> Iterator[Site]:
    """Warehouse, tables and new topics; no epoch opened yet, no worker."""
    without_topics(node.settings)
    with site(tmp_path, partitions=4, kafka_port=node.settings.broker_port) as found:
        yield found
