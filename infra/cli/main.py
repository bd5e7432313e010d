"""The command `pacesetter`: what a person can do with the pipeline."""

import gc
import sys
from typing import Annotated

import typer

from infra.cli import (
    alerts,
    amortisation,
    board,
    commission,
    config,
    contest,
    dead_letters,
    deal,
    definitions,
    dispute,
    doctor,
    explain,
    forecast,
    gateway,
    ground,
    imports,
    intake,
    kpi,
    payroll_files,
    people,
    period,
    plan,
    quota,
    rebuild,
    reconcile,
    scorecard,
    settle,
    simulate,
    source,
    standing,
    statement,
    tokens,
)
from infra.cli import run as running

COLLECT_EVERY = 50_000  # new objects; Python's own 700 is for programs that import little

app = typer.Typer(
    name="pacesetter",
    help=(
        "Real-time sales performance: CRM events through Kafka and Faust into ClickHouse.\n\n"
        "Start with `pacesetter demo`: a whole installation with a simulated sales floor on this "
        "machine. Then `pacesetter up` with your own definitions and `pacesetter import`."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("pacesetter"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    pass


running.register(app)
board.register(app)
intake.register(app)
gateway.register(app)
app.add_typer(definitions.app, name="definitions", rich_help_panel="Feed it")
app.add_typer(plan.app, name="plan", rich_help_panel="Feed it")
app.add_typer(quota.app, name="quota", rich_help_panel="Feed it")
app.add_typer(kpi.app, name="kpi", rich_help_panel="Look at it")
app.add_typer(people.app, name="people", rich_help_panel="Feed it")
app.add_typer(source.app, name="source", rich_help_panel="Feed it")
imports.register(app)
deal.register(app)
simulate.register(app)
app.add_typer(alerts.app, name="alerts", rich_help_panel="Look at it")
app.add_typer(forecast.app, name="forecast", rich_help_panel="Look at it")
app.add_typer(scorecard.app, name="scorecard", rich_help_panel="Look at it")
app.add_typer(contest.app, name="contest", rich_help_panel="Look at it")
app.add_typer(commission.app, name="commission", rich_help_panel="Look at it")
app.add_typer(statement.app, name="statement", rich_help_panel="Look at it")
app.add_typer(explain.app, name="explain", rich_help_panel="Look at it")
app.add_typer(dispute.app, name="dispute", rich_help_panel="Look at it")
app.add_typer(period.app, name="period", rich_help_panel="Pay")
app.add_typer(payroll_files.app, name="payroll", rich_help_panel="Pay")
app.add_typer(amortisation.app, name="amortisation", rich_help_panel="Look at it")
app.add_typer(tokens.app, name="token", rich_help_panel="Look after it")
standing.register(app)
settle.register(app)
doctor.register(app)
reconcile.register(app)
rebuild.register(app)
app.add_typer(dead_letters.app, name="dead-letter", rich_help_panel="Look after it")
config.register(app)
ground.register(app)


def run() -> None:
    """Run the command line; expected trouble is one line on stderr, not a traceback."""
    # What a command imports stays: looking through it for cycles takes a sixth of its start.
    gc.set_threshold(COLLECT_EVERY, 20, 50)
    try:
        app()
    except Exception as error:
        from infra.cli.trouble import expected, explain

        if not isinstance(error, expected()):
            raise
        typer.echo(explain(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
