"""`pacesetter alerts`: who will miss what, early, few and explained."""

import threading
from typing import Annotated, Any

import typer

from infra.cli import alert_acts, alert_trials
from infra.cli.reaching import AWAY, fail, patient_warehouse, print_json

STATEMENT_SECONDS_MAX = 300

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
    """Look at everybody, keep what changed in spm.alert_event, and tell who is to be told.

    Who does nothing is looked at, too. While data is late nothing is claimed. `pacesetter up` runs
    this every alert_seconds by itself. Messages leave by the channels of pacesetter.toml that
    alerts.yaml names under ways, at people's working hours; see `pacesetter alerts check`.

    Examples:
    `pacesetter alerts run`,
    `pacesetter alerts run --watch 60 --metrics-port 18096`
    """
    if watch:
        _watch(watch, metrics_port)
        return
    from infra.alerting.leasing import Taken
    from infra.alerting.turns import Busy
    from schemas.warehouse import Fenced, Unavailable

    try:
        made = _service().look()
    except (Unavailable, Fenced, Busy, Taken) as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    news = [one for one in made.tick.transitions if one.is_news]
    if as_json:
        print_json({"looked": made.tick.looked, "events": made.tick.events, "late": made.tick.late,
                    "news": [_plain(one.key, one.after, one.reason) for one in news],
                    "published": made.published, "trouble": made.trouble,
                    "good_news": made.news, "notices": made.round._asdict()})  # fmt: skip
        return
    if made.tick.late:
        typer.echo(f"nothing is claimed: data is late, {made.tick.late}")
    typer.echo(f"looked at {made.tick.looked} (subject, rule) pairs; {len(news)} began or ended")
    if made.trouble:
        typer.echo(f"not in the topic spm.alerts yet: {made.trouble}", err=True)
    if any(made.round):
        typer.echo(f"notices: {_told(made.round)}")


