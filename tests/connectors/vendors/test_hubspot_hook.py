"""HubSpot's pushes: signatures and notices as published."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

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
from tests.connectors.vendors.hubspot_ground import HOOK, SECRET, URL
from tests.connectors.vendors.hubspot_records import pushed

STAMP = "1564113600123"
SIGNED_AT = datetime.fromtimestamp(1564113600.123, UTC)
BODY = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"appId":54321,'
    b'"occurredAt":1564113600000,"subscriptionType":"deal.propertyChange","attemptNumber":0,'
    b'"objectId":123,"propertyName":"dealstage","propertyValue":"closedwon","changeSource":"CRM"}]'
)
SIGNATURE = "p6hPZZiPlFqgaL4H950pyR44FksCn+zG0T7XV1z7d4U="


def request(body: bytes = BODY, signature: str | None = SIGNATURE, stamp: str = STAMP) -> Request:
    parts = urlsplit(URL)
    headers = {"x-hubspot-request-timestamp": stamp}
    if signature is not None:
        headers["x-hubspot-signature-v3"] = signature
    return Request("POST", f"{parts.path}?{parts.query}", headers, body)


def event(what: str, object_id: Any = 123, at: int = 1462216307945, **more: Any) -> dict[str, Any]:
    """Return an event with the fields of the documentation's example."""
    return {
        "eventId": 1, "subscriptionId": 12345, "portalId": 62515, "appId": 54321,
        "occurredAt": at, "subscriptionType": what, "attemptNumber": 0, "objectId": object_id,
        "changeSource": "CRM", **more,
    }  # fmt: skip


def notices(*events: Any) -> tuple[Notice, ...]:
    return HOOK.notices(request(json.dumps(events).encode()))


# --- signatures


def test_the_published_signature_is_taken() -> None:
    # hubspot-api-python, tests/spec/utils/test_signature.py, test_get_signature__v3.
    body = b"{'example_field':'example_value'}"
    endpoint = Endpoint(
        "https://www.example.com/webhook_uri", ("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",)
    )
    signature = "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw="
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=15_000_000)
    assert HOOK.verify(request(body, signature, "15000000"), endpoint, now) is None


def test_a_signature_over_a_query_and_a_deal_is_taken_with_either_secret() -> None:
    for secrets in ((SECRET,), ("the-next-secret", SECRET)):
        assert HOOK.verify(request(), Endpoint(URL, secrets), SIGNED_AT) is None


@pytest.mark.parametrize(
    ("written", "signed"),
    [("/a%3Ab%2fc%40d?x=%21%24%27%28%29%2A%2C%3B", "/a:b/c@d?x=!$'()*,;"), ("/a%20b", "/a%20b")],
)
def test_the_twelve_documented_escapes_are_decoded_and_no_other(written: str, signed: str) -> None:
    base = "https://ingest.example.com"
    made = pushed(base + signed, SECRET, [], SIGNED_AT)
    assert HOOK.verify(made, Endpoint(base + written, (SECRET,)), SIGNED_AT) is None


@pytest.mark.parametrize(
    "wrong",
    [
        request(signature=None),
        request(signature=""),
        request(signature=SIGNATURE[:-2]),
        request(signature="é" * 44),
        request(body=BODY + b" "),
        request(stamp="1564113600124"),
        request(stamp=""),
        request(stamp="-1"),
        request(stamp="9" * 400),
        request(stamp="1564113600123.0"),
        request(stamp="١٥٦٤١١٣٦٠٠١٢٣"),
    ],
)
def test_whatever_is_wrong_with_a_signature_is_refused(wrong: Request) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(wrong, Endpoint(URL, (SECRET,)), SIGNED_AT)


@pytest.mark.parametrize("late", [timedelta(minutes=5, seconds=1), timedelta(minutes=-6)])
def test_a_signature_of_another_time_is_refused(late: timedelta) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(request(), Endpoint(URL, (SECRET,)), SIGNED_AT + late)


def test_versions_one_and_two_are_refused_because_they_can_be_repeated() -> None:
    # "v1 request validation" of HubSpot's documentation: the request and its hash.
    secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
    body = (
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
        b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,'
        b'"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
    )
    headers = {
        "x-hubspot-signature": "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
        "x-hubspot-signature-version": "v1",
        "x-hubspot-request-timestamp": STAMP,
    }
    old = Request("POST", "/webhook_uri", headers, body)
    with pytest.raises(Unsigned):
        HOOK.verify(old, Endpoint("https://www.example.com/webhook_uri", (secret,)), SIGNED_AT)


