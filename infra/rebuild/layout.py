"""Another number of partitions: history and results laid out anew for topics that were made anew.

An entity lives in the partition that its key's hash says, so with another count it moves. History
rows keep their positions: a new topic has a new epoch, and whatever was before it lies below. Only
their column `partition` becomes what the hash says now; results are computed in that layout.

No worker runs meanwhile, and none can start in between: the new topics have no open epoch until the
end. Every step may be done again; a change that was cut off is finished by running it again.
"""

import time
from collections.abc import Mapping

import polars as pl

from connectors.sinks.clickhouse import Warehouse, quoted
from infra.rebuild import comparing, generations, pausing
from infra.rebuild.building import Building, Say, folds_of, tables
from infra.rebuild.rebuilding import Failed, Outcome, running
from schemas import topics
from schemas.positions import position_of
from schemas.warehouse import Incarnation, LogIdentity, Unavailable
from streams.engine import epochs, history, starting
from streams.engine.batches import Partition
from streams.engine.epochs import Ground
from streams.engine.folding import MARKER_KIND
from streams.engine.postings import Kind, Posting

HASH = "bitAnd(key_hash, 0x7fffffff)"  # Kafka's: the sign bit does not count
MUTATION_SECONDS_MAX = 4 * 3600  # of rewriting one column; then somebody should look
Moving = Mapping[str, LogIdentity]  # topics as they are now


def moving(ground: Ground) -> Moving:
    """Return the topics whose history is not laid out by the partitions they have now.

    Those of a change that was cut off are among them.
    """
    names = [topic.name for topic in topics.TOPICS if topic.carries_markers]
    identities = ground.kafka.identities(names)
    known = starting.layouts(ground.warehouse)
    found = {name: identity for name, identity in identities.items() if name in known}
    is_begun = pausing.is_stopped(ground.warehouse.incarnation())
    if is_begun or any(known[name].partitions != i.partitions for name, i in found.items()):
        return found
    return {}


def change(ground: Ground, say: Say) -> Outcome | None:
    """Return what was done: history and results are laid out by the topics as they are now.

    Topics have been made anew with another count of partitions; no worker runs. Epochs are opened
    afterwards, by `open_epochs`. None: history is laid out so already.

    Raises:
        Busy: a rebuild runs.
        Failed: definitions are not alike in all partitions.
        Refused: the topics continue a log that this warehouse, an older backup, has not seen.
        Unavailable: the warehouse was away for too long; run it again.
    """
    warehouse: Warehouse = ground.warehouse  # type: ignore[assignment]
    began, moved = time.monotonic(), moving(ground)
    if not moved:
        return None
    say(
        f"history is laid out anew: {', '.join(f'{n} by {i.partitions}' for n, i in moved.items())}"
    )
    refuse_uneven(ground)
    for name, identity in moved.items():
        epochs.first_marks(ground, name, identity)
    with running(warehouse, say) as run:
        before = warehouse.incarnation()
        now = pausing.stop(warehouse, before, _reason(moved))
        pausing.drained(warehouse)
        epochs.finish_flushes(ground, moved, now)
        _lay_out(ground, moved, _registered(warehouse, moved, now), now)
        generations.drop_others(warehouse)
        folds = folds_of(ground.folds.values())
        building = Building(warehouse, run.generation, folds, now, say)
        building.advance()
        found = comparing.compared(building, before.generation, across=True)
        reason = f"generation {run.generation} is live, in a new layout"
        pausing.flip(warehouse, now, run.generation, reason)
        generations.drop_parts(warehouse, run.generation)
    seconds = time.monotonic() - began
    return Outcome(run.generation, before.generation, found, building.parts, seconds, seconds)


def _reason(moved: Moving) -> str:
    count = max(identity.partitions for identity in moved.values())
    return (
        f"{pausing.STOPPED} to {count}; if nothing is at work on it, finish it with "
        f"`pacesetter rebuild --partitions {count}`"
    )


def _registered(warehouse: Warehouse, moved: Moving, now: Incarnation) -> dict[str, int]:
    """Return the epochs of the new logs. From here on the new layout is the one that holds."""
    found = {name: epochs.epoch_of(warehouse, name, moved[name], {}) for name in moved}
    epochs.register(warehouse, moved, found, "opening", now)
    # Whatever was before lies below the new epochs and is in the new results: applied.
    rows = [
        {"topic": name, "partition": number, "epoch": epoch, "offset_from": 0, "offset_to": 0}
        for name, epoch in found.items()
        for number in range(moved[name].partitions)
    ]
    kinds = {"partition": pl.UInt16(), "epoch": pl.UInt32()}
    warehouse.insert("spm.applied", pl.DataFrame(rows, schema_overrides=kinds), now)
    return found


