"""Standard Webhooks: the specification's own vector, and what a delivery says."""

import json
from datetime import UTC, datetime

import pytest

from connectors.sources.vendors.contract import Endpoint, Request, Unreadable, Unsigned
from connectors.sources.vendors.webhook import VENDOR, WebhookHook
from tests.connectors.vendors.mapped import mapped

# Source: standard-webhooks/standard-webhooks, libraries' tests, 1.0.0.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNED = Request(
    "POST",
    "/hooks/webhook",
    {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    b'{"test": 2432232314}',
)
NOW = datetime.fromtimestamp(1614265330, UTC)
OTHER = "whsec_" + "A" * 32
HOOK = WebhookHook()


def endpoint(*secrets: str) -> Endpoint:
    return Endpoint("https://hooks.example.com/hooks/webhook", secrets)


def changed(**headers: str) -> Request:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(SIGNED.method, SIGNED.target, {**SIGNED.headers, **told}, SIGNED.body)


def test_the_official_vector_is_taken_with_either_secret_while_one_is_replaced() -> None:
    HOOK.verify(SIGNED, endpoint(SECRET), NOW)
    HOOK.verify(SIGNED, endpoint(OTHER, SECRET), NOW)
    both = f"v1a,xyz v1,{'B' * 43}= {SIGNED.headers['webhook-signature']}"
    HOOK.verify(changed(webhook_signature=both), endpoint(SECRET), NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook_signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF="},
        {"webhook_signature": "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,\u00ff"},
        {"webhook_id": "msg_other"},
        {"webhook_id": ""},
        {"webhook_timestamp": "1614265331"},
        {"webhook_timestamp": "\u0661\u0662"},
        {"webhook_timestamp": "9" * 40},
    ],
)
def test_what_is_not_signed_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Unsigned):
        HOOK.verify(changed(**headers), endpoint(SECRET), NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_was_signed_long_ago_or_ahead_is_refused(seconds: int) -> None:
    then = datetime.fromtimestamp(1614265330 + seconds, UTC)
    with pytest.raises(Unsigned):
        HOOK.verify(SIGNED, endpoint(SECRET), then)


def told(**body: object) -> Request:
    return Request("POST", "/", {}, json.dumps(body).encode())


def test_a_delivery_tells_of_one_record() -> None:
    data = {"source_id": 17, "amount": 12.10}
    (notice,) = HOOK.notices(told(type="deal.changed", timestamp="2026-03-01T10:00:00Z", data=data))
    assert (notice.object, notice.record_id, notice.gone) == ("deal", "17", False)
    assert notice.record is not None
    assert str(notice.record["amount"]) == "12.1"
    (gone,) = HOOK.notices(
        told(type="call.cancelled", timestamp="2026-03-01T10:00:00Z", data={"source_id": "c1"})
    )
    assert gone.gone
    assert gone.at == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_a_delivery_with_a_bill_id_is_a_bill_of_the_deal_it_names() -> None:
    at = "2026-03-01T10:00:00Z"
    bill = {
        "source_id": "in_1", "entity_id": "salesforce:deal:006A", "bill_id": "INV-1",
        "currency": "EUR", "occurred_at": at, "revision": at, "invoiced_amount": "1000.50",
        "credit_note_amount": "0.50", "paid_amount": "400",
    }  # fmt: skip
    (notice,) = HOOK.notices(told(type="deal.changed", timestamp=at, data=bill))
    record = mapped(VENDOR, notice).record
    assert [record[name] for name in ("entity_id", "source", "source_id", "bill_id")] == [
        "salesforce:deal:006A", "webhook", "in_1", "INV-1",
    ]  # fmt: skip
    assert record["invoiced_amount"] - record["credit_note_amount"] == 1000
    assert record["paid_amount"] == 400
    deal = {
        "source_id": "17",
        "stage_class": "WON",
        "currency": "EUR",
        "created_at": at,
        "revision": at,
    }
    (notice,) = HOOK.notices(told(type="deal.changed", timestamp=at, data=deal))
    assert mapped(VENDOR, notice).record["bill_id"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"type": "contact.changed", "timestamp": "2026-03-01T10:00:00Z", "data": {}},
        {"type": "deal.changed", "timestamp": "2026-03-01", "data": {"source_id": "1"}},
        {"type": "deal.changed", "timestamp": "2026-03-01T10:00:00Z", "data": {}},
        {"type": "deal.changed", "timestamp": "2026-03-01T10:00:00Z", "data": []},
        {},
    ],
)
def test_what_makes_no_sense_says_so(body: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        HOOK.notices(told(**body))


def test_the_steps_name_the_address_and_the_secret() -> None:
    said = [step.replace("{url}", "https://h.example/hooks/x") for step in VENDOR.setup]
    assert any("https://h.example/hooks/x" in line for line in said)
