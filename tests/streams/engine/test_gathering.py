"""Portions of a flush: markers stand alone, and every record and batch is in one of them."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.definitions import Bundle
from streams.agents.folds import FOLDS
from streams.engine.batches import Batch, Partition
from streams.engine.decoding import Reading
from streams.engine.filters import Filter
from streams.engine.gathering import decoded, portions, taken
from streams.engine.partitions import PartitionState
from streams.engine.totals import Totals
from tests.streams.engine.records import CALL, IDS, batch

FOLD = FOLDS["crm.calls"]
READINGS = {"crm.calls": Reading("call", FOLD.faults, partitions=1)}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MARKER = (b"m", encode("marker", {"sequence": 1, "written_at": NOW, "reason": "t"}, IDS))
BAD = (b"k", b"nothing")


def fact(number: int) -> tuple[bytes, bytes]:
    record = CALL | {"entity_id": f"dialer:{number}"}
    return record["entity_id"].encode(), encode("call", record, IDS)


def state(batches: list[Batch]) -> PartitionState:
    prepared = FOLD.prepare(Bundle())
    made = PartitionState(Partition("crm.calls", 0), FOLD, 1, 1, 0, 0, prepared, Filter(), Totals())
    for one in batches:
        made.take(one)
    return made


logs = st.lists(st.lists(st.sampled_from("fmx"), min_size=1, max_size=4), max_size=5)


@settings(deadline=None, max_examples=60)
@given(logs)
def test_portions_tile_the_log_and_markers_stand_alone(log: list[list[str]]) -> None:
    made, batches, offset = [], [], 0
    for kinds in log:
        pairs: list[Any] = [
            {"f": fact(offset + i), "m": MARKER, "x": BAD}[kind] for i, kind in enumerate(kinds)
        ]
        batches.append(batch("crm.calls", 0, pairs, start=offset))
        offset += len(kinds)
    queue = state(batches)
    decoded(taken([queue], 1_000), READINGS, IDS)
    while found := portions([queue]):
        made.append(found[0].segment)
    flat = "".join(kind for kinds in log for kind in kinds)
    assert [segment.start for segment in made] == [0, *[s.end for s in made]][: len(made)]
    assert (made[-1].end if made else 0) == len(flat)
    for segment in made:
        part = flat[segment.start : segment.end]
        assert (part == "m") if segment.marker else ("m" not in part)
        facts = [segment.start + i for i, kind in enumerate(part) if kind == "f"]
        assert segment.frame["offset"].to_list() == facts
        dead = [segment.start + i for i, kind in enumerate(part) if kind == "x"]
        assert [d.offset for d in segment.dead] == dead
    assert [b for segment in made for b in segment.batches] == batches
