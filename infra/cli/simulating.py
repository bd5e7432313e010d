"""What `pacesetter simulate` does, behind its options."""

import gc
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import typer

if TYPE_CHECKING:
    from connectors.sources.simulator.delivery import Event, Progress
    from connectors.sources.simulator.dials import Dials
    from connectors.sources.simulator.floor import Floor
    from connectors.sources.simulator.producer import Outbox
    from connectors.sources.simulator.world import World
    from schemas.codec import SchemaIds

    Told = Callable[[Event | Progress], None]

DAYS = 100  # a quarter and a bit: today, week, month and quarter all have something to show
SAMPLE = Path(__file__).resolve().parents[1] / "sample" / "definitions"
GARBAGE_AFTER = 100_000  # objects; events hold no cycles, and looking costs a fifth of the speed
SHOWN_EVERY = 500  # events between two moves of the progress bar


class Run(NamedTuple):
    """How `live` runs: at one of pace and speed, or in its own time; None for ever."""

    pace: float | None
    speed: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What decides every byte of a history."""

    floor: "Floor"
    seed: int
    first: date
    dials: "Dials"

    def world(self, ids: "SchemaIds") -> "World":
        """Return the floor at its first day."""
        from connectors.sources.simulator.world import World

        gc.set_threshold(GARBAGE_AFTER)
        return World(self.floor, self.seed, self.first, dials=self.dials, ids=ids)

    def told(self) -> dict[str, object]:
        """Return it for people and programs."""
        return {
            "seed": self.seed,
            "from": self.first.isoformat(),
            "reps": len(self.floor.reps),
            "dials": asdict(self.dials),
        }


def plan(
    first: datetime | None, seed: int, definitions: Path | None, reps: int | None, dials: "Dials"
) -> Plan:
    """Return what options ask for."""
    from connectors.sources.simulator.floor import Floor

    if definitions is not None and reps is not None:
        raise typer.BadParameter("--definitions names a floor and --reps makes one up: give one")
    day = first.date() if first else datetime.now(UTC).date() - timedelta(days=DAYS)
    try:
        floor = Floor.synthetic(reps, seed) if reps else _floor(definitions or SAMPLE)
    except ValueError as error:
        _stop(error)
    return Plan(floor, seed, day, dials)


def dials(settings: list[str] | None, mess: float, *, prompt: bool = False) -> "Dials":
    """Return the dials as `--mess` and then `--dial` set them.

    Args:
        prompt: nothing is held up on the way unless a dial says so, so that whoever watches is not
            told that the source is minutes behind.
    """
    from dataclasses import replace

    from connectors.sources.simulator.dials import NAMES, Dials

    turned = (Dials(disorder=0.0) if prompt else Dials()).times(mess)
    for setting in settings or ():
        name, _, share = setting.partition("=")
        if name not in NAMES:
            raise typer.BadParameter(f"no dial {name!r}; names are {', '.join(NAMES)}")
        try:
            turned = replace(turned, **{name: float(share)})
        except ValueError:
            raise typer.BadParameter(
                f"{setting}: write a share of 0 to 1, as in {name}=0.05"
            ) from None
    return turned


def instant(last: datetime | None) -> datetime:
    """Return the end of a history: the beginning of a day in UTC, else now."""
    return last.replace(tzinfo=UTC) if last else datetime.now(UTC)


def backfill(plan: Plan, end: datetime, bootstrap: str | None, *, as_json: bool) -> None:
    """Send a history."""
    from connectors.sources.simulator.producer import send_all
    from connectors.sources.simulator.world import catch_up

    with _outbox(bootstrap, plan.floor.source) as (outbox, ids), _bar(plan, end, as_json) as told:
        send_all(catch_up(plan.world(ids), end), outbox, told)
    _summary(outbox, plan.told(), as_json)


def live(plan: Plan, run: Run, bootstrap: str | None, *, as_json: bool) -> None:
    """Send what happens until Ctrl-C, SIGTERM or the end of the time asked for."""
    from connectors.sources.simulator.producer import send_all

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _outbox(bootstrap, plan.floor.source) as (outbox, ids):
        try:
            items = _happening(plan, run, ids)
            until = time.monotonic() + (run.seconds or float("inf"))
            typer.echo(f"live on {outbox.address}; Ctrl-C stops it", err=True)
            send_all(takewhile(lambda _: time.monotonic() < until, items), outbox)
        except KeyboardInterrupt:
            typer.echo("stopping ...", err=True)
    _summary(outbox, plan.told(), as_json)


def _happening(plan: Plan, run: Run, ids: "SchemaIds") -> Iterator["Event | Progress"]:
    from connectors.sources.simulator.live import SystemClock, bustle
    from connectors.sources.simulator.live import live as at_its_hours

    what, clock = (plan.floor, plan.seed, plan.first), SystemClock()
    if run.pace is not None:
        return bustle(*what, clock, pace=run.pace, dials=plan.dials, ids=ids)
    if run.speed is not None:
        return at_its_hours(*what, clock, speed=run.speed, dials=plan.dials, ids=ids)
    return at_its_hours(*what, clock, since=datetime.now(UTC), dials=plan.dials, ids=ids)


def encode(plan: Plan, end: datetime, file: Path, *, as_json: bool) -> None:
    """Write a history to a file."""
    from connectors.sinks.schema_ids import ids_from
    from connectors.sources.simulator.recording import encode_to
    from connectors.sources.simulator.world import catch_up
    from infra.local.found import found_settings

    ids, began = ids_from(found_settings().schema_registry_url), time.monotonic()
    with _bar(plan, end, as_json) as told:
        try:
            items = _telling(catch_up(plan.world(ids), end), told)
            counts = encode_to(file, items, plan.floor.source, ids=ids, about=plan.told())
        except (ValueError, OSError) as error:
            _stop(error)
    seconds = time.monotonic() - began
    found = {"file": str(file), "bytes": file.stat().st_size, "encoded": dict(counts)}
    _tell({**found, "seconds": round(seconds, 3), **plan.told()}, as_json)


def replay(file: Path, bootstrap: str | None, *, as_json: bool) -> None:
    """Send a recording."""
    from connectors.sources.simulator import recording

    try:
        found = recording.open_recording(file)
    except (OSError, recording.Damaged) as error:
        _stop(error)
    with _outbox(bootstrap, found.source) as (outbox, ids):
        recording.replay(found, outbox, ids=ids)
    _summary(outbox, found.about, as_json)


@contextmanager
def _outbox(bootstrap: str | None, source: str) -> Iterator[tuple["Outbox", "SchemaIds"]]:
    """Yield a connection to Kafka; on leaving, all is acknowledged or somebody was told."""
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    from connectors.sinks.schema_ids import ids_from
    from connectors.sources.simulator.producer import Outbox, Undelivered, Unreachable
    from infra.local.found import found_settings

    settings = found_settings()
    address, extra = bootstrap or settings.kafka_bootstrap, settings.kafka_config()
    try:
        ids = ids_from(settings.schema_registry_url)
        with Outbox(address, source=source, ids=ids, extra=extra) as outbox:
            yield outbox, ids
    except (Unreachable, Undelivered, SchemaRegistryError, ValueError) as error:
        _stop(error)


def _floor(folder: Path) -> "Floor":
    from connectors.sources.simulator.floor import Floor
    from infra.definitions.loading import load
    from schemas.definitions import Bundle

    loaded = load(folder)
    if loaded.problems:
        raise ValueError(
            f"the definitions in {folder} are wrong: {loaded.problems[0]}; "
            "see `pacesetter definitions check`"
        )
    values: dict[str, Any] = {k: v for k, v in loaded.values.items() if k != "people"}
    return Floor.of_bundle(Bundle(**values))


@contextmanager
def _bar(plan: Plan, end: datetime, as_json: bool) -> Iterator["Told | None"]:
    """Yield what moves a bar of days along; None where nobody would see it."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    from connectors.sources.simulator.delivery import Event
    from connectors.sources.simulator.world import day_ms, ms_of

    begin, count = day_ms(plan.first), 0
    with Bar(console=Console(stderr=True)) as bar:
        task = bar.add_task("preparing", total=max(1, ms_of(end) - begin))

        def told(item: "Event | Progress") -> None:
            nonlocal count
            count += 1
            if isinstance(item, Event) and not count % SHOWN_EVERY:
                day = datetime.fromtimestamp(item.at / 1000, UTC).date()
                text = f"{day} · {count:,} events"
                bar.update(task, completed=max(0, item.at - begin), description=text)

        yield told
        bar.update(task, completed=max(1, ms_of(end) - begin), description=f"{count:,} events")


def _telling(
    items: Iterator["Event | Progress"], told: "Told | None"
) -> Iterator["Event | Progress"]:
    for item in items:
        if told is not None:
            told(item)
        yield item


def _summary(outbox: "Outbox", about: Mapping[str, object], as_json: bool) -> None:
    report = outbox.report()
    found = {
        "sent": dict(report.sent),
        "acknowledged": dict(report.acknowledged),
        "seconds": round(report.seconds, 3),
        "per_second": round(report.total / report.seconds) if report.seconds else 0,
    }
    _tell({**found, **about}, as_json)


def _tell(found: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, default=str))
        return
    counts = found.get("acknowledged") or found.get("encoded") or {}
    verb = "acknowledged" if "acknowledged" in found else "encoded"
    for message, count in sorted(counts.items()):
        typer.echo(f"{message:10} {count:>12,} {verb}")
    seconds = max(found["seconds"], 1e-9)
    total = sum(counts.values())
    typer.echo(f"{'all':10} {total:>12,} in {seconds:.1f} s, {total / seconds:,.0f} a second")


def _stop(error: Exception) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(1) from error
