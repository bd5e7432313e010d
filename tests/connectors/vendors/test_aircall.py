"""Aircall: published payloads, its token, pages, limits, and what becomes of its calls."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from connectors.sources.vendors.aircall import VENDOR, Client, Hook, Settings
from connectors.sources.vendors.contract import (
    Denied,
    Endpoint,
    Request,
    Unavailable,
    Unreadable,
    Unsigned,
    User,
)
from tests.connectors.vendors.aircall_standin import Aircall
from tests.connectors.vendors.mapped import mapped

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
URL = "https://in.example.com/hooks/aircall"
TOKEN = "cebcaac65XXXXXXXXXx"
# Aircall's API reference, sample of call.created, as quoted in hookdeck/webhook-skills
# skills/aircall-webhooks/references/overview.md; ended as the reference describes call.ended.
PUBLISHED = {
    "resource": "call",
    "event": "call.created",
    "timestamp": 1732622896,
    "token": TOKEN,
    "data": {
        "id": 123,
        "direct_link": "https://api.aircall.io/v1/calls/123",
        "direction": "outbound",
        "call_uuid": "CAed058bba60a84d62c77cee898a852b05",
        "status": "initial",
        "missed_call_reason": None,
        "started_at": 1732622895,
        "answered_at": None,
        "ended_at": None,
        "duration": 0,
        "cost": "0",
        "hangup_cause": None,
        "voicemail": None,
        "recording": None,
        "raw_digits": "+1 800-123-4567",
        "participants": [
            {"phone_number": "+1 800-123-4567", "type": "external"},
            {"id": 123, "name": "John Doe", "type": "user"},
        ],
        "user": {},
        "contact": {},
        "number": {},
    },
}


def request(body: object) -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("POST", "/hooks/aircall", {"content-type": "application/json"}, data)


def ended(event: str = "call.ended", **said: object) -> dict[str, object]:
    data = {**PUBLISHED["data"], "status": "done", "answered_at": 1732622900,
            "ended_at": 1732622960, "duration": 65, "user": {"id": 456}, **said}  # fmt: skip
    return {**PUBLISHED, "event": event, "timestamp": 1732622990, "data": data}


@pytest.fixture
def vendor():
    with Aircall() as aircall:
        aircall.user("456", "madelaine.dupont@aircall.io", "Madelaine Dupont")
        yield aircall


@pytest.fixture
def client(vendor):
    client = Client(Settings(**vendor.settings))
    yield client
    client.close()


def test_the_token_in_the_body_is_the_proof_and_either_of_two_is_good():
    endpoint = Endpoint(URL, ("old", TOKEN))
    assert Hook().verify(request(PUBLISHED), endpoint, NOW) is None
    for wrong in ({**PUBLISHED, "token": "no"}, {**PUBLISHED, "token": 1}, [], {}, b"\xff", b"{"):
        with pytest.raises(Unsigned):
            Hook().verify(request(wrong), endpoint, NOW)
    with pytest.raises(Unsigned):
        Hook().verify(request({**PUBLISHED, "token": ""}), Endpoint(URL, ("",)), NOW)


def test_a_call_is_told_once_it_has_ended():
    assert Hook().notices(request(PUBLISHED)) == ()
    assert Hook().notices(request(ended("call.hungup"))) == ()
    (notice,) = Hook().notices(request(ended()))
    assert (notice.object, notice.record_id, notice.gone) == ("calls", "123", False)
    assert notice.at == datetime.fromtimestamp(1732622960, UTC)


def test_talk_is_counted_from_the_answer_not_from_the_first_ring():
    event = mapped(VENDOR, Hook().notices(request(ended()))[0])
    assert event.message == "call"
    assert event.record["entity_id"] == "dialer:CAed058bba60a84d62c77cee898a852b05"
    assert (event.record["source_id"], event.record["owner_id"]) == ("123", "456")
    assert event.record["talk_seconds"] == 60
    assert (event.record["status"], event.record["connected"]) == ("COMPLETED", True)
    assert event.record["direction"] == "OUTBOUND"
    assert event.record["revision"] == 1732622960_000_000


@pytest.mark.parametrize(
    ("said", "status"),
    [({}, "NO_ANSWER"), ({"voicemail": "https://example.com/v.mp3"}, "VOICEMAIL")],
)
def test_a_call_nobody_answered_has_no_talk(said, status):
    body = ended(answered_at=None, user={}, **said)
    record = mapped(VENDOR, Hook().notices(request(body))[0]).record
    assert (record["status"], record["connected"], record["talk_seconds"]) == (status, False, None)
    assert record["owner_id"] is None


def test_a_tag_given_later_is_a_later_revision():
    body = ended("call.tagged", tags=[{"id": 1, "name": "Interested"}])
    record = mapped(VENDOR, Hook().notices(request(body))[0]).record
    assert record["disposition"] == "Interested"
    assert record["revision"] == 1732622990_000_000


@pytest.mark.parametrize("body", [b"[]", b'{"event": 7}', b'{"event": "call.ended"}'])
def test_a_verified_body_that_is_no_event_is_set_aside(body):
    with pytest.raises(Unreadable):
        Hook().notices(request(b'{"resource": "call", ' + body[1:] if body[:1] == b"{" else body))


def test_what_is_no_call_is_taken_and_ignored():
    assert (
        Hook().notices(request({**PUBLISHED, "resource": "number", "event": "number.closed"})) == ()
    )


def test_a_push_and_a_listing_make_the_same_event(vendor, client):
    vendor.put("call", "8", NOW, owner="456", uuid="CA8", seconds=90, connected=True)
    (push,) = vendor.pushes(URL, TOKEN)
    (page,) = client.changed("calls", NOW - timedelta(minutes=5), None)
    assert mapped(VENDOR, page.notices[0]) == mapped(VENDOR, Hook().notices(push)[0])


def test_a_listing_goes_through_all_pages_and_on_from_its_cursor(vendor, client):
    for i in range(120):
        vendor.put("call", str(i), NOW + timedelta(minutes=i), owner="456", seconds=30)
    pages = list(client.changed("calls", NOW - timedelta(days=1), None))
    assert [len(page.notices) for page in pages] == [50, 50, 20]
    assert {n.record_id for page in pages for n in page.notices} == {str(i) for i in range(120)}
    assert pages[0].total == 120
    vendor.put("call", "late", NOW + timedelta(minutes=121), owner="456", seconds=30)
    again = {
        n.record_id for p in client.changed("calls", None, pages[-1].cursor) for n in p.notices
    }
    assert "late" in again


def test_a_long_call_that_began_before_the_cursor_is_found(vendor, client):
    vendor.put("call", "long", NOW, owner="456", seconds=7200)
    found = [
        n for p in client.changed("calls", NOW - timedelta(minutes=5), None) for n in p.notices
    ]
    assert [n.record_id for n in found] == ["long"]


def test_a_later_change_whose_push_was_lost_is_found_once_a_day(vendor, client, monkeypatch):
    vendor.put("call", "1", NOW, owner="7", seconds=60)
    vendor.put("call", "2", NOW + timedelta(hours=30), owner="7", seconds=60)
    cursor = [*client.changed("calls", None, None)][-1].cursor

    def found() -> list[str]:
        return [n.record_id for p in client.changed("calls", None, cursor) for n in p.notices]

    assert found() == ["2"]
    tomorrow = time.time() + 86_401
    monkeypatch.setattr("time.time", lambda: tomorrow)
    pages = [*client.changed("calls", None, cursor)]
    assert [n.record_id for p in pages for n in p.notices] == ["1", "2"]
    cursor = pages[-1].cursor
    assert found() == ["2"], "once"


def test_calls_are_read_by_id_and_one_that_is_not_there_is_none(vendor, client):
    vendor.put("call", "8", NOW, owner="456", seconds=90)
    read = client.read("calls", ["8", "9"])
    assert read["8"]["talk_seconds"] == 90
    assert read["9"] is None


def test_users_come_with_their_addresses(client):
    assert list(client.users()) == [User("456", "Madelaine Dupont", "madelaine.dupont@aircall.io")]


def test_patience_is_asked_for_and_a_wrong_key_told(vendor, client):
    assert all(finding.ok for finding in client.check())
    assert client.quota().left == 59
    vendor.limit(1)
    with pytest.raises(Unavailable) as asked:
        client.read("calls", ["1"])
    assert asked.value.retry_after == 1
    vendor.outage(True)
    with pytest.raises(Unavailable):
        list(client.users())
    vendor.outage(False)
    wrong = Client(Settings(**{**vendor.settings, "api_token": "stale"}))
    findings = wrong.check()
    wrong.close()
    assert not any(finding.ok for finding in findings)
    assert all("stale" not in f.what + f.remedy for f in findings)


def test_a_webhook_that_aircall_switched_off_is_switched_on_again(vendor, client):
    with pytest.raises(Denied):
        client.subscribe(URL, TOKEN)
    vendor.webhooks.append({"webhook_id": "w1", "url": URL, "active": False, "token": TOKEN})
    assert client.subscribe(URL, TOKEN)
    assert vendor.webhooks[0]["active"] is True
    assert client.subscribe(URL, TOKEN) == ()
