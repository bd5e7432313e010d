"""Messages made from columns are what the plain codec reads and writes."""

from datetime import date
from decimal import Decimal
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec
from streams.engine import columns, encoding
from streams.engine.encoding import encoded
from tests.streams.engine.records import IDS, records

# Those that are written in columns: no arrays, no instants.
MESSAGES = ["credit"]


@pytest.mark.parametrize("lines_min", [0, encoding.LINES_MIN])
@pytest.mark.parametrize("message", MESSAGES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_by_columns_is_as_the_codec_does_it(message: str, lines_min: int, data: Any) -> None:
    # Once and many times: columns whose values repeat are encoded together.
    some = data.draw(st.lists(records(message), max_size=5)) * data.draw(st.sampled_from([1, 20]))
    frame = columns.from_records(some, message)
    expected = [codec.encode(message, _without_empty(record), IDS) for record in some]
    with mock.patch.object(encoding, "LINES_MIN", lines_min):
        assert list(encoded(message, frame, IDS)) == expected


def test_columns_as_the_warehouse_gives_them() -> None:
    """Its integers are unsigned, its texts never null, and it may know a symbol we do not."""
    record = {
        "rep_id": "r1", "deal_id": "d", "role": "REVENUE", "via": "0", "topic": "crm.deals",
        "partition": 3, "position": 2**62, "deleted": False, "stage_class": "PAUSED",
        "day": None, "amount": Decimal("-1.5000"), "currency": "EUR", "reporting_amount": None,
        "reporting_currency": "", "rate": None, "rate_on": None, "share": Decimal("0.5"),
        "deal_type": "NEW", "product": "", "segment": "s", "region": "", "sequence": 7,
        "acv": None, "margin": None, "units": Decimal(3), "invoiced_amount": Decimal("0.1"),
        "paid_amount": None, "cancelled_on": None, "cancel_reason": "NONE", "territory_id": "",
    }  # fmt: skip
    kinds: dict[str, Any] = {
        **{name: columns.dtypes("credit")[name] for name in record},
        "partition": pl.UInt16(), "position": pl.UInt64(), "sequence": pl.UInt64(),
    }  # fmt: skip
    frame = pl.DataFrame([record], kinds).with_columns(pl.date(1969, 12, 31).alias("day"))
    (value,) = encoded("credit", frame, IDS)
    read = codec.decode(value, IDS)[1]
    assert read["position"] == 2**62
    assert read["stage_class"] == "UNKNOWN"
    assert (read["product"], read["segment"], read["reporting_currency"]) == (None, "s", None)
    assert str(read["day"]) == "1969-12-31"
    assert read["amount"] == Decimal("-1.5")
    assert (read["units"], read["paid_amount"], read["territory_id"]) == (Decimal(3), None, None)


def _without_empty(record: dict[str, Any]) -> dict[str, Any]:
    """An empty text is null where null may be, as the warehouse keeps it."""
    nullable = {"reporting_currency", "product", "segment", "region", "territory_id"}
    return {n: None if n in nullable and v == "" else v for n, v in record.items()}


@pytest.mark.parametrize("units", [-32_769, -32_768, -129, -128, -127, 0, 127, 128, 32_768])
def test_decimals_at_the_edge_of_a_byte_are_as_the_codec_does_it(units: int) -> None:
    record = dict.fromkeys(("rep_id", "deal_id", "role", "via", "topic", "currency"), "") | {
        "partition": 0, "position": 0, "deleted": False, "stage_class": "OPEN",
        "day": date(2026, 1, 1), "amount": Decimal(units).scaleb(-4), "reporting_amount": None,
        "reporting_currency": None, "rate": None, "rate_on": None, "share": Decimal(0),
        "deal_type": "", "product": None, "segment": None, "region": None, "sequence": 0,
        **dict.fromkeys(("acv", "margin", "units", "invoiced_amount", "paid_amount")),
        "cancelled_on": None, "cancel_reason": "NONE", "territory_id": None,
    }  # fmt: skip
    frame = columns.from_records([record], "credit")
    assert list(encoded("credit", frame, IDS)) == [codec.encode("credit", record, IDS)]
