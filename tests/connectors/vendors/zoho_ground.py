"""Ground of Zoho's tests: the stand-in, a client of it, and what a listing tells."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.sources.vendors.contract import (
    Notice,
    Page,
)
from connectors.sources.vendors.zoho.hook import ZohoHook
from connectors.sources.vendors.zoho.tokens import ZohoSettings
from connectors.sources.vendors.zoho.vendor import ZohoClient
from tests.connectors.vendors.zoho_standin import ZohoStandin

HOOK = ZohoHook()
TOKENS = "/oauth/v2/token"
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL, SECRET = "https://ingest.example.com/v1/hooks/zoho", "s3cret"


@pytest.fixture
def zoho() -> Iterator[ZohoStandin]:
    standin = ZohoStandin()
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def client(zoho: ZohoStandin) -> Iterator[ZohoClient]:
    made = ZohoClient(ZohoSettings(**zoho.settings))
    yield made
    made.close()


def listed(client: ZohoClient, name: str, cursor: str | None = None) -> list[Page]:
    return list(client.changed(name, None, cursor))


def notices(pages: list[Page]) -> list[Notice]:
    return [notice for page in pages for notice in page.notices]
