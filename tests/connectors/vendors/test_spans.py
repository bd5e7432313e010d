"""Stretches of time: no gap, and nothing that is told late is passed over."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.vendors.spans import LATE, Span, reached, spans

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@given(st.integers(0, 5000), st.integers(1, 700))
def test_stretches_cover_a_time_once(minutes, length):
    start = NOW - timedelta(minutes=minutes)
    made = list(spans(start, NOW, timedelta(minutes=length)))
    assert sum((one.end - one.start for one in made), timedelta()) == NOW - start
    assert all(one.end == other.start for one, other in pairwise(made))


def test_a_listing_looks_again_at_what_may_be_told_late():
    old, today = NOW - timedelta(days=30), NOW - timedelta(hours=3)
    assert reached(Span(old, old + timedelta(days=1)), old, NOW, []) == old + timedelta(days=1)
    assert reached(Span(today, NOW), old, NOW, []) == NOW - LATE
    assert reached(Span(today, NOW), old, NOW, [today.isoformat()]) == today
    assert reached(Span(today, NOW), today, NOW, []) == today
