"""Results computed again from history are those of the live fold, row for row and position for
position; a run may end anywhere.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from connectors.sinks.clickhouse import Warehouse
from infra.local.ports import free_port
from infra.migrations import migrate
from infra.rebuild import building, generations, pausing, rebuilding, runs
from infra.reconcile.running import generation_trouble
from tests.ground import laid_out, warehouse
from tests.infra.rebuild.in_process import NO_PROCESS, Dying, Installation, Killed, filled
from tests.load import Floor

pytestmark = [pytest.mark.slow]
TABLES = ("spm.kpi_rep_day", "spm.deal_credit")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder, port = tmp_path_factory.mktemp("rebuild"), free_port()
    laid_out(folder)
    with warehouse(folder, port) as token:
        found = Warehouse.connect(f"http://127.0.0.1:{port}", "service", token)
        migrate(found._client)
        yield filled(Installation(found, partitions=2), Floor(seed=21))


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SLICE_ROWS", 400)


def rebuilt(made: Installation, changes: int = 1_000_000, **how: Any) -> rebuilding.Outcome:
    ground = made.ground(Dying(made.warehouse, changes))
    return rebuilding.rebuild(ground, lambda _: None, **how)


def results(made: Installation) -> list[Any]:
    """All rows of the live generation."""
    live = made.warehouse.incarnation().generation
    return [
        made.warehouse.frame(
            f"SELECT * EXCEPT generation FROM {table} FINAL WHERE generation = {live} ORDER BY ALL"
        ).rows()
        for table in TABLES
    ]


def test_results_are_the_same_before_and_after(made: Installation) -> None:
    before = results(made)
    tried = rebuilt(made, dry_run=True)
    assert [one.same for one in tried.comparisons] == list(map(len, before))
    assert tried.is_clean
    assert tried.slices > 3
    done = rebuilt(made)
    assert done.is_clean
    assert made.warehouse.incarnation().generation == done.generation
    assert results(made) == before


def test_a_damaged_generation_is_told_and_repaired(made: Installation) -> None:
    before = results(made)
    warehouse = made.warehouse
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
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_me", lambda: NO_PROCESS)
    monkeypatch.setattr(building, "SLICE_ROWS", 10_000)
    monkeypatch.setattr(rebuilding, "CATCH_UPS_MAX", 1)  # by the clock they may be one or two
    before = results(made)
    changes = 0
    died_paused = died_live = False
    while True:
        live = made.warehouse.incarnation().generation
        try:
            rebuilt(made, changes)
        except Killed:
            now = made.warehouse.incarnation()
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
    assert not made.warehouse.incarnation().paused
    assert not any(run.is_unfinished for run in runs.every(made.warehouse))
    assert generations.held(made.warehouse) == {done.before, done.generation}
    assert rebuilding.prune(made.warehouse) == [done.before]


def test_two_at_once_refuse(made: Installation) -> None:
    first = runs.begin(made.warehouse, 1_000)
    with pytest.raises(runs.Busy, match="--cancel"):
        rebuilt(made)
    assert [run.generation for run in rebuilding.cancel(made.warehouse)] == [1_000]
    assert rebuilt(made).generation > first.generation


def test_whoever_holds_an_older_incarnation_changes_nothing(made: Installation) -> None:
    warehouse = made.warehouse
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
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pausing, "LEASE_SECONDS", pausing.LEFT_SECONDS_MIN - 1)
    warehouse = made.warehouse
    paused = pausing.hold(warehouse, warehouse.incarnation(), "a test")
    with pytest.raises(pausing.Lapsed):
        pausing.flip(warehouse, paused, 999, "too late")
    pausing.release(warehouse, paused, "a test")


def test_what_an_independent_check_refuses_does_not_go_live(made: Installation) -> None:
    live = made.warehouse.incarnation().generation
    with pytest.raises(rebuilding.Failed, match="rep-1 differs"):
        rebuilt(made, check=lambda *_: ["rep-1 differs"])
    assert made.warehouse.incarnation().generation == live
    assert generations.held(made.warehouse) >= {live}


def test_reconcile_holds_the_new_generation_against_history_before_it_goes_live(
    made: Installation,
) -> None:
    live = made.warehouse.incarnation().generation

    def damaged(warehouse: Any, generation: int, cut: Any) -> list[str]:
        warehouse.insert(
            "spm.kpi_rep_day",
            warehouse.frame(
                f"SELECT * REPLACE (value + 1 AS value, position + 1 AS position) "
                f"FROM spm.kpi_rep_day FINAL WHERE generation = {generation} LIMIT 1"
            ),
            warehouse.incarnation(),
        )
        return generation_trouble(warehouse, generation, cut)

    with pytest.raises(rebuilding.Failed, match=r"spm\.kpi_rep_day: "):
        rebuilt(made, check=damaged)
    assert made.warehouse.incarnation().generation == live
    assert rebuilt(made, check=generation_trouble).is_clean
    assert made.warehouse.incarnation().generation > live


def test_a_run_that_is_cancelled_while_it_works_does_not_go_live(made: Installation) -> None:
    before, live = results(made), made.warehouse.incarnation().generation

    def cancelled(*_: Any) -> list[str]:
        rebuilding.cancel(made.warehouse)
        return []

    with pytest.raises(rebuilding.Failed):
        rebuilt(made, check=cancelled)
    assert made.warehouse.incarnation().generation == live
    assert results(made) == before
