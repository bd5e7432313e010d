"""A statement in the terminal."""

from collections.abc import Iterator
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.statements import wording
from infra.statements.plain import Shown
from streams.domain.statements import Line, Section

_FIGURES = ("earned", "eligible", "held", "released", "paid", "owed")


def show(shown: Shown, console: Console) -> None:
    """Print a statement."""
    made = shown.statement
    as_of = f" as of {shown.as_of:%Y-%m-%d %H:%M} UTC" if shown.as_of else ""
    who = f"{made.rep_name} ({made.rep_id})" if made.rep_name else made.rep_id
    console.print(Text(f"{shown.company}: commission statement {shown.label}{as_of}", "bold"))
    stands = wording.stands_words(made.period, shown.stands)
    console.print(Text(f"{who}, {wording.period_words(made.period)}; {stands}"))
    if not made.lines:
        console.print("Nothing was posted in this period.")
    for section in (*made.earned, *made.moved):
        console.print()
        console.print(_table(section))
    for total in made.totals:
        told = ", ".join(
            f"{name} {wording.money(value, total.currency)}"
            for name in _FIGURES
            if (value := getattr(total, name)) or name == "earned"
        )
        console.print(Text(f"{total.currency}: {told}", "bold"))
    for one in made.running:
        console.print(
            Text(
                f"still running: {one.plan_id}/{one.component_id} {wording.label_of(one.posted)}:"
                f" {wording.money(one.amount, one.currency)} {one.currency} so far"
            )
        )


def _table(section: Section) -> Table:
    title = f"{section.plan_name} / {section.component_id}, {section.currency}"
    table = Table(
        title=Text(title), title_justify="left", title_style="bold", box=None, pad_edge=False,
        show_footer=True,
    )  # fmt: skip
    table.add_column("DATE", "subtotal", no_wrap=True)
    table.add_column("DEAL AND CREDIT", overflow="fold", ratio=2)
    table.add_column("HOW IT CAME ABOUT", overflow="fold", ratio=3)
    subtotal = wording.money(section.subtotal, section.currency)
    table.add_column("AMOUNT", subtotal, justify="right", no_wrap=True)
    for line in section.lines:
        table.add_row(
            str(line.day),
            Text("\n".join(_about(line))),
            Text("\n".join(_how(line))),
            _amount(line.entry.amount, section.currency),
        )
    return table


def _about(line: Line) -> Iterator[str]:
    yield wording.what(line)
    if line.credit is not None:
        yield wording.credit_words(line.credit)
    if cause := wording.cause_words(line):
        yield cause


def _how(line: Line) -> Iterator[str]:
    entry = line.entry
    yield from wording.formula(line)
    yield from filter(None, (entry.reason, wording.carried_words(line)))
    state = wording.STATES.get(entry.state, entry.state.lower())
    yield ", ".join(filter(None, (state, wording.terms_words(line))))
    yield f"entry {wording.short(entry.entry_id)}"
    for one in line.disputes:
        answer = f" {one.answered_by}: {one.answer}" if one.answer else ""
        yield f"dispute {one.dispute_id}, {one.state.lower()}: {one.text}{answer}"


def _amount(amount: Decimal, currency: str) -> Text:
    return Text(wording.money(amount, currency), style="red" if amount < 0 else "")
