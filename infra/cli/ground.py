"""`pacesetter setup | migrate | worker | broker | warehouse | restored | log open`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.broker import broker
from infra.cli.restored import restored
from infra.cli.warehouse import warehouse

log = typer.Typer(help="The log of a topic: its epochs.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (setup, migrate, worker, broker, warehouse, restored):
        root.command(rich_help_panel="Its parts, one by one")(command)
    root.add_typer(log, name="log", rich_help_panel="Its parts, one by one")


def setup(
    definitions: Annotated[
        Path | None, typer.Option(help="Folder of definitions to put in force.", exists=True)
    ] = None,
) -> None:
    """Prepare a cluster: tables, topics, epochs, own tokens, definitions. Safe to repeat.

    No worker may run meanwhile when a log is new. `pacesetter up` does all of this by itself; on a
    cluster it is run once before the workers start and after each upgrade.

    Example: pacesetter setup --definitions my-company/
    """
    from infra.local.ground import prepare
    from infra.local.secrets import ensure_tokens
    from streams.settings import settings

    settings().data_dir.mkdir(parents=True, exist_ok=True)
    ensure_tokens(settings().data_dir)
    prepare(settings(), definitions, typer.echo)
    typer.echo("ready")


def migrate(
    cluster: Annotated[
        str, typer.Option(help="Name of a ClickHouse cluster: tables are replicated on it.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Bring the warehouse's tables up to date; running it again changes nothing.

    Example: pacesetter migrate
    """
    from infra.definitions import connecting
    from infra.local.found import found_settings
    from infra.migrations import migrate as run

    client = connecting.warehouse(found_settings())
    try:
        ran = run(client, cluster=cluster)
    finally:
        client.close()
    if as_json:
        typer.echo(json.dumps(ran))
    else:
        typer.echo("\n".join(f"ran {name}" for name in ran) or "nothing to do")


def worker() -> None:
    """Run one worker: the agents that fold the topics into the warehouse. Ctrl-C ends it.

    Start as many as there are partitions at most; each needs its own metrics_port.

    Example: PACESETTER_METRICS_PORT=18100 pacesetter worker
    """
    from streams.__main__ import main

    main()


@log.command("open")
def open_log(
    reason: Annotated[str, typer.Option(help="Why; kept with the warehouse's incarnation.")],
) -> None:
    """Take up logs that are new to the warehouse: a topic made anew, a broker that lost its memory.

    So are logs that Kafka holds in part only, be it by its retention or after it lost its disk:
    what is lost is listed, and each partition goes on where it can.

    Stop all workers first: whoever still writes for the old log is refused from then on. What
    history holds of the old log is folded in, and numbers go on in a new epoch. Safe to repeat.

    Example: pacesetter log open --reason "moved to the new Kafka cluster"
    """
    from infra.local.epochs import open_what_is_new, what_was_cut
    from infra.local.found import found_settings

    settings = found_settings()
    for line in what_was_cut(settings):
        typer.echo(line)
    opened = open_what_is_new(settings, reason, also_cut=True)
    typer.echo(f"opened: {', '.join(opened)}" if opened else "no log is new; nothing to do")
