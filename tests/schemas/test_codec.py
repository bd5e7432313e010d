"""Golden bytes: what stands in a topic today must be readable for ever."""

import pytest

from schemas import canonical, codec
from schemas.codec import CatalogueIds, Undecodable
from schemas.examples import example

PROGRESS = "00000000061473616c6573666f726365c0abffae9c67a0f486af9c6700"


def test_a_record_has_the_bytes_it_always_had() -> None:
    raw = example("progress")
    raw.pop("message")
    record, _ = canonical.check("progress", raw)
    assert record is not None
    assert codec.encode("progress", record, CatalogueIds()).hex() == PROGRESS


def test_those_bytes_are_read_as_they_were_meant() -> None:
    message, record = codec.decode(bytes.fromhex(PROGRESS), CatalogueIds())
    assert message == "progress"
    assert record["source"] == "salesforce"
    assert record["complete_through"].isoformat() == "2026-03-12T16:45:00+00:00"


@pytest.mark.parametrize(
    ("damaged", "told"),
    [
        ("", "0 bytes"),
        ("01" + PROGRESS[2:], "magic byte is 1"),
        ("00000003e7", "schema id 999"),
        (PROGRESS[:-4], "the body is no progress"),
        (PROGRESS + "00", "left over"),
    ],
)
def test_damage_is_told(damaged: str, told: str) -> None:
    with pytest.raises(Undecodable, match=told):
        codec.decode(bytes.fromhex(damaged), CatalogueIds())
