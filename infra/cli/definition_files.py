"""The commands of `pacesetter definitions` that only make files or text."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.reaching import WRONG, print_json

FOLDER = Path("definitions")
Folder = Annotated[Path, typer.Argument(help="Folder with company.yaml, roster.yaml ...")]


def schema(
    kind: Annotated[str, typer.Argument(help="A kind, such as roster. Default: all.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the files into this folder.")] = None,
) -> None:
    """Print or write the JSON Schema of definitions, for editors.

    A file that begins with `# yaml-language-server: $schema=schema/roster.json` is completed and
    checked while you type.

    Example: pacesetter definitions schema --out definitions/schema
    """
    from infra.definitions import exporting
    from infra.definitions.loading import MODELS

    if out is not None:
        for path in exporting.export(out):
            typer.echo(path)
        return
    try:
        names = [kind] if kind else list(MODELS)
        texts = {name: exporting.schema_of(name) for name in names}
    except KeyError as error:
        raise typer.BadParameter(str(error.args[0])) from error
    print_json(texts[kind] if kind else texts)


def init(folder: Folder = FOLDER) -> None:
    """Begin a folder of definitions with those of the sample company.

    Example: pacesetter definitions init definitions/
    """
    from shutil import copytree

    from infra.sample import DEFINITIONS

    if folder.exists() and any(folder.iterdir()):
        typer.echo(f"{folder} is not empty; name another folder", err=True)
        raise typer.Exit(WRONG)
    copytree(DEFINITIONS, folder, dirs_exist_ok=True)
    typer.echo(f"Wrote {folder}. Change it, then: pacesetter definitions check {folder}")


def holidays(
    country: Annotated[str, typer.Argument(help="ISO 3166 code: DE, GB, US, JP ...")],
    subdivision: Annotated[str | None, typer.Option(help="Its part: BE, ENG, CA ...")] = None,
    first: Annotated[int | None, typer.Option(help="First year. Default: this one.")] = None,
    years: Annotated[int, typer.Option(help="How many.", min=1, max=20)] = 3,
) -> None:
    """Print a calendar with a country's public holidays, to paste into calendars.yaml.

    Example: pacesetter definitions holidays DE --subdivision BE --first 2026
    """
    from infra.definitions.holidaying import calendar_yaml

    begin = first or datetime.now(UTC).year
    try:
        typer.echo(calendar_yaml(country, subdivision, range(begin, begin + years)), nl=False)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
