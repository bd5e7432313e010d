"""`pacesetter plan`: check commission plans and read them in plain words.

Exit codes: 0 fine, 1 something is wrong, 2 wrong usage.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import what_if
from infra.cli.definition_files import FOLDER
from infra.cli.reaching import WRONG, fail, print_json, tell

if TYPE_CHECKING:
    from infra.definitions.loading import Loaded

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Plans = Annotated[
    Path, typer.Argument(help="A folder of definitions, or a file of plans by itself.")
]
app = typer.Typer(
    no_args_is_help=True, help="Commission plans: check them, read them, try what they would pay."
)
what_if.register(app)


@app.command()
def check(
    path: Plans = FOLDER,
    *,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Who is on no plan on this day. Default: today."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    as_json: Json = False,
) -> None:
    """Check commission plans: what cannot be computed, and what is likely not meant.

    Errors are ids, days, currencies, tiers, quotas and shares that do not fit together. Warnings
    are cliffs, falling rates, gaps between bounds, tiers that a cap hides, people on no plan or
    paid twice, and what cannot accrue live. Each names file, line and remedy.

    Examples: pacesetter plan check definitions/, pacesetter plan check next-year.yaml --strict
    """
    from datetime import date

    from infra.cli import telling
    from infra.definitions.plan_files import checked
    from infra.definitions.problems import has_errors

    loaded = _loaded(path)
    day = on.date() if on else date.today()  # noqa: DTZ011 - today where the reader sits
    problems = checked(loaded, day)
    if as_json:
        print_json({"problems": [telling.problem_json(p) for p in problems]})
    else:
        tell(problems)
        typer.echo(telling.verdict(problems, ("plans",)))
    raise typer.Exit(WRONG if has_errors(problems) or (strict and problems) else 0)


@app.command()
def explain(
    plan_id: Annotated[str, typer.Argument(help="A plan's id. Default: every plan.")] = "",
    *,
    path: Annotated[
        Path, typer.Option("--from", help="A folder of definitions, or a file of plans by itself.")
    ] = FOLDER,
    as_json: Json = False,
) -> None:
    """Say in plain words what a plan pays, as one would tell those who are on it.

    Examples: pacesetter plan explain ae-quarter,
    pacesetter plan explain --from next-year.yaml --json
    """
    from infra.definitions.canonical import plain
    from infra.definitions.plan_files import plans_of
    from infra.definitions.plan_words import words
    from infra.definitions.problems import did_you_mean, has_errors

    loaded = _loaded(path)
    found = {plan.plan_id: plan for plan in plans_of(loaded)}
    if has_errors(loaded.problems) and not found:
        tell(loaded.problems)
        raise typer.Exit(WRONG)
    if plan_id and plan_id not in found:
        known = f"plans are {', '.join(found) or 'none'}"
        fail(f"no plan is {plan_id!r}; {did_you_mean(plan_id, found, known)}", WRONG)
    chosen = [found[plan_id]] if plan_id else list(found.values())
    if as_json:
        print_json(
            [{"plan_id": p.plan_id, "words": list(words(p)), "plan": plain(p)} for p in chosen]
        )
    else:
        typer.echo("\n\n".join("\n".join(words(plan)) for plan in chosen))


def _loaded(path: Path) -> "Loaded":
    from infra.definitions.plan_files import loaded_from

    if not path.exists():
        fail(f"{path} does not exist; name a folder of definitions or a file of plans", WRONG)
    return loaded_from(path)
