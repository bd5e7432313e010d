"""Vendors that tell seconds only: nothing of a second is missed, and no page skips what moves."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.vendors import whole_seconds
from connectors.sources.vendors.http import Answer
from connectors.sources.vendors.whole_seconds import window

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
Rows = dict[int, int]  # id -> second in which it was last changed


def test_what_changed_this_second_is_read_when_the_second_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0]
    monkeypatch.setattr(whole_seconds.time, "sleep", lambda s: clock.__setitem__(0, clock[0] + s))

    def ask() -> Answer:
        asked.append(clock[0])
        date = {"date": f"Mon, 02 Mar 2026 09:00:{30 + clock[0]:02.0f} GMT"}
        return Answer(200, date, T0 + timedelta(seconds=changed))

    for changed, tries in ((30, 3), (29, 2), (28, 1), (99, whole_seconds.TRIES_MAX)):
        asked: list[float] = []
        clock[0] = 0
        whole_seconds.settled(ask, lambda answer: [answer.body])
        assert len(asked) == tries, changed


def changed_at(row: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(row["second"], UTC)


def listed(rows: Rows, size: int, moves: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is told of a listing in pages of a size, while records change meanwhile.

    Args:
        moves: ids that change before each further page, and by how much later.
    """
    told: list[tuple[int, int]] = []
    at, token, more = 0.0, "", True
    while more:
        found = sorted((second, one) for one, second in rows.items() if second >= at)
        start = int(token or 0)
        page = [{"id": one, "second": second} for second, one in found[start : start + size]]
        following = str(start + size) if start + size < len(found) else None
        part, at, token, more = window(page, at, changed_at, following)
        told += [(row["second"], row["id"]) for row in part]
        if moves and more and not token:  # while one second is paged, that second is over
            one, later = moves.pop()
            if one in rows:
                rows[one] = max(rows.values()) + later
    return told


@given(
    st.dictionaries(st.integers(1, 60), st.integers(1, 12), max_size=40),
    st.integers(1, 7),
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3)), max_size=12),
)
def test_a_listing_tells_everything_in_order_whatever_moves(
    rows: Rows, size: int, moves: list[tuple[int, int]]
) -> None:
    before = dict(rows)
    told = listed(rows, size, moves)
    assert [second for second, _ in told] == sorted(second for second, _ in told)
    assert {(second, one) for one, second in rows.items()} <= set(told)
    still = [one for one, second in rows.items() if before[one] == second]
    assert all(sum(1 for _, other in told if other == one) == 1 for one in still)
