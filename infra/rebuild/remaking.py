"""Topics made anew with another number of partitions, once all that stands in them is applied."""

from collections.abc import Mapping, Sequence

from connectors.sinks import kafka_topics as kafka
from infra.definitions.scanning import LogError, records_from
from infra.rebuild import layout
from infra.rebuild.building import Say
from infra.rebuild.rebuilding import Failed, Outcome
from schemas import topics
from schemas.positions import place_of
from schemas.warehouse import LogIdentity, Unavailable
from streams.engine import starting
from streams.engine.batches import Partition
from streams.engine.epochs import Ground, open_epochs
from streams.settings import Settings

READ_SECONDS = 60.0  # the end of every partition is looked for


def change_partitions(
    ground: Ground, settings: Settings, partitions: int, say: Say
) -> Outcome | None:
    """Return what was done; None: topics and history were by that number of partitions already.

    What stands in the topics is in history by then; the topics begin empty.

    Raises:
        Failed: workers run, or something in the topics is not applied yet. Nothing was changed.
        Busy: a rebuild runs.
        Unavailable: Kafka or the warehouse was away for too long; run it again.
    """
    config = settings.kafka_config()
    _refuse_workers(config, settings.kafka_group)
    stale = _stale(ground, partitions)
    if stale:
        layout.refuse_uneven(ground)
        _refuse_unapplied(ground, config, stale)
        say(f"making {', '.join(stale)} anew")
        kafka.delete_topics(config, stale)
    kafka.create_topics(config, partitions, settings.replication)
    done = layout.change(ground, say)
    open_epochs(ground, f"{partitions} partitions")
    return done


def _refuse_workers(config: Mapping[str, str], group: str) -> None:
    if count := kafka.members(config, group):
        raise Failed(
            f"{count} workers are in group {group}; stop all of them, and whatever writes to the "
            f"topics (intake, imports, simulators). One that was killed is counted for some seconds"
        )


def _stale(ground: Ground, partitions: int) -> dict[str, LogIdentity]:
    """Return the topics that have another number of partitions; missing ones are not among them."""
    found = {}
    for topic in topics.TOPICS:
        if topic.partitions is None:
            try:
                identity = ground.kafka.identities([topic.name])[topic.name]
            except Unavailable:  # deleted by a change that was cut off; else the next step says so
                continue
            if identity.partitions != partitions:
                found[topic.name] = identity
    return found


def _refuse_unapplied(
    ground: Ground, config: Mapping[str, str], stale: Mapping[str, LogIdentity]
) -> None:
    ends = _ends(ground, {name: i for name, i in stale.items() if name in ground.folds})
    behind: set[str] = set()
    try:
        for record in records_from(config, ends, READ_SECONDS):
            place = (record.topic() or "", record.partition() or 0)
            if (record.offset() or 0) >= ends[place]:
                behind.add(f"{place[0]}/{place[1]} from offset {ends[place]} on")
    except LogError as error:
        raise Failed(str(error)) from error
    if behind:
        raise Failed(
            f"not everything is applied: {', '.join(sorted(behind))}. Start the workers, let them "
            f"finish, stop them and run this again; nothing was changed"
        )


def _ends(ground: Ground, read: Mapping[str, LogIdentity]) -> dict[tuple[str, int], int]:
    """Return the offset up to which each partition is applied; 0 in a log without an epoch."""
    wanted: Sequence[Partition] = [
        Partition(name, number) for name, i in read.items() for number in range(i.partitions)
    ]
    epochs = starting.epochs(ground.warehouse, read)
    reached = starting.applied_ends(ground.warehouse, wanted)
    found = {}
    for partition in wanted:
        place = place_of(reached.get(partition, 0))
        is_here = place.epoch == epochs[partition.topic]
        found[partition.topic, partition.number] = place.offset if is_here else 0
    return found
