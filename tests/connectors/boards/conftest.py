"""Ground for tests of the board: started once, emptied for each test."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.definitions import Company
from tests.connectors.boards.browser import CHROMIUM, Kept, Window
from tests.connectors.boards.ground import Broker, Floor, Served, Warehouse

PEOPLE = {
    "rep-a": ("Ana Souza", "West"),
    "rep-b": ("Ben Ode", "West"),
    "rep-c": ("Cleo Marsh", "East"),
}


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@pytest.fixture(scope="package")
def warehouse_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"))
    yield warehouse
    warehouse.stop()


@pytest.fixture
def warehouse(warehouse_process: Warehouse) -> Warehouse:
    """The warehouse of a company of three, with nothing won yet."""
    beginning(warehouse_process)
    return warehouse_process


def beginning(warehouse: Warehouse) -> None:
    """Leave nothing in a warehouse but a company of three."""
    warehouse.clear()
    warehouse.live(1)
    warehouse.company(Company(name="Meridian", reporting_currency="EUR", time_zone="UTC"))
    warehouse.roster(PEOPLE)


@pytest.fixture(scope="package")
def broker() -> Iterator[Broker]:
    """A broker for all tests that do not mind what was said before."""
    broker = Broker()
    yield broker
    broker.stop()


@pytest.fixture
def floor(broker: Broker) -> Floor:
    return Floor(broker)


@pytest.fixture
def served(tmp_path: Path, broker: Broker, warehouse: Warehouse) -> Iterator[Served]:
    served = Served(tmp_path, broker.bootstrap, warehouse.seed()).ready()
    yield served
    served.stop()


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    """A broker for one test: its log is empty, and it may be stopped."""
    broker = Broker()
    yield broker
    broker.stop()


@pytest.fixture
def served_alone(tmp_path: Path, own_broker: Broker, warehouse: Warehouse) -> Iterator[Served]:
    served = Served(tmp_path, own_broker.bootstrap, warehouse.seed()).ready()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium, for one file: while it runs, an event loop does, which other tests cannot have."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "Chromium must be here where PACESETTER_CI=1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stage() -> Iterator[Broker]:
    broker = Broker()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, stage: Broker, warehouse_process: Warehouse
) -> Iterator[Served]:
    """A board for all tests that do not mind what others won today."""
    beginning(warehouse_process)
    folder = tmp_path_factory.mktemp("shared")
    served = Served(folder, stage.bootstrap, Kept(warehouse_process.seed())).ready()
    yield served
    served.stop()


@pytest.fixture
def window(chromium: Any) -> Iterator[Any]:
    opened: list[Window] = []

    def make(**options: Any) -> Window:
        opened.append(Window(chromium, **options))
        return opened[-1]

    yield make
    for each in opened:
        each.context.close()
        assert each.trouble == []
