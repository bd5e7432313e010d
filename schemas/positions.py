"""Position: where a record stands in a log that may have been begun anew.

A Kafka offset starts at 0 again when a broker loses its memory or a topic is made anew. So every
log carries an epoch, an integer the warehouse hands out, ever larger, and the two together are one
integer that only grows within a partition.
"""

from typing import NamedTuple

OFFSET_BITS = 40  # a million million records per partition and epoch, 8 million epochs in an int64
OFFSET_MAX = (1 << OFFSET_BITS) - 1
EPOCH_MAX = (1 << (63 - OFFSET_BITS)) - 1


class Place(NamedTuple):
    """Epoch and offset of one record of a partition."""

    epoch: int
    offset: int


def position_of(epoch: int, offset: int) -> int:
    """Return epoch and offset as one integer that orders as they do.

    Raises:
        ValueError: one of them is negative or too large for its share of 63 bits.

    >>> position_of(2, 5) > position_of(1, 10**9)
    True
    """
    if not (0 <= epoch <= EPOCH_MAX and 0 <= offset <= OFFSET_MAX):
        raise ValueError(f"epoch {epoch} or offset {offset} is outside 0..{EPOCH_MAX}/{OFFSET_MAX}")
    return epoch << OFFSET_BITS | offset


def place_of(position: int) -> Place:
    """Return the epoch and offset of a position.

    >>> place_of(position_of(3, 17))
    Place(epoch=3, offset=17)
    """
    return Place(position >> OFFSET_BITS, position & OFFSET_MAX)
