"""`pacesetter statement`: what somebody earned in a period, line by line.

Exit codes: 0 done, 1 there is no such person or period, or no PDF can be made, 2 wrong usage,
3 the warehouse is away.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.reaching import WRONG, fail, ground

if TYPE_CHECKING:
    from infra.statements.making import Format, Moments
    from infra.statements.plain import Shown
    from infra.statements.reading import Ledger
    from schemas.definitions import Company

FORMATS = ("text", "json", "html", "pdf", "csv", "xlsx")
Period = Annotated[
    str, typer.Option("--period", help="2026-Q1, 2026-03, 2026, or days as 2026-01-01..2026-02-14.")
]
AsOf = Annotated[
    str,
    typer.Option("--as-of", help="What it said then: a day (its end) or an instant. Default: now."),
]
As = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")]
app = typer.Typer(no_args_is_help=True, help="Commission statements: on screen, as PDF, as sheets.")


@app.command()
def show(
    rep: Annotated[str, typer.Argument(help="A rep_id, or a name or part of it.")],
    period: Period,
    *,
    as_of: AsOf = "",
    form: As = "text",
    out: Annotated[Path | None, typer.Option(help="Write into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show somebody's statement: every entry with its deal, credit, tiers, rates and plan revision.

    A statement holds what was posted in payout periods that end within its own, in the order of
    events. It reads as whoever the token is of: a rep sees their own, a manager their tree, finance
    everybody's. To read as somebody, set PACESETTER_WAREHOUSE_USER and PACESETTER_WAREHOUSE_TOKEN
    to the name and token of `pacesetter token create`.

    As of a day or instant, it holds what had been posted by then: of each partition of the log the
    entries below the place that had been applied.

    Examples: pacesetter statement show dana --period 2026-Q1,
    pacesetter statement show hp-08 --period 2026-03 --as-of 2026-03-15 --format pdf --out dana.pdf
    """
    from infra.statements.making import Format, made

    chosen = _format("json" if as_json else form)
    with ground() as (client, _):
        ledger, company, moments = _ledger(client, as_of)
        try:
            shown = made(ledger, company, ledger.find(rep), period, moments)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--period") from error
    if chosen is Format.TEXT and out is None:
        from rich.console import Console

        from infra.statements.terminal import show as print_out

        print_out(shown, Console())
        return
    content = _content(shown, chosen)
    if out is not None:
        out.write_bytes(content)
        typer.echo(str(out))
    elif chosen in (Format.PDF, Format.XLSX) and sys.stdout.isatty():
        fail(f"{chosen} is no text; add --out FILE", WRONG)
    else:
        sys.stdout.buffer.write(content)


@app.command("all")
def all_(
    folder: Annotated[Path, typer.Argument(help="Folder to write into; made if it is not there.")],
    period: Period,
    *,
    as_of: AsOf = "",
    form: As = "pdf",
) -> None:
    """Write the statements of everybody with entries in a period, a file for each.

    Example: pacesetter statement all statements/2026-Q1 --period 2026-Q1 --format pdf
    """
    from rich.console import Console
    from rich.progress import track

    from infra.statements.making import Format, file_name, made, period_of

    chosen = _format(form)
    if chosen is Format.TEXT:
        raise typer.BadParameter("text is for the screen; choose another", param_hint="--format")
    with ground() as (client, _):
        ledger, company, moments = _ledger(client, as_of)
        try:
            people = ledger.payees(period_of(period, company, moments.now))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--period") from error
        folder.mkdir(parents=True, exist_ok=True)
        console = Console(stderr=True)
        items = track(
            people.items(), f"statements {period}", console=console, disable=not console.is_terminal
        )
        for who in items:
            shown = made(ledger, company, who, period, moments)
            (folder / file_name(shown, chosen)).write_bytes(_content(shown, chosen))
    typer.echo(f"{len(people)} statements of {period} are in {folder}")


def _ledger(client: object, as_of: str) -> "tuple[Ledger, Company, Moments]":
    from infra.statements.making import Moments, instant_of
    from infra.statements.reading import Ledger

    company = Ledger(client).company()
    try:
        at = instant_of(as_of, company) if as_of else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--as-of") from error
    return Ledger(client, at), company, Moments(datetime.now(UTC), at)


def _format(form: str) -> "Format":
    from infra.statements.making import Format

    try:
        return Format(form)
    except ValueError:
        known = ", ".join(FORMATS)
        raise typer.BadParameter(f"{form!r} is none of {known}", param_hint="--format") from None


def _content(shown: "Shown", form: "Format") -> bytes:
    from infra.statements.making import written
    from infra.statements.printing import CannotPrint

    try:
        return written(shown, form)
    except CannotPrint as error:
        fail(str(error), WRONG)
