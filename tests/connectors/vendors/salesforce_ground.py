"""A stand-in of Salesforce that runs, and a client of it, for tests."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sources.vendors.contract import Notice
from connectors.sources.vendors.salesforce.client import SalesforceClient
from connectors.sources.vendors.salesforce.settings import SalesforceSettings
from tests.connectors.vendors.salesforce_standin import SalesforceStandin

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def standin() -> Iterator[SalesforceStandin]:
    """A stand-in that listens, with one person."""
    made = SalesforceStandin()
    made.start()
    made.user("005U1", "ana@acme.example", "Ana")
    yield made
    made.stop()


@pytest.fixture
def client(standin: SalesforceStandin) -> Iterator[SalesforceClient]:
    """A client of it that never really waits."""
    made = SalesforceClient(SalesforceSettings(**standin.settings), sleep=lambda _: None)
    yield made
    made.close()


def listed(client: SalesforceClient, name: str, cursor: str | None = None) -> list[Notice]:
    """Return all notices of a listing."""
    return [one for page in client.changed(name, None, cursor) for one in page.notices]


def end(client: SalesforceClient, name: str, cursor: str | None = None) -> str:
    """Return the cursor behind a listing."""
    return [page.cursor for page in client.changed(name, None, cursor)][-1]


def tip(client: SalesforceClient) -> str:
    """Return the newest place in the stream."""
    pages = client.listen(None)
    cursor = next(pages).cursor
    pages.close()  # type: ignore[attr-defined]
    return cursor


def heard(client: SalesforceClient, cursor: str, wanted: str) -> tuple[list[Notice], str]:
    """Return what is told from a place until a record of an object is, and the place behind."""
    found: list[Notice] = []
    pages = client.listen(cursor)
    for page in pages:
        found += page.notices
        cursor = page.cursor
        if any(one.object == wanted for one in found):
            break
    pages.close()  # type: ignore[attr-defined]
    return found, cursor


def deals_in(standin: SalesforceStandin, many: int, **said: Any) -> list[str]:
    """Return the ids of deals that are put, a minute after each other."""
    for index in range(many):
        standin.put("deal", str(index), AT + timedelta(minutes=index), owner="005U1", **said)
    return [standin.id_of("deal", str(index)) for index in range(many)]


def ids_of(notices: Any) -> list[str]:
    """Return which records notices are about."""
    return [one.record_id for one in notices]


def client_with(standin: SalesforceStandin, **other: Any) -> SalesforceClient:
    """Return a client with other settings."""
    settings = SalesforceSettings(**{**standin.settings, **other})
    return SalesforceClient(settings, sleep=lambda _: None)
