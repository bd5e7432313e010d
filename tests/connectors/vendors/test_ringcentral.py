"""RingCentral: handshake, token, published events and call log, sessions of several mailboxes."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.sources.vendors.contract import (
    Endpoint,
    Notice,
    Reply,
    Request,
    Unavailable,
    Unreadable,
    Unsigned,
)
from connectors.sources.vendors.ringcentral import VENDOR, Client, Hook, Settings, session
from tests.connectors.vendors.mapped import mapped
from tests.connectors.vendors.ringcentral_standin import RingCentral

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
URL, SECRET = "https://in.example.com/hooks/ringcentral", "hello-world"
ENDPOINT = Endpoint(URL, ("older", SECRET))
# ringcentral/ringcentral-api-docs, code-samples/voice/telephony-session-event.json, trimmed
PUBLISHED = {
    "uuid": "1823485288313944239",
    "event": "/restapi/v1.0/account/809646016/extension/809646016/telephony/sessions",
    "timestamp": "2020-06-14T19:27:18.390Z",
    "subscriptionId": "53300e7c-5e69-42bf-ab4d-179aabc6e869",
    "ownerId": "809646016",
    "body": {
        "sequence": 3,
        "sessionId": "425008160016",
        "telephonySessionId": "s-a6abd24ca6774373a8120a3390d3cbe8",
        "serverId": "10.13.22.28.TAM",
        "eventTime": "2020-06-14T19:27:18.340Z",
        "parties": [
            {
                "accountId": "809646016",
                "extensionId": "809646016",
                "id": "p-a6abd24ca6774373a8120a3390d3cbe8-2",
                "direction": "Inbound",
                "to": {"phoneNumber": "+19043014558", "extensionId": "809646016"},
                "from": {"phoneNumber": "+14083388064"},
                "status": {"code": "Setup", "rcc": False},
                "missedCall": False,
            }
        ],
        "origin": {"type": "Call"},
    },
}
# the same, docs/voice/call-log/api.md, detailed inbound response, trimmed; session and modified
# instant as the call log of today has them
LOGGED = {
    "id": "CALL_LOG_RECORD_ID",
    "sessionId": "SESSION_ID",
    "telephonySessionId": "s-a6abd24ca6774373a8120a3390d3cbe8",
    "startTime": "2016-06-06T18:26:52.000Z",
    "duration": 54,
    "type": "Voice",
    "direction": "Inbound",
    "action": "Phone Call",
    "result": "Accepted",
    "to": {"phoneNumber": "+PHONE_NUMBER"},
    "from": {"phoneNumber": "+PHONE_NUMBER", "name": "LOCATION_NAME"},
    "transport": "PSTN",
    "lastModifiedTime": "2016-06-06T18:28:03.335Z",
    "extension": {"id": 809646016},
}


def request(body: object, **headers: str) -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", "/hooks/ringcentral", told, data)


def ended(code: str = "Disconnected") -> dict[str, object]:
    party = {**PUBLISHED["body"]["parties"][0], "status": {"code": code}}
    return {**PUBLISHED, "body": {**PUBLISHED["body"], "parties": [party]}}


def test_a_handshake_is_echoed_within_its_limits():
    reply = Hook().verify(request(b"", validation_token="2a4f-1"), ENDPOINT, NOW)
    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert reply.headers["Validation-Token"] == "2a4f-1"
    for wrong in ("", "x" * 1000, "a\r\nSet-Cookie: b", "ü"):
        with pytest.raises(Unsigned):
            Hook().verify(request(b"", validation_token=wrong), ENDPOINT, NOW)


def test_either_token_of_the_subscription_is_the_proof():
    good = request(PUBLISHED, verification_token=SECRET)
    assert Hook().verify(good, ENDPOINT, NOW) is None
    for wrong in (request(PUBLISHED), request(PUBLISHED, verification_token="hello-worlD")):
        with pytest.raises(Unsigned):
            Hook().verify(wrong, ENDPOINT, NOW)


def test_a_session_is_read_when_a_party_has_left_it():
    assert Hook().notices(request(PUBLISHED)) == ()
    (notice,) = Hook().notices(request(ended()))
    assert notice.record_id == "s-a6abd24ca6774373a8120a3390d3cbe8"
    assert notice.record is None
    assert (
        Hook().notices(request({**PUBLISHED, "event": "/restapi/v1.0/subscription/~?threshold=1"}))
        == ()
    )


@pytest.mark.parametrize("body", [[], {}, {"event": "/telephony/sessions"}, b"\x00"])
def test_what_is_no_event_is_set_aside(body):
    with pytest.raises(Unreadable):
        Hook().notices(request(body))


def call(*entries: dict[str, object]) -> dict[str, object]:
    record = session(entries)
    return dict(mapped(VENDOR, Notice("calls", record["session_id"], None, record)).record)


def test_a_published_entry_of_the_call_log_becomes_a_call():
    made = call(LOGGED)
    assert made["entity_id"] == "dialer:s-a6abd24ca6774373a8120a3390d3cbe8"
    assert (made["owner_id"], made["direction"]) == ("809646016", "INBOUND")
    assert (made["status"], made["connected"], made["talk_seconds"]) == ("COMPLETED", True, 54)
    assert made["revision"] == 1465237683_335_000


def test_a_queue_that_rang_at_three_belongs_to_the_one_who_took_it_whatever_the_order():
    missed = [{**LOGGED, "id": i, "result": "Missed", "duration": 0, "extension": {"id": i}}
              for i in ("1", "2")]  # fmt: skip
    one, other = call(missed[0], LOGGED, missed[1]), call(missed[1], missed[0], LOGGED)
    assert one == other
    assert (one["owner_id"], one["status"]) == ("809646016", "COMPLETED")
    assert call(*missed)["talk_seconds"] is None


def test_a_call_between_colleagues_is_internal_and_the_callers():
    ends = {"from": {"extensionId": "7"}, "to": {"extensionId": "8"}}
    called = {**LOGGED, **ends, "id": "b", "extension": {"id": 8}}
    caller = {**called, "id": "c", "direction": "Outbound", "result": "Call connected",
              "extension": {"id": 7}}  # fmt: skip
    made = call(called, caller)
    assert (made["owner_id"], made["direction"]) == ("7", "INTERNAL")


@pytest.fixture
def vendor():
    with RingCentral() as ringcentral:
        ringcentral.user("7", "ana@example.com", "Ana")
        yield ringcentral


@pytest.fixture
def client(vendor):
    client = Client(Settings(**vendor.settings))
    yield client
    client.close()


def test_push_and_listing_make_the_same_event(vendor, client):
    vendor.put("call", "s-1", NOW, owner="7", seconds=60, connected=True)
    (push,) = vendor.pushes(URL, SECRET)
    (notice,) = Hook().notices(push)
    read = client.read("calls", [notice.record_id])["s-1"]
    pages = list(client.changed("calls", NOW - timedelta(minutes=5), None))
    (listed,) = [n for page in pages for n in page.notices]
    assert mapped(VENDOR, listed) == mapped(VENDOR, notice.__class__("calls", "s-1", None, read))


def test_a_call_that_is_not_in_the_log_yet_is_waited_for(vendor, client, monkeypatch):
    vendor.put("call", "s-1", NOW, owner="7", seconds=60)
    vendor.unlogged.add("s-1")
    with pytest.raises(Unavailable):
        client.read("calls", ["s-1"])
    monkeypatch.setattr("connectors.sources.vendors.ringcentral.LOGGED_SECONDS_MAX", 0.0)
    assert client.read("calls", ["s-1"]) == {"s-1": None}
    vendor.unlogged.clear()
    assert client.read("calls", ["s-1"])["s-1"] is not None


def test_a_listing_is_ascending_and_survives_an_expired_token(vendor, client):
    for i in range(70):
        vendor.put("call", f"s-{i:02}", NOW - timedelta(hours=i), owner="7", seconds=30)
    list(client.users())
    vendor.expire_tokens()
    ids = [
        n.record_id
        for p in client.changed("calls", NOW - timedelta(days=4), None)
        for n in p.notices
    ]
    assert ids == [f"s-{i:02}" for i in reversed(range(70))]
    assert client.quota().left == 9


def test_a_subscription_is_made_once_and_renewed_when_it_ends_or_is_blacklisted(vendor, client):
    assert client.subscribe(URL, SECRET)
    assert client.subscribe(URL, SECRET) == ()
    vendor.subscriptions[0]["status"] = "Blacklisted"
    assert "Blacklisted" in client.subscribe(URL, SECRET)[0]
    vendor.subscriptions[0]["expirationTime"] = "2020-01-01T00:00:00.000Z"
    assert client.subscribe(URL, SECRET)
    assert len(vendor.subscriptions) == 1


def test_people_come_with_addresses_and_a_wrong_app_is_told(vendor, client):
    (user,) = client.users()
    assert (user.user_id, user.email, user.is_active) == ("7", "ana@example.com", True)
    assert all(finding.ok for finding in client.check())
    wrong = Client(Settings(**{**vendor.settings, "jwt": "stale"}))
    assert not any(finding.ok for finding in wrong.check())
    wrong.close()
