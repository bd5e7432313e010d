"""Preparing the ground: tables, topics, epochs, definitions. Every step may be done again."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from connectors.sinks.kafka_topics import create_topics
from infra.definitions import connecting
from infra.definitions.applying import apply_folder, repair
from infra.definitions.author import somebody
from infra.local.epochs import lay_out, open_what_is_new
from infra.migrations import migrate
from streams.settings import Settings

Say = Callable[[str], None]
CLUSTER_FILE = "cluster-id"


def cluster_id(data_dir: Path) -> str:
    """Return the embedded broker's cluster id: one for the life of a data folder."""
    path = data_dir / CLUSTER_FILE
    if not path.exists():
        path.write_text(f"pacesetter-{uuid.uuid4().hex[:12]}\n")
    return path.read_text().strip()


def prepare(settings: Settings, definitions: Path | None, say: Say) -> None:
    """Bring tables, topics, epochs and definitions up to date, and say what changed.

    Raises:
        Unreachable, Unavailable, LogError: the warehouse or the broker is away.
        MigrationError, Refused: what is there, or the folder, is not as it must be.
    """
    if settings.schema_registry_url:
        from connectors.sinks.registry import RegistryIds  # noqa: PLC0415  # slow to import

        RegistryIds({"url": settings.schema_registry_url}).hold_to_compatibility()
    client = connecting.warehouse(settings)
    try:
        for name in migrate(client):
            say(f"table file {name} ran")
        made = create_topics(settings.kafka_config(), settings.partitions, settings.replication)
        if made:
            say(f"{len(made)} topics made")
        lay_out(settings, say)
        if opened := open_what_is_new(settings):
            say(f"a new epoch of the log is open ({len(opened)} topics)")
        _define(settings, definitions, client, say)
    finally:
        client.close()


def _define(settings: Settings, folder: Path | None, client: object, say: Say) -> None:
    log, now = connecting.log(settings), datetime.now(UTC)
    if folder is None:
        done = repair(client, log, now)
        if not done.sequence:
            say(
                "no definitions are in force: everybody's facts count as unassigned.\n"
                "  begin with `pacesetter definitions init DIR`, then `definitions apply DIR`"
            )
        return
    applied = apply_folder(
        folder, author=somebody(), note=f"applied at start from {folder.name}",
        client=client, log=log, now=now,
    )  # fmt: skip
    if applied.kinds:
        say(f"definitions in force: {', '.join(applied.kinds)}")
