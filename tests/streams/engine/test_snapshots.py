"""Laws of credits: whatever happens to the log, who is credited and who is told stays the same."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import codec
from schemas.codec import encode
from schemas.definitions import Bundle
from schemas.positions import position_of
from schemas.warehouse import Incarnation, Message
from streams.agents.folds import CREDITS, FOLDS
from streams.engine import flush, history, results, snapshots
from streams.engine.batches import Partition
from streams.engine.decoding import Reading
from streams.engine.filters import Filter, hashes_of
from streams.engine.flush import Flush
from streams.engine.folding import no_known
from streams.engine.gathering import decoded, portions, taken
from streams.engine.partitions import PartitionState
from streams.engine.totals import Totals
from tests.load import definitions
from tests.streams.engine.records import IDS, batch

FOLD = FOLDS["crm.deals"]
READINGS = {"crm.deals": Reading("deal", FOLD.faults, partitions=1)}
IN_FORCE = FOLD.prepare(Bundle.model_validate(definitions(4)))
NOW = Incarnation("memory", 1)
AT = datetime(2026, 3, 1, 22, tzinfo=UTC)
SPLITS: list[list[tuple[int, str, str]]] = [
    [],
    [(0, "REVENUE", "0.5"), (1, "REVENUE", "0.5")],
    [(1, "REVENUE", "0.7"), (0, "REVENUE", "0.3"), (2, "OVERLAY", "0.25")],
    [(2, "REVENUE", "0.4"), (2, "REVENUE", "0.6")],  # twice the same person
    [(9, "REVENUE", "1"), (0, "OVERLAY", "0")],  # nobody we know
]
Entry = tuple[int, int]  # deal, revision
Log = Sequence[Entry]
Credits = dict[tuple[str, ...], tuple[Any, ...]]


def deal(entity: int, revision: int) -> dict[str, Any]:
    """Return a deal whose content follows from its revision: moved, split, cancelled, restored."""
    kind = entity + revision
    return {
        "entity_id": f"d{entity}", "source": "sim", "source_id": str(entity), "revision": revision,
        "op": "CANCELLED" if kind % 4 == 3 else "SET", "created_at": AT,
        "occurred_at": AT + timedelta(days=1), "won_at": AT + timedelta(days=revision),
        "owner_id": f"u{kind % 4}", "stage_id": "s", "currency": ["EUR", "USD", "CHF"][kind % 3],
        "stage_class": ["WON", "OPEN", "LOST"][revision % 3],
        "amount": None if kind % 7 == 6 else Decimal(kind * 10 + 1) / 100,
        "splits": [
            {"owner_id": f"u{user}", "role": role, "share": Decimal(share)}
            for user, role, share in SPLITS[kind * 3 % len(SPLITS)]
        ],
    }  # fmt: skip


class Run:
    """One partition with its warehouse in memory. The last flush is always on its way."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self.records = records
        self.stored: list[pl.DataFrame] = []
        self.tables: list[pl.DataFrame] = []
        self.messages: list[Message] = []
        self.before: Flush | None = None
        self.begin(0)

    def begin(self, offset: int) -> None:
        """Start a worker at an offset; what was on its way is in the warehouse."""
        self.stored += self.before.history[FOLD.table] if self.before else []
        self.before = None
        self.state = PartitionState(
            Partition("crm.deals", 0), FOLD, 1, 1, offset, 1, IN_FORCE, Filter(), Totals()
        )
        for rows in self.stored:
            self.state.history.add(hashes_of(rows.get_column("entity_id")))

    def flush(self, until: int) -> list[Message]:
        """Flush the log up to an offset and return what is told."""
        start = self.state.taken_offset
        pairs: list[Any] = [
            (record["entity_id"].encode(), encode("deal", record, IDS))
            for record in self.records[start:until]
        ]
        if not pairs:
            return []
        self.state.take(batch("crm.deals", 0, pairs, start=start))
        decoded(taken([self.state], 10**6), READINGS, IDS)
        nothing: Any = None
        done = flush.compute(portions([self.state]), self, nothing, NOW, self.before)  # type: ignore[arg-type]
        self.stored += self.before.history[FOLD.table] if self.before else []
        self.before = done
        self.tables += snapshots.tables_of(done.snapshots, NOW.generation).values()
        told = list(snapshots.messages_of(done.snapshots, IDS))
        self.messages += told
        return told

    def known(
        self, asked: Sequence[history.Asked], unflushed: Sequence[pl.DataFrame], fold: Any
    ) -> pl.DataFrame:
        wanted = no_known(fold.names, fold.tellers)
        columns = [name for name in wanted.columns if name != "teller"]
        columns += ["said", *fold.tellers.names]
        rows = [frame.select(columns) for frame in [*self.stored, *unflushed]]
        if not rows:
            return wanted
        every = history.with_teller(fold.tellers, pl.concat(rows, how="vertical_relaxed"))
        every = every.sort("position").select(wanted.columns)
        mine = pl.lit(value=False)
        for part in asked:
            mine |= pl.col("entity_id").is_in(list(part.ids)) & (pl.col("position") < part.below)
        return every.filter(mine).unique(["entity_id", "teller"], keep="last", maintain_order=True)

    def history(self) -> pl.DataFrame:
        """Return all history rows, those on their way among them."""
        frames = self.stored + (self.before.history[FOLD.table] if self.before else [])
        every = pl.concat(rows.select(sorted(rows.columns)) for rows in frames)
        return every.sort("position")

    def table(self) -> Credits:
        """Return what spm.deal_credit holds once it is merged: newest position per key."""
        return newest(row for frame in self.tables for row in frame.to_dicts())


