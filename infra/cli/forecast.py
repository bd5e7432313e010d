"""`pacesetter forecast run | show`: where the period will end, and how likely the quota is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import AWAY, WRONG, fail, patient_warehouse, print_json

if TYPE_CHECKING:
    from infra.forecasting.watching import Maker

STATEMENT_SECONDS_MAX = 900  # of one query over years of history

app = typer.Typer(
    help="Where periods will end and how likely quotas are: P10, P50, P90 and a probability.",
    no_args_is_help=True,
)


@app.command("run")
def run(
    once: Annotated[bool, typer.Option("--once", help="One run; the default.")] = False,
    watch: Annotated[
        float, typer.Option(help="Run for ever, every so many seconds; 0: once.", min=0)
    ] = 0,
    metrics_port: Annotated[
        int, typer.Option(help="With --watch: where Prometheus reads what was made; 0: nowhere.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Make the forecasts of everybody who has a quota now, and of the teams above them.

    What changed is written to the warehouse, where the view spm_bi.forecast_current shows it.
    `pacesetter up` runs this every forecast_seconds by itself.

    Examples:
    `pacesetter forecast run`,
    `pacesetter forecast run --watch 300 --metrics-port 18097`
    """
    if watch and not once:
        _watch(watch, metrics_port)
        return
    import time
    from datetime import UTC, datetime

    from schemas.warehouse import Fenced, Unavailable

    began = time.monotonic()
    try:
        made, written = _maker().run(datetime.now(UTC))
    except (Unavailable, Fenced) as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)
    took = time.monotonic() - began
    if as_json:
        print_json({"forecasts": len(made.rows), "subjects": made.subjects, "written": written,
                    "seconds": round(took, 3)})  # fmt: skip
    else:
        typer.echo(f"{len(made.rows)} forecasts of {made.subjects} subjects in {took:.1f} s; "
                   f"{written} changed")  # fmt: skip


@app.command("show")
def show(
    *,
    rep: Annotated[str, typer.Option("--rep", help="A rep_id, or part of a name.")] = "",
    team: Annotated[str, typer.Option("--team", help="A team_id.")] = "",
    region: Annotated[str, typer.Option("--region", help="A region.")] = "",
    company: Annotated[bool, typer.Option("--company", help="The whole company.")] = False,
    period: Annotated[
        str, typer.Option(help="A day within the period, 2026-11-22; absent: today.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show the newest forecasts of one rep, team or region, or of the company (the default).

    Examples:
    `pacesetter forecast show --rep dana`,
    `pacesetter forecast show --team emea --json`
    """
    from infra.cli.reaching import ground
    from infra.forecasting.showing import asked, newest, told

    chosen = [(kind, value) for kind, value in
              (("REP", rep), ("TEAM", team), ("REGION", region)) if value]  # fmt: skip
    if len(chosen) + company > 1:
        raise typer.BadParameter("name one of --rep, --team, --region and --company")
    with ground() as (client, _):
        subject, name, day = asked(client, chosen[0] if chosen else None, period)
        rows = newest(client, subject, day)
    if as_json:
        print_json({"subject_kind": subject[0], "subject_id": subject[1], "name": name,
                    "forecasts": rows})  # fmt: skip
        return
    if not rows:
        typer.echo(f"no forecast for {name} on {day}; it is made for who has a quota then: "
                   "`pacesetter forecast run`")  # fmt: skip
        return
    typer.echo(told(name, rows))


def _watch(seconds: float, port: int) -> None:
    from infra.cli.background import in_background, registry_at
    from infra.forecasting.watching import Gauges
    from infra.forecasting.watching import watch as run_again

    stop, gauges = in_background(), Gauges(registry_at(port))
    run_again(_maker(), gauges, seconds, stop)


def _maker() -> "Maker":
    from infra.forecasting.watching import Maker

    return Maker(_warehouse, bundle_in_force)


def _warehouse() -> Any:
    return patient_warehouse(STATEMENT_SECONDS_MAX)


def bundle_in_force() -> Any:
    """Return the definitions in force; Unavailable where they cannot be read."""
    from infra.definitions import connecting
    from infra.definitions.stored import Stored
    from infra.local.found import found_settings
    from schemas.warehouse import Unavailable

    try:
        return Stored(connecting.warehouse(found_settings())).in_force().bundle()
    except connecting.Unreachable as error:
        raise Unavailable(str(error)) from error
