"""An entry from the cent back to the events: how it was computed, from what, by whose decision."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from infra.statements import wording
from infra.statements.plain import amount, line_values
from infra.statements.reading import Ledger
from infra.statements.recomputing import Recomputed, Recomputing
from schemas import topics
from schemas.positions import place_of
from streams.domain.clawing import is_reduced
from streams.domain.statement_parts import Credited, Entry
from streams.domain.statements import Line, line_of, trace_of
from streams.domain.tier_splits import faults


class Explained(NamedTuple):
    """An entry with all it follows from.

    Attributes:
        posted_at: None: its flush is not known to be through yet.
        words: what the plan says of the component, sentence by sentence.
        faults: where the trace's own arithmetic does not hold.
    """

    line: Line
    posted_at: datetime | None
    words: tuple[str, ...]
    faults: tuple[str, ...]
    recomputed: Recomputed

    @property
    def checks(self) -> bool:
        """Whether trace and recomputation, as far as they can be made, agree with the entry."""
        is_same = self.recomputed.amount is None or self.recomputed.agrees(self.line.entry)
        return is_same and not self.faults

    @property
    def verdict(self) -> str:
        """Return what the check found, in words."""
        entry, found = self.line.entry, self.recomputed
        parts = [f"the trace does not add up: {fault}" for fault in self.faults]
        if found.amount is None:
            parts.append(f"not recomputed: {found.why}")
        elif found.agrees(entry):
            parts.append(f"recomputed from {found.source}: the same amount")
        else:
            told = wording.money(found.amount, entry.currency)
            posted = wording.money(entry.amount, entry.currency)
            parts.append(f"recomputed from {found.source}: {told}, posted {posted}")
        return f"{'checks' if self.checks else 'DIFFERS'}: {'; '.join(parts)}"


def explained(client: Any, ledger: Ledger, entries: Sequence[Entry]) -> list[Explained]:
    """Return entries of one payee with all they follow from."""
    if not entries:
        return []
    rep_id = entries[0].rep_id
    evidence, again = ledger.evidence(rep_id, entries), Recomputing(client, rep_id)
    instants = ledger.instants(rep_id, [entry.entry_id for entry in entries])
    found = []
    for entry in entries:
        line, trace = line_of(entry, evidence), trace_of(entry)
        wrong = _faults(line, trace)
        words = wording.plan_words(line.terms, entry.component_id) if line.terms else ()
        found.append(
            Explained(
                line, instants.get(entry.entry_id), words, wrong,
                again.of(entry),
            )
        )  # fmt: skip
    return found


def _faults(line: Line, trace: dict[str, Any]) -> tuple[str, ...]:
    if "after" not in trace:
        return ()
    plan = wording.plan_of(line.terms) if line.terms else None
    by_stretches = plan is None or is_reduced(plan)
    return tuple(faults(trace, line.entry.amount, by_stretches=by_stretches))


def plain(one: Explained) -> dict[str, Any]:
    """Return an explanation as values for JSON."""
    entry, credit = one.line.entry, one.line.credit
    found = one.recomputed
    return {
        **line_values(one.line),
        "rep_id": entry.rep_id,
        "plan_id": entry.plan_id,
        "component_id": entry.component_id,
        "posted_at": one.posted_at.isoformat() if one.posted_at else None,
        "cause": _place(entry.topic, entry.partition, entry.position),
        "deal_record": _deal(credit) if credit else None,
        "definitions_sequence": entry.sequence,
        "plan_words": list(one.words),
        "trace": trace_of(entry),
        "checks": one.checks,
        "made_from": list(found.words),
        "recomputed": None if found.amount is None else amount(found.amount, entry.currency),
        "verdict": one.verdict,
    }


def _deal(credit: Credited) -> dict[str, Any]:
    return {
        **_place(credit.source_topic, credit.source_partition, credit.source_position),
        "deal_id": credit.deal_id,
        "source": credit.source,
        "source_id": credit.source_id,
        "revised_at": credit.revised_at.isoformat() if credit.revised_at else None,
    }


def _place(topic: str, partition: int, position: int) -> dict[str, Any]:
    epoch, offset = place_of(position)
    return {"topic": topic, "partition": partition, "position": position, "epoch": epoch,
            "offset": offset}  # fmt: skip


def told(one: Explained) -> str:
    """Return an explanation for people."""
    return "\n".join(_told(one))


def _told(one: Explained) -> Iterator[str]:
    entry, credit = one.line.entry, one.line.credit
    amount_told = f"{wording.money(entry.amount, entry.currency)} {entry.currency}"
    yield f"entry {entry.entry_id}: {amount_told} {wording.STATES.get(entry.state, entry.state)}"
    yield f"  {wording.kind_words(entry).lower()} of {entry.rep_id}, {wording.what(one.line)}"
    posted = f", at {one.posted_at:%Y-%m-%d %H:%M:%S} UTC" if one.posted_at else ""
    yield (
        f"  earned in {wording.label_of(entry.origin)}, due in {wording.label_of(entry.due)},"
        f" posted in {wording.label_of(entry.posted)}{posted}"
    )
    if entry.reason or entry.author:
        yield f"  {entry.reason} ({entry.author or 'nobody'}, approved by {entry.approver or '-'})"
    yield "computed"
    yield from (f"  {text}" for text in wording.formula(one.line))
    yield from (f"  {text}" for text in one.recomputed.words)
    yield f"  {_sums(entry)}: {entry.before:f} before, {entry.after:f} after"
    yield f"by plan {entry.plan_id or '(none)'}, component {entry.component_id}"
    if (terms := one.line.terms) is not None:
        yield (
            f"  revision {terms.revision_id[:12]} of sequence {terms.sequence}, written"
            f" {terms.written_at:%Y-%m-%d %H:%M} UTC by {terms.author or 'nobody'}"
            + (f": {terms.note}" if terms.note else "")
        )
    yield from (f"  {sentence}" for sentence in one.words)
    yield f"caused by {_where(entry.topic, entry.partition, entry.position)}"
    if credit is not None:
        yield f"  {entry.role.lower()}, {wording.via_words(entry)}: {wording.credit_words(credit)}"
        yield f"  counts on {credit.day}"
        where = _where(credit.source_topic, credit.source_partition, credit.source_position)
        yield f"made from deal {credit.deal_id}: {where}"
        if credit.revised_at is not None:
            yield (
                f"  {credit.source} {credit.source_id}, changed there"
                f" {credit.revised_at:%Y-%m-%d %H:%M:%S} UTC"
            )
    elif not entry.deal_id:
        yield f"  definitions of sequence {entry.sequence} came into force there"
    yield one.verdict


def _sums(entry: Entry) -> str:
    is_run = entry.topic == topics.DEFINITIONS.name
    return "this balance" if is_run else "credited in the period"


def _where(topic: str, partition: int, position: int) -> str:
    epoch, offset = place_of(position)
    return f"{topic} partition {partition}, epoch {epoch}, offset {offset}"
