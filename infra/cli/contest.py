"""`pacesetter contest`: check contests, read their rules, see who stands where, make them final.

Exit codes: 0 done, 1 something is wrong, 2 wrong usage, 3 the warehouse is away.
"""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.definition_files import FOLDER
from infra.cli.reaching import WRONG, fail, print_json, tell

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Contest = Annotated[str, typer.Argument(help="A contest's id.")]
app = typer.Typer(
    no_args_is_help=True, help="Contests: check them, read their rules, standings, final results."
)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A folder of definitions.")] = FOLDER,
    *,
    as_json: Json = False,
) -> None:
    """Check contests, badges, streaks and levels: each problem with file, line and remedy.

    Example: pacesetter contest check my-company
    """
    from infra.cli import telling
    from infra.definitions.checking import check as sense
    from infra.definitions.loading import load
    from infra.definitions.problems import has_errors

    loaded = load(path)
    found = [loaded.placed(f) for f in sense(loaded.values) if f.kind == "contests"]
    problems = (*(p for p in loaded.problems if p.place.file.startswith("contests.")), *found)
    if "contests" not in loaded.found:
        fail(f"{path} has no contests.yaml; the sample shows one", WRONG)
    if as_json:
        print_json({"problems": [telling.problem_json(p) for p in problems]})
    else:
        tell(problems)
        typer.echo(telling.verdict(problems, ("contests",)))
    raise typer.Exit(WRONG if has_errors(problems) else 0)


@app.command()
def rules(
    contest_id: Annotated[str, typer.Argument(help="A contest's id. Default: every one.")] = "",
    *,
    path: Annotated[Path, typer.Option("--from", help="A folder of definitions.")] = FOLDER,
    language: Annotated[str, typer.Option(help="en, de or ar.")] = "en",
    as_json: Json = False,
) -> None:
    """Say the rules of a contest in plain words, to be pinned to the wall.

    Example: pacesetter contest rules call-blitz-2026-w48 --from my-company --language de
    """
    from typing import cast

    from infra.contests.phrases import LANGUAGES
    from infra.contests.words import words
    from infra.definitions.loading import load
    from schemas.contests import Contests

    loaded = load(path)
    mine = [p for p in loaded.problems if p.place.file.startswith("contests.")]
    found = cast(Contests | None, loaded.values.get("contests"))
    if found is None:
        tell(mine)
        fail(f"{path} has no contests that could be understood", WRONG)
    chosen = [c for c in found.contests if contest_id in ("", c.contest_id)]
    if not chosen:
        known = ", ".join(c.contest_id for c in found.contests) or "none"
        fail(f"no contest is {contest_id!r}; contests are {known}", WRONG)
    if language not in LANGUAGES:
        fail(f"--language is {language!r}; rules are written in {', '.join(LANGUAGES)}", WRONG)
    told = {c.contest_id: words(c, language=language) for c in chosen}
    if as_json:
        print_json([{"contest_id": name, "words": list(lines)} for name, lines in told.items()])
    else:
        typer.echo("\n\n".join("\n".join(lines) for lines in told.values()))


@app.command()
def standings(contest_id: Contest, *, as_json: Json = False) -> None:
    """Show who stands where, computed from history as it is now.

    Of a final contest the result stands, and what was corrected since is listed beside it.

    Example: pacesetter contest standings call-blitz-2026-w48
    """
    from datetime import UTC, datetime

    from infra.cli.reaching import ground
    from infra.contests import final, showing
    from infra.contests.naming import names_of
    from infra.contests.standing import named, standing
    from infra.definitions.stored import Stored

    with ground() as (client, _):
        stored = Stored(client)
        bundle = stored.in_force().bundle()
        contest = named(bundle, contest_id)
        found = standing(client, bundle, contest, datetime.now(UTC))
        done = final.finals(client, contest_id)
        late = final.corrections(done, found)
        names = names_of(stored, bundle)
    if as_json:
        more = showing.plain_final(done, late) if done else {"final": [], "corrections": []}
        print_json({**showing.plain(contest, found), **more})
    elif done:
        typer.echo(showing.told_final(done, late, names))
    else:
        typer.echo(showing.told(contest, found, names))


@app.command()
def finalize(
    contest_id: Contest,
    *,
    author: Annotated[str, typer.Option(help="Who is answerable. Default: you.")] = "",
    as_json: Json = False,
) -> None:
    """Make the result of a contest final: from then on no place changes any more.

    Possible once the grace for late data is over, and only once.

    Example: pacesetter contest finalize call-blitz-2026-w48 --author Dana
    """
    from datetime import UTC, datetime

    from infra.cli.reaching import ground
    from infra.contests import final, showing
    from infra.contests.naming import names_of
    from infra.definitions.author import somebody
    from infra.definitions.stored import Stored

    who = author or somebody()
    if not who:
        raise typer.BadParameter("say who is answerable", param_hint="--author")
    with ground() as (client, _):
        final.finalize(client, contest_id, who, datetime.now(UTC))
        stored = Stored(client)
        names = names_of(stored, stored.in_force().bundle())
        done = final.finals(client, contest_id)
    if as_json:
        print_json(showing.plain_final(done, ()))
    else:
        typer.echo(showing.told_final(done, (), names))


@app.command()
def follow(
    *,
    watch: Annotated[
        float,
        typer.Option(
            help="Run for ever; compare everything every so many seconds. 0: once.", min=0
        ),
    ] = 0,
    metrics_port: Annotated[
        int, typer.Option(help="With --watch: where Prometheus reads what was done; 0: nowhere.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Keep the standings of contests that run, step by step: who passed whom, and when.

    Between two comparisons every change that agents tell of is followed at once. What was seen
    stands in spm_bi.contest_standing and contest_standing_history. `pacesetter up` runs this by
    itself.

    Examples:
    `pacesetter contest follow`,
    `pacesetter contest follow --watch 60 --metrics-port 18094`
    """
    from infra.cli.contest_following import follow_on, follow_once

    if watch:
        follow_on(watch, metrics_port)
        return
    steps = follow_once()
    if as_json:
        print_json([step._asdict() for step in steps])
    else:
        for step in steps:
            typer.echo(f"{step.contest_id}: step {step.number}, {step.rows} rows")
        typer.echo(f"{len(steps)} contest{'' if len(steps) == 1 else 's'} changed")
