"""Results computed again from history: on a real broker, the embedded warehouse and workers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ground import ROOT, Site, site
from tests.load import Floor, definitions

pytestmark = [pytest.mark.slow]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, partitions=2) as found:
        yield found


def command(made: Site, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "infra.cli.main", "rebuild", *arguments],
        cwd=ROOT, env=made.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def rebuild(made: Site, *arguments: str, code: int = 0) -> dict[str, Any]:
    process = command(made, "--json", *arguments)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    return json.loads(out)


def totals(made: Site, generation: int) -> Any:
    return made.frame(
        f"SELECT rep_id, day, measure, currency, topic, partition, position, value "
        f"FROM spm.kpi_rep_day FINAL WHERE generation = {generation} ORDER BY ALL"
    ).rows()


def test_results_are_the_same_before_and_after(made: Site) -> None:
    floor = Floor(seed=21)
    known = definitions(floor.reps)
    made.define(1, {**known, "identities": {"identities": []}})
    made.open_epochs()
    made.start_worker()
    made.produce(floor.events(2_000))
    made.define(2, {"identities": known["identities"]})
    made.mark(2)
    made.produce(floor.events(2_000))
    made.wait_applied()
    before = totals(made, 1)
    tried = rebuild(made, "--dry-run")
    assert tried["compared"][0]["same"] == len(before)
    done = rebuild(made)
    assert totals(made, done["generation"]) == before
    made.produce(floor.events(1_000))
    made.wait_applied()
    assert made.sums() == floor.sums()
