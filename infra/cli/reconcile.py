"""`pacesetter reconcile`: prove that the results are what history says."""

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import AWAY, WRONG, fail, patient_warehouse

if TYPE_CHECKING:
    from infra.reconcile.periods import Days

OPEN, ALL = "open", "all"
STATEMENT_SECONDS_MAX = 3600  # of one query over years of history


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command(rich_help_panel="Look after it")(reconcile)


def reconcile(
    *,
    period: Annotated[
        str,
        typer.Option(
            help="Days to look at: 2026-11, 2026-Q4 (of the calendar), 2026, 2026-11-03, "
            "2026-11-03..2026-11-09, open (this month) or all. Default: all, with --watch open."
        ),
    ] = "",
    from_facts: Annotated[
        bool,
        typer.Option(help="Also compute again what each fact is worth, from its own columns."),
    ] = True,
    limit: Annotated[int, typer.Option(help="Differences shown of each table.", min=0)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Dead letters and what is in flight fail, too.")
    ] = False,
    watch: Annotated[
        float, typer.Option(help="Run for ever, every so many seconds; 0: once.", min=0)
    ] = 0,
    metrics_port: Annotated[
        int, typer.Option(help="With --watch: where Prometheus reads what was found; 0: nowhere.")
    ] = 0,
) -> None:
    """Prove that the results are what history says, to the cent; say where they are not.

    Everything is computed a second time in SQL, by rules written down a second time: what each fact
    is worth, totals per rep and day, credits of deals, commissions tier by tier, what is asked of
    whom (quotas, plan curves, calendars); and that no record between the first and the last one is
    missing. It may run while the pipeline works.

    Exits with 0 when nothing differs, 1 when something does, 3 when the warehouse is away.

    Examples:
    `pacesetter reconcile --period 2026-11`,
    `pacesetter reconcile --json > proof.json`,
    `pacesetter reconcile --watch 300 --metrics-port 18098`
    """
    _days(period or ALL, date(2000, 1, 1))  # a slip of the pen shows before anything is asked
    if watch:
        _watch(period or OPEN, from_facts, watch, metrics_port)
        return
    import logging

    from schemas.warehouse import Unavailable

    # The driver logs what it also raises; what was raised is told in a line.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
    try:
        report = _report(period or ALL, from_facts)
    except Unavailable as error:
        fail(f"not done: {error}", AWAY)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=1))
    else:
        from rich.console import Console

        from infra.reconcile.telling import tell

        tell(report, Console(), limit)
    waiting = report.dead_letters or any(c.in_flight or c.moving for c in report.checks)
    raise typer.Exit(WRONG if not report.is_clean or (strict and waiting) else 0)


def _report(period: str, from_facts: bool) -> Any:
    from datetime import UTC, datetime

    from infra.reconcile.running import reconcile as run

    return run(_warehouse(), _days(period, datetime.now(UTC).date()), _tables(from_facts))


def _watch(period: str, from_facts: bool, seconds: float, port: int) -> None:
    from infra.cli.background import in_background, registry_at
    from infra.reconcile.watching import Gauges
    from infra.reconcile.watching import watch as run

    stop, gauges = in_background(), Gauges(registry_at(port))
    run(
        _warehouse,
        lambda today: _days(period, today),
        gauges,
        seconds,
        stop,
        tables=_tables(from_facts),
    )


def _tables(from_facts: bool) -> tuple[str, ...]:
    from infra.reconcile.running import RULES, TABLES

    return tuple(table for table in TABLES if from_facts or table not in RULES)


def _warehouse() -> Any:
    return patient_warehouse(STATEMENT_SECONDS_MAX)


def _days(period: str, today: date) -> "Days":
    from infra.reconcile import periods

    if period == ALL:
        return periods.ALL
    if period == OPEN:
        return periods.month_of(today)
    try:
        return periods.days_of(period)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error
