"""Messages of totals are what the plain codec reads and writes."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec
from streams.engine import telling
from streams.engine.batches import Partition
from streams.engine.telling import messages_of
from tests.streams.engine.records import IDS, Total, totals_of

totals = st.lists(
    st.builds(
        Total,
        st.sampled_from(["r1", "r2", "unassigned", "ä"]),
        st.dates(date(1960, 1, 1), date(2199, 12, 31)),
        st.sampled_from(["calls", "revenue_won"]),
        st.sampled_from(["", "EUR"]),
        st.integers(0, 2**62),
        st.integers(-(10**18) + 1, 10**18 - 1),
    ),
    max_size=8,
)
PARTITION = Partition("crm.deals", 200)


@settings(deadline=None)
@given(totals)
def test_by_hand_is_as_the_codec_does_it(some: list[Total]) -> None:
    expected = {}
    for total in some:
        partial = {
            "day": total.day,
            "measure": total.measure,
            "currency": total.currency,
            "topic": "crm.deals",
            "partition": 200,
            "position": total.position,
            "value": Decimal(total.value) / 10_000,
        }
        expected.setdefault(total.rep_id, []).append(partial)
    found = {}
    for topic, key, value, partition in messages_of([(PARTITION, totals_of(some))], 3, IDS):
        name, record = codec.decode(value, IDS)
        assert (topic, name, partition) == ("spm.rep-days", "rep_days", None)
        assert (record["rep_id"], record["generation"]) == (key.decode(), 3)
        found[record["rep_id"]] = record["partials"]
    assert found == expected


def test_a_message_stays_within_its_topics_limit() -> None:
    many = [Total("r" * 128, date(2026, 1, 1), "m" * 128, "EUR", 2**62, 10**17)] * 9_000
    messages = messages_of([(PARTITION, totals_of(many))], 1, IDS)
    assert len(messages) == -(-9_000 // telling.PARTIALS_MAX)
    assert all(len(m.value) < 1_000_000 for m in messages)
