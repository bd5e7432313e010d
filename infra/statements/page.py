"""A statement as one page of HTML: for screens of any width, for print, and for Chromium's PDF.

The page holds all it needs and asks nobody for anything: its policy allows its own style, known by
digest, and nothing else.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from html import escape
from operator import itemgetter
from pathlib import Path

from infra.statements import wording
from infra.statements.plain import Shown
from streams.domain.statement_parts import Dispute
from streams.domain.statements import Line, Section, Total

_STYLE = Path(__file__).with_name("page.css")
_FIGURES = (
    ("Earned in this period", "earned"),
    ("Became eligible", "eligible"),
    ("Held so far", "held"),
    ("Released for pay", "released"),
    ("Paid out", "paid"),
    ("Owed at its end", "owed"),
)
_NOTE = (
    "Lines stand in the order of their events. An entry is what is earned with its cause less what"
    " is earned without it, rounded once on the total; entries are added and never changed, so that"
    " they add up to the ledger. Ask about a line by its entry number."
)


def page(shown: Shown) -> str:
    """Return a statement as a page."""
    made = shown.statement
    who = made.rep_name or made.rep_id
    title = f"Commission statement {shown.label}, {who}"
    body = "\n".join((
        *_head(shown, who),
        *_summary(made.earned),
        *(part for section in made.earned for part in _section(section, "earned")),
        *(part for section in made.moved for part in _section(section, "moved")),
        *_running(shown),
        *_plans(made.lines),
        f'<footer><p class="soft">{escape(_NOTE)}</p></footer>',
    ))  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{escape(title)}</title>\n<style>{_style()}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


@cache
def _style() -> str:
    return _STYLE.read_text("utf-8")


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _head(shown: Shown, who: str) -> Iterator[str]:
    made = shown.statement
    as_of = f"as of {shown.as_of:%Y-%m-%d %H:%M} UTC" if shown.as_of else "as it stands"
    yield "<header>"
    yield f'<p class="eyebrow">{escape(shown.company)} \u00b7 Commission statement</p>'
    yield f"<h1>{escape(who)}, {escape(shown.label)}</h1>"
    yield (
        f'<p class="soft">{escape(wording.period_words(made.period))} \u00b7 {escape(made.rep_id)}'
        f" \u00b7 {as_of} \u00b7 made {shown.made_at:%Y-%m-%d %H:%M} UTC</p>"
    )
    yield f'<p class="soft">{escape(wording.stands_words(made.period, shown.stands))}</p>'
    if not made.totals:
        yield "<p>Nothing was posted in this period.</p>"
    for total in made.totals:
        yield from _figures(total)
    yield "</header>"


def _figures(total: Total) -> Iterator[str]:
    is_paid = any((total.eligible, total.released, total.paid, total.owed_before))
    yield '<dl class="figures">'
    for name, field in _FIGURES if is_paid else _FIGURES[:1]:
        amount = getattr(total, field)
        yield (
            f"<div><dt>{name}</dt><dd{_minus(amount)}>{wording.money(amount, total.currency)}"
            f" <span>{escape(total.currency)}</span></dd></div>"
        )
    yield "</dl>"


def _summary(sections: Iterable[Section]) -> Iterator[str]:
    every = list(sections)
    if len(every) < 2:
        return
    yield "<h2>By component</h2>"
    yield "<table><caption>What each component earned</caption>"
    yield '<thead><tr><th scope="col">Plan</th><th scope="col">Component</th>'
    yield '<th scope="col" class="money">Lines</th><th scope="col" class="money">Amount</th></tr>'
    yield "</thead><tbody>"
    for one in every:
        yield (
            f'<tr><th scope="row">{escape(one.plan_name)}</th><td>{escape(one.component_id)}</td>'
            f'<td class="money">{len(one.lines)}</td>'
            f"{_money(one.subtotal, one.currency, is_told=True)}</tr>"
        )
    yield "</tbody></table>"


def _section(section: Section, what: str) -> Iterator[str]:
    caption = (
        f"What was {what}: component {section.component_id} of {section.plan_name}, amounts in"
        f" {section.currency}, in the order of events"
    )
    name, component = escape(section.plan_name), escape(section.component_id)
    yield f"<h2>{name} <small>\u00b7 {component}</small></h2>"
    yield f'<table class="lines" role="table"><caption>{escape(caption)}</caption>'
    yield '<thead role="rowgroup"><tr role="row">'
    for name in ("Date", "Deal and credit", "How it came about"):
        yield f'<th scope="col" role="columnheader">{name}</th>'
    yield '<th scope="col" role="columnheader" class="money">Amount</th></tr></thead>'
    yield '<tbody role="rowgroup">'
    for line in section.lines:
        yield from _line(line)
    yield "</tbody>"
    yield (
        '<tfoot role="rowgroup"><tr role="row"><th scope="row" role="rowheader" colspan="2">'
        f"Subtotal of {escape(section.component_id)}</th>"
        f"{_money(section.subtotal, section.currency, is_told=True, spans=2)}</tr></tfoot></table>"
    )


def _line(line: Line) -> Iterator[str]:
    entry = line.entry
    yield f'<tr role="row"><th scope="row" role="rowheader">{line.day}</th><td role="cell">'
    yield f'<div class="deal">{escape(wording.what(line))}</div>'
    for text in _about(line):
        yield f'<div class="soft">{escape(text)}</div>'
    if carried := wording.carried_words(line):
        yield f'<span class="flag">{escape(carried)}</span>'
    yield '</td><td role="cell"><ul>'
    for text in (*wording.formula(line), *_reason(line)):
        yield f"<li>{escape(text)}</li>"
    yield "</ul>"
    terms = wording.terms_words(line)
    state = wording.STATES.get(entry.state, entry.state.lower())
    told = " \u00b7 ".join(filter(None, (state, terms)))
    yield f'<div class="soft">{escape(told)}</div>'
    yield f"<code>entry {escape(wording.short(entry.entry_id))}</code>"
    yield from (_said(dispute) for dispute in line.disputes)
    yield f"</td>{_money(entry.amount, entry.currency)}</tr>"


def _about(line: Line) -> Iterator[str]:
    if (credit := line.credit) is not None:
        if credit.account_name:
            yield credit.account_name
        yield wording.credit_words(credit)
    if cause := wording.cause_words(line):
        yield cause


def _reason(line: Line) -> Iterator[str]:
    entry = line.entry
    if entry.reason:
        yield entry.reason
    if entry.author:
        approved = f", approved by {entry.approver}" if entry.approver else ""
        yield f"by {entry.author}{approved}"


def _said(dispute: Dispute) -> str:
    asked = f"{dispute.opened_by} asked on {dispute.opened_at:%Y-%m-%d}: {dispute.text}"
    parts = [f"<div>{escape(asked)}</div>"]
    if dispute.answered_at is not None:
        answered = f"{dispute.answered_by} on {dispute.answered_at:%Y-%m-%d}: {dispute.answer}"
        parts.append(f"<div>{escape(answered)}</div>")
    if dispute.resulting_entry_id:
        parts.append(
            f"<div><code>entry {escape(wording.short(dispute.resulting_entry_id))}</code></div>"
        )
    state = f"<strong>Dispute, {escape(dispute.state.lower())}</strong>"
    return f'<div class="said">{state}{"".join(parts)}</div>'


def _running(shown: Shown) -> Iterator[str]:
    running = shown.statement.running
    if not running:
        return
    yield "<h2>Still running</h2>"
    yield (
        "<table><caption>Earned so far in payout periods that end later; not part of the sums"
        ' above</caption><thead><tr><th scope="col">Plan</th><th scope="col">Component</th>'
        '<th scope="col">Period</th><th scope="col" class="money">So far</th></tr></thead><tbody>'
    )
    for one in running:
        yield (
            f'<tr><th scope="row">{escape(one.plan_id)}</th><td>{escape(one.component_id)}</td>'
            f"<td>{escape(wording.label_of(one.posted))}</td>"
            f"{_money(one.amount, one.currency, is_told=True)}</tr>"
        )
    yield "</tbody></table>"


def _plans(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the revisions that lines follow, in words."""
    followed = {
        (line.terms.sequence, line.terms.plan_id, line.entry.component_id): line.terms
        for line in lines
        if line.terms
    }
    if followed:
        yield '<h2>Plan revisions</h2><div class="plans">'
    for (_, _, component_id), terms in sorted(followed.items(), key=itemgetter(0)):
        written = f"{terms.written_at:%Y-%m-%d %H:%M} UTC by {terms.author or 'nobody'}"
        note = f": {terms.note}" if terms.note else ""
        yield (
            f"<section><h3>{escape(terms.name)} \u00b7 {escape(component_id)}"
            f" <small>revision {escape(wording.short(terms.revision_id))}</small></h3>"
            f'<p class="soft">written {escape(written)}{escape(note)}</p><ul>'
        )
        yield from (f"<li>{escape(text)}</li>" for text in wording.plan_words(terms, component_id))
        yield "</ul></section>"
    if followed:
        yield "</div>"


def _money(amount: Decimal, currency: str, *, is_told: bool = False, spans: int = 1) -> str:
    minus = " minus" if amount < 0 else ""
    unit = f" <small>{escape(currency)}</small>" if is_told else ""
    wide = f' colspan="{spans}"' if spans > 1 else ""
    told = wording.money(amount, currency)
    return f'<td role="cell"{wide} class="money{minus}">{told}{unit}</td>'


def _minus(amount: Decimal) -> str:
    return ' class="minus"' if amount < 0 else ""
