"""Takes a tap's output: what it tells is kept in Kafka, and only then is its state given back."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from connectors.sources.runtime.records import json_of
from connectors.sources.singer.messages import Reader, State
from connectors.sources.vendors.contract import Notice

AT_ONCE = 500  # records sent together: a second's work, and some MB at most
Keep = Callable[[Sequence[Notice]], None]  # returns once Kafka has them, raises otherwise


class Taken(NamedTuple):
    """What came in all."""

    records: int
    states: int


def take(lines: Iterable[bytes], keep: Keep, tell: Callable[[str], None]) -> Taken:
    """Return what came, once all of it is kept.

    Args:
        tell: is given each state as a line, when everything before it is kept: whatever happens
            afterwards, the tap may go on from there.

    Raises:
        BadTap: a line is no message; what came before it is kept.
        Whatever `keep` raises; states told by then stay true.
    """
    reader, waiting, records, states = Reader(), list[Notice](), 0, 0
    try:
        for line in lines:
            said = reader.read(line)
            if isinstance(said, Notice):
                waiting.append(said)
                records += 1
            if waiting and (isinstance(said, State) or len(waiting) >= AT_ONCE):
                ready, waiting = waiting, []
                keep(ready)
            if isinstance(said, State):
                tell(json_of(said.value).decode())
                states += 1
    finally:
        if waiting:  # not lost by a bad line behind them; only the state waits for another run
            keep(waiting)
    return Taken(records, states)
