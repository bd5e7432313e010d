from datetime import timedelta

import pytest

from connectors.boards.freshness import Progress, State, is_gone, newer, state_of
from tests.connectors.boards.ground import utc

NOW = utc("2026-11-22T12:00:00")


def told(behind: float = 0, silent: float = 0) -> Progress:
    observed = NOW - timedelta(minutes=silent)
    return Progress("crm", observed - timedelta(minutes=behind), observed)


@pytest.mark.parametrize(
    ("progress", "idle_minutes", "state"),
    [
        (told(), 0, State.LIVE),
        (told(), 11, State.QUIET),  # nothing happens, and we know that nothing happens
        (told(behind=6), 0, State.LATE),
        (told(behind=6), 60, State.LATE),  # late is never mistaken for quiet
        (told(silent=6), 60, State.SILENT),
        (told(behind=4, silent=4), 0, State.LATE),  # eight minutes are missing in all
    ],
)
def test_quiet_differs_from_late(progress: Progress, idle_minutes: float, state: State) -> None:
    assert state_of(progress, NOW, NOW - timedelta(minutes=idle_minutes)) is state


def test_the_later_observation_wins_in_any_order() -> None:
    old, new = told(silent=3), told()
    assert newer(newer(None, old), new) == newer(newer(None, new), old) == new


def test_a_source_without_a_word_for_a_week_is_gone() -> None:
    assert not is_gone(told(silent=6 * 24 * 60), NOW)
    assert is_gone(told(silent=8 * 24 * 60), NOW)
