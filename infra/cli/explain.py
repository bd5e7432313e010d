"""`pacesetter explain activity` and `explain deal`: from a number back to what sources said."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import AWAY, WRONG, fail, patient_warehouse, print_json

if TYPE_CHECKING:
    from infra.activities.explaining import Explained
    from infra.billing.explaining import Explained as Deal

STATEMENT_SECONDS_MAX = 60.0
app = typer.Typer(no_args_is_help=True, help="Explain one fact: who said what, what it counts.")


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

    _print(explained, entity, told, as_json=as_json)


@app.command()
def deal(
    entity: Annotated[
        str, typer.Argument(help="Its entity id, its identifier in a source, or a bill's number.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Explain what is invoiced and paid of a deal.

    Shows which record of the deal and which bill said what, where in the log, and what of it
    counts and why, and what payees are credited of it.

    Example: pacesetter explain deal INV-0042
    """
    from infra.billing.explaining import explained

    _print(explained, entity, told_deal, as_json=as_json)


def _print(
    explained: Callable[[Any, str], Any],
    entity: str,
    told: Callable[[Any], str],
    *,
    as_json: bool,
) -> None:
    from infra.definitions.connecting import in_short
    from schemas.warehouse import Unavailable

    # The driver logs what it also raises; what was raised is told in a line.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
    try:
        found = explained(patient_warehouse(STATEMENT_SECONDS_MAX), entity)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)
    except Unavailable as error:
        why = in_short(str(error))
        fail(f"the warehouse does not answer ({why}); start it with `pacesetter up`, "
             "or see `pacesetter doctor`", AWAY)  # fmt: skip
    if as_json:
        print_json(found.plain())
    else:
        typer.echo(told(found))


def told_deal(one: "Deal") -> str:
    """Return a deal's money for people."""
    from infra.definitions.showing import table

    state = one.stage_class if one.is_there else "is not there, or deleted: its bills wait"
    ended = f", cancelled on {one.cancelled_on} ({one.cancel_reason})" if one.cancelled_on else ""
    money = ", ".join(
        f"{what} {_shown(amount) or 'not known'}"
        for what, amount in (("amount", one.amount), ("invoiced", one.invoiced_amount),
                             ("paid", one.paid_amount))
    )  # fmt: skip
    said = [
        (s.bill_id or "the deal", f"{s.source} {s.source_id}", f"{s.revision:%Y-%m-%d %H:%M:%S}",
         s.op, s.currency, *map(_shown, (s.invoiced_amount, s.credit_note_amount, s.paid_amount)),
         f"{s.topic}/{s.partition}", f"{s.epoch}:{s.offset}", s.counts)
        for s in one.said
    ]  # fmt: skip
    header = ("BILL", "TOLD BY", "MODIFIED", "OP", "CUR", "INVOICED", "CREDIT NOTES", "PAID",
              "PARTITION", "POSITION", "")  # fmt: skip
    credits = [
        (c.rep_id, c.role, *map(_shown, (c.amount, c.invoiced_amount, c.paid_amount)))
        for c in one.credited
    ]
    whose = table(("REP", "ROLE", "AMOUNT", "INVOICED", "PAID"), credits)
    return "\n\n".join(
        [
            f"deal {one.entity_id} ({state}){ended}\n{money} {one.currency}",
            f"What was said, in the order of the log:\n{table(header, said)}",
            f"What payees are credited of it:\n{whose}" if credits else "Nobody is credited.",
        ]
    )


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
