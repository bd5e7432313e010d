"""A deal and its bills: what is invoiced and paid is the sum of what stands."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.bills import billed, heard_deal, said_deal
from streams.domain.facts import AMOUNT_MAX, faults_of, stored_deal
from streams.engine.columns import dtypes, from_records
from tests.streams.engine.records import records

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
DEAL: dict[str, Any] = {
    "entity_id": "crm:deal:1", "source": "salesforce", "source_id": "006A", "revision": 9,
    "op": "SET", "created_at": AT, "occurred_at": AT, "owner_id": "u", "stage_id": "s",
    "stage_class": "WON", "amount": Decimal(1000), "currency": "USD", "deal_type": "NEW",
    "cancel_reason": "NONE", "splits": [],
}  # fmt: skip


def bill(number: int, invoiced: Any, paid: Any = None, **more: Any) -> dict[str, Any]:
    return {
        **{name: DEAL[name] for name in ("entity_id", "op", "created_at", "occurred_at")},
        "revision": 1, "source": "stripe", "source_id": f"in_{number}", "bill_id": f"INV-{number}",
        "stage_id": "", "stage_class": "UNKNOWN", "deal_type": "UNKNOWN", "currency": "USD",
        "cancel_reason": "NONE", "splits": [], "invoiced_amount": None if invoiced is None else
        Decimal(invoiced), "paid_amount": None if paid is None else Decimal(paid), **more,
    }  # fmt: skip


def one(*said: dict[str, Any]) -> dict[str, Any]:
    frame = pl.DataFrame(said, schema=dtypes("deal"), orient="row")
    made = billed(frame.with_columns(pl.lit(7, pl.Int64).alias("group")))
    assert made.drop("group").schema == frame.schema
    (row,) = made.to_dicts()
    return row


def money(made: dict[str, Any]) -> tuple[Any, Any]:
    return made["invoiced_amount"], made["paid_amount"]


def test_what_is_invoiced_and_paid_is_the_sum_of_the_bills_less_credit_notes() -> None:
    crm = DEAL | {"invoiced_amount": Decimal(5), "paid_amount": Decimal(5)}
    made = one(bill(2, 400, "400.01", credit_note_amount=Decimal("0.5")), crm, bill(1, 600, 100))
    assert money(made) == (Decimal("999.5"), Decimal("500.01"))
    assert (made["amount"], made["source_id"], made["bill_id"]) == (1000, "006A", None)


def test_of_what_no_bill_speaks_the_deals_own_record_does() -> None:
    crm = DEAL | {"invoiced_amount": Decimal(5), "paid_amount": Decimal(7)}
    assert money(one(crm, bill(1, 600))) == (600, 7)
    assert money(one(crm, bill(1, 600, 0))) == (600, 0)
    assert money(one(crm, bill(1, 600, op="CANCELLED"))) == (5, 7)


def test_a_bill_in_another_currency_counts_nothing_until_they_agree() -> None:
    foreign = bill(2, 900, 900, currency="EUR")
    assert money(one(DEAL, bill(1, 100, 50), foreign)) == (100, 50)
    assert money(one(DEAL, foreign)) == (None, None)
    assert money(one(DEAL | {"currency": "EUR"}, foreign)) == (900, 900)


def test_bills_of_a_deal_that_is_not_there_count_nothing() -> None:
    made = one(bill(2, 900, 900), bill(1, 5, cancelled_on=date(2026, 4, 1)))
    assert (made["op"], made["cancelled_on"], *money(made)) == ("CANCELLED", None, None, None)


def test_the_first_day_that_a_bill_names_cancels_the_deal() -> None:
    ends = [
        bill(n, 1, cancelled_on=date(2026, 4, day), cancel_reason=why)
        for n, day, why in ((1, 9, "REFUND"), (2, 3, "NON_PAYMENT"), (3, 5, "CHURN"))
    ]
    own = DEAL | {"cancelled_on": date(2026, 4, 1), "cancel_reason": "CHURN"}
    made = one(own, *ends)
    assert (made["cancelled_on"], made["cancel_reason"]) == (date(2026, 4, 3), "NON_PAYMENT")
    assert one(own, bill(1, 1))["cancelled_on"] == date(2026, 4, 1)


def test_more_than_can_be_credited_is_not_known_rather_than_wrong() -> None:
    huge = [bill(n, AMOUNT_MAX - 1, 1) for n in range(3)]
    assert money(one(DEAL, *huge)) == (None, 3)
    overlay = [{"owner_id": "v", "role": "OVERLAY", "share": Decimal(900)}]
    assert money(one(DEAL | {"splits": overlay}, bill(1, AMOUNT_MAX // 100, 1))) == (None, 1)


@pytest.mark.parametrize(
    ("field", "value"), [("bill_id", ""), ("credit_note_amount", Decimal(AMOUNT_MAX))]
)
def test_an_odd_bill_is_unusable(field: str, value: Any) -> None:
    frame = pl.DataFrame([bill(1, 5) | {field: value}], schema=dtypes("deal"), orient="row")
    assert field in frame.select(faults_of("deal")).item()


@settings(max_examples=25, deadline=None)
@given(st.lists(records("deal"), min_size=1, max_size=4))
def test_what_was_said_is_heard_to_the_last_digit(some: list[dict[str, Any]]) -> None:
    frame = from_records(some, "deal")
    rows = stored_deal(frame).with_columns(said_deal(frame))
    heard = heard_deal(rows).select(frame.columns)
    assert heard.equals(frame)
