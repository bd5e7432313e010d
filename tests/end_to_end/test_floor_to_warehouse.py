"""A simulated floor through the whole pipeline, counted again from the records that were sent."""

import os
import signal
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.recording import entries, open_recording
from connectors.sources.simulator.truth import truth
from infra.definitions.loading import load
from schemas.codec import CatalogueIds, decode
from schemas.definitions import KINDS, Bundle
from tests.end_to_end.company import write_company
from tests.end_to_end.installation import Installation, installed

# `make proof EVENTS=1000000` raises it; so many reps come to about that, each with a hundred days,
# or with fewer where one company is too many.
EVENTS = int(os.environ.get("EVENTS", "30000"))
REPS = 24  # of the sample company
EVENTS_OF_A_DAY = 30  # of one rep
LAST, DAYS_MAX = date(2026, 11, 11), 100
DAYS = min(DAYS_MAX, round(EVENTS / EVENTS_OF_A_DAY / REPS))
COUNTED = """
SELECT rep_id, day, measure, currency, sum(value) FROM spm_bi.rep_day
GROUP BY rep_id, day, measure, currency HAVING sum(value) != 0
"""
Key = tuple[str, str, str, str]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_number_equals_a_direct_count_although_a_worker_is_killed(tmp_path: Path) -> None:
    company = write_company(
        tmp_path / "company", max(1, round(EVENTS / EVENTS_OF_A_DAY / DAYS_MAX / REPS))
    )
    with installed(tmp_path / "data", "--definitions", str(company)) as here:
        recording = tmp_path / "floor.events"
        here.run(
            "simulate", "encode", str(recording), "--definitions", str(company),
            "--from", str(LAST - timedelta(days=DAYS)), "--to", str(LAST), "--seed", "5",
            seconds=900,
        )  # fmt: skip
        os.kill(here.pid_of("worker"), signal.SIGKILL)
        print(here.run("simulate", "replay", str(recording), seconds=600))
        here.settle(600)
        os.kill(here.pid_of("worker"), signal.SIGKILL)
        here.settle(600)
        counted = _counted(here)
    expected, sent = _expected(recording, company)
    print(f"{sent:,} records sent, {len(expected):,} numbers of reps and days compared")
    assert sent > EVENTS / 2
    wrong = {k: (expected.get(k), counted.get(k)) for k in expected.keys() | counted.keys()}
    wrong = {k: pair for k, pair in wrong.items() if pair[0] != pair[1]}
    assert not wrong, f"{len(wrong)} differ, such as {list(wrong.items())[:5]}"


# The truth knows no exchange rates.
CONVERTED = {"revenue_won_reporting", "won_amount", "won_valued", "lost_amount"}


def _counted(here: Installation) -> dict[Key, Decimal]:
    return {
        (rep, str(day), measure, currency): value
        for rep, day, measure, currency, value in here.query(COUNTED)
        if measure not in CONVERTED
    }


def _expected(recording: Path, company: Path) -> tuple[dict[Key, Decimal], int]:
    values = load(company).values
    bundle = Bundle(**{kind: values[kind] for kind in KINDS})
    floor, ids = Floor.of_bundle(bundle), CatalogueIds()
    records = [
        decoded
        for entry in entries(open_recording(recording))
        if (decoded := decode(entry.value, ids))[0] != "progress"
    ]
    totals = {
        (cell.rep_id, str(cell.day), cell.measure, cell.currency): value
        for cell, value in truth(records, floor).items()
    }
    return totals, len(records)
