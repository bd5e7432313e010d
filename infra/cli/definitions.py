"""`pacesetter definitions`: check, apply, show and compare the company's own data.

Exit codes: 0 done, 1 the definitions are wrong or nothing was found, 2 wrong usage, 3 broker or
warehouse away, 4 --wait ran out.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.definition_files import FOLDER, Folder, holidays, init, schema
from infra.cli.reaching import NOT_YET, WRONG, ground, print_json, tell

if TYPE_CHECKING:
    from infra.definitions.scanning import Partition

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(no_args_is_help=True, help="The company's own data: check, apply, show, compare.")
app.command()(init)
app.command()(schema)
app.command()(holidays)


@app.command()
def check(folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Check a folder of definitions without touching anything.

    Every problem is told at once, with file, line, field, value and remedy.

    Example: pacesetter definitions check definitions/
    """
    from infra.cli import telling
    from infra.definitions.applying import checked
    from infra.definitions.loading import load
    from infra.definitions.problems import has_errors

    loaded = load(folder)
    problems = checked(loaded, {})
    if as_json:
        told = [telling.problem_json(p) for p in problems]
        print_json({"problems": told, "kinds": sorted(loaded.found)})
    else:
        tell(problems)
        typer.echo(telling.verdict(problems, loaded.found))
    raise typer.Exit(WRONG if has_errors(problems) else 0)