@given(st.binary(max_size=200), st.text(max_size=50), st.text(max_size=20))
def test_no_request_breaks_the_hook(body: bytes, signature: str, stamp: str) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(request(body, signature, stamp), Endpoint(URL, (SECRET,)), SIGNED_AT)
    with contextlib.suppress(Unreadable):
        assert isinstance(HOOK.notices(request(body)), tuple)


# --- notices


def test_the_published_event_is_of_a_contact_and_says_nothing_of_ours() -> None:
    # "Webhooks API" of HubSpot's documentation.
    assert notices(event("contact.creation", changeFlag="NEW")) == ()


@pytest.mark.parametrize(
    ("said", "thing"),
    [
        (event("deal.creation"), "deals"),
        (event("deal.propertyChange", propertyName="amount", propertyValue="10"), "deals"),
        (event("deal.restore"), "deals"),
        (event("object.creation", objectTypeId="0-3"), "deals"),
        (event("object.propertyChange", objectTypeId="0-48"), "calls"),
        (event("object.creation", objectTypeId="0-49"), "emails"),
        (event("object.restore", objectTypeId="0-47"), "meetings"),
    ],
)
def test_a_change_has_to_be_read(said: dict[str, Any], thing: str) -> None:
    at = datetime(2016, 5, 2, 19, 11, 47, 945000, tzinfo=UTC)
    assert notices(said) == (Notice(thing, "123", at),)


def test_a_deletion_is_told_as_such() -> None:
    (notice,) = notices(event("deal.deletion"))
    assert (notice.record_id, notice.gone, notice.merged_into) == ("123", True, None)


def test_a_merge_ends_all_that_were_merged_and_begins_the_new_one() -> None:
    merge = event(
        "deal.merge", 30, primaryObjectId=10, mergedObjectIds=[20], newObjectId=30,
        numberOfPropertiesMoved=3,
    )  # fmt: skip
    said = {n.record_id: (n.gone, n.merged_into) for n in notices(merge)}
    assert said == {"10": (True, "30"), "20": (True, "30"), "30": (False, None)}


def test_a_merge_without_a_new_record_keeps_the_primary_one() -> None:
    merge = event("deal.merge", 10, primaryObjectId=10, mergedObjectIds=[20])
    said = {n.record_id: (n.gone, n.merged_into) for n in notices(merge)}
    assert said == {"20": (True, "10"), "10": (False, None)}


@pytest.mark.parametrize(
    "sides",
    [
        {"associationType": "DEAL_TO_COMPANY", "fromObjectId": 5, "toObjectId": 8},
        {"associationType": "COMPANY_TO_DEAL", "fromObjectId": 8, "toObjectId": 5},
        {"fromObjectTypeId": "0-3", "toObjectTypeId": "0-2", "fromObjectId": 5, "toObjectId": 8},
    ],
)
def test_a_changed_association_has_its_deal_read(sides: dict[str, Any]) -> None:
    said = {**event("deal.associationChange"), **sides, "associationRemoved": False}
    assert [(n.object, n.record_id) for n in notices(said)] == [("deals", "5")]


def test_of_one_record_the_latest_counts_whatever_the_order() -> None:
    deleted = event("deal.deletion", at=1_700_000_000_000)
    restored = event("deal.restore", at=1_700_000_001_000)
    changed = event("deal.propertyChange", at=1_699_999_999_000, propertyName="amount")
    for said in ((deleted, restored, changed), (restored, changed, deleted)):
        (notice,) = notices(*said)
        assert (notice.gone, notice.at) == (False, datetime.fromtimestamp(1_700_000_001, UTC))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[1]", b"\xff", b"[" * 50_000,
        json.dumps([event("deal.creation", "abc")]).encode(),
        json.dumps([event("deal.creation", None)]).encode(),
        json.dumps([event("deal.creation", True)]).encode(),
        json.dumps([event("deal.creation", at=-5)]).encode(),
        json.dumps([event("deal.merge", primaryObjectId=1)]).encode(),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(body: bytes) -> None:
    with pytest.raises(Unreadable):
        HOOK.notices(request(body))
