"""`pacesetter settle`: add up months that are over, so that dashboards need not."""

from typing import Annotated

import typer

from infra.cli.reaching import AWAY, fail, patient_warehouse, print_json

STATEMENT_SECONDS_MAX = 900  # of one month of a large company on a busy machine


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command(rich_help_panel="Look after it")(settle)


def settle(
    *,
    watch: Annotated[
        float, typer.Option(help="Run for ever, every so many seconds; 0: until done.", min=0)
    ] = 0,
    metrics_port: Annotated[
        int, typer.Option(help="With --watch: where Prometheus reads what was done; 0: nowhere.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Add up the totals of days that are over by month, for the views of KPIs.

    Views say the same with and without it, only slower: what is not settled, or was corrected
    since, they read day by day. `pacesetter up` runs this every settle_seconds by itself.

    Examples:
    `pacesetter settle`,
    `pacesetter settle --watch 60 --metrics-port 18095`
    """
    if watch:
        _watch(watch, metrics_port)
        return
    from infra.settling.watching import settle_all
    from schemas.warehouse import Fenced, Unavailable

    try:
        run = settle_all(patient_warehouse(STATEMENT_SECONDS_MAX))
    except (Unavailable, Fenced) as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    if as_json:
        told = {} if run is None else {**run.settled._asdict(), "months": run.months,
                                       "loose": run.loose}  # fmt: skip
        print_json({name: str(value) for name, value in told.items()})
    elif run is None:
        typer.echo("nothing yet: a partition has no record applied")
    else:
        typer.echo(f"settled from {run.settled.since} until {run.settled.until}: {run.months} "
                   f"months written, {run.loose} months of reps again")  # fmt: skip


def _watch(seconds: float, port: int) -> None:
    from infra.cli.background import in_background, registry_at
    from infra.settling.watching import Gauges, watch

    stop, gauges = in_background(), Gauges(registry_at(port))
    watch(lambda: patient_warehouse(STATEMENT_SECONDS_MAX), gauges, seconds, stop)
