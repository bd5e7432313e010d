"""HubSpot's stand-in and a client of it, for the tests of both."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.sources.vendors.contract import (
    Notice,
    Page,
)
from connectors.sources.vendors.hubspot import listing
from connectors.sources.vendors.hubspot.hook import HubSpotHook
from connectors.sources.vendors.hubspot.vendor import HubSpotClient, HubSpotSettings
from tests.connectors.vendors.hubspot_standin import HubSpotStandin

HOOK = HubSpotHook()
SECRET, URL = "test-client-secret", "https://ingest.example.com/v1/hooks/hubspot?tenant=acme"
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def hub() -> Iterator[HubSpotStandin]:
    standin = HubSpotStandin()
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def client(hub: HubSpotStandin, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotClient]:
    monkeypatch.setattr(listing, "SEARCH_SECONDS_MIN", 0)  # tests of other things need no pace
    hub.searches_a_second = 1_000
    made = HubSpotClient(HubSpotSettings(**hub.settings))
    yield made
    made.close()


def listed(client: HubSpotClient, kind: str, cursor: str | None = None) -> list[Page]:
    return list(client.changed(kind, None, cursor))


def told(pages: list[Page]) -> list[Notice]:
    return [notice for page in pages for notice in page.notices]
