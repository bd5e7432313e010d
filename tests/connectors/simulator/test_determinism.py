"""The same seed, parameters and span give the same bytes; other ones another history."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.world import history
from tests.connectors.simulator.floors import END, FLOOR, MESSY, START, ms, story

WEEK = START + timedelta(days=7)
ROOT = Path(__file__).resolve().parents[3]
# Run in another process, with another order of sets and dicts.
ELSEWHERE = """
from hashlib import sha256
from datetime import UTC, date, datetime
from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.world import history
digest = sha256()
for event in history(Floor.synthetic(24), 7, date(2026, 3, 16), datetime(2026, 3, 23, tzinfo=UTC)):
    digest.update(repr(event).encode())
print(digest.hexdigest())
"""


def a_week(seed: int = 7, floor: Floor = FLOOR, dials: Dials | None = None) -> tuple:
    end = datetime(WEEK.year, WEEK.month, WEEK.day, tzinfo=UTC)
    return tuple(history(floor, seed, START, end, dials=dials))


def test_a_history_repeats_itself_in_another_process() -> None:
    digest = sha256()
    for event in a_week():
        digest.update(repr(event).encode())
    elsewhere = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=ROOT, env={"PYTHONHASHSEED": "123", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert elsewhere.stdout.strip() == digest.hexdigest()


def test_a_later_end_goes_on_with_the_same_history() -> None:
    shorter = tuple(history(FLOOR, 7, START, END - timedelta(days=24), dials=MESSY))
    assert len(shorter) > 1000
    assert story()[: len(shorter)] == shorter


def test_seed_floor_and_dials_each_name_a_history_of_their_own() -> None:
    longer_day = replace(FLOOR.reps[0], day_ends=18 * 60)
    other_floor = replace(FLOOR, reps=(longer_day, *FLOOR.reps[1:]))
    histories = [
        a_week(),
        a_week(seed=8),
        a_week(floor=other_floor),
        a_week(dials=Dials(corrections=0.5)),
    ]
    keys = [{event.key for event in told} for told in histories]
    for i, one in enumerate(keys):
        for other in keys[i + 1 :]:
            assert not one & other, "two histories would overwrite each other"


def test_events_come_in_order_of_delivery_and_never_before_they_are_known() -> None:
    times = [event.at for event in story()]
    assert times == sorted(times)
    assert times[-1] < ms(END)
    assert all(event.known_at <= event.at for event in story())


def test_a_rep_keeps_their_character_when_others_join() -> None:
    from connectors.sources.simulator.crew import Crew

    few, many = Crew(Floor.synthetic(8), 3), Crew(Floor.synthetic(40), 3)
    assert few.skill.tolist() == many.skill[:8].tolist()


def test_a_negative_seed_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="give 0 or more"):
        list(islice(history(FLOOR, -1, START, END), 1))


def test_an_absurd_span_is_refused() -> None:
    with pytest.raises(ValueError, match="give 0 to"):
        history(FLOOR, 1, START, datetime(2020, 1, 1, tzinfo=UTC))
