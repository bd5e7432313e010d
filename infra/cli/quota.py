"""`pacesetter quota`: check, import and learn what is expected of whom.

Exit codes: 0 fine, 1 something is wrong, 2 wrong usage or rows refused, 3 the warehouse is away.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.definition_files import FOLDER
from infra.cli.reaching import WRONG, ground, print_json, tell

if TYPE_CHECKING:
    from infra.definitions.problems import Problem
    from infra.standing.reading import Reached, Standing
    from schemas.defining import Definition

    Stand = tuple[tuple[Standing, ...], tuple[Reached, ...]] | None

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SHOWN = ("quotas", "leave")  # kinds whose problems are told here; `definitions check` has the rest
app = typer.Typer(no_args_is_help=True, help="Quotas: check, import, learn curves.")


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of definitions. Default: what is in force.")
    ] = None,
    *,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Who lacks a quota on this day. Default: today."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    as_json: Json = False,
) -> None:
    """Check quotas: owners, KPIs, currencies, periods, ramps, curves, sums, and who has none.

    A team's quota is compared with what its reps are asked for in the same days, after ramps and
    proration: the ratio is the over-assignment, and quotas.yaml says what it may be. Rates and
    averages are not compared: they do not add up.

    Of what is in force (no folder) it also tells how quotas stand today: attained, pace, gap.

    Examples: pacesetter quota check definitions/ --strict,
    pacesetter quota check --json
    """
    from infra.definitions.problems import has_errors
    from infra.definitions.quota_sums import sums
    from infra.standing import checking, telling

    values, problems, stand = _values(folder)
    day = on.date() if on else date.today()  # noqa: DTZ011 - today where the reader sits
    summed, without = [], []
    if not has_errors(problems) and {"quotas", "roster"} <= values.keys():
        summed = list(sums(values))
        without = checking.without_quota(values, day)
    wrong = [s for s in summed if not s.adds_up]
    if as_json:
        found = checking.as_json(values, problems, summed, without, day)
        print_json(found | ({"standings": telling.standings_json(*stand)} if stand else {}))
    else:
        tell(problems)
        typer.echo(checking.text(problems, summed, without, day))
        if told := checking.changes_text(values, day):
            typer.echo(told)
        if stand and stand[1]:
            typer.echo(f"\n{telling.standings(*stand, checking.SUMS_MAX)}")
    failed = has_errors(problems) or (strict and bool(problems or wrong or without))
    raise typer.Exit(WRONG if failed else 0)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help=".csv, .tsv, .jsonl or .xlsx", show_default=False)],
    *,
    mapping: Annotated[
        str | None,
        typer.Option(help="A mapping's file or name; none: headings are the names of fields."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of definitions they go into.")] = FOLDER,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell who changes by how much; write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Import quotas from a sheet: into quotas.yaml, beside those that are there.

    Without a mapping the headings are owner_kind, owner_id, kpi, period_start, period_end, amount
    and, where needed, currency, curve, ramp, proration, is_overlay, calendar_id. A quota of the
    same owner, KPI and first day is replaced; every row that cannot be used is told with its cell.

    Example: pacesetter quota import q4.xlsx --dry-run
    """
    from connectors.sources.files.picking import MissingColumns
    from connectors.sources.files.reading_mapping import BadMapping
    from connectors.sources.files.rows import BadFile
    from connectors.sources.files.table_mapping import TableMapping, by_names
    from infra.cli import imports
    from infra.cli.reaching import fail

    try:
        chosen = imports.mapping_named(mapping, file) if mapping else by_names("quotas")
        if not isinstance(chosen, TableMapping) or chosen.message != "quotas":
            fail(f"{mapping} is no mapping of quotas; use `pacesetter import`", WRONG)
        code = imports.import_table(file, chosen, out=out, dry_run=dry_run, as_json=as_json)
    except MissingColumns as error:
        told = "\n  ".join(error.remedies)
        fail(f"{file} does not fit the mapping:\n  {told}", WRONG)
    except (BadMapping, BadFile) as error:
        fail(str(error), WRONG)
    raise typer.Exit(code)


@app.command()
def learn() -> None:
    """Learn the curves of shape LEARNED again from the company's past, as it is now.

    `definitions apply` learns them when quotas change; do this when a period has ended.

    Example: pacesetter quota learn
    """
    from infra.definitions import planning
    from infra.definitions.stored import Stored

    with ground() as (client, _):
        stored = Stored(client)
        notes = planning.learn(stored, datetime.now(UTC))
    for curve_id, note in sorted(notes.items()):
        typer.echo(f"{curve_id}: {note}")
    if not notes:
        typer.echo("No quota follows a learned curve.")


def _values(folder: Path | None) -> "tuple[Mapping[str, Definition], tuple[Problem, ...], Stand]":
    """Return definitions, what is wrong with them and, of what is in force, how quotas stand."""
    from infra.definitions.applying import checked
    from infra.definitions.checking import check as findings_in
    from infra.definitions.loading import Loaded, load
    from infra.definitions.stored import Stored
    from infra.standing.reading import Views
    from schemas.quotas import Quotas

    if folder is not None:
        loaded = load(folder)
        return loaded.values, _ours(checked(loaded, {})), None
    with ground() as (client, _):
        values = dict(Stored(client).in_force().values)
        asked = values.get("quotas")
        views = Views(client, None) if isinstance(asked, Quotas) and asked.quotas else None
        stand = (views.groups(), views.reached()) if views else None
    found = Loaded(values=values)
    return values, _ours(tuple(map(found.placed, findings_in(values)))), stand


def _ours(problems: "tuple[Problem, ...]") -> "tuple[Problem, ...]":
    """Return the problems of quotas and leave, and any error that keeps them from being read."""
    from infra.definitions.problems import Severity

    def is_ours(problem: Any) -> bool:
        kind = problem.place.file.split(".")[0].split(" ")[0]
        return kind in SHOWN or problem.severity is Severity.ERROR

    return tuple(filter(is_ours, problems))