KEY = ("rep_id", "deal_id", "role", "via")


def newest(rows: Any) -> Credits:
    found: dict[Any, Any] = {}
    for row in sorted(rows, key=lambda row: row["position"]):
        found[tuple(row[name] for name in KEY)] = row
    return found


def told(messages: Sequence[Message]) -> Credits:
    """Return what a reader of spm.credits keeps."""
    records = [codec.decode(m.value, IDS)[1] for m in messages]
    assert [m.key.decode() for m in messages] == [record["rep_id"] for record in records]
    return newest(records)


def standing(table: Credits) -> dict[Any, Any]:
    """Return who is credited, whatever the positions."""
    return {key: (row["stage_class"], row["day"], row["share"], row["amount"], row["currency"],
                  row["reporting_amount"])
            for key, row in table.items() if not row["deleted"]}  # fmt: skip


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "known", lambda run, _, *asked: run.known(*asked))
    monkeypatch.setattr(results, "load_touched", lambda *_: None)


def ran(log: Log, cuts: Sequence[int] = ()) -> Run:
    run = Run([deal(*entry) for entry in log])
    for cut in [*sorted(cuts), len(log)]:
        run.flush(min(cut, len(log)))
    return run


def plainly(log: Log) -> dict[Any, Any]:
    """Return who is credited for what, from the newest revision of each deal."""
    last: dict[int, int] = {}
    for entity, revision in log:
        last[entity] = max(revision, last.get(entity, 0))
    found = {}
    for entity, revision in last.items():
        made = deal(entity, revision)
        if made["op"] == "CANCELLED" or made["amount"] is None:
            continue
        splits = [(s["owner_id"], s["role"], str(i), s["share"])
                  for i, s in enumerate(made["splits"])]  # fmt: skip
        for user, role, via, share in splits or [
            (made["owner_id"], "REVENUE", "owner", Decimal(1))
        ]:
            rep = f"r{user[1]}" if int(user[1]) < 4 else "unassigned"
            found[rep, f"d{entity}", role, via] = (made["stage_class"], share)
    return found


