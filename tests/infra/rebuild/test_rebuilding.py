"""Results computed again from history are those of the live fold, row for row and position for
position; a run may end anywhere. In process, on a warehouse that a worker has filled.
"""

import socket
from collections.abc import Iterator
from functools import cache
from typing import Any

import polars as pl
import pytest

from infra.rebuild import building, generations, pausing, rebuilding, runs
from streams.agents.folds import FOLDS
from streams.app import outside
from streams.engine.epochs import Ground
from streams.engine.preparing import Outside
from streams.settings import Settings
from tests.ground import Site, site, stop
from tests.load import Floor, definitions

pytestmark = [pytest.mark.slow]
TABLES = ("spm.kpi_rep_day", "spm.deal_credit")


class Killed(BaseException):
    """The process is gone: nothing it does after this reaches anybody."""


class Dying:
    """A warehouse whose caller dies after so many changes."""

    def __init__(self, warehouse: Any, changes: int) -> None:
        self._warehouse, self._left = warehouse, changes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._warehouse, name)

        def call(*args: Any) -> Any:
            if self._left <= 0:
                raise Killed
            if name not in {"frame", "incarnation"}:
                self._left -= 1
            return found(*args)

        return call


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("rebuild"), partitions=2) as found:
        floor = Floor(seed=21)
        known = definitions(floor.reps)
        found.define(1, {**known, "identities": {"identities": []}})
        found.open_epochs()
        worker = found.start_worker()
        found.produce(floor.events(700))
        found.define(2, {"identities": known["identities"]})
        found.mark(2)
        found.produce(floor.events(700))
        found.wait_applied()
        stop(worker)
        found.workers.clear()
        assert found.sums() == floor.sums()
        yield found


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SLICE_ROWS", 400)


@cache
def connected(settings: Settings) -> Outside:
    return outside(settings)


def ground(made: Site, changes: int = 1_000_000) -> Ground:
    there = connected(made.settings)
    warehouse: Any = Dying(there.warehouse, changes)
    return Ground(warehouse, there.kafka, there.publisher, there.ids, FOLDS)


def rebuilt(made: Site, **how: Any) -> rebuilding.Outcome:
    return rebuilding.rebuild(ground(made), lambda _: None, **how)


def results(made: Site) -> list[Any]:
    """All rows of the live generation."""
    live = made.warehouse().incarnation().generation
    return [
        made.frame(
            f"SELECT * EXCEPT generation FROM {table} FINAL WHERE generation = {live} ORDER BY ALL"
        ).rows()
        for table in TABLES
    ]


def test_results_are_the_same_before_and_after(made: Site) -> None:
    before = results(made)
    tried = rebuilt(made, dry_run=True)
    assert [one.same for one in tried.comparisons] == list(map(len, before))
    assert tried.is_clean
    assert tried.slices > 3
    done = rebuilt(made)
    assert done.is_clean
    assert made.warehouse().incarnation().generation == done.generation
    assert results(made) == before


def test_a_damaged_generation_is_told_and_repaired(made: Site) -> None:
    before = results(made)
    warehouse = made.warehouse()
    now = warehouse.incarnation()
    row = warehouse.frame(
        f"SELECT * FROM spm.kpi_rep_day FINAL WHERE generation = {now.generation} "
        f"AND measure = 'calls' ORDER BY rep_id, day LIMIT 1"
    )
    wrong = row.with_columns(pl.col("value") + 1)
    foreign = wrong.with_columns(pl.lit("nobody").alias("rep_id"))
    warehouse.insert("spm.kpi_rep_day", pl.concat([wrong, foreign]), now)
    tried = rebuilt(made, dry_run=True)
    totals = tried.comparisons[0]
    assert totals.different == 2
    assert {(d.key[0], d.live, d.computed) for d in totals.examples} == {
        ("nobody", wrong["value"][0], None),
        (row["rep_id"][0], wrong["value"][0], row["value"][0]),
    }
    assert rebuilt(made).comparisons[0].different == 2
    assert results(made) == before
    assert rebuilt(made, dry_run=True).is_clean


def test_a_run_that_dies_anywhere_leaves_a_working_installation(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_process = 1 << 30
    monkeypatch.setattr(runs, "_me", lambda: f"{socket.gethostname()}:{no_process}")
    monkeypatch.setattr(building, "SLICE_ROWS", 10_000)
    before = results(made)
    changes = 0
    died_paused = died_live = False
    while True:
        live = made.warehouse().incarnation().generation
        try:
            rebuilding.rebuild(ground(made, changes), lambda _: None)
        except Killed:
            now = made.warehouse().incarnation()
            died_paused |= bool(now.paused)
            died_live |= now.generation != live
            assert results(made) == before, changes
            changes += 1
        else:
            break
    assert died_paused
    assert died_live
    done = rebuilt(made)
    assert results(made) == before
    assert not made.warehouse().incarnation().paused
    assert not any(run.is_unfinished for run in runs.every(made.warehouse()))
    assert generations.held(made.warehouse()) == {done.before, done.generation}
    assert rebuilding.prune(made.warehouse()) == [done.before]


def test_two_at_once_refuse(made: Site) -> None:
    first = runs.begin(made.warehouse(), 1_000)
    with pytest.raises(runs.Busy, match="--cancel"):
        rebuilt(made)
    assert [run.generation for run in rebuilding.cancel(made.warehouse())] == [1_000]
    assert rebuilt(made).generation > first.generation


def test_whoever_holds_an_older_incarnation_changes_nothing(made: Site) -> None:
    warehouse = made.warehouse()
    before = warehouse.incarnation()
    paused = pausing.hold(warehouse, before, "a test")
    with pytest.raises(pausing.Fenced):
        pausing.hold(warehouse, before, "a zombie")
    assert warehouse.incarnation() == paused
    later = pausing.release(warehouse, paused, "a test")
    assert not warehouse.incarnation().paused
    with pytest.raises(pausing.Fenced):
        pausing.flip(warehouse, paused, 999, "a zombie")
    assert warehouse.incarnation() == later


def test_a_pause_that_has_nearly_run_out_flips_nothing(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pausing, "LEASE_SECONDS", pausing.LEFT_SECONDS_MIN - 1)
    warehouse = made.warehouse()
    paused = pausing.hold(warehouse, warehouse.incarnation(), "a test")
    with pytest.raises(pausing.Lapsed):
        pausing.flip(warehouse, paused, 999, "too late")
    pausing.release(warehouse, paused, "a test")


def test_what_an_independent_check_refuses_does_not_go_live(made: Site) -> None:
    live = made.warehouse().incarnation().generation
    with pytest.raises(rebuilding.Failed, match="rep-1 differs"):
        rebuilt(made, check=lambda *_: ["rep-1 differs"])
    assert made.warehouse().incarnation().generation == live
    assert generations.held(made.warehouse()) >= {live}
