"""Whatever a vendor answers, its client raises the contract's troubles and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sources.vendors.contract import (
    CursorExpired,
    Denied,
    Subscribing,
    Unavailable,
)
from connectors.sources.vendors.registry import vendor
from tests.connectors.vendors.loopback import Asked, Loopback, Told
from tests.connectors.vendors.standins import STANDINS

RECENT = datetime.now(UTC) - timedelta(hours=1)
TOKEN = {"access_token": "t", "expires_in": 3600}
MINE = (
    "aircall",
    "dynamics",
    "google-calendar",
    "ics",
    "microsoft-calendar",
    "ringcentral",
    "twilio",
)
NONSENSE: tuple[Any, ...] = (
    [], {}, 7, "text", None, {"calls": 7}, {"calls": [7, None]}, {"calls": [{"id": None}]},
    {"value": [{}]}, {"value": "x"}, {"records": [{"startTime": 5}]}, {"items": [{"start": 3}]},
    {"users": [{"id": []}], "records": [{"id": {}}], "incoming_phone_numbers": [{}]},
)  # fmt: skip


class Nonsense(Loopback):
    """A vendor that has lost its mind, but for its tokens."""

    said: Any = None

    def answer(self, asked: Asked) -> Told:
        return Told(200, TOKEN if "token" in asked.path else self.said)


@pytest.mark.parametrize("name", MINE)
def test_nonsense_is_an_outage(name: str) -> None:
    one = vendor(name)
    with Nonsense() as mad:
        standin = STANDINS[name]()
        standin.base_url = mad.base_url
        client = one.client(one.settings(**standin.settings))
        for mad.said in NONSENSE:
            for ask in (
                client.check,
                lambda: client.read(one.objects[0], ["7"]),
                lambda: list(client.changed(one.objects[0], RECENT, None)),
                lambda: list(client.users()),
                *(
                    (lambda: client.subscribe("https://x.example/h", "s"),)
                    if isinstance(client, Subscribing)
                    else ()
                ),
            ):
                with suppress(Unavailable, Denied, CursorExpired):
                    ask()
        client.close()