entries = st.tuples(st.integers(0, 2), st.integers(1, 9))
logs = st.lists(entries, max_size=14)
cuttings = st.lists(st.integers(0, 14), max_size=4)
lawful = settings(
    deadline=None, max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@lawful
@given(logs, cuttings)
def test_any_cut_into_flushes_gives_the_same_credits_and_messages(
    log: Log, cuts: list[int]
) -> None:
    whole, parts = ran(log), ran(log, cuts)
    assert parts.table() == whole.table()
    assert sorted(parts.messages) == sorted(whole.messages)
    found = {key: (row[0], row[2]) for key, row in standing(whole.table()).items()}
    assert found == plainly(log)


@lawful
@given(logs, cuttings)
def test_messages_say_what_the_table_says_the_deleted_included(log: Log, cuts: list[int]) -> None:
    run = ran(log, cuts)
    table, messages = run.table(), told(run.messages)
    assert messages.keys() == table.keys()
    for key, row in table.items():
        said = {name: value or "" for name, value in messages[key].items()}
        assert said == {name: value or "" for name, value in row.items() if name != "generation"}
        assert not row["deleted"] or (row["amount"], row["share"]) == (0, 0)


@lawful
@given(logs, st.lists(st.integers(0, 13), max_size=5), cuttings)
def test_repeating_records_changes_nothing(log: Log, again: list[int], cuts: list[int]) -> None:
    repeated = [*log, *(log[i] for i in again if i < len(log))]
    assert ran(repeated, cuts).table() == ran(log).table()


@lawful
@given(st.permutations(range(10)), logs, cuttings)
def test_any_order_credits_the_same(order: list[int], log: Log, cuts: list[int]) -> None:
    shuffled = [log[i] for i in order if i < len(log)] + list(log[10:])
    assert standing(ran(shuffled, cuts).table()) == standing(ran(log).table())


@lawful
@given(logs, cuttings, st.integers(0, 14), cuttings)
def test_a_replay_says_all_it_said_again_and_changes_nothing(
    log: Log, cuts: list[int], back: int, cuts_then: list[int]
) -> None:
    """A worker died before the ack; the next one reads from further back, in other portions."""
    run, back = ran(log, cuts), min(back, len(log))
    before, table = list(run.messages), run.table()
    run.messages.clear()
    run.begin(back)
    for cut in [*sorted(cuts_then), len(log)]:
        run.flush(min(max(cut, run.state.taken_offset), len(log)))
    assert run.table() == table
    since = position_of(1, back)
    repeated = [m for m in before if codec.decode(m.value, IDS)[1]["position"] >= since]
    assert sorted(run.messages) == sorted(repeated)


@lawful
@given(logs, cuttings, st.integers(0, 14))
def test_history_alone_gives_the_same_credits(log: Log, cuts: list[int], since: int) -> None:
    """What finishes a flush from history when the log is lost."""
    run, start = ran(log, cuts), position_of(1, since)
    if not log:
        return
    above = run.history().filter(pl.col("position") >= start)
    ids = above.get_column("entity_id").unique().to_list()
    below = run.known([history.Asked(run.state.partition, start, ids)], [run.history()], FOLD)
    made = snapshots.made(CREDITS, above, snapshots.before_each(CREDITS, above, below))
    table = newest(snapshots.tables_of([(CREDITS, made)], 1)[CREDITS.table].to_dicts())
    assert table == {key: row for key, row in run.table().items() if row["position"] >= start}


def test_each_change_tells_the_payees_before_and_after() -> None:
    shared = [(0, "REVENUE", "0.5"), (1, "REVENUE", "0.5"), (2, "OVERLAY", "0.25")]
    alone = {**deal(0, 1), "op": "SET", "amount": Decimal(100), "splits": [], "owner_id": "u0"}
    split = [{"owner_id": f"u{u}", "role": r, "share": Decimal(s)} for u, r, s in shared]
    steps: list[tuple[dict[str, Any], dict[tuple[str, str], int | None]]] = [
        (alone, {("r0", "owner"): 100}),
        ({"owner_id": "u3"}, {("r3", "owner"): 100, ("r0", "owner"): None}),
        ({"splits": split}, {("r0", "0"): 50, ("r1", "1"): 50, ("r2", "2"): 25,
                             ("r3", "owner"): None}),
        ({"splits": [split[1], split[0]]}, {("r1", "0"): 50, ("r0", "1"): 50, ("r0", "0"): None,
                                            ("r1", "1"): None, ("r2", "2"): None}),
        ({"op": "CANCELLED"}, {("r1", "0"): None, ("r0", "1"): None}),
        ({"op": "CANCELLED", "stage_id": "x"}, {}),
        ({"op": "SET", "amount": Decimal(60)}, {("r1", "0"): 30, ("r0", "1"): 30}),
        ({"amount": None}, {("r1", "0"): None, ("r0", "1"): None}),
    ]  # fmt: skip
    records: list[dict[str, Any]] = []
    for revision, (change, _) in enumerate(steps):
        records.append({**(records[-1] if records else {}), **change, "revision": revision})
    for cut in range(len(records)):
        run = Run(records)
        for until in sorted({cut, *range(len(records) + 1)}):
            found = {
                (rep, via): None if row["deleted"] else row["amount"]
                for (rep, _, _, via), row in told(run.flush(until)).items()
            }
            assert not until or found == steps[until - 1][1], until
        run.messages.clear()
        run.begin(cut)  # the ack was lost: the same again, the tombstones too
        again = told(run.flush(cut + 1))
        assert {(key[0], key[3]) for key in again} == set(steps[cut][1])
        assert sum(row["deleted"] for row in again.values()) == list(steps[cut][1].values()).count(
            None
        )
