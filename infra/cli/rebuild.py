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
        typer.Option("--dry-run", help="Compute and compare only. Exits with 1 if they differ."),
    ] = False,
    partitions: Annotated[
        int | None, typer.Option(help="Change the topics to that many partitions.", min=1)
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="End an unfinished rebuild; workers go on at once.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Only drop the generations that are not live.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Compute all results again from history and put them in place of the live ones.

    Use it when results are in doubt. Totals per rep and day and credits of deals are computed from
    history as a new generation, beside the live one, while workers go on. Differences are told,
    and the new generation is held against history by the code of `pacesetter reconcile`. Then
    workers pause for a moment, what came meanwhile is added, and one row makes the new
    generation live for boards, BI and workers. The ledger is never rebuilt.

    It may be interrupted at any time and run again. If it dies while workers pause, they go on by
    themselves within 30 seconds, with the results they had. The old generation is kept until the
    next rebuild or --prune.

    --partitions changes the number of partitions. Stop workers and whatever writes to the topics
    first; everything in the topics must be applied. The topics are made anew, so take a backup of
    the warehouse: history is the only copy then. Once begun it has to be finished: run it again.
    Set the same number in pacesetter.toml before the workers start. (`pacesetter up` with its
    embedded broker does all of it by itself when it starts with another number.)

    Examples:
        pacesetter rebuild --dry-run && echo "results agree with history"

        pacesetter rebuild --partitions 16
    """
    from infra.cli.reaching import print_json
    from infra.local.found import found_settings
    from infra.rebuild import rebuilding, remaking, telling

    if sum(map(bool, (dry_run, partitions, cancel, prune))) > 1:
        raise typer.BadParameter("--dry-run, --partitions, --cancel and --prune exclude each other")
    settings = found_settings()
    if partitions:
        _refuse_supervised(settings)
    ground = _ground(settings)
    warehouse: Any = ground.warehouse
    if cancel or prune:
        done = rebuilding.cancel(warehouse) if cancel else rebuilding.prune(warehouse)
        _say_ended(cancel, done, as_json)
        return
    found = (
        remaking.change_partitions(ground, settings, partitions, _say)
        if partitions
        else rebuilding.rebuild(ground, _say, dry_run=dry_run, check=_check)
    )
    if as_json:
        print_json(telling.as_json(found) if found else None)
    else:
        typer.echo(telling.told(found) if found else f"{partitions} partitions it is already")
    raise typer.Exit(DIFFERENT if dry_run and found and not found.is_clean else 0)


def _refuse_supervised(settings: Any) -> None:
    from infra.cli.trouble import Trouble
    from infra.local import run_file

    run = run_file.read(settings.data_dir)
    if run and run.is_alive():
        raise Trouble(
            "`pacesetter up` keeps workers running here. Stop it, set `partitions` in "
            "pacesetter.toml and start it again: with its embedded broker that is all; with "
            "another one, run this while only broker and warehouse run"
        )


def _ground(settings: Any) -> Any:
    from streams.agents.pipes import PIPES
    from streams.engine.epochs import Ground
    from streams.outside import outside

    there = outside(settings)
    return Ground(there.warehouse, there.kafka, there.publisher, there.ids, PIPES)


def _check(warehouse: Any, generation: int, cut: Any) -> list[str]:
    from infra.reconcile.running import generation_trouble

    return generation_trouble(warehouse, generation, cut)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _say_ended(cancel: bool, done: list[Any], as_json: bool) -> None:
    from infra.cli.reaching import print_json

    generations = [run.generation for run in done] if cancel else done
    if as_json:
        print_json({"dropped": generations})
    else:
        names = ", ".join(map(str, generations))
        typer.echo(f"dropped generation {names}" if names else "nothing to do")
