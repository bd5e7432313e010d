"""Laws of postings: cuts, forgetting and replays make the same entries; repeating adds none."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.definitions import Bundle
from schemas.keys import partition_of
from schemas.warehouse import Incarnation
from streams.agents.commissions import COMMISSIONS
from streams.engine import books, flush
from streams.engine.batches import Partition
from streams.engine.books import Account, Books, Wanted
from streams.engine.decoding import Reading
from streams.engine.filters import Filter
from streams.engine.flush import Flush
from streams.engine.gathering import decoded, portions, taken
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poisoned
from streams.engine.postings import Posting
from streams.engine.totals import Totals
from tests.streams.commissioned import credit, ladder, plans
from tests.streams.engine.records import IDS, batch

TOPIC, COUNT = COMMISSIONS.topic, 2
READINGS = {TOPIC: Reading("credit", COMMISSIONS.faults, COUNT, key="rep_id")}
REPS = ["a", "b", "c", "d"]
TIERS = {1: (("0", "0.07"), ("150", "0.1")), 2: (("0", "0.05"), ("90", "0.2"))}
TERMS = {
    number: COMMISSIONS.prepare(Bundle.model_validate(plans(*tiers, period="MONTH")))
    for number, tiers in TIERS.items()
}
Item = tuple[int, int, int] | int  # payee, deal and source position; or the sequence of a marker
Log = Sequence[Item]
Entries = dict[str, dict[str, Any]]


class Revisions:
    """Definitions in memory."""

    def prepared(self, sequence: int, _: Any) -> Any:
        return TERMS[sequence]


class Run:
    """Partitions of credits and a history in memory. The last flush is always on its way."""

    def __init__(self, stored: Sequence[pl.DataFrame] = (), since: int = 0, in_force: int = 1):
        self.states = [
            PartitionState(
                Partition(TOPIC, n), COMMISSIONS, 1, 1, since, in_force, TERMS[in_force],
                Filter(), Totals(), Books(), COUNT,
            )
            for n in range(COUNT)
        ]  # fmt: skip
        self.stored = list(stored)
        self.before: Flush | None = None
        self.entries: Entries = {}
        self.posted = 0
        self.forgets = False

    def feed(self, log: Log) -> None:
        for state in self.states:
            pairs = [pair for item in log for pair in pair_of(item, state.partition.number)]
            if pairs:
                state.take(batch(TOPIC, state.partition.number, pairs, start=state.taken_offset))
        decoded(taken(self.states, 10**6), READINGS, IDS)
        while some := portions(self.states):
            if any(portion.segment.marker for portion in some):
                self.write()
            revisions: Any = Revisions()
            warehouse: Any = self
            done = flush.compute(some, warehouse, revisions, Incarnation("m", 1), self.before)
            self.write()
            self.before = done
            for state in self.states:
                state.books = Books() if self.forgets else state.books

    def write(self) -> None:
        done, self.before = self.before, None
        if done is None:
            return
        self.stored += done.history.get(COMMISSIONS.table, [])
        for frame in done.entries.get(COMMISSIONS.ledger, []):
            for row in frame.iter_rows(named=True):
                self.posted += 1
                assert self.entries.setdefault(row["entry_id"], row) == row

    def rows(self) -> pl.DataFrame:
        return pl.concat(self.stored).filter(pl.col("kind") != "marker").sort("position")

    def read(self, wanted: Sequence[Wanted], unflushed: Sequence[pl.DataFrame]) -> Any:
        found = {payee: Account() for one in wanted for payee in one.payees}
        for one in wanted if self.stored else ():
            mine = pl.col("rep_id").is_in(list(one.payees)) & (pl.col("position") < one.below)
            books._fill(found, COMMISSIONS, self.rows().filter(mine))
        for frame in unflushed:
            mine = pl.col("rep_id").is_in(list(found)) & (pl.col("kind") != "marker")
            books._fill(found, COMMISSIONS, frame.filter(mine))
        return found

    def payees(self, partition: int, partitions: int, below: int) -> list[str]:
        if not self.stored:
            return []
        mine = (pl.col("key_hash") & 0x7FFFFFFF) % partitions == partition
        found = self.rows().filter(mine & (pl.col("position") < below))
        return sorted(found.get_column("rep_id").unique())


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(run: Run, _: Posting, wanted: Any, unflushed: Any = ()) -> Mapping[str, Account]:
        return run.read(wanted, unflushed)

    monkeypatch.setattr(books, "read", read)
    monkeypatch.setattr(books, "payees", lambda run, _, *where: run.payees(*where))


def record(payee: int, deal: int, source: int) -> dict[str, Any]:
    """One source position of a deal says one thing of a payee."""
    return credit(
        REPS[payee],
        f"d{deal}",
        source,
        deleted=(deal + source) % 5 == 4,
        amount=Decimal(deal * 37 + source * 61 + payee).scaleb(-1),
        day=date(2026, 1, 20) + timedelta(days=deal * 5 + source % 3 * 9),
    )


def pair_of(item: Item, number: int) -> Iterable[tuple[bytes, bytes]]:
    if isinstance(item, int):
        marker = {"sequence": item, "written_at": datetime(2026, 1, 1, tzinfo=UTC), "reason": "t",
                  "epoch": None, "previous_end": None}  # fmt: skip
        yield b"m", encode("marker", marker, IDS)
        return
    made = record(*item)
    key = made["rep_id"].encode()
    if partition_of(key, COUNT) == number:
        yield key, encode("credit", made, IDS)


def run(log: Log, cuts: Sequence[int] = (), *, forgets: bool = False) -> Run:
    made, last = Run(), 0
    made.forgets = forgets
    for cut in [*sorted(min(cut, len(log)) for cut in cuts), len(log)]:
        made.feed(log[last:cut])
        last = cut
    made.write()
    return made


def sums(made: Run) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = {}
    for e in made.entries.values():
        key = (e["rep_id"], e["origin_start"])
        found[key] = found.get(key, Decimal(0)) + e["amount"]
    return {key: amount for key, amount in found.items() if amount}


def owed(log: Log) -> dict[Any, Decimal]:
    """Return what a direct count of the log says."""
    last: dict[Any, int] = {}
    sequence = 1
    for item in log:
        if isinstance(item, int):
            sequence = max(sequence, item)
        else:
            last[item[:2]] = max(item[2], last.get(item[:2], 0))
    totals: dict[Any, Decimal] = {}
    for (payee, deal), source in last.items():
        made = record(payee, deal, source)
        if not made["deleted"]:
            key = (made["rep_id"], made["day"].replace(day=1))
            totals[key] = totals.get(key, Decimal(0)) + made["amount"]
    found = {key: ladder(total, list(TIERS[sequence])) for key, total in totals.items()}
    return {key: amount for key, amount in found.items() if amount}


credits = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 6))
logs = st.lists(credits | st.sampled_from([1, 2]), max_size=14)
cuttings = st.lists(st.integers(0, 14), max_size=4)
lawful = settings(
    deadline=None, max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@lawful
@given(logs, cuttings, st.booleans())
def test_any_cut_and_any_forgetting_make_the_same_entries(
    log: Log, cuts: list[int], forgets: bool
) -> None:
    whole, cut = run(log), run(log, cuts, forgets=forgets)
    assert cut.entries == whole.entries
    assert sums(whole) == owed(log)


@lawful
@given(logs, st.lists(st.integers(0, 13), max_size=5), cuttings)
def test_repeating_records_adds_nothing(log: Log, again: list[int], cuts: list[int]) -> None:
    repeated = [*log, *(log[i] for i in again if i < len(log))]
    made = run(repeated, cuts)
    assert made.entries == run(log).entries
    assert made.posted == len(made.entries)


@lawful
@given(st.permutations(range(14)), st.lists(credits, max_size=14), cuttings)
def test_any_order_adds_up_to_the_same(order: list[int], log: Log, cuts: list[int]) -> None:
    shuffled = [log[i] for i in order if i < len(log)]
    assert sums(run(shuffled, cuts)) == sums(run(log)) == owed(log)


@lawful
@given(logs, st.integers(0, 14), cuttings)
def test_a_replay_from_anywhere_makes_the_same_entries(
    log: Log, since: int, cuts: list[int]
) -> None:
    """History holds rows at and above the start, as after a crash, or of whoever lost the log."""
    whole = run(log)
    for number, state in enumerate(whole.states):
        mine = [item for item in log if list(pair_of(item, number))]
        start = min(since, len(mine))
        in_force = max([1, *(item for item in mine[:start] if isinstance(item, int))])
        again = Run(whole.stored, start, in_force)
        again.states = [again.states[number]]
        last = start
        for cut in [*sorted(c for c in cuts if start <= c < len(mine)), len(mine)]:
            again.feed(mine[last:cut])
            last = cut
        again.write()
        wanted = {
            i: e for i, e in whole.entries.items()
            if e["partition"] == number and e["position"] >= state.position(start)
        }  # fmt: skip
        assert again.entries == wanted


def test_equal_positions_in_two_partitions_make_different_entries() -> None:
    by_partition = {partition_of(rep.encode(), COUNT): i for i, rep in enumerate(REPS)}
    assert len(by_partition) == COUNT
    made = run([(payee, 1, 1) for payee in by_partition.values()])
    assert {e["position"] for e in made.entries.values()} == {1 << 40}
    assert len(made.entries) == COUNT


def test_a_marker_posts_for_every_payee_under_ids_of_their_own() -> None:
    log: Log = [(payee, deal, 1) for payee in range(4) for deal in range(2)]
    made = run([*log, 2])
    adjusted = [e for e in made.entries.values() if e["kind"] == "ADJUSTMENT"]
    assert {e["rep_id"] for e in adjusted} == set(REPS)
    assert {e["sequence"] for e in adjusted} == {2}
    assert all(e["deal_id"] == "" for e in adjusted)
    assert len(run([*log, 2, 1, 2]).entries) == len(made.entries)


def test_verdicts_are_counted() -> None:
    made = Run()
    made.feed([(0, 1, 3), (0, 1, 3), (0, 1, 2), (0, 1, 4)])
    assert made.before is not None
    (counts,) = made.before.counts.values()
    assert list(counts.values()) == [2, 1, 1]  # accepted, duplicate, stale


def test_a_record_on_which_a_rule_fails_is_named() -> None:
    class Broken:
        def by_sums(self, rep_id: str) -> Any:
            raise ArithmeticError("no such thing")

    made = Run()
    for state in made.states:
        state.prepared = Broken()
    with pytest.raises(Poisoned) as found:
        made.feed([(0, 1, 1)])
    (offsets,) = found.value.found.values()
    assert offsets == {0: "ArithmeticError: no such thing"}
