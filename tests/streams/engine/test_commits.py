"""What may be committed is the longest settled prefix of what was handed out."""

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.batches import Batch, Partition
from streams.engine.commits import Handed

PARTITION = Partition("crm.calls", 0)


def made(ends: list[int]) -> list[Batch]:
    starts = [0, *ends[:-1]]
    return [
        Batch(PARTITION, 1, start, end, [], size=end - start, oldest_at=0.0)
        for start, end in zip(starts, ends, strict=True)
    ]


@given(st.permutations(range(6)), st.integers(0, 6))
def test_it_never_looks_past_a_batch_in_flight(order: list[int], settled: int) -> None:
    handed, batches = Handed(), made([3, 5, 9, 10, 20, 21])
    for batch in batches:
        handed.hand_out(batch)
    done = set(order[:settled])
    for i in order[:settled]:
        handed.settle(batches[i])
    first_open = next((i for i in range(6) if i not in done), 6)
    expected = batches[first_open - 1].end if first_open else None
    assert handed.committable(PARTITION) == expected
    assert handed.size == sum(b.size for i, b in enumerate(batches) if i not in done)


def test_batches_of_a_revoked_partition_count_no_more() -> None:
    handed, (first, second) = Handed(), made([3, 5])
    handed.hand_out(first)
    handed.forget(PARTITION)
    handed.settle(first)
    assert handed.committable(PARTITION) is None
    handed.hand_out(second)
    handed.settle(second)
    assert handed.committable(PARTITION) == 5
    assert handed.size == 0


def test_what_is_discounted_takes_no_room_and_is_committed_all_the_same() -> None:
    handed = Handed()
    first, second = made([5, 9])
    handed.hand_out(first)
    handed.hand_out(second)
    size = handed.size
    handed.settle(first)
    handed.discount(first.partition)
    assert size > handed.size == 0
    handed.settle(second)
    assert handed.size == 0
    assert handed.committable(first.partition) == 9
    handed.forget(first.partition)
    assert handed.size == 0
