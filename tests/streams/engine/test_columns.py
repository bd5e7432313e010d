"""Both decoders see the same rows, and damage that joining hides is found."""

import io
from itertools import pairwise
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import catalogue, codec
from streams.engine import columns
from streams.engine.hashes import content_hashes
from streams.engine.slices import slices_of
from tests.streams.engine.records import CALL, IDS, body, records

MESSAGES = ["call", "email", "meeting", "deal"]


def in_columns(message: str, bodies: list[bytes]) -> Any:
    writer = catalogue.schema(catalogue.latest(message))
    return columns.in_newest_fields(columns.read_block(slices_of(bodies), writer), message)


@pytest.mark.parametrize("message", MESSAGES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_both_decoders_give_the_same_rows(message: str, data: Any) -> None:
    some = data.draw(st.lists(records(message), min_size=1, max_size=6))
    encoded = [codec.encode(message, record, IDS) for record in some]
    one_by_one = [codec.decode(value, IDS)[1] for value in encoded]
    fast = in_columns(message, [value[5:] for value in encoded])
    assert fast.equals(columns.from_records(one_by_one, message))
    assert fast.to_dicts() == one_by_one


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 20), at=st.integers(0, 3))
def test_a_short_record_beside_a_long_one_is_noticed(cut: int, at: int) -> None:
    bodies = [body("call", CALL | {"source_id": "x" * i}) for i in range(5)]
    joined = bodies[at] + bodies[at + 1]
    where = len(bodies[at]) - cut
    damaged = [*bodies[:at], joined[:where], joined[where:], *bodies[at + 2 :]]
    assert b"".join(damaged) == b"".join(bodies)
    with pytest.raises(columns.Damaged):
        in_columns("call", damaged)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("others", [0, 1, 3])
def test_bytes_left_over_behind_the_last_record_are_noticed(others: int) -> None:
    good = body("call", CALL)
    with pytest.raises(columns.Damaged):
        in_columns("call", [good] * others + [good + b"\0"])


def test_many_records_come_in_one_batch() -> None:
    assert len(in_columns("call", [body("call", CALL)] * 30_000)) == 30_000


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=80))
def test_noise_never_escapes_as_anything_but_damage(noise: bytes) -> None:
    good = body("deal", _deal())
    try:
        frame = in_columns("deal", [good, noise, good])
    except (columns.Damaged, columns.pl.exceptions.PolarsError):
        return
    assert len(frame) == 3  # the noise happened to be a deal


def test_a_later_version_fills_its_defaults() -> None:
    schema = catalogue.schema(catalogue.latest("call"))
    older = {**schema, "fields": [f for f in schema["fields"] if f["name"] != "merged_into"]}
    record = {name: value for name, value in CALL.items() if name != "merged_into"}
    short = body("call", CALL)[:-1]  # merged_into is last, and null is one zero byte
    frame = columns.in_newest_fields(columns.read_block(slices_of([short]), older), "call")
    assert frame.to_dicts() == [{**record, "merged_into": None}]
    assert content_hashes(slices_of([short])) == content_hashes(slices_of([body("call", CALL)]))


@pytest.mark.parametrize("message", MESSAGES)
def test_fields_of_later_versions_are_appended_with_defaults_of_zero_bytes(message: str) -> None:
    """What the content hash leans on; it must hold from version to version."""
    versions = sorted(v for v in catalogue.ids() if v.message == message)
    for older, newer in pairwise(versions):
        before = catalogue.schema(older)["fields"]
        after = catalogue.schema(newer)["fields"]
        assert [f["name"] for f in after[: len(before)]] == [f["name"] for f in before]
        for field in after[len(before) :]:
            assert field["default"] in (None, 0, False, "", [])


def _deal() -> dict[str, Any]:
    fields = catalogue.schema(catalogue.latest("deal"))["fields"]
    blank = {f["name"]: f.get("default") for f in fields}
    shared = {name: CALL[name] for name in CALL if name in blank}
    return {**blank, **shared, "stage_id": "s", "stage_class": "WON", "currency": "EUR"}


@given(st.one_of(st.integers(0, 300), st.integers(0, 2**62)))
def test_a_varint_is_what_avro_writes(number: int) -> None:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, "long", number)
    assert columns.varint(number) == out.getvalue()


def test_a_negative_number_is_no_varint() -> None:
    with pytest.raises(ValueError, match="byte must be"):
        columns.varint(-1)
