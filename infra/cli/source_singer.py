"""`pacesetter source singer`: what a Singer tap prints, into a source."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.sources.producing import EventProducer
    from connectors.sources.vendors.contract import Notice
    from schemas.codec import SchemaIds

Name = Annotated[str, typer.Argument(help="the source, as `pacesetter source list` shows it")]


def register(source: typer.Typer) -> None:
    """Add the command to the group of sources."""
    source.command(name="singer")(singer)


def singer(name: Name) -> None:
    """Take the output of a Singer tap from standard input, and print its states.

    `pacesetter source add singer --name pipedrive` makes the source; its mapping.yaml says what the
    tap's streams are. A state is printed once Kafka has everything before it, so the last line is
    what the tap may go on from:

    tap-pipedrive -c tap.json --state state.json | pacesetter source singer pipedrive > states.jsonl

    tail -n 1 states.jsonl > state.json
    """
    from connectors.sinks.schema_ids import ids_from
    from connectors.sources.singer.messages import BadTap
    from connectors.sources.singer.taking import take
    from infra.cli.kafka import producer
    from infra.local.found import found_settings

    ids = ids_from(found_settings().schema_registry_url)
    try:
        with producer("singer") as sender:
            taken = take(sys.stdin.buffer, _keeping(name, sender, ids), _tell)
    except (BadTap, ConnectionError) as trouble:
        typer.echo(f"{trouble}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{taken.records} records kept, {taken.states} states told", err=True)


def _keeping(
    name: str, sender: "EventProducer", ids: "SchemaIds"
) -> "Callable[[Sequence[Notice]], None]":
    from connectors.sources.producing import Acknowledged
    from connectors.sources.runtime.records import framed, of_notice

    def keep(notices: "Sequence[Notice]") -> None:
        now = datetime.now(UTC)
        rows = [framed(of_notice(name, notice, now), ids) for notice in notices]
        for outcome in sender.send(rows, patient=True).wait():
            if not isinstance(outcome, Acknowledged):
                raise ConnectionError(f"{outcome.reason}; {outcome.remedy}")

    return keep


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
