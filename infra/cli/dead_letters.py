"""`pacesetter dead-letter list | show | replay`: records that could not be used."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from infra.dead_letters import Letter, Wanted

LISTED = 20
REPLAYED_MAX = 100_000  # one command; say it again for the rest
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
TopicOption = Annotated[str | None, typer.Option("--topic", help="Only of this topic.")]
ReasonOption = Annotated[
    str | None,
    typer.Option(help="Only this class of trouble: frame, decode, message, value, rule, mapping."),
]
SinceOption = Annotated[
    datetime | None, typer.Option(help="Only those set aside since then, UTC: 2026-03-15T08:00:00")
]
app = typer.Typer(no_args_is_help=True, help="Records that could not be used: look, send again.")


@app.command("list")
def list_(
    topic: TopicOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    *,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those that were never sent again.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="How many of the newest to list.")] = LISTED,
    as_json: Json = False,
) -> None:
    """Count the records that were set aside, and list the newest.

    They are no part of any number. Nothing is lost: bytes and reason are kept, and whatever stood
    around them in Kafka went on.

    Example: pacesetter dead-letter list --topic crm.deals --waiting
    """
    from infra.cli.reaching import print_json
    from infra.dead_letters import counts, letters

    warehouse = _outside().warehouse
    wanted = _wanted(topic, reason, since, waiting)
    found, newest = counts(warehouse, wanted), letters(warehouse, wanted, limit)
    if as_json:
        print_json({"counts": found, "letters": [_plain(letter) for letter in newest]})
        return
    if not found:
        typer.echo("No record was set aside." if wanted.is_everything else "None of these.")
        return
    typer.echo(_tables(found, newest))
    typer.echo(
        "\nLook at one: pacesetter dead-letter show ADDRESS. When the cause is mended: "
        "pacesetter dead-letter replay --dry-run"
    )


@app.command()
def show(
    address: Annotated[str, typer.Argument(help="As listed, such as crm.calls/0/1.17")],
    as_json: Json = False,
) -> None:
    """Show one record: why it was set aside, its bytes, and its fields as far as they are readable.

    Example: pacesetter dead-letter show crm.calls/0/1.17
    """
    from infra.cli.reaching import WRONG, fail, print_json
    from infra.dead_letters import content, trouble

    outside = _outside()
    letter = _one(outside, address)
    if letter is None:
        fail(f"nothing was set aside at {address}; see `pacesetter dead-letter list`", WRONG)
    fields, again = content(letter, outside.ids), trouble(letter, outside.ids)
    if as_json:
        print_json({**_plain(letter), "fields": fields, "trouble_now": again})
        return
    typer.echo(f"{letter.address}, set aside {letter.seen_at:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"{letter.reason}: {letter.detail}")
    if letter.replayed_at:
        typer.echo(f"sent again {letter.replayed_at:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"key    {letter.key!r}\nvalue  {letter.value.hex()}")
    if isinstance(fields, dict):
        typer.echo("\n".join(f"  {name}: {value}" for name, value in fields.items()))
    typer.echo(f"today: {again or 'it can be used; replay it'}")


@app.command()
def replay(
    addresses: Annotated[
        list[str] | None, typer.Argument(help="These records; absent: all that fit the options.")
    ] = None,
    *,
    topic: TopicOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that were sent again before.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge them; send nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Send records again whose cause is mended: a schema registered, a rule or a key corrected.

    Each is judged first, and what would be set aside again stays where it is. A record counts by
    its revision, so sending an old one cannot undo anything newer.

    Example: pacesetter dead-letter replay --topic crm.deals --dry-run
    """
    from infra.cli.reaching import WRONG, fail, print_json
    from infra.dead_letters import send_again, trouble

    outside = _outside()
    if addresses:
        found = [(text, _one(outside, text)) for text in addresses]
        missing = [text for text, letter in found if letter is None]
        if missing:
            fail(f"nothing was set aside at {', '.join(missing)}", WRONG)
        chosen = [letter for _, letter in found if letter is not None]
    else:
        chosen = _all(outside, _wanted(topic, reason, since, waiting=not again))
    judged = [(letter, trouble(letter, outside.ids)) for letter in chosen]
    good = [letter for letter, why in judged if why is None]
    bad = [(letter, why) for letter, why in judged if why is not None]
    if good and not dry_run:
        send_again(good, outside.warehouse, outside.publisher, outside.ids)
    if as_json:
        left = [{**_plain(letter), "trouble_now": why} for letter, why in bad]
        print_json({"sent": 0 if dry_run else len(good), "usable": len(good), "left": left})
    else:
        typer.echo(f"{'would send' if dry_run else 'sent'} {len(good)} of {len(judged)}")
        for letter, why in bad[:LISTED]:
            typer.echo(f"  left {letter.address}: {why}")
    if bad:
        raise typer.Exit(WRONG)


def _outside() -> Any:
    from infra.local.found import found_settings
    from streams.outside import outside

    return outside(found_settings())


def _wanted(
    topic: str | None, reason: str | None, since: datetime | None, waiting: bool
) -> "Wanted":
    from datetime import UTC

    from infra.cli.trouble import Trouble
    from infra.dead_letters import Wanted
    from schemas.topics import BY_NAME, RAW_PREFIX

    if topic is not None and topic not in BY_NAME and not topic.startswith(RAW_PREFIX):
        known = ", ".join((*BY_NAME, f"{RAW_PREFIX}SOURCE"))
        raise Trouble(f"--topic {topic} is no topic; there are {known}")
    at = since.replace(tzinfo=since.tzinfo or UTC) if since else None
    return Wanted(topic, reason, at, waiting=waiting)


def _one(outside: Any, address: str) -> "Letter | None":
    from infra.cli.trouble import Trouble
    from infra.dead_letters import Address, Wanted, letters

    try:
        wanted = Wanted(address=Address.parse(address))
    except ValueError as error:
        raise Trouble(str(error)) from None
    found = letters(outside.warehouse, wanted, 1)
    return found[0] if found else None


def _all(outside: Any, wanted: "Wanted") -> "list[Letter]":
    from infra.dead_letters import letters

    return letters(outside.warehouse, wanted, REPLAYED_MAX)


def _plain(letter: "Letter") -> dict[str, Any]:
    return {
        "address": str(letter.address),
        "reason": letter.reason,
        "detail": letter.detail,
        "key": letter.key.hex(),
        "value": letter.value.hex(),
        "seen_at": letter.seen_at,
        "replayed_at": letter.replayed_at,
    }


def _tables(found: "list[dict[str, Any]]", newest: "list[Letter]") -> str:
    from infra.definitions.showing import table

    totals = [
        (c["topic"], c["reason"], c["records"], c["replayed"], f"{c['last_seen_at']:%F %T}")
        for c in found
    ]
    text = table(("TOPIC", "REASON", "RECORDS", "SENT AGAIN", "LAST (UTC)"), totals)
    if newest:
        rows = [(letter.address, letter.reason, letter.detail[:100]) for letter in newest]
        text += "\n\n" + table(("ADDRESS", "REASON", "WHAT IS WRONG"), rows)
    return text
