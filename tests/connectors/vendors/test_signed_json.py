"""Signed JSON and CloudEvents: GitHub's own vector, all modes, and what is no event of ours."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sources.vendors.contract import Endpoint, Notice, Request, Unreadable, Unsigned
from connectors.sources.vendors.signed_json import CLOUDEVENTS, SIGNED, Hook
from tests.connectors.vendors.mapped import mapped
from tests.connectors.vendors.signed_json_standin import CloudSender, Sender

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
URL, SECRET = "https://in.example.com/hooks/erp", "It's a Secret to Everybody"
ENDPOINT = Endpoint(URL, ("older", SECRET))
# docs.github.com, "Validating webhook deliveries": secret, payload and signature of its example
VECTOR = (
    "Hello, World!",
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
)
CALL = {
    "source_id": "c-1", "revision": "2026-03-02T11:00:00Z", "created_at": "2026-03-02T10:55:00Z",
    "occurred_at": "2026-03-02T10:55:00Z", "direction": "OUTBOUND", "status": "COMPLETED",
    "owner_id": "u-1", "talk_seconds": 90,
}  # fmt: skip
# CloudEvents 1.0.2, HTTP protocol binding, examples of section 3, with a type and data of ours
EVENT = {"specversion": "1.0", "type": "io.spm.call.changed.v1", "time": "2026-03-02T11:00:00Z",
         "id": "1234-1234-1234", "source": "/mycontext/subcontext", "subject": "c-1"}  # fmt: skip


def request(body: object, kind: str = "application/json", **headers: str) -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", "/hooks/erp", {"content-type": kind, **told}, data)


def test_githubs_own_signature_is_good_and_a_changed_byte_is_not():
    body, signature = VECTOR
    good = request(body.encode(), x_hub_signature_256=signature)
    assert Hook().verify(good, ENDPOINT, NOW) is None
    for wrong in (signature[:-1] + "8", signature.removeprefix("sha256="), "sha256=", "", "ü"):
        with pytest.raises(Unsigned):
            Hook().verify(request(body.encode(), x_hub_signature_256=wrong), ENDPOINT, NOW)
    with pytest.raises(Unsigned):
        Hook().verify(request(b"Hello, World?", x_hub_signature_256=signature), ENDPOINT, NOW)


def test_a_bearer_token_is_a_proof_too_and_a_wrong_signature_is_not_mended_by_it():
    assert Hook().verify(request(EVENT, authorization=f"bearer {SECRET}"), ENDPOINT, NOW) is None
    for wrong in ("", "Bearer", "Bearer guess", f"Basic {SECRET}"):
        with pytest.raises(Unsigned):
            Hook().verify(request(EVENT, authorization=wrong), ENDPOINT, NOW)
    both = request(EVENT, authorization=f"Bearer {SECRET}", x_hub_signature_256="sha256=00")
    with pytest.raises(Unsigned):
        Hook().verify(both, ENDPOINT, NOW)
    with pytest.raises(Unsigned):
        Hook().verify(request(EVENT, authorization="Bearer "), Endpoint(URL, ("",)), NOW)


@settings(max_examples=50)
@given(st.binary(max_size=80), st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_sent_is_refused_or_set_aside_and_nothing_else(body, signature, kind):
    told = Request(
        "POST", "/hooks/erp", {"content-type": kind, "x-hub-signature-256": signature}, body
    )
    with pytest.raises(Unsigned):
        Hook().verify(told, ENDPOINT, NOW)
    try:
        Hook().notices(Request("POST", "/", {"content-type": "application/json"}, body))
    except Unreadable:
        return


def test_one_event_an_array_and_lines_say_the_same():
    event = {"message": "call", **CALL}
    one = Hook().notices(request(event))
    assert Hook().notices(request([event, event])) == one * 2
    lines = json.dumps(event).encode() + b"\n\n" + json.dumps(event).encode()
    assert Hook().notices(request(lines, "application/x-ndjson")) == one * 2
    made = mapped(SIGNED, one[0])
    assert (made.message, made.record["source_id"], made.record["talk_seconds"]) == (
        "call",
        "c-1",
        90,
    )


def test_all_modes_of_cloudevents_say_the_same():
    structured = Hook().notices(request({**EVENT, "data": CALL}, "application/cloudevents+json"))
    batch = Hook().notices(request([{**EVENT, "data": CALL}], "application/cloudevents-batch+json"))
    binary = Hook().notices(request(CALL, **{f"ce_{name}": value for name, value in EVENT.items()}))
    assert structured == batch == binary
    assert structured[0].at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert mapped(CLOUDEVENTS, structured[0]).record["owner_id"] == "u-1"


def test_what_data_leaves_out_is_taken_from_the_envelope():
    data = {name: value for name, value in CALL.items() if name not in ("source_id", "revision")}
    (notice,) = Hook().notices(request({**EVENT, "data": data}, "application/cloudevents+json"))
    made = mapped(CLOUDEVENTS, notice).record
    assert (made["source_id"], made["revision"]) == ("c-1", 1772449200_000_000)


def test_what_was_cancelled_is_gone():
    event = {**EVENT, "type": "io.spm.call.cancelled.v1", "data": CALL}
    (notice,) = Hook().notices(request(event, "application/cloudevents+json"))
    assert (notice.record_id, notice.gone) == ("c-1", True)
    (other,) = Hook().notices(request({"message": "call", "op": "CANCELLED", **CALL}))
    assert other.gone


def test_an_event_of_anothers_type_is_an_object_of_the_companys_mapping():
    event = {**EVENT, "type": "com.acme.opportunity.updated", "data": {"Amount": 12}}
    (notice,) = Hook().notices(request(event, "application/cloudevents+json"))
    assert (notice.object, notice.record_id) == ("com.acme.opportunity.updated", "c-1")
    assert notice.record["Amount"] == 12
    assert notice.record["cloudevent"]["source"] == "/mycontext/subcontext"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"{}", "text/xml"),
        ({"message": "lead", **CALL}, "application/json"),
        ({"message": "call"}, "application/json"),
        ([7], "application/json"),
        ({**EVENT, "specversion": "0.3", "data": CALL}, "application/cloudevents+json"),
        ({**EVENT, "data": "text"}, "application/cloudevents+json"),
        ({**EVENT, "type": "", "data": CALL}, "application/cloudevents+json"),
        ([{"message": "call", **CALL}] * 1001, "application/json"),
    ],
)
def test_what_makes_no_sense_is_set_aside(body, kind):
    with pytest.raises(Unreadable):
        Hook().notices(request(body, kind))


@pytest.mark.parametrize("sender", [Sender, CloudSender])
def test_both_senders_tell_changes_and_ends(sender):
    system = sender()
    system.put(
        "deal",
        "d-1",
        NOW,
        owner="u-1",
        name="Acme",
        amount="10.50",
        stage="WON",
        splits=(("u-1", "1"),),
    )
    system.delete("deal", "d-1", NOW)
    pushes = system.pushes(URL, SECRET)
    assert [Hook().verify(push, ENDPOINT, NOW) for push in pushes] == [None, None]
    (changed,), (gone,) = (Hook().notices(push) for push in pushes)
    record = mapped(SIGNED, changed).record
    assert (record["amount"], record["splits"][0]["owner_id"]) == (Decimal("10.50"), "u-1")
    assert gone == Notice("deal", "d-1", gone.at, gone=True)
