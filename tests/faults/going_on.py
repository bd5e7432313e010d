"""Load that goes on whatever dies, a watch on commits, and what has to hold at the end."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, pairwise
from typing import Any

from confluent_kafka import KafkaException

from connectors.sinks.kafka import Publisher
from schemas.topics import CREDITS
from schemas.warehouse import Message, Unavailable
from tests.ground import Site, wait_for
from tests.load import Floor, encoded

Offsets = dict[tuple[str, int], int]
CHUNK = 50
COMMIT_LAG_SECONDS_MAX = 5.0  # the timer says one
APPLIED_SECONDS_MAX = 120


class Sender(threading.Thread):
    """Sends a floor's events at a pace; what is not acknowledged is sent again, as sources do."""

    def __init__(self, made: Site, floor: Floor, count: int, per_second: int) -> None:
        super().__init__(daemon=True)
        self._publisher = Publisher(
            made.settings.kafka_config() | {"message.timeout.ms": "10000", "log_level": 0}
        )
        self._events = floor.events(count)
        self._pause = CHUNK / per_second
        self.sent = 0

    def run(self) -> None:
        while chunk := [Message(*m) for m in encoded(islice(self._events, CHUNK))]:
            while not self._took(chunk):
                time.sleep(0.2)
            self.sent += len(chunk)
            time.sleep(self._pause)

    def _took(self, chunk: list[Message]) -> bool:
        try:
            self._publisher.send(chunk)
        except Unavailable:
            return False
        return True


@contextmanager
def sending(made: Site, floor: Floor, count: int, per_second: int = 1_500) -> Iterator[Sender]:
    """Send while the block runs; all is acknowledged at its end."""
    sender = Sender(made, floor, count, per_second)
    sender.start()
    yield sender
    sender.join(240)
    assert not sender.is_alive(), f"only {sender.sent} of {count} events could be sent"


class Watch(threading.Thread):
    """Looks every half second how far commits are behind what is applied."""

    def __init__(self, made: Site) -> None:
        super().__init__(daemon=True)
        self._made, self._over = made, threading.Event()
        self.seen: list[tuple[float, Offsets, Offsets]] = []

    def run(self) -> None:
        while not self._over.wait(0.5):
            try:
                applied, commits = self._made.applied(), self._made.committed()
            except (Unavailable, KafkaException):
                continue  # the one or the other is dead just now
            self.seen.append((time.monotonic(), applied, commits))

    def stop(self) -> None:
        self._over.set()
        self.join()

    def lags(self, since: float, until: float) -> list[float]:
        """Return for each look at each partition the seconds until commits had come as far.

        Only looks between two instants; one whose commit had not come by `until` counts up to it.
        """
        looks = [look for look in self.seen if since <= look[0] <= until]
        found = []
        for at, applied, commits_then in looks:
            for place in commits_then:
                reached = applied.get(place, 0)
                later = (t - at for t, _, commits in looks if t >= at and commits[place] >= reached)
                found.append(next(later, until - at))
        return found

    def blind(self, since: float, until: float) -> float:
        """Return the longest time between two looks: a lag is known no better than that."""
        at = [since, *(t for t, *_ in self.seen if since <= t <= until), until]
        return max(later - before for before, later in pairwise(at))


@contextmanager
def watching(made: Site) -> Iterator[Watch]:
    watch = Watch(made)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def tiles(made: Site) -> list[tuple[tuple[str, int], int, int, int]]:
    """Return what `applied` says: place, epoch, from, to, in the order in which it was written."""
    rows = made.frame(
        "SELECT topic, partition, epoch, offset_from, offset_to FROM spm.applied "
        "ORDER BY applied_at, topic, partition, offset_from"
    )
    return [((t, p), e, start, end) for t, p, e, start, end in rows.iter_rows()]


def read_twice(made: Site) -> int:
    """Return how many offsets lie in more than one flush."""
    total = 0
    reached: dict[Any, int] = {}
    facts = {tile for tile in tiles(made) if tile[0][0] != CREDITS.name}
    for place, epoch, start, end in sorted(facts, key=lambda t: (t[0], t[1], t[2])):
        before = reached.get((place, epoch), 0)
        total += max(0, min(end, before) - start)
        reached[place, epoch] = max(end, before)
    return total


def no_gap(made: Site) -> None:
    """The flushes cover every offset from the first on, in each epoch."""
    covered: dict[Any, int] = defaultdict(int)
    for place, epoch, start, end in sorted(tiles(made), key=lambda t: (t[0], t[1], t[2])):
        assert start <= covered[place, epoch], f"{place}: nothing between {covered} and {start}"
        covered[place, epoch] = max(end, covered[place, epoch])


def settle(made: Site, seconds: float = APPLIED_SECONDS_MAX) -> None:
    """Wait until all that is in Kafka is applied."""
    ends = made.ends()

    def is_there() -> bool:
        try:
            return made.applied().items() >= ends.items()
        except Unavailable:
            return False

    def where() -> str:
        return f"applied {made.applied()}\nends {ends}\n{made.logs()[-6000:]}"

    try:
        wait_for(is_there, "all applied", seconds)
    except AssertionError as late:
        raise AssertionError(f"{late}\n{where()}") from late


def exact(made: Site, floor: Floor) -> None:
    """All that was sent is in the sums to the cent, no offset is missing, and all is committed."""
    settle(made)
    found, truth = made.sums(), floor.sums()
    wrong = {
        key: (found.get(key), truth.get(key))
        for key in found | truth
        if found.get(key) != truth.get(key)
    }
    assert not wrong, f"{len(wrong)} of {len(truth)} sums differ: {dict(islice(wrong.items(), 5))}"
    assert made.credits() == floor.credits()
    credits = {(CREDITS.name, number) for number in range(made.settings.partitions)}
    ends = {place: made.end(*place) for place in credits}
    wait_for(lambda: made.applied().items() >= ends.items(), "all credits taken")
    no_gap(made)
    wait_for(lambda: made.committed() == made.ends(), "commits follow positions", 10)
