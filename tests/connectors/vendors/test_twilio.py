"""Twilio: its own signature vectors, callbacks, and who a call with several legs belongs to."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from connectors.sources.vendors.contract import (
    Denied,
    Endpoint,
    Notice,
    Request,
    Unavailable,
    Unreadable,
    Unsigned,
)
from connectors.sources.vendors.twilio import VENDOR, Client, Hook, Settings, conversation
from tests.connectors.vendors.mapped import is_skipped, mapped
from tests.connectors.vendors.twilio_standin import TOKEN, Twilio, signed

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
URI = "https://mycompany.com/myapp.php?foo=1&bar=2"
# twilio/twilio-python, tests/unit/test_request_validator.py
VECTOR = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
DUPLICATES = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")]
BODY = b'{"property": "value", "boolean": true}'
BODY_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
# twilio/twilio-python, tests/integration/api/v2010/account/test_call.py, test_fetch_response
FETCHED = {
    "account_sid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "annotation": None,
    "answered_by": None,
    "date_created": "Tue, 31 Aug 2010 20:36:28 +0000",
    "date_updated": "Tue, 31 Aug 2010 20:36:44 +0000",
    "direction": "inbound",
    "duration": "15",
    "end_time": "Tue, 31 Aug 2010 20:36:44 +0000",
    "from": "+14158675308",
    "parent_call_sid": None,
    "sid": "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "start_time": "Tue, 31 Aug 2010 20:36:29 +0000",
    "status": "completed",
    "to": "+14158675309",
}


def told(uri: str, body: bytes, signature: str | None) -> Request:
    target = "/" + uri.split("://", 1)[1].partition("/")[2]
    headers = {} if signature is None else {"x-twilio-signature": signature}
    return Request("POST", target, headers, body)


def verify(uri: str, body: bytes, signature: str | None, *secrets: str) -> None:
    Hook().verify(told(uri, body, signature), Endpoint(uri, secrets or ("12345",)), NOW)


@pytest.mark.parametrize(
    ("uri", "body", "signature"),
    [
        (URI, urlencode(VECTOR), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URI, urlencode(DUPLICATES), "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (URI.replace(".com", ".com:1234"), urlencode(VECTOR), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (
            URI.replace(".com", ".com:1234").replace("https", "http"),
            urlencode(VECTOR),
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
        (URI, urlencode(VECTOR), "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (URI.replace("https", "http"), urlencode(VECTOR), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (f"{URI}&bodySHA256={BODY_HASH}", BODY.decode(), "a9nBmqA0ju/hNViExpshrM61xv4="),
    ],
)
def test_the_signatures_of_twilios_own_tests_are_good(uri, body, signature):
    verify(uri, body.encode(), signature)
    verify(uri, body.encode(), signature, "old", "12345")


@pytest.mark.parametrize(
    ("uri", "body", "signature"),
    [
        (URI, urlencode(VECTOR), None),
        (URI, urlencode(VECTOR), ""),
        (URI, urlencode(VECTOR), "RSOYDt4T1cUTdK1PDd93/VVr8B9="),
        (URI, urlencode(VECTOR), "\udcff\x00"),
        (URI, urlencode({**VECTOR, "Digits": "1235"}), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URI + "3", urlencode(VECTOR), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (f"{URI}&bodySHA256={BODY_HASH}", BODY.decode() + " ", "a9nBmqA0ju/hNViExpshrM61xv4="),
        (URI, "%ff=%fe&", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ],
)
def test_whatever_else_comes_is_refused_as_unsigned(uri, body, signature):
    with pytest.raises(Unsigned):
        verify(uri, body.encode(), signature)
    with pytest.raises(Unsigned):
        verify(URI, urlencode(VECTOR).encode(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "")


@pytest.mark.parametrize("status", ["completed", "busy", "no-answer", "failed", "canceled"])
def test_an_end_names_the_conversation_to_be_read(status):
    form = {**VECTOR, "CallStatus": status, "Timestamp": "Sun, 25 Mar 2018 09:53:19 +0000"}
    (notice,) = Hook().notices(told(URI, urlencode(form).encode(), None))
    assert notice == Notice(
        "calls", "CA1234567890ABCDE", datetime(2018, 3, 25, 9, 53, 19, tzinfo=UTC)
    )
    (leg,) = Hook().notices(told(URI, urlencode({**form, "ParentCallSid": "CA9"}).encode(), None))
    assert leg.record_id == "CA9"


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress"])
def test_what_goes_on_is_not_read_yet(status):
    form = urlencode({**VECTOR, "CallStatus": status}).encode()
    assert Hook().notices(told(URI, form, None)) == ()


def test_a_callback_of_something_else_is_set_aside():
    with pytest.raises(Unreadable):
        Hook().notices(told(URI, b"MessageSid=SM1&MessageStatus=sent", None))


def leg(
    sid: str, parent: str | None, caller: str, called: str, **said: object
) -> dict[str, object]:
    return {**FETCHED, "sid": sid, "parent_call_sid": parent, "from": caller, "to": called, **said}


def seen(root: dict[str, object], *legs: dict[str, object]) -> dict[str, object]:
    record = conversation(root, legs)
    return dict(mapped(VENDOR, Notice("calls", str(root["sid"]), None, record)).record)


def test_a_published_inbound_call_belongs_to_the_number_that_was_called():
    call = seen(FETCHED)
    assert call["owner_id"] == "+14158675309"
    assert (call["direction"], call["status"], call["talk_seconds"]) == ("INBOUND", "COMPLETED", 15)
    assert call["entity_id"] == "dialer:CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    assert call["revision"] == 1283287004_000_000


def test_a_software_phone_that_dials_out_owns_the_call_and_the_customers_leg_tells_how_it_went():
    root = leg("CA1", None, "client:ana", "", duration="90")
    out = leg("CA2", "CA1", "+15550100", "+14158675309", direction="outbound-dial", duration="60")
    call = seen(root, out)
    assert (call["owner_id"], call["direction"], call["talk_seconds"]) == (
        "client:ana",
        "OUTBOUND",
        60,
    )
    missed = seen(root, {**out, "status": "no-answer", "duration": "0"})
    assert (missed["status"], missed["connected"], missed["talk_seconds"]) == (
        "NO_ANSWER",
        False,
        None,
    )


def test_a_software_phone_that_dialled_nobody_made_no_call():
    record = conversation(leg("CA1", None, "client:ana", ""), [])
    assert is_skipped(VENDOR, Notice("calls", "CA1", None, record))


def test_an_inbound_call_belongs_to_who_answered_among_all_that_rang():
    root = leg("CA1", None, "+14158675309", "+15550100", duration="80")
    silent = leg("CA2", "CA1", "+14158675309", "client:bo", status="no-answer", duration="0",
                 direction="outbound-dial")  # fmt: skip
    talked = leg(
        "CA3", "CA1", "+14158675309", "client:ana", duration="55", direction="outbound-dial"
    )
    call = seen(root, silent, talked)
    assert (call["owner_id"], call["direction"], call["talk_seconds"]) == (
        "client:ana",
        "INBOUND",
        55,
    )
    assert seen(root, silent)["status"] == "NO_ANSWER"


def test_a_call_made_by_the_api_belongs_to_the_rep_it_connects():
    root = leg("CA1", None, "+15550100", "+14158675309", direction="outbound-api", duration="90")
    rep = leg("CA2", "CA1", "+15550100", "client:ana", direction="outbound-dial", duration="70")
    assert seen(root, rep)["owner_id"] == "client:ana"
    assert seen(root)["owner_id"] == "+15550100"
    machine = {**root, "answered_by": "machine_end_beep"}
    assert seen(machine)["status"] == "VOICEMAIL"


@pytest.fixture
def vendor():
    with Twilio() as twilio:
        yield twilio


@pytest.fixture
def client(vendor):
    client = Client(Settings(**vendor.settings))
    yield client
    client.close()


def test_push_and_listing_make_the_same_event_and_both_legs_name_one_call(vendor, client):
    url = "https://in.example.com/hooks/twilio"
    vendor.put("call", "CA7", NOW, owner="ana", seconds=60, connected=True)
    pushes = vendor.pushes(url, TOKEN)
    for push in pushes:
        assert Hook().verify(push, Endpoint(url, (TOKEN,)), NOW) is None
    named = {n.record_id for push in pushes for n in Hook().notices(push)}
    assert named == {"CA7"}
    read = client.read("calls", ["CA7", "CA8"])
    assert read["CA8"] is None
    pages = list(client.changed("calls", NOW - timedelta(minutes=5), None))
    (listed,) = [notice for page in pages for notice in page.notices]
    pushed = mapped(VENDOR, Notice("calls", "CA7", None, read["CA7"]))
    assert mapped(VENDOR, listed) == pushed
    assert (pushed.record["owner_id"], pushed.record["talk_seconds"]) == ("client:ana", 60)


def test_a_listing_is_ascending_over_all_pages_and_goes_on_from_its_cursor(vendor, client):
    for i in range(70):
        vendor.put("call", f"CA{i:03}", NOW - timedelta(hours=i), owner="ana", seconds=30)
    pages = list(client.changed("calls", NOW - timedelta(days=4), None))
    ids = [notice.record_id for page in pages for notice in page.notices]
    assert ids == [f"CA{i:03}" for i in reversed(range(70))]
    vendor.put("call", "CAnew", NOW + timedelta(minutes=1), owner="ana", seconds=30)
    later = [
        n.record_id for p in client.changed("calls", None, pages[-1].cursor) for n in p.notices
    ]
    assert "CAnew" in later
    assert "CA069" not in later


def test_signed_by_the_standin_is_signed_by_the_vector():
    assert (
        signed(URI, "12345", VECTOR).headers["x-twilio-signature"] == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    )


def test_patience_is_asked_for_and_a_wrong_token_told(vendor, client):
    assert all(finding.ok for finding in client.check())
    vendor.limit(1)
    with pytest.raises(Unavailable) as asked:
        client.read("calls", ["CA1"])
    assert asked.value.retry_after == 1
    wrong = Client(Settings(**{**vendor.settings, "auth_token": "stale"}))
    assert not any(finding.ok for finding in wrong.check())
    with pytest.raises(Denied):
        list(wrong.users())
    wrong.close()
