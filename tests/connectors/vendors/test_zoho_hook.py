"""Zoho CRM's notifications: the token, and what the published one says."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.vendors.contract import (
    Endpoint,
    Notice,
    Request,
    Unreadable,
    Unsigned,
)
from tests.connectors.vendors.zoho_ground import (
    HOOK,
    SECRET,
    T0,
    URL,
)

# "Enable Notifications", version 7 of the documentation: the body of a notification.
PUBLISHED: dict[str, Any] = {
    "server_time": 1718115953625,
    "affected_values": [
        {"record_id": "5725767000003000010", "values": {"Mobile": "123456789"}},
    ],
    "module": "Leads",
    "resource_uri": "https://www.zohoapis.com/crm/v2/Leads",
    "ids": ["5725767000003000010"],
    "affected_fields": [{"5725767000003000010": ["Mobile"]}],
    "operation": "update",
    "channel_id": "1000000068001",
    "token": "TOKEN_FOR_VERIFICATION_OF_1000000068001",
}


def request(body: Any) -> Request:
    return Request("POST", "/", {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def said(**other: Any) -> tuple[Notice, ...]:
    return HOOK.notices(request({**PUBLISHED, "module": "Deals", **other}))


def test_the_published_notification_is_taken_with_its_token() -> None:
    token = PUBLISHED["token"]
    for secrets in ((token,), ("the-next", token)):
        assert HOOK.verify(request(PUBLISHED), Endpoint(URL, secrets), T0) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff", b"[]", b"{}", b"[" * 50_000,
        {**PUBLISHED, "token": None}, {**PUBLISHED, "token": 7}, {**PUBLISHED, "token": ""},
        {**PUBLISHED, "token": "TOKEN_FOR_VERIFICATION_OF_1000000068002"},
        {**PUBLISHED, "token": [PUBLISHED["token"]]}, {**PUBLISHED, "token": "é"},
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_the_token_is_refused(body: Any) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(request(body), Endpoint(URL, (PUBLISHED["token"],)), T0)


@given(st.binary(max_size=300))
def test_no_request_breaks_the_hook(body: bytes) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(request(body), Endpoint(URL, (SECRET,)), T0)
    with contextlib.suppress(Unreadable):
        assert isinstance(HOOK.notices(request(body)), tuple)


def test_a_notification_of_another_module_says_nothing() -> None:
    assert HOOK.notices(request(PUBLISHED)) == ()


def test_ids_have_to_be_read() -> None:
    at = datetime(2024, 6, 11, 14, 25, 53, 625000, tzinfo=UTC)
    both = said(ids=["1", "2", "1"], operation="insert")
    assert both == (Notice("Deals", "1", at), Notice("Deals", "2", at))
    assert said(module="Meetings", ids=["3"])[0].object == "Events"


def test_a_deletion_is_told_as_such() -> None:
    assert [(n.record_id, n.gone) for n in said(operation="delete")] == [
        ("5725767000003000010", True)
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"ids": []}, {"ids": None}, {"ids": ["x"]}, {"ids": [None]}, {"ids": "12"},
        {"server_time": "soon"}, {"server_time": -1}, {"server_time": 10**30},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(other: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        said(**other)
