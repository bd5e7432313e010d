"""A drop folder: each snapshot is taken once, in the order of names, and moved to where it went.

`done` holds what was taken or changed nothing, `held` what waits for approval, `refused` what could
not be used; beside a file in the last two lies its reason, `<file>.txt`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

SUFFIXES = (".csv", ".xlsx", ".jsonl")
# A file that was written to just now may still be: SFTP does not say when it is whole.
SETTLED = timedelta(seconds=10)
DONE, HELD, REFUSED = "done", "held", "refused"


class Outcome(NamedTuple):
    """What became of one file. `reason`: why it was not taken; empty if it was."""

    file: str
    went: str
    reason: str = ""


def waiting(folder: Path, now: datetime) -> Iterator[Path]:
    """Yield files that have come and are whole, by name."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            written = datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo)
            if now - written >= SETTLED:
                yield path


def take(
    folder: Path, now: datetime, take_one: Callable[[Path], str | None], wrong: type[Exception]
) -> list[Outcome]:
    """Return what became of each file that was waiting.

    Args:
        take_one: returns why a file is held, empty if it was taken.
        wrong: what it raises for a file that cannot be used.
    """
    found = []
    for path in list(waiting(folder, now)):
        try:
            held = take_one(path)
        except wrong as error:
            found.append(_moved(path, REFUSED, str(error), now))
        else:
            found.append(_moved(path, HELD if held else DONE, held or "", now))
    return found


def _moved(path: Path, went: str, reason: str, now: datetime) -> Outcome:
    into = path.parent / went
    into.mkdir(exist_ok=True)
    target = into / path.name
    if target.exists():  # a name that comes every night
        target = into / f"{now:%Y%m%dT%H%M%S}-{path.name}"
    path.rename(target)
    if reason:
        target.with_name(f"{target.name}.txt").write_text(f"{reason}\n", "utf-8")
    return Outcome(path.name, went, reason)
