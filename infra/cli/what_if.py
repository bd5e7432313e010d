"""`pacesetter plan dry-run` and `plan what-if`: what other plans or a deal would pay."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import WRONG, fail, ground, print_json, tell

if TYPE_CHECKING:
    from schemas.definitions import Bundle
    from schemas.plans import Plans

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def dry_run(
    path: Annotated[
        Path, typer.Argument(help="A file of plans, or a folder of definitions with one.")
    ],
    *,
    period: Annotated[
        str, typer.Option(help="Which periods: 2026-Q1, 2026, 2026-03, 2026-01-01..2026-03-31.")
    ] = "",
    everything: Annotated[bool, typer.Option("--all", help="All of history.")] = False,
    only: Annotated[
        bool, typer.Option("--only", help="The file holds what changes; other plans stay.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every change as CSV.")] = False,
    as_json: Json = False,
) -> None:
    """Say what everybody would earn under other plans. Nothing is written.

    Credits as they are now are computed under the plans in force and under the file's, by the very
    rules the ledger follows: who gets more or less by rep and component, what the company pays by
    currency, who lands in another tier, who is on no plan. The file stands for all plans, as
    `definitions apply` would take it; with --only, plans it does not name stay as they are.

    Periods are those of components: what a quarter earns belongs to the whole quarter. Closed
    periods are computed like the others; whether they would be paid is for the ledger to say.

    Examples: pacesetter plan dry-run next.yaml --period 2026-Q1,
    pacesetter plan dry-run next.yaml --all --csv > changes.csv
    """
    from infra.whatif.computing import compared
    from infra.whatif.showing import as_csv as to_csv
    from infra.whatif.showing import as_json as to_json
    from infra.whatif.showing import text
    from streams.domain.spans import span_of

    if bool(period) == everything:
        raise typer.BadParameter("name a period, or --all", param_hint="--period")
    with ground() as (client, _):
        bundle = _in_force(client)
        today = datetime.now(UTC).date()
        try:
            within = span_of(period, bundle.company, today) if period else None
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--period") from None
        plans = _planned(path, bundle, only)
        with _bar() as bar:
            made = compared(_warehouse(client), bundle, plans, within, today=today, tell=bar)
    if as_json:
        print_json(to_json(made))
    else:
        typer.echo(to_csv(made) if as_csv else text(made), nl=not as_csv)


def what_if(
    rep: Annotated[str, typer.Option("--rep", help="A rep_id.", show_default=False)],
    deal_amount: Annotated[
        str, typer.Option("--deal-amount", help="What it closes at.", show_default=False)
    ],
    *,
    currency: Annotated[str, typer.Option(help="Default: the company's.")] = "",
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="It closes on. Default: today.")
    ] = None,
    share: Annotated[str, typer.Option(help="Of the deal: 0.5 is half.")] = "1",
    role: Annotated[str, typer.Option(help="REVENUE or OVERLAY.")] = "REVENUE",
    deal_type: Annotated[str, typer.Option(help="NEW, RENEWAL, EXPANSION or OTHER.")] = "NEW",
    product: Annotated[str, typer.Option(help="As deals name it.")] = "",
    segment: Annotated[str, typer.Option(help="As deals name it.")] = "",
    region: Annotated[str, typer.Option(help="As deals name it.")] = "",
    territory: Annotated[str, typer.Option(help="territory_id the credit comes from.")] = "",
    plans: Annotated[
        Path | None, typer.Option("--plans", help="Under these plans, not those in force.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a deal would earn somebody if it closed, and what the next tier would need.

    Each component with what it has earned in the period, what it would earn with the deal, the
    tier before and after, and how much more would reach the next one. Nothing is written.

    Examples: pacesetter plan what-if --rep hp-03 --deal-amount 40000,
    pacesetter plan what-if --rep hp-03 --deal-amount 40000 --day 2026-03-30 --deal-type RENEWAL
    """
    from infra.whatif.deals import Deal, as_plain, foreseen, text

    with ground() as (client, _):
        bundle = _in_force(client)
        chosen = _planned(plans, bundle, only=True) if plans else bundle.plans
        known = [r.rep_id for r in bundle.roster.reps]
        if rep not in known:
            from infra.definitions.problems import did_you_mean

            fail(f"no rep is {rep!r}; {did_you_mean(rep, known, 'see the roster')}", WRONG)
        on = day.date() if day else datetime.now(UTC).date()
        deal = Deal(
            rep, _number("--deal-amount", deal_amount), currency.upper(), on,
            _number("--share", share), role.upper(), deal_type.upper(), product, segment, region,
            territory,
        )  # fmt: skip
        try:
            found = foreseen(_warehouse(client), bundle, chosen, deal)
        except ValueError as error:
            fail(str(error), WRONG)
    if as_json:
        print_json([as_plain(one) for one in found])
    else:
        typer.echo(text(deal, found))


def _in_force(client: Any) -> "Bundle":
    from infra.definitions.stored import Stored

    return Stored(client).in_force().bundle()


def _warehouse(client: Any) -> Any:
    from connectors.sinks.clickhouse import Warehouse

    return Warehouse(lambda: client)


def _planned(path: Path, bundle: "Bundle", only: bool) -> "Plans":
    """Return the plans there would be; ends the command if they cannot be computed."""
    from infra.definitions.plan_files import loaded_from, sensible
    from infra.definitions.problems import has_errors

    if not path.exists():
        fail(f"{path} does not exist; name a file of plans or a folder of definitions", WRONG)
    loaded = loaded_from(path)
    plans, problems = sensible(loaded, bundle, only=only)
    if has_errors(problems) or plans is None:
        tell(problems)
        fail(f"{path} holds no plans that can be computed; see `pacesetter plan check`", WRONG)
    return plans


def _number(option: str, told: str) -> Decimal:
    try:
        value = Decimal(told.replace(",", "").replace("_", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise typer.BadParameter(f"{told} is no number; write 25000 or 0.5", param_hint=option)
    return value


@contextmanager
def _bar() -> Iterator[Any]:
    """Give what tells how far work is, on stderr of a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, Any] = {}

        def told(what: str, done: int, of: int) -> None:
            if what not in tasks or bar.tasks[tasks[what]].finished:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done, total=of)

        yield told


def register(app: typer.Typer) -> None:
    """Add the commands to those of plans."""
    app.command("dry-run")(dry_run)
    app.command("what-if")(what_if)
