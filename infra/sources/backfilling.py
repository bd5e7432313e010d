"""Waiting for a source to be listed in full: how far it is, and how long it may take."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from connectors.sources.runtime.folder import Source, Sources, vendor_named
from connectors.sources.runtime.running import Ground, Held, Running, is_held
from connectors.sources.runtime.state import Listing, State
from infra.local import run_file
from streams.settings import Settings

LOOK_SECONDS = 1.0
TAKEN_UP_SECONDS = 6.0  # a running installation takes a new source up within two
SAY_SECONDS = 5.0
MISSING_SECONDS_MAX = (
    120.0  # what did not show up is asked for within seconds, if the vendor lets us
)
Say = Callable[[str], None]


class Stuck(RuntimeError):
    """The listing does not go on; str() says what troubles it."""


def backfilled(ground: Ground, source: Source, say: Say, *, installation_runs: bool) -> int:
    """Return how many records were news, once everything the vendor has is listed and mapped.

    What did not show up in the listing has been asked for by then, and is news if it is gone.

    If no process runs the source, this one does so meanwhile.

    Raises:
        Stuck: somebody must change something first.
    """
    until = time.monotonic() + (TAKEN_UP_SECONDS if installation_runs else 0.0)
    while not is_held(ground.sources, source.name) and time.monotonic() < until:
        time.sleep(0.2)
    running: Running | None = None
    with suppress(Held):
        running = Running(ground, source)
    before = _events(ground.sources, source)
    try:
        _follow(ground.sources, source, say)
        _asked_for_missing(ground.sources, source)
        return _events(ground.sources, source) - before
    finally:
        if running is not None:
            running.stop()


def is_running(settings: Settings) -> bool:
    """Return whether an installation runs here, which takes up a new source by itself."""
    run = run_file.read(settings.data_dir)
    return run is not None and run.is_alive()


def _events(sources: Sources, source: Source) -> int:
    if not sources.state_path(source.name).exists():
        return 0
    memory = State(sources.state_path(source.name), read_only=True)
    try:
        return int(memory.get("events", "0"))
    finally:
        memory.close()


def _asked_for_missing(sources: Sources, source: Source) -> None:
    """Wait until records that did not show up have been asked for."""
    memory = State(sources.state_path(source.name))
    until = time.monotonic() + MISSING_SECONDS_MAX
    try:
        while time.monotonic() < until:
            due = [memory.get(f"sweep.{n}", "null") for n in vendor_named(source).objects]
            if set(due) == {"null"} and not memory.counts()["wanted"]:
                return
            time.sleep(LOOK_SECONDS)
    finally:
        memory.close()


def _follow(sources: Sources, source: Source, say: Say) -> None:
    vendor = vendor_named(source)
    if vendor.client is None:
        say(f"{vendor.title} only pushes: nothing to list.")
        return
    while not sources.state_path(source.name).exists():
        time.sleep(0.2)
    memory = State(sources.state_path(source.name))
    said_at, begun = 0.0, time.monotonic()
    finished: set[str] = set()
    try:
        while True:
            listings = [memory.listing(thing) for thing in vendor.objects]
            done = [one for one in listings if _is_done(one, source)]
            for one in done:
                if one.object not in finished:
                    finished.add(one.object)
                    say(f"{one.object}: {one.records:,} records")
            if len(done) == len(listings) and _is_mapped(memory, listings):
                return
            _refuse_if_stuck(memory)
            if time.monotonic() - said_at > SAY_SECONDS:
                said_at = time.monotonic()
                for line in _progress(listings, source, time.monotonic() - begun):
                    say(line)
                for line in _waits(memory):
                    say(line)
            time.sleep(LOOK_SECONDS)
    finally:
        memory.close()


def _is_done(one: Listing, source: Source) -> bool:
    return (
        one.complete_to is not None
        and one.reconciles >= source.reconciles
        and (one.ended_at is not None or not one.is_full)
    )


def _is_mapped(memory: State, listings: list[Listing]) -> bool:
    behind = [int(memory.get(f"behind.{one.object}", "0")) for one in listings]
    return int(memory.get("mapped", "0")) >= max(behind, default=0)


def _refuse_if_stuck(memory: State) -> None:
    for loop in ("asking", "mapping"):
        told = json.loads(memory.get(f"trouble.{loop}", "{}"))
        if told.get("text") and told["kind"] != "AWAY":
            raise Stuck(f"{loop} does not go on: {told['text']}")


def _waits(memory: State) -> list[str]:
    """Return what passes by itself and is waited for."""
    troubles = [json.loads(memory.get(f"trouble.{n}", "{}")) for n in ("asking", "mapping")]
    return [f"waiting: {told['text']}" for told in troubles if told.get("text")]


def _progress(listings: list[Listing], source: Source, seconds: float) -> list[str]:
    said = []
    for one in listings:
        if _is_done(one, source) or one.begun_at is None:
            continue
        line = f"{one.object}: {one.records:,}"
        if one.total:
            line += f" of {one.total:,} records"
            if one.records:
                left = seconds / one.records * max(0, one.total - one.records)
                line += f", about {timedelta(seconds=int(left))} left"
        said.append(line)
    return said
