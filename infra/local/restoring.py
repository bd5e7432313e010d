"""A warehouse out of a backup becomes another incarnation, so that whoever writes starts again."""

import uuid
from pathlib import Path

from infra.local.warehouse.lock import DataFolder, holder_of
from streams.engine.epochs import change_incarnation
from streams.outside import outside
from streams.settings import Settings

_CHANGE = (
    "INSERT INTO spm.warehouse (incarnation, generation, reason) "
    "SELECT {name:String}, generation, {reason:String} FROM spm.warehouse FINAL"
)


def mark_restored(settings: Settings, reason: str) -> str:
    """Return what was told that it came out of a backup: a folder, or the server at an address.

    Raises:
        DataFolderHeld: somebody opens the folder at this moment.
        Unavailable: there is no folder, and no server answers.
    """
    folder = settings.data_dir / "warehouse"
    if (folder / "store").exists() and holder_of(folder) is None:
        _change_offline(folder, reason)
        return f"the embedded warehouse in {folder}"
    change_incarnation(outside(settings).warehouse, reason)
    return f"the warehouse at {settings.warehouse_url}"


def _change_offline(folder: Path, reason: str) -> None:
    from infra.local.warehouse.engine import Engine  # noqa: PLC0415  # extra 'embedded'

    with DataFolder(folder):
        engine = Engine(folder)
        try:
            engine.handle().run(_CHANGE, params={"name": str(uuid.uuid4()), "reason": reason})
        finally:
            engine.close()
