"""The fast encoder writes the very bytes of `schemas.codec.encode`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sources.simulator import wire
from connectors.sources.simulator.records import (
    CallRecord,
    DealRecord,
    EmailRecord,
    MeetingRecord,
)
from connectors.sources.simulator.wire import WireEncoder
from schemas import catalogue, codec
from schemas.topics import BY_FACT
from tests.connectors.simulator.floors import IDS, MESSY, told

KINDS: dict[str, Any] = {
    "call": CallRecord, "email": EmailRecord, "meeting": MeetingRecord, "deal": DealRecord
}  # fmt: skip
LONGS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(
    [edge * sign + step for edge in (0, *(2**b for b in (6, 7, 13, 14, 27, 28, 41, 42, 55, 56, 62)))
     for sign in (1, -1) for step in (-1, 0, 1)]
)  # fmt: skip
TEXTS = st.text(max_size=20) | st.text("aé漢😀", min_size=60, max_size=70) | st.just("x" * 9000)


def values(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, list):
        return st.none() | values(kind[1])
    if isinstance(kind, str):
        return {"string": TEXTS, "long": LONGS, "int": st.integers(-(2**31), 2**31 - 1),
                "boolean": st.booleans()}[kind]  # fmt: skip
    if kind["type"] == "enum":
        return st.sampled_from(kind["symbols"])
    if kind["type"] == "array":
        return st.lists(records(kind["items"]), max_size=4)
    if kind["type"] == "bytes":
        most = Decimal(10) ** (kind["precision"] - kind["scale"]) - 1
        return st.decimals(-most, most, places=kind["scale"])
    return LONGS if kind["type"] == "long" else st.integers(-(2**31), 2**31 - 1)


def records(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({f["name"]: values(f["type"]) for f in schema["fields"]})


@pytest.mark.parametrize("message", sorted(BY_FACT))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # long texts draw slowly
@given(data=st.data())
def test_it_writes_the_bytes_of_the_codec_for_any_record(message: str, data: Any) -> None:
    record = data.draw(records(catalogue.schema(catalogue.latest(message))))
    assert WireEncoder(IDS).of(message)(KINDS[message](**record)) == codec.encode(
        message, record, IDS
    )


def test_what_it_writes_reads_back_as_what_it_was() -> None:
    record = next(r for m, r in told(MESSY) if m == "deal" and r["splits"] and r["won_at"])
    raw = {k: _raw(v) for k, v in record.items()}
    assert codec.decode(WireEncoder(IDS).of("deal")(DealRecord(**raw)), IDS) == ("deal", record)


def _raw(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    return value.toordinal() - date(1970, 1, 1).toordinal() if isinstance(value, date) else value


@pytest.mark.parametrize("message", sorted(BY_FACT))
def test_it_is_written_for_the_newest_version_of_each_fact(message: str) -> None:
    newest = catalogue.latest(message)
    assert newest.number == wire.VERSION_WRITTEN, "slow now: add the fields to records and wire"
    fields = tuple(f["name"] for f in catalogue.schema(newest)["fields"])
    assert KINDS[message]._fields == fields


def test_it_follows_the_ids_of_a_registry() -> None:
    class Registry:
        def id_of(self, message: str) -> int:
            return 70_000 + len(message)

        def schema_of(self, schema_id: int) -> Any:
            raise AssertionError

    _, record = next((m, r) for m, r in told(MESSY) if m == "call")
    raw = {k: _raw(v) for k, v in record.items()}
    assert codec.schema_id_of(WireEncoder(Registry()).of("call")(CallRecord(**raw))) == 70_004


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("revision", 2**63), ("direction", "SIDEWAYS"), ("talk_seconds", "60"), ("source", None)],
)
def test_a_record_that_does_not_fit_is_refused(field: str, wrong: Any) -> None:
    _, record = next((m, r) for m, r in told(MESSY) if m == "call")
    raw = {k: _raw(v) for k, v in record.items()} | {field: wrong}
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        WireEncoder(IDS).of("call")(CallRecord(**raw))
