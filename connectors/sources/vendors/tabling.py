"""What some vendors know beside records, such as exchange rates: a client may write it as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable


class Written(NamedTuple):
    """What was listed, and the files it is in.

    Attributes:
        counts: of each table, such as rates; 0: the vendor has none.
    """

    counts: Mapping[str, int]
    files: tuple[Path, ...]


@runtime_checkable
class Tabling(Protocol):
    """A client that writes tables."""

    def tables(self, folder: Path) -> Written:
        """Return what was written into a folder of definitions; an older file stays as *.bak.

        Raises:
            BadFile: a file that is there cannot be understood.
            Unavailable, Denied
        """
        ...
