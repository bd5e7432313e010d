"""`pacesetter import`: a file of deals, calls, emails, meetings or people, by a mapping."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.sources.files.mapping import EventMapping, PeopleMapping
    from connectors.sources.files.table_mapping import TableMapping

SOME_REFUSED = 2  # exit code; 0: all rows are in, 1: the import failed
MAPPINGS = "infra.sample.mappings"


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("import", rich_help_panel="Feed it")(import_)


def import_(
    file: Annotated[Path, typer.Argument(help=".csv, .jsonl or .xlsx", show_default=False)],
    *,
    mapping: Annotated[
        str | None,
        typer.Option(
            help="A mapping's file, or the name of one that is shipped, such as deals or "
            "salesforce_opportunities. JSON lines that are canonical events need none.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be refused; send nothing.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="When the export was made: 2026-03-15T08:00:00Z. The revision of rows that do not "
            "tell when they were last changed. For people: the day a move holds from."
        ),
    ] = None,
    refused: Annotated[
        Path | None,
        typer.Option(help="Where refused rows go; deals.refused.csv, say, here if absent."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", help="NAME=FILE: where a second file of the mapping lies."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="For people, quotas, rates, leave, territories: the folder of definitions they "
            "go into."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The account, for programs.")] = False,
) -> None:
    """Import an export of your CRM, telephone system or calendar.

    `pacesetter import deals.csv --mapping deals --dry-run` shows what would be refused: row,
    column, value, problem and remedy. Without --dry-run the others are sent, and the refused rows
    go into a file with a column `_problem`: correct them there and import that file with the same
    mapping. Importing a file again changes nothing; an older export never beats a newer record.

    Exits with 0 when every row is in, 2 when some were refused, 1 when the import failed.
    """
    from connectors.sources.files.mapping import PeopleMapping
    from connectors.sources.files.picking import MissingColumns
    from connectors.sources.files.reading_mapping import BadMapping
    from connectors.sources.files.rows import BadFile
    from connectors.sources.files.table_mapping import TableMapping
    from infra.cli.reaching import WRONG, fail

    try:
        chosen = mapping_named(mapping, file)
        instant = _instant(as_of)
        if isinstance(chosen, PeopleMapping):
            code = _people(file, chosen, out=out, as_of=instant, dry_run=dry_run, as_json=as_json)
        elif isinstance(chosen, TableMapping):
            code = import_table(file, chosen, out=out, dry_run=dry_run, as_json=as_json)
        else:
            code = _events(
                file,
                chosen,
                as_of=instant,
                dry_run=dry_run,
                refused=refused,
                seconds=with_ or [],
                as_json=as_json,
            )
    except MissingColumns as error:
        told = "\n  ".join(error.remedies)
        fail(f"{file} does not fit the mapping:\n  {told}", WRONG)
    except (BadMapping, BadFile) as error:
        fail(str(error), WRONG)
    except OSError as error:  # the file of refused rows, or the folder of definitions
        fail(f"{error.filename}: {error.strerror}", WRONG)
    raise typer.Exit(code)


def mapping_named(
    name: str | None, file: Path
) -> "EventMapping | PeopleMapping | TableMapping | None":
    """Return the mapping a person names; None: canonical events, which need none.

    Raises:
        BadMapping: there is none of that name, or it is wrong.
    """
    from importlib.resources import files

    from connectors.sources.files.reading_mapping import BadMapping, mapping_of, read_mapping

    if name is None:
        if file.suffix.lower() in (".jsonl", ".ndjson"):
            return None
        raise BadMapping(f"name a mapping with --mapping: a YAML file, or one of {_shipped()}")
    if Path(name).exists() or Path(name).suffix in (".yaml", ".yml"):
        return read_mapping(Path(name))
    shipped = files(MAPPINGS) / f"{name}.yaml"
    if not shipped.is_file():
        raise BadMapping(f"there is no file {name} and no such mapping; shipped are {_shipped()}")
    return mapping_of(shipped.read_text("utf-8"), f"{name}.yaml")


def _shipped() -> str:
    from importlib.resources import files

    names = sorted(f.name for f in files(MAPPINGS).iterdir() if f.name.endswith(".yaml"))
    return ", ".join(name.removesuffix(".yaml") for name in names)


def _instant(as_of: str | None) -> datetime | None:
    from infra.cli.reaching import WRONG, fail

    if as_of is None:
        return None
    try:
        instant = datetime.fromisoformat(as_of)
    except ValueError:
        fail(f"--as-of {as_of} is no instant; write 2026-03-15T08:00:00Z", WRONG)
    if instant.tzinfo is None and len(as_of) > len("2026-03-15"):
        fail(f"--as-of {as_of} names no time zone; add an offset such as +01:00 or Z", WRONG)
    return instant.astimezone() if instant.tzinfo is None else instant


def _events(
    file: Path,
    mapping: "EventMapping | None",
    *,
    as_of: datetime | None,
    dry_run: bool,
    refused: Path | None,
    seconds: list[str],
    as_json: bool,
) -> int:
    from connectors.sources.files.importing import Stopped
    from infra.cli.accounts import account_json, account_text
    from infra.cli.importing import import_events
    from infra.cli.reaching import WRONG, fail

    try:
        account, refused_file, notes = import_events(
            file,
            mapping,
            as_of=as_of,
            dry_run=dry_run,
            refused=refused,
            seconds=dict(_second(told) for told in seconds),
            quiet=as_json,
        )
    except Stopped as error:
        fail(f"stopped: {error}", WRONG)
    except ConnectionError as error:
        fail(f"nothing was sent: {error}; see `pacesetter status`", WRONG)
    if as_json:
        typer.echo(
            json.dumps(account_json(file, account, refused_file, notes, dry_run=dry_run), indent=1)
        )
    else:
        typer.echo(account_text(file, account, refused_file, notes, dry_run=dry_run))
    return SOME_REFUSED if account.refused else 0


def import_table(
    file: Path, mapping: "TableMapping", *, out: Path | None, dry_run: bool, as_json: bool
) -> int:
    """Return the exit code of importing a table of definitions into a folder."""
    from infra.cli import tables
    from infra.cli.reaching import WRONG, fail, print_json

    if out is None:
        fail(f"{mapping.message} become definitions: name their folder with --out DIR", WRONG)
    done = tables.import_table(file, mapping, out, dry_run)
    if as_json:
        print_json(tables.as_json(done))
    else:
        typer.echo(tables.text(file, done, dry_run))
    return SOME_REFUSED if done.drafted.problems else 0


def _second(told: str) -> tuple[str, Path]:
    from infra.cli.reaching import WRONG, fail

    name, found, path = told.partition("=")
    if not found:
        fail(f"--with {told} names no file; write --with {told}=FILE", WRONG)
    return name, Path(path)


def _people(
    file: Path,
    mapping: "PeopleMapping",
    *,
    out: Path | None,
    as_of: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    from infra.cli.accounts import people_text
    from infra.cli.importing import import_people
    from infra.cli.reaching import WRONG, fail

    if out is None:
        fail("people become definitions: name a folder to merge them into with --out DIR", WRONG)
    draft, merged, written = import_people(file, mapping, out, as_of, dry_run)
    problems = [problem for _, told in draft.problems for problem in told]
    if as_json:
        from dataclasses import asdict

        account = {
            "read": draft.read, "skipped": draft.skipped, "refused": len(draft.problems),
            "problems": [asdict(p) for p in problems], "added": merged.added, "kept": merged.kept,
            "files": [str(path) for path in written],
        }  # fmt: skip
        typer.echo(json.dumps(account, indent=1))
    else:
        typer.echo(people_text(file, draft, merged, written, None if dry_run else out))
    return SOME_REFUSED if problems else 0
