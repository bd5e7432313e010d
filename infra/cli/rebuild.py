"""`pacesetter rebuild`: results computed again from history, and put in their place."""

from typing import Annotated, Any

import typer

DIFFERENT = 1


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command(rich_help_panel="Look after it")(rebuild)


def rebuild(
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Compute and compare; change nothing. Exits with 1 if different."
        ),
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="End an unfinished rebuild; workers go on at once.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Only drop the generations that are not live.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Compute all results again from history and put them in place of the live ones.

    Use it when results are in doubt. History (spm.activity, spm.deal) is the truth here; totals per
    rep and day and credits of deals are computed from it as a new generation, beside the live one
    and while workers go on. Then workers pause for a moment, what came meanwhile is added, and one
    row makes the new generation live: boards, BI and workers go on with it. The ledger is never
    rebuilt.

    Nothing is changed until the end, so it may be interrupted at any time and run again; if it dies
    while workers pause, they go on by themselves within 30 seconds. The old generation is kept
    until the next rebuild or `--prune`.

    Example: pacesetter rebuild --dry-run && echo "results agree with history"
    """
    from infra.cli.reaching import print_json
    from infra.local.found import found_settings
    from infra.rebuild import rebuilding, telling
    from streams.agents.folds import FOLDS
    from streams.app import outside
    from streams.engine.epochs import Ground

    there = outside(found_settings())
    if cancel or prune:
        done = rebuilding.cancel(there.warehouse) if cancel else rebuilding.prune(there.warehouse)  # type: ignore[arg-type]
        _say_ended(cancel, done, as_json)
        return
    ground = Ground(there.warehouse, there.kafka, there.publisher, there.ids, FOLDS)
    found = rebuilding.rebuild(ground, lambda text: typer.echo(text, err=True), dry_run=dry_run)
    if as_json:
        print_json(telling.as_json(found))
    else:
        typer.echo(telling.told(found))
    raise typer.Exit(DIFFERENT if dry_run and not found.is_clean else 0)


def _say_ended(cancel: bool, done: list[Any], as_json: bool) -> None:
    from infra.cli.reaching import print_json

    generations = [run.generation for run in done] if cancel else done
    if as_json:
        print_json({"dropped": generations})
    else:
        names = ", ".join(map(str, generations))
        typer.echo(f"dropped generation {names}" if names else "nothing to do")