@app.command()
def apply(
    folder: Folder = FOLDER,
    *,
    note: Annotated[str, typer.Option("--note", "-m", help="Why; kept with the revision.")] = "",
    author: Annotated[
        str, typer.Option(help="Who is answerable. Default: git's user.name, else $USER.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    effect: Annotated[
        bool, typer.Option(help="With --dry-run: also whose numbers would change by how much.")
    ] = True,
    by: Annotated[
        str, typer.Option(help="... by day, month, quarter or year of the calendar.")
    ] = "month",
    wait: Annotated[bool, typer.Option("--wait", help="Until the workers have them.")] = False,
    wait_seconds: Annotated[float, typer.Option(help="How long --wait waits.", min=0)] = 60.0,
    as_json: Json = False,
) -> None:
    """Put a folder of definitions in force.

    What differs from what is in force becomes a revision, and takes effect at the same point of
    every log by markers. Repeating it changes nothing, and finishes what a crash left undone.

    With --dry-run nothing is written. It tells what would change, and computes over all of history
    whose numbers would change: rep, team, region and company, measure, period, before and after;
    and whose attainment of which quota.

    Examples: pacesetter definitions apply definitions/ --note "Q4 quotas" --wait,
    pacesetter definitions apply definitions/ --dry-run --by quarter
    """
    from infra.cli import effects, telling
    from infra.definitions import applying

    effects.check_period(by)
    if not note and not dry_run:
        raise typer.BadParameter("say why, as in --note 'Q4 quotas'", param_hint="--note")
    with ground() as (client, log):
        done = applying.apply_folder(
            folder, author=author or _somebody(), note=note, client=client, log=log,
            now=datetime.now(UTC), dry_run=dry_run,
        )  # fmt: skip
        changed = effects.computed(client, done, by) if dry_run and effect else None
        left = _waited(client, log, done.sequence, wait_seconds) if wait and not dry_run else ()
    if as_json:
        print_json(telling.applied_json(done, left) | effects.as_json(changed))
    else:
        tell(done.warnings)
        typer.echo(telling.report(done) + effects.as_text(changed))
    if left:
        names = ", ".join(f"{t}/{p}" for t, p in left)
        typer.echo(
            f"still without them after {wait_seconds:g} s: {names}; is a worker up?", err=True
        )
        raise typer.Exit(NOT_YET)


@app.command()
def repair(as_json: Json = False) -> None:
    """Finish what an interrupted apply left undone: rows and markers. Safe at any time.

    Example: pacesetter definitions repair
    """
    from infra.cli import telling
    from infra.definitions import applying

    with ground() as (client, log):
        done = applying.repair(client, log, datetime.now(UTC))
    if as_json:
        print_json(telling.done_json(done))
    else:
        typer.echo(f"Finished: {telling.undone(done)}." if done else "Nothing was left undone.")


@app.command()
def show(
    what: Annotated[
        str, typer.Argument(help="summary, revisions, rep, or a kind such as roster.")
    ] = "summary",
    name: Annotated[str, typer.Argument(help="After rep: a name or rep_id.")] = "",
    sequence: Annotated[
        int | None, typer.Option(help="As in force at this sequence. Default: the newest.")
    ] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day. Default: today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what is in force.

    Examples: pacesetter definitions show roster --on 2026-03-31,
    pacesetter definitions show rep dana
    """
    from infra.definitions.peopling import find_rep
    from infra.definitions.problems import did_you_mean
    from infra.definitions.showing import KINDS_SHOWN
    from infra.definitions.stored import Stored

    words = ("summary", "revisions", "rep", *KINDS_SHOWN)
    if what not in words:
        raise typer.BadParameter(did_you_mean(what, words, f"there are {', '.join(words)}"))
    day = on.date() if on else date.today()  # noqa: DTZ011 - today where the reader sits
    with ground() as (client, _):
        stored = Stored(client)
        state, people = stored.in_force(sequence), stored.people()
        if what == "revisions":
            _show_revisions(stored.revisions(), as_json)
        elif what == "rep":
            rep_id = find_rep(name, people, (r.rep_id for r in state.bundle().roster.reps))
            _show_rep(state, people, rep_id, day, as_json)
        else:
            _show_kind(what, state, people, day, as_json)


@app.command()
def diff(
    folder: Annotated[
        Path | None, typer.Argument(help="Compare this folder with what is in force.")
    ] = None,
    since: Annotated[int | None, typer.Option("--from", help="Sequence to compare from.")] = None,
    until: Annotated[int | None, typer.Option("--to", help="... to. Default: the newest.")] = None,
    as_json: Json = False,
) -> None:
    """Show what is different: a folder and what is in force, or two sequences.

    Examples: pacesetter definitions diff definitions/,
    pacesetter definitions diff --from 1099511627776 --to 1099511627780
    """
    from infra.cli import telling
    from infra.definitions.differing import differences
    from infra.definitions.loading import load
    from infra.definitions.problems import Refused, has_errors
    from infra.definitions.stored import Stored
    from schemas.definitions import KINDS

    if since is None and until is not None:
        raise typer.BadParameter("name the other end too: --from", param_hint="--to")
    with ground() as (client, _):
        stored = Stored(client)
        if since is not None:
            changes = differences(stored.in_force(since).values, stored.in_force(until).values)
        else:
            loaded = load(folder or FOLDER)
            if has_errors(loaded.problems):
                raise Refused(loaded.problems)
            kinds = {k: v for k, v in loaded.values.items() if k in KINDS}
            changes = differences(stored.in_force().values, kinds)
    if as_json:
        print_json([c._asdict() for c in changes])
    else:
        typer.echo(telling.changes(changes) or "No difference.")


def _waited(client: Any, log: Any, sequence: int, seconds: float) -> tuple["Partition", ...]:
    import sys

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from infra.definitions.applying import wait

    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*bar, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Partitions that have them", total=None)
        return wait(
            client, log, sequence, seconds,
            lambda done, of: progress.update(task, completed=done, total=of),
        )  # fmt: skip


def _show_revisions(made: Any, as_json: bool) -> None:
    from infra.cli import telling
    from infra.definitions import showing

    if as_json:
        print_json([telling.revision_json(r) for r in made])
    else:
        typer.echo(showing.revisions(made))


def _show_rep(state: Any, people: Any, rep_id: str, day: date, as_json: bool) -> None:
    from infra.cli import telling
    from infra.definitions import showing

    if as_json:
        print_json(telling.rep_json(state, people, rep_id))
    else:
        typer.echo(showing.rep(state, people, rep_id, day))


def _show_kind(what: str, state: Any, people: Any, day: date, as_json: bool) -> None:
    from infra.cli import telling
    from infra.definitions import showing

    if as_json:
        print_json(telling.state_json(state, people, what))
    elif what == "summary":
        typer.echo(showing.summary(state, sum(not p.erased for p in people.values())))
    else:
        typer.echo(showing.kind(what, state, people, day))


def _somebody() -> str:
    from infra.definitions.author import somebody

    if name := somebody():
        return name
    raise typer.BadParameter("say who you are", param_hint="--author")
