"""`pacesetter alerts ack | snooze | wake | notices | replay`: what people say about alerts."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import AWAY, WRONG, fail, patient_warehouse, print_json

if TYPE_CHECKING:
    from infra.alerting.acts import Act

STATEMENT_SECONDS_MAX = 300
Rule = Annotated[str, typer.Argument(help="Its rule, as `alerts list` shows it.")]
Who = Annotated[str, typer.Argument(help="rep_id, team_id, company or source.")]
Kpi = Annotated[str | None, typer.Option(help="Only on this KPI.")]
Author = Annotated[str, typer.Option(help="Who says so. Default: git's user.name, or the login.")]
Note = Annotated[str, typer.Option(help="Why.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (ack, snooze, wake, notices, replay):
        root.command()(command)


def ack(rule: Rule, who: Who, kpi: Kpi = None, author: Author = "", note: Note = "") -> None:
    """Take on an alert that fires: what of it is not told yet is not told any more.

    It holds until the alert ends; one that gets graver, or begins again, is told. The end is told.

    Example: `pacesetter alerts ack pace-this-week hp-03 --note "we talked on Monday"`
    """
    from infra.alerting.acts import Act

    _say(Act.ACK, (rule, who, kpi), author, note)


def snooze(
    rule: Rule,
    who: Who,
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Until when, UTC.")
    ],
    *,
    kpi: Kpi = None,
    author: Author = "",
    note: Note = "",
) -> None:
    """Hear nothing of an alert until an instant; if it still fires then, it is told then.

    A graver rule of the same group is told all the same. `wake` takes it back.

    Example: `pacesetter alerts snooze quiet hp-03 --until 2026-12-01 --note "on a course"`
    """
    from datetime import UTC

    from infra.alerting.acts import Act

    ends = until.replace(tzinfo=UTC)
    if ends <= datetime.now(UTC):
        raise typer.BadParameter(f"{until:%Y-%m-%d %H:%M} is over; name a later instant")
    _say(Act.SNOOZE, (rule, who, kpi), author, note, ends)


def wake(rule: Rule, who: Who, kpi: Kpi = None, author: Author = "", note: Note = "") -> None:
    """Take a snooze back.

    Example: `pacesetter alerts wake quiet hp-03`
    """
    from infra.alerting.acts import Act

    _say(Act.WAKE, (rule, who, kpi), author, note)


def notices(
    *,
    state: Annotated[
        str | None,
        typer.Option(help="DUE, FOLDED, FAILED, SENT, DIGESTED, DROPPED or DEAD. Default: all."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Of alerts that began or ended since.")] = 30,
    as_json: Json = False,
) -> None:
    """List what is to be told, was told or could not be told, with the reason.

    Examples:
    `pacesetter alerts notices --state DEAD`,
    `pacesetter alerts notices --days 7 --json`
    """
    from datetime import UTC, timedelta

    from infra.alerting import outbox
    from infra.alerting.showing import notice_line, plain_notice
    from infra.definitions.showing import table
    from schemas.warehouse import Unavailable
    from streams.domain.alert_outbox import NoticeState

    try:
        wanted = [NoticeState(state.upper())] if state else list(NoticeState)
    except ValueError:
        known = ", ".join(NoticeState)
        raise typer.BadParameter(f"{state} is no state; write one of {known}") from None
    try:
        since = datetime.now(UTC) - timedelta(days=days)
        found = outbox.listed(_warehouse(), wanted, since)
    except Unavailable as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    if as_json:
        print_json([plain_notice(one) for one in found])
    elif not found:
        typer.echo("none of these")
    else:
        names = ("KEY", "ABOUT", "ROUTE", "FOR", "CHANNEL", "STATE", "AT", "WHY")
        typer.echo(table(names, [notice_line(one) for one in found]))


def replay(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="Keys, or how they begin. Default: all that are dead."),
    ] = None,
    *,
    days: Annotated[int, typer.Option(min=1, help="Of alerts that began or ended since.")] = 30,
    author: Author = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which; change nothing.")] = False,
) -> None:
    """Have dead notices sent again, once their cause is mended; what is over by now is not.

    The next run sends them, at working hours, under the same keys as before.

    Example: `pacesetter alerts replay --dry-run`, then `pacesetter alerts replay`
    """
    from datetime import UTC, timedelta

    from infra.alerting import outbox
    from infra.alerting.turns import Busy, turn
    from infra.local.found import found_settings
    from schemas.warehouse import Fenced, Unavailable
    from streams.domain.alert_outbox import NoticeState

    now = datetime.now(UTC)
    try:
        with turn(found_settings().data_dir, 60):
            warehouse = _warehouse()
            dead = outbox.listed(warehouse, [NoticeState.DEAD], now - timedelta(days=days))
            chosen = [
                one.entry for one in dead
                if keys is None or any(one.entry.notice_key.startswith(k) for k in keys)
            ]  # fmt: skip
            if not dry_run and chosen:
                outbox.made_due(warehouse, chosen, author or _somebody(), now)
    except (Unavailable, Fenced, Busy) as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    for one in chosen:
        typer.echo(f"{one.notice_key} {one.key.rule_id} {one.key.subject_id} by {one.channel}")
    verb = "would be" if dry_run else "will be"
    typer.echo(f"{len(chosen)} {verb} sent again")


def _say(
    act: "Act", of: tuple[str, str, str | None], author: str, note: str,
    until: datetime | None = None,
) -> None:  # fmt: skip
    from datetime import UTC

    from infra.alerting import events
    from infra.alerting.acts import Act, say
    from schemas.warehouse import Fenced, Unavailable

    rule, who, kpi = of
    try:
        warehouse = _warehouse()
        held = events.held(warehouse)
        mine = {
            key: one.watched.episode for key, one in held.items()
            if (key.rule_id, key.subject_id) == (rule, who) and kpi in (None, key.kpi)
        }  # fmt: skip
        if act is Act.ACK:
            mine = {key: episode for key, episode in mine.items() if episode}
        if not mine:
            what = "fires" if act is Act.ACK else "was ever noticed"
            fail(f"nothing of rule {rule} {what} for {who}; see `pacesetter alerts list --all`",
                 WRONG)  # fmt: skip
        say(warehouse, act, mine, datetime.now(UTC),
            author=author or _somebody(), note=note, until=until)  # fmt: skip
    except (Unavailable, Fenced) as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)
    for key in mine:
        typer.echo(f"{act}: {key.rule_id} {key.subject_id} {key.kpi}".rstrip())


def _somebody() -> str:
    from infra.definitions.author import somebody

    return somebody()


def _warehouse() -> Any:
    return patient_warehouse(STATEMENT_SECONDS_MAX)
