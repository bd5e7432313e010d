"""Where a partition starts, and when it refuses to."""

import pytest

from schemas.positions import position_of
from schemas.warehouse import LogIdentity
from streams.engine.batches import Partition
from streams.engine.starting import Kafka, Refused, start_offset

PARTITION = Partition("crm.calls", 0)
IDENTITY = LogIdentity("cluster", "topic-id", 1)
EPOCH = 3


def start(applied: int, committed: int | None, first: int, end: int) -> int:
    return start_offset(PARTITION, EPOCH, applied, Kafka(IDENTITY, committed, first, end))


@pytest.mark.parametrize(
    ("applied", "committed", "expected", "why"),
    [
        (position_of(EPOCH, 50), 50, 50, "both agree"),
        (position_of(EPOCH, 50), 40, 40, "commits lag behind"),
        (position_of(EPOCH, 30), 50, 30, "the warehouse was restored from a backup"),
        (position_of(EPOCH, 50), None, 50, "a group that never committed"),
        (position_of(EPOCH - 1, 900), None, 0, "a log made anew"),
        (0, None, 0, "everything is new"),
    ],
)
def test_the_smaller_of_committed_and_applied(
    applied: int, committed: int | None, expected: int, why: str
) -> None:
    assert start(applied, committed, first=0, end=100) == expected, why


def test_what_kafka_no_longer_holds_is_refused() -> None:
    with pytest.raises(Refused, match=r"must go on at offset 30.*only from 40 on.*log open"):
        start(position_of(EPOCH, 30), 50, first=40, end=100)


def test_a_log_that_ends_before_what_is_applied_is_refused() -> None:
    with pytest.raises(Refused, match=r"applied up to offset 50.*ends at 20.*log open"):
        start(position_of(EPOCH, 50), None, first=0, end=20)
