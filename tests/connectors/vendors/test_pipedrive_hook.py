"""Pipedrive's webhooks: the password, and what the published ones say."""

import contextlib
from base64 import b64encode
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
from tests.connectors.vendors.pipedrive_ground import (
    ENDPOINT,
    HOOK,
    SECRET,
    T0,
    URL,
)
from tests.connectors.vendors.pipedrive_standin import pushed

# "Guide for Webhooks v2": the example of meta, with ids of digits in place of its crosses.
META: dict[str, Any] = {
    "action": "create", "entity": "deal", "company_id": "1", "entity_id": "9",
    "correlation_id": "6e3a5a6e-0000-4000-8000-000000000000",
    "id": "0b7c1d8e-0000-4000-8000-000000000000", "is_bulk_edit": False,
    "timestamp": "2023-01-01T00:00:00.000Z", "type": "general", "user_id": "1", "version": "2.0",
    "webhook_id": "1", "webhook_owner_id": "1", "change_source": "app", "attempt": 1,
    "host": "company.pipedrive.com", "permitted_user_ids": ["123", "456", "789"],
}  # fmt: skip
# Version 1, from the test event of PipedreamHQ/pipedream,
# components/pipedrive/sources/updated-deal-instant (shortened).
FIRST: dict[str, Any] = {
    "v": 1, "event": "updated.deal", "retry": 0,
    "meta": {
        "action": "updated", "change_source": "api", "company_id": 1234567890,
        "host": "subdomain.pipedrive.com", "id": 9, "is_bulk_update": False, "object": "deal",
        "timestamp": 1739827361, "timestamp_micro": 1739827361322662, "user_id": 1234567890, "v": 1,
    },
    "current": {"id": 9, "status": "open", "update_time": "2025-02-17 21:22:41"},
    "previous": {"id": 9, "status": "open", "update_time": "2025-02-17 19:46:52"},
}  # fmt: skip


def told(event: Any) -> tuple[Notice, ...]:
    return HOOK.notices(pushed(URL, SECRET, event))


def second(data: Any = None, previous: Any = None, **meta: Any) -> dict[str, Any]:
    return {"meta": {**META, **meta}, "data": data, "previous": previous}


def test_the_password_proves_it_whoever_the_user_is() -> None:
    for user in ("pacesetter", "", "an admin"):
        made = pushed(URL, SECRET, second(), user)
        assert HOOK.verify(made, ENDPOINT, T0) is None
    both = Endpoint(URL, ("the-next", SECRET))
    assert HOOK.verify(pushed(URL, SECRET, second()), both, T0) is None


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Basic", "Basic !!!", "Basic é", "Bearer czNjcmV0",
        "Basic " + b64encode(b"pacesetter:wrong").decode(),
        "Basic " + b64encode(b"s3cret").decode(),
        "Basic " + b64encode(b"pacesetter:").decode(),
        "Basic " + b64encode(b"pacesetter:s3cret ").decode(),
        "Basic " + b64encode(b"\xff:\xff").decode(),
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_the_password_is_refused(header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    with pytest.raises(Unsigned):
        HOOK.verify(Request("POST", "/", headers, b"{}"), ENDPOINT, T0)


@given(st.text(max_size=60), st.binary(max_size=300))
def test_no_request_breaks_the_hook(header: str, body: bytes) -> None:
    made = Request("POST", "/", {"authorization": header}, body)
    with pytest.raises(Unsigned):
        HOOK.verify(made, ENDPOINT, T0)
    with contextlib.suppress(Unreadable):
        assert isinstance(HOOK.notices(made), tuple)


def test_the_published_webhook_has_its_deal_read() -> None:
    assert told(second({})) == (Notice("deals", "9", datetime(2023, 1, 1, tzinfo=UTC)),)


def test_the_published_webhook_of_version_one_is_understood() -> None:
    at = datetime(2025, 2, 17, 21, 22, 41, tzinfo=UTC)
    assert told(FIRST) == (Notice("deals", "9", at),)


def test_a_deletion_is_told_in_both_versions() -> None:
    gone = told(second(None, {"id": 9, "status": "open"}, action="delete"))
    assert [(n.record_id, n.gone, n.merged_into) for n in gone] == [("9", True, None)]
    old = {**FIRST, "meta": {**FIRST["meta"], "action": "deleted"}, "current": None}
    assert [(n.record_id, n.gone) for n in told(old)] == [("9", True)]


def test_a_merge_is_an_end_and_a_change() -> None:
    end = told(second(None, {"id": 9}, action="delete", merged_to_id="10"))
    assert [(n.record_id, n.gone, n.merged_into) for n in end] == [("9", True, "10")]
    change = told(second({}, {}, action="change", entity_id="10", merged_from_id="9"))
    assert [(n.record_id, n.gone, n.merged_into) for n in change] == [
        ("9", True, "10"), ("10", False, None),
    ]  # fmt: skip
    old = {**FIRST, "meta": {**FIRST["meta"], "action": "merged"}, "previous": {"id": 4}}
    assert [(n.record_id, n.gone) for n in told(old)] == [("4", True), ("9", False)]


@pytest.mark.parametrize("entity", ["person", "lead", "note", "dealx", None, 7])
def test_what_is_no_deal_or_activity_says_nothing(entity: Any) -> None:
    assert told(second({}, entity=entity, entity_id="b3a1e0a0-0000")) == ()


@pytest.mark.parametrize(
    "event",
    [
        [], "x", {}, {"meta": []},
        second(entity_id="x9"), second(entity_id=None), second(entity_id=True),
        second(timestamp="soon"), second(timestamp=None), second(timestamp=10**30),
        second(timestamp="2025-02-17 21:22:41"), second(action="delete", merged_to_id="x"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(event: Any) -> None:
    with pytest.raises(Unreadable):
        told(event)


@pytest.mark.parametrize("written", ["1672531200", 1672531200, "2023-01-01T01:00:00+01:00"])
def test_a_timestamp_is_read_however_it_is_written(written: Any) -> None:
    (notice,) = told(second(timestamp=written))
    assert notice.at == datetime(2023, 1, 1, tzinfo=UTC)
