"""`pacesetter simulate`: a simulated sales floor as a source of events.

Exit codes: 0 done (also when Ctrl-C ended `live`), 1 something a person can mend, 2 wrong usage.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.simulating import DAYS

app = typer.Typer(
    no_args_is_help=True,
    help="A simulated sales floor: history in seconds, live events at any pace, recordings.",
)

Seed = Annotated[int, typer.Option(help="The same seed gives the same floor, to the byte.", min=0)]
Definitions = Annotated[
    Path | None,
    typer.Option(
        help="Folder of definitions whose reps act: the users of source `simulator` in its "
        "identities. Default: the sample company.",
        exists=True,
        file_okay=False,
    ),
]
Reps = Annotated[
    int | None, typer.Option(help="Make up a floor of so many reps instead, for load.", min=1)
]
Bootstrap = Annotated[
    str | None,
    typer.Option(
        envvar=["PACESETTER_KAFKA_BOOTSTRAP", "PACESETTER_KAFKA__BOOTSTRAP"],
        help="Kafka's host:port,... Default: kafka_bootstrap of the settings.",
    ),
]
First = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        formats=["%Y-%m-%d"],
        help="First day of the floor's history. It, the seed, the floor and the dials name a "
        f"history: give the same again to go on with it. Default: {DAYS} days ago.",
    ),
]
Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="First day no longer in it. Default: now."),
]
Dial = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=SHARE",
        help="How much goes wrong, 0 to 1; repeat it. Names: duplicates, lateness, corrections, "
        "disorder, cancellations, unknown_owners, amendments.",
    ),
]
Mess = Annotated[
    float, typer.Option(help="Turn all dials by a factor: 0 nothing goes wrong, 10 chaos.", min=0)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


def register(root: typer.Typer) -> None:
    """Add the group of commands."""
    root.add_typer(app, name="simulate", rich_help_panel="Feed it")


@app.command()
def backfill(
    *,
    first: First = None,
    last: Last = None,
    seed: Seed = 1,
    definitions: Definitions = None,
    reps: Reps = None,
    dial: Dial = None,
    mess: Mess = 1.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Send a floor's history as fast as Kafka takes it. Repeating it changes nothing.

    Example: pacesetter simulate backfill --from 2026-08-01 --seed 7
    """
    from infra.cli import simulating

    plan = simulating.plan(first, seed, definitions, reps, simulating.dials(dial, mess))
    simulating.backfill(plan, simulating.instant(last), bootstrap, as_json=as_json)


@app.command()
def live(
    *,
    pace: Annotated[
        float | None,
        typer.Option(help="Things a second that happen right now, whatever the hour.", min=0.01),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(help="Seconds of the floor in a second, from its first day on.", min=0.001),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after so long. Default: at Ctrl-C.", min=0)
    ] = None,
    first: First = None,
    seed: Seed = 1,
    definitions: Definitions = None,
    reps: Reps = None,
    dial: Dial = None,
    mess: Mess = 1.0,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Send what happens on the floor as it happens, until Ctrl-C.

    Without --pace and --speed the floor keeps its own hours, so at night it is quiet. With --pace
    a board moves at any hour: reps at work act first. With --speed the history runs fast.

    Example: pacesetter simulate live --pace 3 --from 2026-08-01 --seed 7
    """
    from infra.cli import simulating

    if pace is not None and speed is not None:
        raise typer.BadParameter("--pace happens now, --speed from the first day on: give one")
    plan = simulating.plan(
        first, seed, definitions, reps, simulating.dials(dial, mess, prompt=True)
    )
    how = simulating.Run(pace, speed, seconds)
    simulating.live(plan, how, bootstrap, as_json=as_json)


@app.command()
def encode(
    file: Annotated[Path, typer.Argument(help="File to write.", dir_okay=False)],
    *,
    first: First = None,
    last: Last = None,
    seed: Seed = 1,
    definitions: Definitions = None,
    reps: Reps = None,
    dial: Dial = None,
    mess: Mess = 1.0,
    as_json: Json = False,
) -> None:
    """Write a floor's history to a file, ready to be replayed. Needs no broker.

    Example: pacesetter simulate encode load.events --reps 500 --from 2026-11-01
    """
    from infra.cli import simulating

    plan = simulating.plan(first, seed, definitions, reps, simulating.dials(dial, mess))
    simulating.encode(plan, simulating.instant(last), file, as_json=as_json)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="File written by encode.", dir_okay=False)],
    *,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Send a recorded file as fast as Kafka takes it.

    Example: pacesetter simulate replay load.events
    """
    from infra.cli import simulating

    simulating.replay(file, bootstrap, as_json=as_json)
