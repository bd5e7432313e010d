"""`pacesetter alerts run | list | preview`: who will miss what, early, few and explained."""

import signal
import threading
from typing import Annotated, Any

import typer

from infra.cli.reaching import AWAY, fail, patient_warehouse, print_json

STATEMENT_SECONDS_MAX = 300
NICE = 10  # whoever serves people goes first

app = typer.Typer(
    help="Hear early that a quota is being missed: rules of alerts.yaml, watched all the time.",
    no_args_is_help=True,
)


@app.command("run")
def run(
    watch: Annotated[
        float, typer.Option(help="Run for ever, every so many seconds; 0: once.", min=0)
    ] = 0,
    metrics_port: Annotated[
        int, typer.Option(help="With --watch: where Prometheus reads what was seen; 0: nowhere.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at everybody once, or again and again, and keep what changed in spm.alert_event.

    Who does nothing is looked at, too. While data is late nothing is claimed. `pacesetter up` runs
    this every alert_seconds by itself.

    Examples:
    `pacesetter alerts run`,
    `pacesetter alerts run --watch 60 --metrics-port 18096`
    """
    if watch:
        _watch(watch, metrics_port)
        return
    from schemas.warehouse import Fenced, Unavailable

    try:
        made = _tick()
    except (Unavailable, Fenced) as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    news = [one for one in made.transitions if one.is_news]
    if as_json:
        print_json({"looked": made.looked, "events": made.events, "late": made.late,
                    "news": [_plain(one.key, one.after, one.reason) for one in news]})  # fmt: skip
        return
    if made.late:
        typer.echo(f"nothing is claimed: data is late, {made.late}")
    typer.echo(f"looked at {made.looked} (subject, rule) pairs; {len(news)} began or ended")


@app.command("list")
def show(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that are pending or recovering, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the alerts that fire now, as the last run left them.

    Examples:
    `pacesetter alerts list`,
    `pacesetter alerts list --all --json`
    """
    from infra.alerting import events
    from infra.definitions.showing import table
    from streams.domain.alert_states import State

    wanted = {State.FIRING} if not everything else set(State) - {State.OK}
    held = events.held(_warehouse())
    rows = sorted((key, one) for key, one in held.items() if one.watched.state in wanted)
    if as_json:
        print_json([_plain(key, one.watched.state, "", one.watched.episode) for key, one in rows])
    elif not rows:
        typer.echo("nothing fires; `pacesetter alerts list --all` shows what is on its way")
    else:
        header = ("RULE", "OF", "WHO", "KPI", "STATE", "SINCE")
        lines = [
            (key.rule_id, key.subject_kind, key.subject_id, f"{key.kpi} {key.currency}".strip(),
             one.watched.state, one.watched.episode or "")
            for key, one in rows
        ]  # fmt: skip
        typer.echo(table(header, lines))


@app.command("preview")
def preview(
    reader: Annotated[
        str, typer.Option(help="MANAGER, REP, or CHANNEL, where nobody is named.")
    ] = "MANAGER",
    locale: Annotated[str, typer.Option(help="Numbers and words: en, de_AT, fr ...")] = "en",
) -> None:
    """Print what each alert that fires now has to say, to whom it would be said. Sends nothing.

    Of the rules of one group the gravest speaks for the others.

    Examples:
    `pacesetter alerts preview`,
    `pacesetter alerts preview --reader REP --locale de`
    """
    from datetime import UTC, datetime

    from connectors.sinks.notices.words import Reader, told
    from infra.alerting import events
    from infra.alerting.stories import Stories
    from streams.domain.alert_sending import spoken_for

    try:
        chosen = Reader(reader.upper())
    except ValueError:
        known = ", ".join(Reader)
        raise typer.BadParameter(f"{reader} is no reader; write one of {known}") from None
    warehouse, bundle = _warehouse(), _bundle()
    stories, count = Stories(warehouse, bundle), 0
    held = {key: one.watched for key, one in events.held(warehouse).items()}
    others_speak = spoken_for(bundle.alerts.rules, held)
    for key, watched in sorted(held.items()):
        story = stories.of(key, watched, datetime.now(UTC))
        if story is not None and key not in others_speak:
            typer.echo(told(story, chosen, locale).text + "\n")
            count += 1
    typer.echo(f"{count} alert{'' if count == 1 else 's'}; nothing was sent")


def _plain(key: Any, state: Any, reason: Any, since: Any = None) -> dict[str, Any]:
    told = {**key._asdict(), "state": state, "period_start": str(key.period_start)}
    told |= {"reason": reason} if reason else {}
    return told | ({"since": since.isoformat()} if since else {})


def _tick() -> Any:
    from datetime import UTC, datetime

    from infra.alerting.ticking import tick

    return tick(_warehouse(), _bundle(), datetime.now(UTC))


def _watch(seconds: float, metrics_port: int) -> None:
    import logging
    import os
    import time

    from infra.alerting.telling import Metrics
    from infra.local.found import found_settings
    from schemas.warehouse import Fenced, Unavailable

    found = found_settings()
    metrics = Metrics(metrics_port, found.host, found.metrics_reps_max)

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    log = logging.getLogger(__name__)
    os.nice(NICE)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        began = time.monotonic()
        try:
            made = _tick()
        except (Unavailable, Fenced, LookupError) as error:
            log.warning("not done: %s", error)
            metrics.fail()
        else:
            rules, took = _bundle().alerts.rules, time.monotonic() - began
            metrics.show(_warehouse(), made, rules, took)
            for one in made.transitions:
                if one.is_news:
                    log.info("%s %s %s: %s", *one.key[:3], one.after)
        stop.wait(max(1.0, seconds - (time.monotonic() - began)))


def _warehouse() -> Any:
    return patient_warehouse(STATEMENT_SECONDS_MAX)


def _bundle() -> Any:
    from infra.cli.forecast import bundle_in_force

    return bundle_in_force()