@app.command("list")
def show(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that are pending or recovering, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the alerts that fire now as the last run left them, and what became of telling people.

    TOLD counts notices by state: DUE waits for working hours, FOLDED for the digest, FAILED will be
    tried again, DEAD needs you (`pacesetter alerts notices --state DEAD` says why).

    Examples:
    `pacesetter alerts list`,
    `pacesetter alerts list --all --json`
    """
    from datetime import UTC, datetime

    from infra.alerting import events, outbox
    from infra.alerting.acts import acts
    from infra.alerting.showing import header, line, plain
    from infra.definitions.showing import table
    from streams.domain.alert_outbox import NoticeState
    from streams.domain.alert_states import State

    wanted = {State.FIRING} if not everything else set(State) - {State.OK}
    warehouse = _warehouse()
    held = events.held(warehouse)
    rows = sorted((key, one) for key, one in held.items() if one.watched.state in wanted)
    said = acts(warehouse, datetime.now(UTC))
    told = outbox.listed(warehouse, NoticeState, None)
    if as_json:
        print_json([plain(key, one, said, told) for key, one in rows])
    elif not rows:
        typer.echo("nothing fires; `pacesetter alerts list --all` shows what is on its way")
    else:
        typer.echo(table(header(), [line(key, one, said, told) for key, one in rows]))


@app.command("preview")
def preview(
    reader: Annotated[
        str, typer.Option(help="MANAGER, REP, or CHANNEL, where nobody is named.")
    ] = "MANAGER",
    locale: Annotated[str, typer.Option(help="Numbers and words: en, de_AT, fr ...")] = "en",
    form: Annotated[
        str, typer.Option("--as", help="text, slack, teams, email or webhook: as it would leave.")
    ] = "text",
) -> None:
    """Print what each alert that fires now has to say, to whom it would be said. Sends nothing.

    Of the rules of one group the gravest speaks for the others.

    Examples:
    `pacesetter alerts preview`,
    `pacesetter alerts preview --reader REP --locale de`,
    `pacesetter alerts preview --reader CHANNEL --as slack`
    """
    from datetime import UTC, datetime

    from connectors.sinks.notices.rendering import FORMS, rendered
    from connectors.sinks.notices.words import Reader, told
    from infra.alerting import events
    from infra.alerting.stories import Stories
    from schemas.alerts import OF_OPS
    from streams.domain.alert_sending import spoken_for

    try:
        chosen = Reader(reader.upper())
    except ValueError:
        known = ", ".join(Reader)
        raise typer.BadParameter(f"{reader} is no reader; write one of {known}") from None
    if form not in FORMS:
        raise typer.BadParameter(f"{form} is no form; write one of {', '.join(FORMS)}")
    warehouse, bundle = _warehouse(), _bundle()
    stories, count = Stories(warehouse, bundle), 0
    held = events.held(warehouse)
    watched = {key: one.watched for key, one in held.items()}
    others_speak = spoken_for(bundle.alerts.rules, watched)
    for key in sorted(held):
        story = stories.of(key, held[key], datetime.now(UTC))
        is_meant = story is not None and (chosen is not Reader.REP or story.signal not in OF_OPS)
        if story is not None and is_meant and key not in others_speak:
            typer.echo(rendered(told(story, chosen, locale), story, form) + "\n")
            count += 1
    typer.echo(f"{count} alert{'' if count == 1 else 's'}; nothing was sent")


def _plain(key: Any, state: Any, reason: Any, since: Any = None) -> dict[str, Any]:
    told = {**key._asdict(), "state": state, "period_start": str(key.period_start)}
    told |= {"reason": reason} if reason else {}
    return told | ({"since": since.isoformat()} if since else {})


def _service(stopping: threading.Event | None = None) -> Any:
    from connectors.sinks.kafka import Publisher
    from connectors.sinks.schema_ids import ids_from
    from infra.alerting.serving import Service
    from infra.local.found import found_settings

    settings = found_settings()
    # What librdkafka says of a broker that is away is told once, by us.
    config = {**settings.kafka_config(), "log_level": "0"}
    topic = (Publisher(config), ids_from(settings.schema_registry_url))
    return Service(
        _warehouse, _bundle, settings.channels, settings.data_dir, topic=topic, stopping=stopping
    )


def _watch(seconds: float, metrics_port: int) -> None:
    import logging
    import time

    from infra.alerting.leasing import Taken
    from infra.alerting.telling import Metrics
    from infra.alerting.turns import Busy
    from infra.cli.background import in_background, registry_at
    from infra.local.found import found_settings
    from schemas.warehouse import Fenced, Unavailable

    stop, log = in_background(), logging.getLogger(__name__)
    is_read, reps_max = bool(metrics_port), found_settings().metrics_reps_max
    metrics = Metrics(registry_at(metrics_port), is_read=is_read, reps_max=reps_max)
    service = _service(stop)
    while not stop.is_set():
        began = time.monotonic()
        try:
            made = service.look()
        except Taken as error:  # it stands by, and takes over once nobody has the turn
            log.info("standing by: %s", error)
        except (Unavailable, Fenced, LookupError, Busy) as error:
            log.warning("not done: %s", error)
            metrics.fail()
        else:
            rules, took = _bundle().alerts.rules, time.monotonic() - began
            metrics.show(_warehouse(), made.tick, rules, took)
            metrics.gauges.told(made.round)
            for one in made.tick.transitions:
                if one.is_news:
                    log.info("%s %s %s: %s", *one.key[:3], one.after)
            if made.trouble:
                log.warning("not in the topic yet: %s", made.trouble)
            if any(made.round[:-1]):  # that some wait is no news
                log.info("told: %s", _told(made.round))
        stop.wait(max(1.0, seconds - (time.monotonic() - began)))


def _told(round_: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in round_._asdict().items() if count)


def _warehouse() -> Any:
    return patient_warehouse(STATEMENT_SECONDS_MAX)


def _bundle() -> Any:
    from infra.cli.forecast import bundle_in_force

    return bundle_in_force()


alert_acts.register(app)
alert_trials.register(app)
