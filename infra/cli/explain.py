"""`pacesetter explain activity`: from a number back to what sources said."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import WRONG, fail, patient_warehouse, print_json

if TYPE_CHECKING:
    from infra.activities.explaining import Explained

STATEMENT_SECONDS_MAX = 60.0
app = typer.Typer(no_args_is_help=True, help="Explain one fact: who said what, what it counts.")


@app.callback()
def _group() -> None:
    """Keep `activity` a word of its own while it is the only command."""


@app.command()
def activity(
    entity: Annotated[str, typer.Argument(help="Its entity id, or its identifier in a source.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Explain a call, an e-mail or a meeting.

    Shows which sources said what and where in the log, whose word was taken for each field and why,
    and the numbers it is part of. Whose word counts is set by `precedence` in company.yaml.

    Example: pacesetter explain activity dialer:7b0e41c2
    """
    from infra.activities.explaining import explained

    try:
        found = explained(patient_warehouse(STATEMENT_SECONDS_MAX), entity)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)
    if as_json:
        print_json(found.plain())
    else:
        typer.echo(told(found))


def told(one: "Explained") -> str:
    """Return an activity for people."""
    from infra.definitions.showing import table

    state = "" if one.op == "SET" else ", deleted: it counts nothing"
    if one.merged_into:
        state = f", merged into {one.merged_into}: it counts there and not here"
    several = len({(s.source, s.source_id) for s in one.said})
    by = "one source" if several == 1 else f"{several} records of sources"
    said = [
        (s.source, s.source_id, f"{s.revision:%Y-%m-%d %H:%M:%S}", s.op,
         f"{s.topic}/{s.partition}", f"{s.epoch}:{s.offset}", str(s.sequence), _note(s))
        for s in one.said
    ]  # fmt: skip
    taken = [(t.field, _shown(t.value), f"{t.source} {t.source_id}", t.why) for t in one.taken]
    counted = [
        (c.measure, c.rep_id, str(c.day), f"{c.value.normalize():f} {c.currency}".strip())
        for c in one.counted
    ]
    header = ("SOURCE", "ID THERE", "MODIFIED", "OP", "PARTITION", "POSITION", "DEFINITIONS", "")
    parts = [
        f"{one.kind} {one.entity_id} of {one.rep_id}, told by {by}{state}",
        f"What was said, in the order of the log:\n{table(header, said)}",
        f"What was taken:\n{table(('FIELD', 'VALUE', 'FROM', 'WHY'), taken)}",
    ]
    if one.twins:
        parts.append(f"Merged into it: {', '.join(one.twins)}")
    if counted:
        counts = table(("MEASURE", "REP", "DAY", "VALUE"), counted)
        parts.append(f"What it counts:\n{counts}")
    else:
        parts.append("It counts nothing.")
    return "\n\n".join(parts)


def _note(said: Any) -> str:
    if said.is_marker:
        return "other definitions"
    return "counts now" if said.is_last else ""


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
