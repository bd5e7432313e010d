"""The procedure: compute beside the live results, compare, pause, catch up, put live, tell.

Every step may be cut off. Until the flip, nothing that anybody reads has changed, and a pause ends
by itself. After it, what is left is to tell consumers again, which the next run finishes.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from connectors.sinks.clickhouse import Warehouse
from infra.rebuild import comparing, generations, pausing, runs
from infra.rebuild.building import Building, Say, folds_of
from infra.rebuild.comparing import Comparison
from infra.rebuild.runs import Run
from infra.rebuild.unfolding import Cut
from schemas.warehouse import Fenced, Incarnation, Unavailable
from streams.engine.epochs import Ground, tell_again

CATCH_UPS_MAX = 5
TAIL_SECONDS = 2.0  # a pass that short is worth pausing for
ATTEMPTS = 3  # of a pause that runs out because the warehouse is slow
Check = Callable[[Warehouse, int, Cut], Sequence[str]]


class Failed(RuntimeError):
    """Nothing was changed; str() says why and what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes:
        paused_seconds: how long workers could not write; None: it was a dry run.
    """

    generation: int
    before: int
    comparisons: Sequence[Comparison]
    slices: int
    seconds: float
    paused_seconds: float | None

    @property
    def is_clean(self) -> bool:
        """Whether the live results agreed with history."""
        return all(one.is_clean for one in self.comparisons)


def rebuild(
    ground: Ground, say: Say, *, dry_run: bool = False, check: Check | None = None
) -> Outcome:
    """Return what it did: results of a new generation, computed from history, are live.

    Args:
        check: an independent look at the new generation before it goes live; what it says is wrong.

    Raises:
        Busy: another rebuild runs.
        Failed: the new generation was refused; the old one is live as before.
        Unavailable: the warehouse was away for too long; the same.
    """
    warehouse: Warehouse = ground.warehouse  # type: ignore[assignment]
    began = time.monotonic()
    with running(warehouse, say) as run:
        _finish_others(ground, run, say)
        if dropped := generations.drop_others(warehouse) if not dry_run else []:
            say(f"dropped generation {', '.join(map(str, dropped))}")
        now, tell = unpaused(warehouse), _noting(warehouse, run, say)
        building = Building(warehouse, run.generation, folds_of(ground.folds.values()), now, tell)
        _catch_up(building, enough=dry_run)
        found = comparing.compared(building, now.generation)
        _refuse_if_wrong(check, building)
        paused = None if dry_run else _put_live(building)
        generations.drop_parts(warehouse, run.generation)
        if dry_run:
            generations.drop(warehouse, run.generation)
        else:
            _tell(ground, run, say)
    return Outcome(
        run.generation, now.generation, found, building.parts, time.monotonic() - began, paused
    )


@contextmanager
def running(warehouse: Warehouse, say: Say) -> Iterator[Run]:
    """Hold the only run; whatever ends it early leaves nothing of it but its row."""
    run = runs.begin(warehouse, generations.newest(warehouse) + 1)
    try:
        yield run
    except BaseException as error:
        with suppress(Unavailable, Fenced):  # then the next run cleans up
            if warehouse.incarnation().generation != run.generation:
                runs.note(warehouse, run._replace(state="failed", detail=str(error)[:500]))
                generations.drop(warehouse, run.generation)
        if isinstance(error, Fenced):
            raise Failed(
                "the warehouse became another one on the way (a restored backup, an opened epoch); "
                "nothing was changed. Run `pacesetter rebuild` again"
            ) from error
        raise
    runs.note(warehouse, run._replace(state="done"))


def _finish_others(ground: Ground, mine: Run, say: Say) -> None:
    """Bring to an end what runs that died have left: telling what they had put live."""
    warehouse: Warehouse = ground.warehouse  # type: ignore[assignment]
    live = warehouse.incarnation().generation
    for run in runs.every(warehouse):
        if not run.is_unfinished or run.run_id == mine.run_id:
            continue
        if run.generation == live:
            say(f"an earlier run put generation {live} live and was cut off")
            _tell(ground, run, say)
            runs.note(warehouse, run._replace(state="done", detail="told by a later run"))
        else:
            runs.note(warehouse, run._replace(state="failed", detail="its process died"))


def _tell(ground: Ground, run: Run, say: Say) -> None:
    warehouse: Warehouse = ground.warehouse  # type: ignore[assignment]
    runs.note(warehouse, run._replace(state="telling"))
    say("telling consumers")
    tell_again(ground, warehouse.incarnation())


def unpaused(warehouse: Warehouse) -> Incarnation:
    """Return the incarnation; a pause that a run left behind when it died is ended.

    Raises:
        Failed: a change of the partition count has to be finished first.
    """
    now = warehouse.incarnation()
    if pausing.is_stopped(now):
        raise Failed(now.paused)
    return pausing.release(warehouse, now, "a rebuild died") if now.paused else now


def _noting(warehouse: Warehouse, run: Run, say: Say) -> Say:
    """Return how progress is told: to people, and to other runs that look whether we are alive."""

    def told(text: str) -> None:
        say(text)
        with suppress(Unavailable, Fenced):
            if any(
                r.run_id == run.run_id and r.state == "cancelled" for r in runs.every(warehouse)
            ):
                raise Failed("cancelled by hand; the old generation is live as before")
            runs.note(warehouse, run._replace(detail=text))

    return told


def _catch_up(building: Building, enough: bool) -> None:
    """Compute; then what came meanwhile, until that is little."""
    for _ in range(CATCH_UPS_MAX):
        began = time.monotonic()
        slices = building.advance()
        seconds = time.monotonic() - began
        building.say(f"{slices} slices of history in {seconds:.1f} s")
        if enough or seconds < TAIL_SECONDS or building.reached() == building.cut:
            return


def _refuse_if_wrong(check: Check | None, building: Building) -> None:
    wrong = check(building.warehouse, building.generation, building.cut) if check else []
    if wrong:
        raise Failed(
            f"generation {building.generation} does not agree with history: {'; '.join(wrong)}. "
            f"The old one is live as before; please report this"
        )


def _put_live(building: Building) -> float:
    """Return how long workers were paused."""
    paused = 0.0
    for attempt in range(1, ATTEMPTS + 1):
        began = time.monotonic()
        reason = f"rebuild of results: generation {building.generation} goes live"
        building.now = pausing.hold(building.warehouse, building.now, reason)
        try:
            _finish(building, reason)
        except pausing.Lapsed:
            building.say(f"pause {attempt} of {ATTEMPTS} ran out; workers went on meanwhile")
            building.now = _after_lapse(building)
        except BaseException:
            _let_go(building)
            raise
        else:
            return paused + time.monotonic() - began
        paused += pausing.LEASE_SECONDS
        building.advance()
    raise Failed(
        f"the warehouse is too slow to catch up within {pausing.LEASE_SECONDS} s; nothing was "
        f"changed. Run it again when there is less to do"
    )


def _finish(building: Building, reason: str) -> None:
    """Catch up with what workers wrote before the pause; flip."""
    pausing.drained(building.warehouse)
    while building.reached() != building.cut:
        building.advance()
        building.now = pausing.hold(building.warehouse, building.now, reason)
        pausing.drained(building.warehouse)
    generation = building.generation
    building.now = pausing.flip(
        building.warehouse, building.now, generation, f"generation {generation} is live"
    )


def _after_lapse(building: Building) -> Incarnation:
    now = building.warehouse.incarnation()
    if now.name != building.now.name:
        raise Fenced("the warehouse changed while a pause ran out")
    return now._replace(paused="")


def _let_go(building: Building) -> None:
    with suppress(Unavailable, Fenced):  # then the pause ends by itself
        now = building.warehouse.incarnation()
        if now.name == building.now.name and now.paused:
            pausing.release(building.warehouse, now, "a rebuild was given up")


def prune(warehouse: Warehouse) -> list[int]:
    """Return the generations that were dropped: all but the live one.

    Raises:
        Busy: a rebuild is at work on one of them.
    """
    for run in runs.every(warehouse):
        if run.is_alive:
            raise runs.Busy(f"a rebuild runs ({run.holder}); wait for it")
    return generations.drop_others(warehouse)


def cancel(warehouse: Warehouse) -> list[Run]:
    """Return the unfinished runs that were ended; their generations are gone, workers go on.

    Raises:
        Failed: a change of the partition count has to be finished instead.
    """
    now = warehouse.incarnation()
    ended = [run for run in runs.every(warehouse) if run.is_unfinished]
    if pausing.is_stopped(now):
        raise Failed(f"this cannot be cancelled any more: {now.paused}")
    if now.paused or ended:  # whatever such a run does next is refused
        now = pausing.release(warehouse, now, "a rebuild was cancelled")
    for run in ended:
        if run.generation != now.generation:
            runs.note(warehouse, run._replace(state="cancelled", detail="cancelled by hand"))
            generations.drop(warehouse, run.generation)
    return [run for run in ended if run.generation != now.generation]