def _lay_out(ground: Ground, moved: Moving, opening: Mapping[str, int], now: Incarnation) -> None:
    warehouse: Warehouse = ground.warehouse  # type: ignore[assignment]
    for kind in ground.folds.values():
        if kind.topic in moved:
            count = moved[kind.topic].partitions
            marks = _marks(warehouse, kind, count, opening[kind.topic])
            warehouse.insert(kind.table, marks, now)
            warehouse.command(
                f"ALTER TABLE {kind.table} UPDATE partition = toUInt16({HASH} % {count}) "
                f"WHERE topic = {quoted(kind.topic)} AND kind != '{MARKER_KIND}' "
                f"AND partition != {HASH} % {count} SETTINGS mutations_sync = 0"
            )
    for table in tables(ground.folds.values()):
        _await_mutations(warehouse, table)


def _marks(warehouse: Warehouse, kind: Kind, count: int, epoch: int) -> pl.DataFrame:
    """Return rows that say which definitions are in force where the new partitions start.

    The oldest of those in the old ones, for an entity may come from any of them: the first marker
    of the new log resolves it again if that makes a difference.
    """
    oldest = min(_sequences(warehouse, kind, epoch))
    marks = [
        {
            "entity_id": history.marker_id(Partition(kind.topic, number)), "topic": kind.topic,
            "partition": number, "position": _end_before(epoch), "kind": MARKER_KIND,
            "sequence": oldest,
        }
        for number in range(count)
    ]  # fmt: skip
    kinds = {"partition": pl.UInt16(), "position": pl.UInt64(), "sequence": pl.UInt64()}
    return pl.DataFrame(marks, schema_overrides=kinds)


def _sequences(warehouse: Warehouse, kind: Kind, epoch: int) -> list[int]:
    """Return the definitions in force at the end of each partition there was before an epoch."""
    rows = warehouse.frame(
        f"SELECT entity_id, argMax(sequence, position) AS sequence FROM {kind.table} "
        f"WHERE kind = '{MARKER_KIND}' AND topic = {quoted(kind.topic)} "
        f"AND position < {_end_before(epoch)} GROUP BY entity_id"
    )
    was = warehouse.frame(
        f"SELECT partitions FROM spm.log FINAL WHERE topic = {quoted(kind.topic)} "
        f"AND epoch < {epoch} AND partitions > 0 ORDER BY epoch DESC LIMIT 1"
    )
    count = was["partitions"][0] if len(was) else 1
    here = {history.marker_id(Partition(kind.topic, number)) for number in range(count)}
    known = dict(rows.iter_rows()) if len(rows) else {}
    return [known.get(name, 0) for name in here]


def _end_before(epoch: int) -> int:
    """Return the last position below an epoch; no record has it."""
    return position_of(epoch, 0) - 1


def refuse_uneven(ground: Ground) -> None:
    """Raise Failed if entries were made by different definitions in different partitions.

    A payee may come from any of them, and the first marker of the new log must make up for the
    same difference for all of them: entries are never made twice.
    """
    if pausing.is_stopped(ground.warehouse.incarnation()):
        return  # a change was begun, so this had been looked at
    warehouse: Warehouse = ground.warehouse  # type: ignore[assignment]
    known = starting.layouts(warehouse)
    postings = [k for k in ground.folds.values() if isinstance(k, Posting) and k.topic in known]
    for kind in postings:
        if len(set(_sequences(warehouse, kind, known[kind.topic].epoch + 1))) > 1:
            raise Failed(
                f"the newest definitions have not reached all partitions of {kind.topic}. Start "
                f"the workers with the number of partitions there was, let them finish, stop them, "
                f"and run this again; nothing was changed"
            )


def _await_mutations(warehouse: Warehouse, table: str) -> None:
    database, name = table.split(".")
    for _ in range(MUTATION_SECONDS_MAX * 5):
        rows = warehouse.frame(
            f"SELECT countIf(NOT is_done) AS left, max(latest_fail_reason) AS reason "
            f"FROM system.mutations WHERE database = '{database}' AND table = '{name}'"
        )
        if not len(rows) or not rows["left"][0]:
            return
        time.sleep(0.2)
    raise Unavailable(f"rewriting {table} does not end: {rows['reason'][0]}; see system.mutations")
