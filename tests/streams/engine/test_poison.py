"""Poison: one bad record never takes others with it, and too many of them stop the worker."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.definitions import Bundle
from schemas.warehouse import Incarnation
from streams.agents.folds import FOLDS
from streams.engine import flush, results
from streams.engine.batches import Partition
from streams.engine.decoding import Reading, decode
from streams.engine.filters import Filter
from streams.engine.gathering import decoded, portions, taken
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poison, Poisoned, culprits
from streams.engine.totals import Totals
from tests.load import definitions
from tests.streams.engine.records import CALL, IDS, batch

CALLS = Partition("crm.calls", 0)
PLAIN = FOLDS["crm.calls"]


def breaks_on_u2(frame: pl.DataFrame, prepared: Any) -> Any:
    if "u2" in frame.get_column("owner_id").to_list():
        raise ZeroDivisionError("division by zero")
    return PLAIN.resolve(frame, prepared)


FOLD = replace(PLAIN, resolve=breaks_on_u2)


def fetched() -> Any:
    owners = ["u1", "u2", "u0", "u2", "u1"]
    records = [CALL | {"entity_id": f"e{i}", "owner_id": owner} for i, owner in enumerate(owners)]
    pairs = [(r["entity_id"].encode(), encode("call", r, IDS)) for r in records]
    return batch("crm.calls", 0, pairs)


def flushed(fold: Any, poisoned: dict[tuple[int, int], str]) -> flush.Flush:
    in_force = fold.prepare(Bundle.model_validate(definitions(3)))
    state = PartitionState(CALLS, fold, 1, 1, 0, 1, in_force, Filter(), Totals())
    state.take(fetched())
    reading = Reading("call", fold.faults, partitions=1, poisoned=poisoned)
    decoded(taken([state], 10**6), {"crm.calls": reading}, IDS)
    nothing: Any = None
    return flush.compute(portions([state]), nothing, nothing, Incarnation("memory", 1), None)


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "load_touched", lambda *_: None)


def test_records_that_break_a_rule_are_named_and_their_neighbours_go_on() -> None:
    with pytest.raises(Poisoned) as raised:
        flushed(FOLD, {})
    found = raised.value.found
    assert set(found[CALLS]) == {1, 3}
    poisoned = {(0, offset): text for offset, text in found[CALLS].items()}
    done = flushed(FOLD, poisoned)
    rows = pl.concat(done.history["spm.activity"])
    assert rows.get_column("entity_id").to_list() == ["e0", "e2", "e4"]
    assert [(dead.offset, dead.reason) for _, dead in done.dead] == [(1, "rule"), (3, "rule")]
    assert all("ZeroDivisionError: division by zero" in dead.detail for _, dead in done.dead)
    assert [dead.value for _, dead in done.dead] == [fetched().records[i].value for i in (1, 3)]


def test_a_rule_that_fails_on_no_single_record_is_not_blamed_on_one() -> None:
    def breaks_on_many(frame: pl.DataFrame, prepared: Any) -> Any:
        if len(frame) > 1:
            raise ZeroDivisionError
        return PLAIN.resolve(frame, prepared)

    with pytest.raises(ZeroDivisionError):
        flushed(replace(PLAIN, resolve=breaks_on_many), {})


def test_without_poison_nothing_is_set_aside() -> None:
    reading = Reading("call", PLAIN.faults, partitions=1, poisoned={(1, 0): "other partition"})
    assert decode([fetched()], reading, IDS).dead == ()


@given(st.sets(st.integers(0, 40)), st.integers(1, 41))
def test_bisection_finds_exactly_the_bad_ones(bad: set[int], count: int) -> None:
    def work(part: pl.DataFrame) -> None:
        if bad & set(part.get_column("n").to_list()):
            raise ValueError("bad")

    found = culprits(work, pl.DataFrame({"n": range(count)}))
    assert set(found) == {n for n in bad if n < count}


@pytest.mark.parametrize(
    ("share_max", "bad", "stops"), [(0.5, 99, False), (0.5, 600, True), (1.0, 1_000, False)]
)
def test_a_worker_stops_when_most_of_the_last_records_are_bad(
    share_max: float, bad: int, stops: bool
) -> None:
    poison = Poison(share_max)
    assert poison.count(1_000 - bad, 0) is None
    reason = poison.count(bad, bad)
    assert bool(reason) == stops
    assert not stops or "bad_share_max" in str(reason)
