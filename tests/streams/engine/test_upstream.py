"""Credits ahead of what they are made from: only their own partition waits, and takes no room."""

from decimal import Decimal
from typing import Any

import polars as pl

from schemas.codec import encode
from schemas.keys import partition_of
from streams.agents.commissions import COMMISSIONS
from streams.engine import upstream
from streams.engine.batches import Partition
from streams.engine.books import Books
from streams.engine.decoding import Reading, decode
from streams.engine.filters import Filter
from streams.engine.gathering import Portion, decoded, portions, taken
from streams.engine.partitions import PartitionState
from streams.engine.totals import Totals
from streams.engine.upstream import Holds
from streams.engine.waits import Waits
from tests.streams.commissioned import credit
from tests.streams.engine.records import IDS, batch

TOPIC = COMMISSIONS.topic
READING = Reading("credit", COMMISSIONS.faults, 2, key="rep_id")
REPS = {partition_of(rep.encode(), 2): rep for rep in ("a", "b", "c", "d")}


class Stands:
    """A warehouse whose deal_credit stands somewhere."""

    def __init__(self, *rows: tuple[str, str, int]) -> None:
        names = ("rep_id", "deal_id", "role", "via", "position")
        made = [(rep, deal, "REVENUE", "owner", position) for rep, deal, position in rows]
        self.answer = pl.DataFrame(made, schema=names, orient="row")
        self.asked = 0

    def frame(self, sql: str) -> pl.DataFrame:
        assert "spm.deal_credit" in sql
        self.asked += 1
        return self.answer


class Consumer:
    """A consumer that remembers what was set back and what goes on."""

    def __init__(self) -> None:
        self.paused: set[Partition] = set()

    def set_back(self, partition: Partition) -> None:
        self.paused.add(partition)

    def resume(self, partition: Partition) -> None:
        self.paused.discard(partition)


def made(*positions: int) -> list[Portion]:
    """Return portions of both partitions with a credit at each source position."""
    states = [
        PartitionState(Partition(TOPIC, n), COMMISSIONS, 1, 1, 0, 1, None, Filter(), Totals(),
                       Books(), 2)
        for n in (0, 1)
    ]  # fmt: skip
    for number, state in enumerate(states):
        rep = REPS[number]
        pairs: list[Any] = [
            (rep.encode(), encode("credit", credit(rep, "deal", p), IDS)) for p in positions
        ]
        state.take(batch(TOPIC, number, pairs))
    decoded(taken(states, 100), {TOPIC: READING}, IDS)
    return portions(states)


def reasons(*rows: tuple[str, str, int]) -> list[bool]:
    warehouse: Any = Stands(*rows)
    found = upstream.behind(made(5, 7, 6), warehouse)
    assert warehouse.asked == 1
    return [bool(reason) for reason in found]


def test_a_credit_waits_until_its_row_stands_at_its_source_position() -> None:
    here, there = REPS[0], REPS[1]
    assert reasons((here, "deal", 7), (there, "deal", 8)) == [False, False]
    assert reasons((here, "deal", 6), (there, "deal", 7)) == [True, False]
    assert reasons((here, "other", 9), (there, "deal", 7)) == [True, False]
    assert reasons() == [True, True]


def test_the_reason_says_what_is_missing() -> None:
    warehouse: Any = Stands()
    reason = upstream.behind(made(7), warehouse)[1]
    assert "stage one is behind: spm.credits[1] waits until spm.deal_credit stands" in reason
    assert f"at position 7 for rep_id {REPS[1]}, deal_id deal" in reason


def test_one_partition_waits_and_comes_back_where_it_was() -> None:
    waits, consumer = Waits(), Consumer()
    holds = Holds(waits, Stands(), lambda: None)  # type: ignore[arg-type]
    some = made(7)
    assert holds.sort_out(consumer, some, ["not yet", ""])
    first, second = (portion.state for portion in some)
    assert (first.held, second.held) == ("not yet", "")
    assert consumer.paused == {first.partition}
    assert waits.current() == {upstream.NAME: "not yet"}
    assert first.is_idle
    assert portions([first]) == []
    upstream.release([first, second])
    again = portions([first])
    assert [portion.segment for portion in again] == [some[0].segment]
    assert not holds.sort_out(consumer, again, [""])
    assert consumer.paused == set()
    assert waits.current() == {}


def test_a_credit_keyed_by_anything_but_its_payee_is_set_aside() -> None:
    value = encode("credit", credit("a", "deal", 1), IDS)
    number = partition_of(b"deal", 2)
    found = decode([batch(TOPIC, number, [(b"deal", value)])], READING, IDS)
    assert found.frame.is_empty()
    assert found.dead[0].detail == "the Kafka key is not the rep_id; key records by rep_id"


def test_credits_that_make_no_sense_are_set_aside() -> None:
    wrong: list[dict[str, Any]] = [
        {"role": "FRIEND"}, {"deal_id": ""}, {"position": -1}, {"partition": 70_000},
        {"reporting_currency": None, "reporting_amount": Decimal(1)},
    ]  # fmt: skip
    number = partition_of(b"a", 2)
    pairs: list[Any] = [
        (b"a", encode("credit", credit("a", "deal", 1) | fields, IDS)) for fields in wrong
    ]
    found = decode([batch(TOPIC, number, pairs)], READING, IDS)
    assert len(found.dead) == len(wrong)


def test_credits_of_different_splits_never_share_an_id() -> None:
    ids = [
        COMMISSIONS.stored(decode([batch(TOPIC, partition_of(b"a", 2), [
            (b"a", encode("credit", credit("a", deal, 1, via=via), IDS))
        ])], READING, IDS).frame)["entity_id"][0]
        for deal, via in [("d", "0"), ("d:REVENUE", "0"), ("d", "REVENUE:0"), ("d", "%3A"),
                          ("d", ":"), ("d", "1")]
    ]  # fmt: skip
    assert len(set(ids)) == len(ids)
