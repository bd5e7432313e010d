"""What a person does with a source: pause, resume, list or map everything anew."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.reaching import WRONG, fail

if TYPE_CHECKING:
    from connectors.sources.runtime.folder import Source, Sources

Name = Annotated[str, typer.Argument(help="The source, as `source list` shows it.")]
Wait = Annotated[bool, typer.Option(help="Wait until it is done.")]


def pause(name: Name) -> None:
    """Let a source rest: nothing is asked or mapped. Pushes are kept, and mapped when it goes on.

    Example: pacesetter source pause hubspot
    """
    sources, source = read_source(name)
    sources.write(replace(source, is_paused=True))
    typer.echo(f"{name} rests. It goes on with: pacesetter source resume {name}")


def resume(name: Name) -> None:
    """Let a source go on where it rests; what changed meanwhile is asked for.

    Example: pacesetter source resume hubspot
    """
    sources, source = read_source(name)
    sources.write(replace(source, is_paused=False))
    typer.echo(f"{name} goes on.")


def backfill(name: Name, *, wait: Wait = True) -> None:
    """Read everything the vendor has once more, such as history that it lets us see only now.

    What is known already changes nothing. It keeps within the vendor's limits and goes on after an
    interruption. `source reconcile` is the same listing, and says what was not as known here.

    Example: pacesetter source backfill salesforce
    """
    if _anew(name, wait) is not None:
        typer.echo(f"Everything is here. See how it does: pacesetter source status {name}")


def reconcile(name: Name, *, wait: Wait = True) -> None:
    """Compare everything with the vendor, and say how much was not as it has it.

    All is listed, and what does not show up is asked for. What differed is mended by then.

    Example: pacesetter source reconcile salesforce
    """
    news = _anew(name, wait)
    if news == 0:
        typer.echo(f"Everything was here as {name} has it.")
    elif news is not None:
        typer.echo(
            f"{news:,} records were not as {name} has them (or changed just now); they are now."
        )


def replay(name: Name) -> None:
    """Map once more all that the vendor said in the last 30 days, by the mapping as it is now.

    For a mistake in mapping.yaml that was corrected: the vendor is not asked. What comes out as
    before changes nothing; `source backfill` does the same for what is older.

    Example: pacesetter source replay hubspot
    """
    from infra.cli.source_look import refuse_bad_mapping

    sources, source = read_source(name)
    refuse_bad_mapping(sources, name)
    sources.write(replace(source, replays=source.replays + 1))
    typer.echo(f"{name} is mapped anew from raw.{name}; see `pacesetter source status {name}`.")


def _anew(name: str, wait: bool) -> int | None:
    """Return how many records were news when everything is listed; None: nobody waited."""
    from infra.cli.source_add import listed
    from infra.local.found import found_settings

    sources, source = read_source(name)
    if source.is_paused:
        fail(f"{name} is paused; `pacesetter source resume {name}` first", WRONG)
    sources.write(replace(source, reconciles=source.reconciles + 1))
    if wait:
        return listed(found_settings(), sources, name)
    typer.echo(f"It is done in the background: pacesetter source status {name}")
    return None


def read_source(name: str) -> "tuple[Sources, Source]":
    """Return a source and the folder of all; end the command if there is none of this name."""
    from connectors.sources.runtime.folder import BadSource
    from infra.cli.source import folder

    sources = folder()
    try:
        return sources, sources.read(name)
    except BadSource as error:
        fail(str(error), WRONG)
