"""Ground of Pipedrive's tests: the stand-in, a client of it, and what a listing tells."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.sources.vendors.contract import (
    Endpoint,
    Notice,
    Page,
)
from connectors.sources.vendors.pipedrive.hook import PipedriveHook
from connectors.sources.vendors.pipedrive.vendor import (
    PipedriveClient,
    PipedriveSettings,
)
from tests.connectors.vendors.pipedrive_standin import PipedriveStandin

HOOK = PipedriveHook()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL, SECRET = "https://ingest.example.com/v1/hooks/pipedrive", "s3cret"
ENDPOINT = Endpoint(URL, (SECRET,))


@pytest.fixture
def pipe() -> Iterator[PipedriveStandin]:
    standin = PipedriveStandin()
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def client(pipe: PipedriveStandin) -> Iterator[PipedriveClient]:
    made = PipedriveClient(PipedriveSettings(**pipe.settings))
    yield made
    made.close()


def listed(
    client: PipedriveClient, name: str, cursor: str | None = None, since: datetime | None = None
) -> list[Page]:
    return list(client.changed(name, since, cursor))


def notices(pages: list[Page]) -> list[Notice]:
    return [notice for page in pages for notice in page.notices]
