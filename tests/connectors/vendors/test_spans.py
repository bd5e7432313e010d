"""Stretches of time: no gap, and nothing that is told late is passed over."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.vendors.spans import LATE, Span, Spans, reached

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@given(st.integers(0, 5000), st.integers(1, 700), st.lists(st.booleans(), max_size=9))
def test_stretches_cover_a_time_once_whatever_is_found(minutes, length, found):
    start, made = NOW - timedelta(minutes=minutes), []
    ahead = Spans(start, NOW, timedelta(minutes=length))
    for index, span in enumerate(ahead):
        made.append(span)
        ahead.found(index < len(found) and found[index])
    assert sum((one.end - one.start for one in made), timedelta()) == NOW - start
    assert all(one.end == other.start for one, other in itertools.pairwise(made))
    assert all(one.end - one.start <= timedelta(minutes=length * 4) for one in made)


def test_a_listing_looks_again_at_what_may_be_told_late():
    old, today = NOW - timedelta(days=30), NOW - timedelta(hours=3)
    assert reached(Span(old, old + timedelta(days=1)), old, NOW, []) == old + timedelta(days=1)
    assert reached(Span(today, NOW), old, NOW, []) == NOW - LATE
    assert reached(Span(today, NOW), old, NOW, [today.isoformat()]) == today
    assert reached(Span(today, NOW), today, NOW, []) == today
