"""`pacesetter restored`: the warehouse came out of a backup."""

from typing import Annotated

import typer


def restored(
    reason: Annotated[str, typer.Option(help="Why; kept with the warehouse's incarnation.")],
) -> None:
    """Tell a warehouse that it came out of a backup: workers that still live start again from it.

    Run it before they can reach it. The embedded warehouse: put the copy (`cp -a`, it has links) in
    the place of its folder while it is stopped, run this, start it. ClickHouse: restore while the
    workers are stopped or locked out, run this, let them in. What the backup lacks is read again
    from Kafka; `pacesetter status` shows how far behind they are.

    Example: pacesetter restored --reason "disk died, backup of last night"
    """
    from infra.local.found import found_settings
    from infra.local.restoring import mark_restored

    typer.echo(mark_restored(found_settings(), reason))
    typer.echo("whoever wrote before starts again; what is missing is read from Kafka")
