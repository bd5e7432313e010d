"""Laws of the one check that all doors share."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import canonical, catalogue, codec
from schemas.codec import CatalogueIds
from schemas.examples import example
from tests import builders
from tests.strategies import JUNK, TEXT, events

FACTS = ("call", "email", "meeting", "deal", "progress")


def check(message: str, **changed: Any) -> tuple[dict[str, Any] | None, list[str]]:
    raw = getattr(builders, message)(**changed)
    raw.pop("message")
    record, errors = canonical.check(message, raw)
    return record, [str(e) for e in errors]


@settings(deadline=None)
@given(st.data())
def test_what_is_accepted_survives_the_wire_unchanged(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(FACTS))
    raw = data.draw(events(message))
    record, errors = canonical.check(message, raw)
    assert record is not None, [str(e) for e in errors]
    ids = CatalogueIds()
    assert codec.decode(codec.encode(message, record, ids), ids) == (message, record)


@settings(deadline=None)
@given(st.data())
def test_checking_again_changes_nothing(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(FACTS))
    record, _ = canonical.check(message, data.draw(events(message)))
    assert record is not None
    assert canonical.check(message, record) == (record, ())


@settings(deadline=None)
@given(st.data())
def test_whatever_comes_is_a_record_that_fits_or_named_errors(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(sorted(catalogue.messages())))
    names = [f["name"] for f in catalogue.schema(catalogue.latest(message))["fields"]]
    raw = data.draw(st.dictionaries(st.sampled_from(names) | TEXT, JUNK, max_size=12))
    if data.draw(st.booleans()) and message in FACTS:
        raw = {**data.draw(events(message)), **raw}
    record, errors = canonical.check(message, raw)
    if record is None:
        assert errors
        assert all(e.problem and e.remedy and str(e) for e in errors)
    else:
        codec.encode(message, record, CatalogueIds())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"amount": 12.5}, "amount is 12.5: is no exact number"),
        ({"amount": "12,50"}, "amount is '12,50': is no number"),
        ({"amount": "0.00001"}, "has more than 4 decimals"),
        ({"amount": "1.00000000000000000000000000001"}, "has more than 4 decimals"),
        ({"amount": "100000000000000"}, "is too large"),
        ({"amount": "1e99999999999"}, "amount"),
        ({"currency": "eur"}, "three capitals"),
        ({"stage_class": "CLOSED WON"}, "allowed are OPEN, WON, LOST, UNKNOWN"),
        ({"stage_class": "WONN"}, "did you mean WON?"),
        ({"stageclass": "WON"}, "did you mean stage_class?"),
        ({"occurred_at": "2026-03-02 10:00"}, "names no time zone"),
        ({"occurred_at": 1772445540}, "is no instant"),
        ({"close_date": "02.03.2026"}, 'write it as "2026-11-22"'),
        ({"owner_id": 17}, "put it in quotes"),
        ({"name": "x" * 1025}, "shorten it to 1024"),
        ({"name": "half \ud83d"}, "lone surrogate"),
        ({"source_id": "  "}, "source_id is '  ': is empty"),
        ({"splits": [{"owner_id": "a", "role": "REVENUE", "share": "0.6"}]}, "do not sum to 1"),
        ({"splits": [{"owner_id": "a", "role": "REVENUE"}]}, "splits[0].share: is missing"),
        ({"cancel_reason": "CHURN"}, "has no cancelled_on beside it"),
    ],
)
def test_a_wrong_deal_earns_field_value_and_remedy(changed: dict[str, Any], told: str) -> None:
    record, errors = check("deal", **changed)
    assert record is None
    assert any(told in error for error in errors), errors


def test_what_turned_out_to_be_another_is_cancelled() -> None:
    for said in ({"op": "SET"}, {"entity_id": "dialer:2"}):
        raw = {**example("call"), "op": "CANCELLED", "merged_into": "dialer:2", **said}
        raw.pop("message")
        record, errors = canonical.check("call", raw)
        assert record is None
        assert "merged_into" in str(errors[0])
    raw = {**example("call"), "op": "CANCELLED", "merged_into": "dialer:2"}
    raw.pop("message")
    assert canonical.check("call", raw)[0] is not None


BILL = {
    "source": "billing", "source_id": "in_1", "bill_id": "INV-1", "entity_id": "crm:deal:D-1",
    "revision": "2026-03-02T10:00:00Z", "created_at": "2026-03-02T10:00:00Z",
    "occurred_at": "2026-03-02T10:00:00Z", "currency": "EUR", "invoiced_amount": "100",
}  # fmt: skip


def test_a_bill_needs_nothing_of_the_deal_but_its_identity() -> None:
    record, errors = canonical.check("deal", BILL)
    assert not errors
    assert record is not None
    assert (record["entity_id"], record["stage_class"]) == ("crm:deal:D-1", "UNKNOWN")
    assert canonical.check("deal", {**BILL, "op": "CANCELLED", "invoiced_amount": None})[0]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"entity_id": None}, "give the entity_id of the deal it is a bill of"),
        ({"bill_id": " "}, "give the invoice's number"),
        ({"amount": "5"}, "amount is 5.0000: is not for a bill to say; send it with the deal"),
        ({"stage_class": "WON"}, "stage_class is 'WON': is not for a bill to say"),
        ({"invoiced_amount": None}, "give invoiced_amount, paid_amount or cancelled_on"),
        ({"credit_note_amount": "-1"}, "as a positive amount"),
        ({"invoiced_amount": None, "paid_amount": "1", "credit_note_amount": "1"}, "before credit"),
        ({"currency": "eur"}, "three capitals"),
        ({"cancel_reason": "CHURN"}, "has no cancelled_on beside it"),
    ],
)
def test_a_wrong_bill_earns_field_value_and_remedy(changed: dict[str, Any], told: str) -> None:
    raw = {name: value for name, value in {**BILL, **changed}.items() if value is not None}
    record, errors = canonical.check("deal", raw)
    assert record is None
    assert any(told in str(error) for error in errors), errors


def test_credit_notes_of_no_bill_are_refused() -> None:
    record, errors = check("deal", credit_note_amount="3")
    assert record is None
    assert "give bill_id if it is a bill" in str(errors[0])


def test_a_deal_may_have_overlays_alone() -> None:
    record, errors = check("deal", splits=[{"owner_id": "a", "role": "OVERLAY", "share": "0.25"}])
    assert errors == []
    assert record is not None


def test_amounts_are_exact_at_four_decimals() -> None:
    record, _ = check("deal", amount=Decimal("99999999999999.9999"))
    assert record is not None
    assert record["amount"] == Decimal("99999999999999.9999")


def test_identity_and_op_are_filled_in() -> None:
    record, _ = check("deal")
    assert record is not None
    assert (record["entity_id"], record["op"]) == ("crm:deal:D-1", "SET")
    assert record["revision"] == 1_772_445_600_000_000
