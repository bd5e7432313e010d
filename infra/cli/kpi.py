"""`pacesetter kpi`: what the floor is measured by, and how a number came about.

Exit codes: 0 done, 1 there is no such KPI, subject or period, 2 wrong usage, 3 warehouse away.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import ground, print_json

if TYPE_CHECKING:
    from infra.bi.explaining import Explained
    from infra.bi.subjects import Subject

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(no_args_is_help=True, help="KPIs: which there are, and how a number came about.")


@app.command(name="list")
def list_kpis(as_json: Json = False) -> None:
    """List every KPI in force: unit, which way is better, formula.

    Measures come first; each is a KPI by itself.

    Example: pacesetter kpi list
    """
    from infra.cli import kpi_telling
    from infra.definitions.stored import Stored
    from streams.domain.kpis import Catalogue

    with ground() as (client, _):
        every = tuple(Catalogue(Stored(client).in_force().bundle()).all())
        if not every:
            raise LookupError("no KPIs are in force; begin with `pacesetter definitions apply`")
    if as_json:
        print_json([kpi_telling.kpi_json(one) for one in every])
    else:
        typer.echo(kpi_telling.listed(every))


@app.command()
def explain(
    kpi: Annotated[str, typer.Argument(help="A KPI; `pacesetter kpi list` has them.")],
    *,
    rep: Annotated[str, typer.Option(help="Of a rep: rep_id, name or part of it.")] = "",
    team: Annotated[str, typer.Option(help="Of a team with all teams below it.")] = "",
    region: Annotated[str, typer.Option(help="Of a region.")] = "",
    company: Annotated[
        bool, typer.Option("--company", help="Of the company; so if nobody is named.")
    ] = False,
    period: Annotated[
        str,
        typer.Option(
            help="2026, 2026-Q3, 2026-10, 2026-W41, 2026-10-05, 2026-10-05..2026-10-09 or "
            "last-30-days; years and quarters are fiscal. Default: this month."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Show what a KPI means and how its value in a period came about.

    Its words and formula, every number it is made of with its source, what was divided by what, and
    the result.

    Examples: pacesetter kpi explain win_rate --rep dana --period 2026-Q3,
    pacesetter kpi explain velocity --team emea --period last-90-days
    """
    from infra.cli import kpi_telling

    if sum(map(bool, (rep, team, region, company))) > 1:
        raise typer.BadParameter("name one of --rep, --team, --region, --company")
    with ground() as (client, _):
        found, whose = _explained(client, kpi, (rep, team, region), period)
    if as_json:
        print_json(kpi_telling.explained_json(found, whose))
    else:
        typer.echo(kpi_telling.explained(found, whose))


def _explained(
    client: Any, kpi: str, named: tuple[str, str, str], period: str
) -> "tuple[Explained, tuple[Subject, str, str]]":
    from infra.bi.context import Context
    from infra.bi.explaining import explained
    from infra.definitions.problems import did_you_mean
    from infra.definitions.stored import Stored
    from streams.domain.kpis import Catalogue
    from streams.domain.spans import before, span_of

    stored = Stored(client)
    bundle = stored.in_force().bundle()
    catalogue = Catalogue(bundle)
    try:
        computed = catalogue.computed(kpi)
    except KeyError:
        known = [*catalogue.measures, *catalogue.kpis]
        remedy = did_you_mean(kpi, known, "see `pacesetter kpi list`")
        raise LookupError(f"no KPI is {kpi!r}; {remedy}") from None
    context = Context.of(bundle)
    today = client.query(f"SELECT {context.today}").result_rows[0][0]
    try:
        span = span_of(period or f"{today:%Y-%m}", bundle.company, today)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error
    kind, subject_id, name = _subject(stored, bundle, *named)
    spans = (span, before(span, bundle.company))
    found = explained(
        client, bundle, computed, subject=(kind, subject_id), spans=spans, context=context
    )
    return found, (kind, subject_id, name)


def _subject(stored: Any, bundle: Any, rep: str, team: str, region: str) -> "tuple[Any, str, str]":
    from infra.bi.subjects import Subject
    from infra.definitions.peopling import find_rep
    from infra.definitions.problems import did_you_mean
    from infra.definitions.showing import named
    from schemas.definitions import COMPANY_ID, UNASSIGNED

    if rep:
        people = stored.people()
        reps = (*(r.rep_id for r in bundle.roster.reps), UNASSIGNED)
        rep_id = find_rep(rep, people, reps)
        return Subject.REP, rep_id, named(rep_id, people)
    if team:
        teams = {t.team_id: t.name for t in bundle.roster.teams}
        if team not in teams:
            raise LookupError(
                f"no team is {team!r}; {did_you_mean(team, teams, f'teams are {list(teams)}')}"
            )
        return Subject.TEAM, team, teams[team]
    if region:
        parts = (*bundle.roster.teams, *bundle.territories.territories)
        regions = {part.region for part in parts if part.region}
        if region not in regions:
            known = f"regions are {', '.join(sorted(regions))}"
            raise LookupError(f"no region is {region!r}; {did_you_mean(region, regions, known)}")
        return Subject.REGION, region, region
    return Subject.COMPANY, COMPANY_ID, bundle.company.name or "the company"
