"""`pacesetter source singer`: what a Singer tap prints, into a source."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from infra.cli.reaching import WRONG, fail
from infra.cli.source_acts import Name, read_source

if TYPE_CHECKING:
    from connectors.sources.runtime.running import Ground
    from connectors.sources.vendors.contract import Notice


def singer(name: Name) -> None:
    """Take the output of a Singer tap from standard input, and print its states.

    A state is printed once Kafka has everything before it, so the last line is what the tap may go
    on from. `pacesetter source add singer --name pipedrive` makes the source; its mapping.yaml says
    what the tap's streams are.

    Example: tap-pipedrive -c tap.json | pacesetter source singer pipedrive > states.jsonl
    """
    from connectors.sources.runtime.log import ensure
    from connectors.sources.singer.messages import BadTap
    from connectors.sources.singer.taking import take
    from infra.local.found import found_settings
    from infra.sources.standing_on import ground_of
    from schemas.warehouse import Unavailable

    _, source = read_source(name)
    if source.vendor != "singer":
        fail(f"{name} is fed by {source.vendor}; `pacesetter source add singer` makes one", WRONG)
    try:
        with ground_of(found_settings()) as ground:
            ensure(ground.kafka, name)
            taken = take(sys.stdin.buffer, keeping(name, ground), _tell)
    except (BadTap, ConnectionError, Unavailable) as trouble:
        fail(str(trouble), WRONG)
    typer.echo(f"{taken.records} records kept, {taken.states} states told", err=True)


def keeping(name: str, ground: "Ground") -> "Callable[[Sequence[Notice]], None]":
    """Return what keeps records of a tap in the log of a source."""
    from connectors.sources.producing import Acknowledged
    from connectors.sources.runtime.records import framed, of_notice

    def keep(notices: "Sequence[Notice]") -> None:
        now = datetime.now(UTC)
        rows = [framed(of_notice(name, notice, now), ground.kafka.ids) for notice in notices]
        for outcome in ground.producer.send(rows, patient=True).wait():
            if not isinstance(outcome, Acknowledged):
                raise ConnectionError(f"{outcome.reason}; {outcome.remedy}")

    return keep


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
