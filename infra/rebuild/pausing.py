"""The row of spm.warehouse: pausing the workers, letting them go on, putting a generation live.

A pause is a lease. Whoever holds it prolongs it; when that process dies, workers go on by
themselves, with the results they had. Every change gives the warehouse a new incarnation, so a
worker that slipped through a lapsed lease is refused from then on.
"""

import time
import uuid

from connectors.sinks.clickhouse import Warehouse, quoted
from schemas.warehouse import Fenced, Incarnation, Unavailable

LEASE_SECONDS = 30  # how long the floor stands still at most after kill -9
LEFT_SECONDS_MIN = 20  # of a lease when a change begins: no insert of one row takes as long
STOP_SECONDS = 10 * 365 * 86_400  # until it is finished: half of it done, nobody may start
STOPPED = "the number of partitions is being changed"
DRAIN_SECONDS_MAX = 60.0  # a statement that passed the fence before the pause has ended by then


class Lapsed(Exception):
    """The lease ran out before its holder was done: workers may have gone on."""


def hold(warehouse: Warehouse, before: Incarnation, reason: str) -> Incarnation:
    """Return the incarnation under which workers are paused for LEASE_SECONDS from now.

    Raises:
        Fenced: the warehouse is another incarnation than `before`.
        Lapsed: `before` was a pause that has nearly run out.
    """
    return _changed(warehouse, before, before.generation, reason, LEASE_SECONDS)


def stop(warehouse: Warehouse, before: Incarnation, reason: str) -> Incarnation:
    """Return the incarnation under which workers are paused until somebody ends it.

    Raises:
        Fenced: the warehouse is another incarnation than `before`.
    """
    return _changed(warehouse, before._replace(paused=""), before.generation, reason, STOP_SECONDS)


def is_stopped(now: Incarnation) -> bool:
    """Return whether workers are paused until somebody ends it; `paused` says how."""
    return now.paused.startswith(STOPPED)


def release(warehouse: Warehouse, before: Incarnation, reason: str) -> Incarnation:
    """Return the incarnation under which workers go on, nothing else changed.

    Raises:
        Fenced: the warehouse is another incarnation than `before`.
    """
    return _changed(warehouse, before._replace(paused=""), before.generation, reason, 0)


def flip(warehouse: Warehouse, before: Incarnation, generation: int, reason: str) -> Incarnation:
    """Return the incarnation under which a generation is live and workers go on.

    Raises:
        Fenced: the warehouse is another incarnation than `before`.
        Lapsed: the pause has nearly run out.
    """
    return _changed(warehouse, before, generation, reason, 0)


def drained(warehouse: Warehouse) -> None:
    """Return once no insert runs that began before now: it passed the fence of another incarnation.

    Raises:
        Unavailable: they take too long.
    """
    began = time.monotonic()
    while time.monotonic() - began < DRAIN_SECONDS_MAX:
        seconds = time.monotonic() - began
        running = warehouse.frame(
            f"SELECT count() AS n FROM system.processes "
            f"WHERE query_kind = 'Insert' AND elapsed > {seconds:.3f}"
        )
        if not running["n"][0]:
            return
        time.sleep(0.05)
    raise Unavailable("inserts that began before the pause do not end; see system.processes")


def _changed(
    warehouse: Warehouse, before: Incarnation, generation: int, reason: str, seconds: int
) -> Incarnation:
    paused = reason if seconds else ""
    after = Incarnation(str(uuid.uuid4()), generation, paused)
    left = ""
    if before.paused:
        left = (
            f"AND throwIf(paused_until < now64(3) + toIntervalSecond({LEFT_SECONDS_MIN}), "
            f"'lapsed') = 0"
        )
    try:
        warehouse.command(
            f"INSERT INTO spm.warehouse "
            f"(incarnation, generation, changed_at, reason, paused_until) "
            # Two changes in one millisecond must not be a matter of luck.
            f"SELECT {quoted(after.name)}, {generation}, "
            f"greatest(now64(3), changed_at + toIntervalMillisecond(1)), {quoted(reason)}, "
            f"now64(3) + toIntervalSecond({seconds}) FROM spm.warehouse FINAL "
            f"WHERE throwIf(incarnation != {quoted(before.name)}, 'another incarnation') = 0 {left}"
        )
    except Fenced as refusal:
        if "lapsed" in str(refusal):
            raise Lapsed from None
        raise
    except Unavailable:
        if warehouse.incarnation().name != after.name:
            raise
    found = warehouse.incarnation()
    if found.name != after.name:
        raise Fenced(f"somebody else changed the warehouse at the same time: {found.name}")
    return after
