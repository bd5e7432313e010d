"""`pacesetter alerts check | test | simulate`: trying alerts out before anybody relies on them."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import AWAY, WRONG, fail, patient_warehouse, print_json

if TYPE_CHECKING:
    from schemas.definitions import Bundle

STATEMENT_SECONDS_MAX = 300
DAY_FORMAT = ["%Y-%m-%d"]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Folder = Annotated[
    Path | None,
    typer.Option("--definitions", help="alerts.yaml of this folder in place of those in force."),
]


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command()(check)
    root.command("test")(trial)
    root.command()(simulate)


def check(definitions: Folder = None, as_json: Json = False) -> None:
    """Check that what rules want to tell can reach people: ways, channels, secrets, addresses.

    What is wrong with a rule itself, `pacesetter definitions check` says. Ends with 1 if messages
    will not be sent. Nothing is sent; `alerts test` does that.

    Example: `pacesetter alerts check --definitions definitions/`
    """
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from infra.alerting.channels import senders
    from infra.alerting.checking import flaws
    from infra.alerting.recipients import Recipients
    from infra.local.found import found_settings
    from schemas.warehouse import Unavailable

    channels = found_settings().channels
    try:
        bundle = _bundle(definitions)
        today = datetime.now(UTC).astimezone(ZoneInfo(bundle.company.time_zone)).date()
        people = Recipients(_warehouse(), bundle, today, frozenset(channels))
        found = list(flaws(bundle, channels, senders(channels), people))
    except Unavailable as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    errors = sum(one.is_error for one in found)
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        for one in found:
            typer.echo(str(one))
        rules = len(bundle.alerts.rules)
        typer.echo(f"{rules} rules, {len(channels)} channels: {errors} errors, "
                   f"{len(found) - errors} warnings")  # fmt: skip
    raise typer.Exit(WRONG if errors else 0)


def trial(
    channel: Annotated[str, typer.Option(help="A name under [channels] of pacesetter.toml.")],
    *,
    to: Annotated[
        str, typer.Option(help="E-mail address; for an email channel without `to`.")
    ] = "",
    locale: Annotated[str, typer.Option(help="Language: en, de_AT, fr ...")] = "en",
    as_json: Json = False,
) -> None:
    """Send a test message by one channel, and say what the receiver answered. It is really sent.

    Ends with 1 if it was not taken.

    Examples:
    `pacesetter alerts test --channel emea-slack`,
    `pacesetter alerts test --channel mail --to me@example.com`
    """
    import secrets
    from datetime import UTC

    from connectors.sinks.notices.outcomes import Edge, Outgoing, Sent
    from connectors.sinks.notices.words import trial as trying
    from infra.alerting.channels import senders
    from infra.definitions.problems import did_you_mean
    from infra.local.found import found_settings

    channels = found_settings().channels
    if channel not in channels:
        remedy = did_you_mean(channel, channels, f"add [channels.{channel}] to pacesetter.toml")
        raise typer.BadParameter(f"{channel} is no channel of this installation; {remedy}")
    notice = trying(secrets.token_hex(16), channel, locale)
    outgoing = Outgoing(notice, Edge.TEST, datetime.now(UTC), None, to)
    outcome = senders({channel: channels[channel]})[channel].send(outgoing)
    taken = isinstance(outcome, Sent)
    if as_json:
        print_json({"channel": channel, "sent": taken, "reason": outcome.reason,
                    "kind": type(outcome).__name__.upper()})  # fmt: skip
    else:
        why = f": {outcome.reason}" if outcome.reason else ""
        typer.echo(f"channel {channel} {'took it' if taken else 'did not take it'}{why}")
    raise typer.Exit(0 if taken else WRONG)


def simulate(
    since: Annotated[datetime, typer.Option(formats=DAY_FORMAT, help="First day.")],
    until: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMAT, help="Last day. Default: yesterday.")
    ] = None,
    *,
    definitions: Folder = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    as_json: Json = False,
) -> None:
    """Say what the rules would have told over past days of the warehouse. Writes and sends nothing.

    Facts are as they are known now, so corrections made since are in. Forecasts are those made on
    each day: where none was, rules on the chance of quota say nothing. TOLD is no where a graver
    rule of the group spoke. Try rules of a folder before they are in force by --definitions.

    Examples:
    `pacesetter alerts simulate --since 2026-07-01 --until 2026-09-30`,
    `pacesetter alerts simulate --since 2026-10-01 --rule pace-watch --definitions draft/`
    """
    from datetime import UTC, timedelta

    from infra.alerting.simulating import DAYS_MAX
    from infra.alerting.simulating import simulate as simulated
    from infra.definitions.showing import table
    from schemas.warehouse import Unavailable
    from streams.domain.periods import DAY, Span

    last = until.date() if until else datetime.now(UTC).date() - timedelta(days=1)
    span = Span(since.date(), last + DAY)
    if not 0 < (span.end - span.start).days <= DAYS_MAX:
        raise typer.BadParameter(f"name 1 to {DAYS_MAX} days, the first one first")
    try:
        bundle = _bundle(definitions)
        if rule is not None:
            bundle = _only(bundle, rule)
        found = simulated(_warehouse(), bundle, span)
    except Unavailable as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    if as_json:
        print_json([{**one.key._asdict(), **one._asdict(), "key": None} for one in found])
        return
    lines = [
        (one.key.rule_id, one.key.subject_id, f"{one.key.kpi} {one.key.currency}".strip(),
         one.severity, one.began, one.ended or "", one.reason, one.value,
         "yes" if one.told else "no")
        for one in found
    ]  # fmt: skip
    names = ("RULE", "WHO", "KPI", "SEVERITY", "BEGAN", "ENDED", "WHY", "VALUE", "TOLD")
    typer.echo(table(names, lines) if lines else "nothing would have fired")
    told = sum(one.told for one in found)
    typer.echo(f"{len(found)} times something began, {told} of them told, in "
               f"{(span.end - span.start).days} days")  # fmt: skip


def _only(bundle: "Bundle", rule_id: str) -> "Bundle":
    chosen = tuple(one for one in bundle.alerts.rules if one.rule_id == rule_id)
    if not chosen:
        known = ", ".join(one.rule_id for one in bundle.alerts.rules) or "none"
        raise typer.BadParameter(f"{rule_id} is no rule; there are {known}")
    alerts = bundle.alerts.model_copy(update={"rules": chosen})
    return bundle.model_copy(update={"alerts": alerts})


def _bundle(folder: Path | None) -> "Bundle":
    from infra.cli.forecast import bundle_in_force

    bundle: Bundle = bundle_in_force()
    if folder is None:
        return bundle
    from infra.cli import telling
    from infra.cli.reaching import tell
    from infra.definitions.loading import load
    from infra.definitions.problems import has_errors

    loaded = load(folder)
    if has_errors(loaded.problems):
        tell(loaded.problems)
        fail(telling.verdict(loaded.problems, ()), WRONG)
    if "alerts" not in loaded.values:
        fail(f"{folder} has no alerts.yaml", WRONG)
    alerts = loaded.values["alerts"]
    return bundle.model_copy(update={"alerts": alerts})


def _warehouse() -> Any:
    return patient_warehouse(STATEMENT_SECONDS_MAX)
