"""Which offset may be committed: the transport's own count of settled batches.

Faust derives it from acknowledged offsets and assumes one message per offset; with one message per
batch its commits stall. Here a partition keeps the batches it handed out, in order, and what may be
committed is the end of the longest settled prefix. It never looks past a batch in flight.
"""

from collections import deque

from streams.engine.batches import Batch, Partition


class Handed:
    """Batches handed out and not yet committed, by partition."""

    def __init__(self) -> None:
        self._batches: dict[Partition, deque[Batch]] = {}
        self._committable: dict[Partition, int] = {}
        self.size = 0  # bytes of all batches that are not settled

    def hand_out(self, batch: Batch) -> None:
        """Remember a batch that goes to its agent."""
        self._batches.setdefault(batch.partition, deque()).append(batch)
        self.size += batch.size

    def holds(self, batch: Batch) -> bool:
        """Return whether a batch counts: its partition has not been started anew since."""
        return batch in self._batches.get(batch.partition, ())

    def discount(self, partition: Partition) -> None:
        """Count the bytes of a partition no longer: others need the room to get it going again."""
        for batch in self._batches.get(partition, ()):
            self.size -= 0 if batch.settled else batch.size
            batch.size = 0

    def settle(self, batch: Batch) -> None:
        """Count a batch as done: everything in it is in the warehouse."""
        if batch.settled or not self.holds(batch):
            return  # of an assignment that is over
        batch.settled = True
        self.size -= batch.size

    def committable(self, partition: Partition) -> int | None:
        """Return the offset behind the longest settled prefix, None before the first one."""
        batches = self._batches.get(partition)
        while batches and batches[0].settled:
            self._committable[partition] = batches.popleft().end
        return self._committable.get(partition)

    def settled(self, partition: Partition) -> int | None:
        """Return the same and change nothing, for whoever looks on from another thread."""
        found = self._committable.get(partition)
        for batch in tuple(self._batches.get(partition, ())):
            if not batch.settled:
                break
            found = batch.end
        return found

    def forget(self, partition: Partition) -> None:
        """Drop all of a partition: it was revoked, or is read from another offset."""
        for batch in self._batches.pop(partition, ()):
            self.size -= 0 if batch.settled else batch.size
        self._committable.pop(partition, None)

    def partitions(self) -> tuple[Partition, ...]:
        """Return the partitions something was handed out for."""
        return tuple({*self._batches, *self._committable})
