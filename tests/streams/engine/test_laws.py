"""Laws of the fold: cuts, repetitions and the order between entities change nothing."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.definitions import Bundle
from schemas.warehouse import Incarnation
from streams.agents.folds import FOLDS
from streams.engine import flush, history, results
from streams.engine.batches import Partition
from streams.engine.decoding import Reading
from streams.engine.filters import Filter
from streams.engine.flush import Flush
from streams.engine.folding import no_known
from streams.engine.gathering import decoded, portions, taken
from streams.engine.partitions import PartitionState
from streams.engine.totals import Totals
from tests.load import definitions
from tests.streams.engine.records import CALL, IDS, batch

FOLD = FOLDS["crm.calls"]
READINGS = {"crm.calls": Reading("call", FOLD.faults, partitions=1)}
IN_FORCE = FOLD.prepare(Bundle.model_validate(definitions(3)))
# Entity, revision, owner, op; then who tells of it, if that is not always the same one.
Log = Sequence[tuple[Any, ...]]
Sums = dict[Any, int]


class Run:
    """One partition folded with a history in memory. The last flush is always on its way."""

    def __init__(self) -> None:
        self.state = PartitionState(
            Partition("crm.calls", 0), FOLD, 1, 1, 0, 1, IN_FORCE, Filter(), Totals()
        )
        self.stored: list[pl.DataFrame] = []
        self.before: Flush | None = None
        self.sums: Sums = {}

    def feed(self, log: Log) -> None:
        pairs: list[Any] = []
        for entity, revision, owner, op, *source in log:
            record = CALL | {"entity_id": f"e{entity}", "revision": revision, "op": op}
            record |= {"owner_id": f"u{owner}", "talk_seconds": owner * 10}
            record |= {"source": source[0], "source_id": "1"} if source else {}
            pairs.append((record["entity_id"].encode(), encode("call", record, IDS)))
        if pairs:
            self.state.take(batch("crm.calls", 0, pairs, start=self.state.taken_offset))
            decoded(taken([self.state], 10**6), READINGS, IDS)
            nothing: Any = None
            now = Incarnation("memory", 1)
            done = flush.compute(portions([self.state]), self, nothing, now, self.before)  # type: ignore[arg-type]
            self.stored += self.before.history[FOLD.table] if self.before else []
            self.before = done
            for _, told in done.told:
                self.sums.update({row[:4]: row[-1] for row in told.iter_rows()})

    def known(self, asked: Sequence[history.Asked], unflushed: Sequence[pl.DataFrame]) -> Any:
        assert FOLD.tellers
        names = no_known((), FOLD.tellers).columns
        rows = [*self.stored, *unflushed]
        if not rows:
            return no_known((), FOLD.tellers)
        every = history.with_teller(FOLD.tellers, pl.concat(rows)).sort("position")
        last = every.unique(["entity_id", "teller"], keep="last", maintain_order=True)
        wanted = [name for part in asked for name in part.ids]
        return last.filter(pl.col("entity_id").is_in(wanted)).select(names)

    def rows_at(self, wanted: pl.DataFrame, unflushed: Sequence[pl.DataFrame]) -> pl.DataFrame:
        every = pl.concat([*self.stored, *unflushed])
        return every.join(wanted, on=["entity_id", "position"], how="semi")

    def said(self) -> dict[tuple[str, int], Any]:
        """Return every row of history by entity and position."""
        rows = [*self.stored, *(self.before.history[FOLD.table] if self.before else [])]
        return {
            (row["entity_id"], row["position"]): row
            for row in (pl.concat(rows).iter_rows(named=True) if rows else ())
        }


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "known", lambda run, _, asked, rows, __: run.known(asked, rows))
    monkeypatch.setattr(
        history, "statements", lambda run, _, __, wanted, rows: run.rows_at(wanted, rows)
    )
    monkeypatch.setattr(results, "load_touched", lambda *_: None)


def folded(log: Log, cuts: Sequence[int] = ()) -> Sums:
    run, last = Run(), 0
    for cut in [*sorted(min(cut, len(log)) for cut in cuts), len(log)]:
        run.feed(log[last:cut])
        last = cut
    return {key: value for key, value in run.sums.items() if value}


# One revision of an entity has one content, so that the outcome does not hang on the order.
entries = st.tuples(st.integers(0, 3), st.integers(1, 5)).map(
    lambda e: (*e, (e[0] + e[1]) % 3, "CANCELLED" if (e[0] * e[1]) % 4 == 3 else "SET")
)
logs = st.lists(entries, max_size=14)
lawful = settings(
    deadline=None, max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@lawful
@given(logs, st.lists(st.integers(0, 14), max_size=4))
def test_any_cut_into_flushes_gives_the_same(log: Log, cuts: list[int]) -> None:
    assert folded(log, cuts) == folded(log)


@lawful
@given(logs, st.lists(st.integers(0, 13), max_size=5), st.lists(st.integers(0, 14), max_size=3))
def test_repeating_records_changes_nothing(log: Log, again: list[int], cuts: list[int]) -> None:
    repeated = [*log, *(log[i] for i in again if i < len(log))]
    assert folded(repeated, cuts) == folded(log)


@lawful
@given(st.permutations(range(10)), logs, st.lists(st.integers(0, 14), max_size=3))
def test_any_order_gives_the_same(order: list[int], log: Log, cuts: list[int]) -> None:
    shuffled = [log[i] for i in order if i < len(log)] + list(log[10:])
    assert folded(shuffled, cuts) == folded(log)


@lawful
@given(logs, st.lists(st.integers(0, 20), max_size=3))
def test_cancelling_everything_leaves_nothing(log: Log, cuts: list[int]) -> None:
    entities = sorted({entity for entity, *_ in log})
    assert folded([*log, *((entity, 9, 0, "CANCELLED") for entity in entities)], cuts) == {}


told = st.tuples(entries, st.sampled_from(["sim", "aircall", "hubspot"])).map(
    lambda e: (*e[0][:2], (e[0][2] + len(e[1])) % 3, e[0][3], e[1])
)


@lawful
@given(st.lists(told, max_size=14), st.lists(st.integers(0, 14), max_size=4))
def test_several_tellers_make_the_same_rows_however_the_log_is_cut(
    log: Log, cuts: list[int]
) -> None:
    whole, parts, last = Run(), Run(), 0
    whole.feed(log)
    for cut in [*sorted(min(cut, len(log)) for cut in cuts), len(log)]:
        parts.feed(log[last:cut])
        last = cut
    assert parts.said() == whole.said()
    assert parts.sums == whole.sums


@lawful
@given(st.permutations(range(8)), st.lists(told, max_size=12))
def test_what_several_tell_does_not_hang_on_who_comes_first(order: list[int], log: Log) -> None:
    shuffled = [log[i] for i in order if i < len(log)] + list(log[8:])
    assert folded(shuffled) == folded(log)


def test_one_of_several_tellers_takes_back_what_it_said_alone() -> None:
    alone = folded([(0, 1, 1, "SET", "aircall")])
    both = [(0, 1, 1, "SET", "aircall"), (0, 7, 2, "SET", "hubspot")]
    assert sum(folded(both).values()) == sum(alone.values())  # one call, the dialer's seconds
    assert folded([*both, (0, 8, 2, "CANCELLED", "hubspot")]) == alone
    assert folded([*both, (0, 2, 1, "CANCELLED", "aircall")]) == folded(both[1:])
    every = [*both, (0, 2, 1, "CANCELLED", "aircall"), (0, 8, 2, "CANCELLED", "hubspot")]
    assert folded(every) == {}


def test_a_fold_without_guard_or_predecessor_would_be_noticed() -> None:
    assert folded([(0, 1, 1, "SET"), (0, 2, 2, "SET")]) != folded([(0, 1, 1, "SET")])
    assert len(folded([(0, 1, 1, "SET")])) == 3
