"""The demo, as a stranger meets it: it starts, it moves, it goes on, it leaves nothing behind."""

import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.installation import installed
from tests.ground import wait_for

ACTIVITY = "SELECT sum(value) FROM spm_bi.rep_day WHERE measure IN ('calls', 'emails_sent')"
WON = "SELECT count() FROM spm_bi.fct_deal WHERE source = 'manual'"


def demo_goes_on(data: Path, *how: str) -> None:
    with installed(data, *how, verb="demo") as here:
        assert here.status()["running"]
        seen = here.query(ACTIVITY)[0][0]
        assert seen > 10_000  # history
        wait_for(lambda: here.query(ACTIVITY)[0][0] > seen, "a moving floor", 60)
        assert here.run("deal", "win", "--rep", "Aiko", "--amount", "25000").startswith("Aiko")
        wait_for(lambda: here.query(WON) == [(1,)], "the deal won by hand")

        subprocess.run(["kill", "-9", str(here.pid_of("broker"))], check=True)
        wait_for(lambda: not here.health().all_answer, "a dead broker", 30)
        wait_for(lambda: here.health().all_answer, "a new epoch", 120)
        seen = here.query(ACTIVITY)[0][0]
        wait_for(lambda: here.query(ACTIVITY)[0][0] > seen, "a floor that moves again", 60)
        after_death = here.query(ACTIVITY)[0][0]
        pids = [service.pid for service in here.health().services]
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]

    with installed(data, *how, verb="demo") as here:
        seen = here.query(ACTIVITY)[0][0]
        assert seen >= after_death
        # The simulator never rests, so some record is always behind: the floor moves all the same.
        wait_for(lambda: here.query(ACTIVITY)[0][0] > seen, "a floor that moves", 60)
        assert here.query(WON) == [(1,)]


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_moves_survives_its_broker_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    demo_goes_on(tmp_path / "data", "--days", "30")


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_demo_with_all_its_history(tmp_path: Path) -> None:
    demo_goes_on(tmp_path / "data")
