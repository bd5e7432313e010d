"""What importing a table of definitions does: read, put in, tell who changes by how much, write."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.sources.files.people_folder import existing_in, write
from connectors.sources.files.picking import Columns
from connectors.sources.files.rows import opened
from connectors.sources.files.table_mapping import TableMapping
from connectors.sources.files.tables import Drafted, entries_of, put_in
from infra.definitions.checking import check
from infra.definitions.differing import Change, differences
from infra.definitions.loading import load
from infra.definitions.problems import Finding
from infra.definitions.showing import table
from schemas.defining import Definition
from schemas.quotas import Quota, Quotas
from schemas.territories import Territories

CHANGES_MAX = 40  # lines a person reads; --json has all


@dataclass(frozen=True, slots=True)
class Imported:
    """What a table did to a folder of definitions.

    Attributes:
        findings: what is wrong with the kind afterwards, seen together with the folder.
    """

    kind: str
    drafted: Drafted
    changes: tuple[Change, ...]
    amounts: tuple["Amount", ...]
    findings: tuple[Finding, ...]
    written: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """A quota that is new or of another amount; `before` None: there was none."""

    quota: Quota
    before: Decimal | None

    @property
    def by(self) -> Decimal:
        """How much more is asked for."""
        return self.quota.amount - (self.before or Decimal(0))


def import_table(file: Path, mapping: TableMapping, out: Path, dry_run: bool) -> Imported:
    """Return what the rows of a file change in a folder, written unless it is a dry run.

    Raises:
        BadFile: the file, or what it goes into, cannot be read.
        MissingColumns: the file lacks columns of the mapping.
    """
    kind = mapping.table.kind
    before = existing_in(out, (kind,)).get(kind)
    if before is None and kind == "territories":
        before = Territories()
    rows = opened(file, mapping.file)
    try:
        drafted = entries_of(rows, Columns(rows.header, mapping.file), mapping)
    finally:
        rows.close()
    after = put_in(before, mapping, drafted.entries)
    changes = differences({kind: before} if before else {}, {kind: after})
    values = {**load(out).values, kind: after} if out.is_dir() else {kind: after}
    findings = tuple(f for f in check(values) if f.kind == kind)
    written = () if dry_run or not changes else tuple(write(out, {kind: after}))
    return Imported(kind, drafted, changes, tuple(_amounts(before, after)), findings, written)


def text(file: Path, done: Imported, dry_run: bool) -> str:
    """Return the account of an import for people."""
    drafted = done.drafted
    lines = [str(p) for p in drafted.problems]
    for finding in done.findings:
        lines.append(f"{finding.severity}: {finding.value}: {finding.problem}; {finding.remedy}")
    if done.amounts:
        header = ("FOR", "OWNER", "KPI", "FROM", "UP TO", "BEFORE", "AFTER", "BY")
        lines.append(table(header, map(_row, done.amounts[:CHANGES_MAX])))
        if (more := len(done.amounts) - CHANGES_MAX) > 0:
            lines.append(f"... and {more} more; --json has all")
    does = "Would write" if dry_run else "Wrote"
    where = ", ".join(map(str, done.written)) or f"{done.kind}.yaml"
    told = f"{len(drafted.entries)} entries ({len(done.changes)} changes)"
    lines.append(
        f"{file.name}: {drafted.read} rows, {drafted.skipped} skipped, {drafted.refused} refused."
        f" {does} {told} to {where}." if done.changes else
        f"{file.name}: {drafted.read} rows, {drafted.skipped} skipped, {drafted.refused} refused."
        " Nothing changed."
    )  # fmt: skip
    return "\n".join(lines)


def as_json(done: Imported) -> dict[str, Any]:
    """Return the same for programs."""
    drafted = done.drafted
    return {
        "kind": done.kind, "read": drafted.read, "skipped": drafted.skipped,
        "refused": drafted.refused, "entries": len(drafted.entries),
        "problems": [
            {n: getattr(p, n) for n in ("row", "column", "field", "value", "problem", "remedy")}
            for p in drafted.problems
        ],
        "changes": [c._asdict() for c in done.changes],
        "amounts": [
            {"quota_id": a.quota.quota_id, "owner_kind": a.quota.owner_kind,
             "owner_id": a.quota.owner_id, "kpi": a.quota.kpi, "currency": a.quota.currency,
             "period_start": a.quota.period_start, "period_end": a.quota.period_end,
             "before": None if a.before is None else f"{a.before:f}",
             "after": f"{a.quota.amount:f}", "by": f"{a.by:f}"} for a in done.amounts
        ],
        "findings": [
            {"severity": f.severity, "value": f.value, "problem": f.problem, "remedy": f.remedy}
            for f in done.findings
        ],
        "files": [str(path) for path in done.written],
    }  # fmt: skip


def _amounts(before: Definition | None, after: Definition) -> Iterator[Amount]:
    if not isinstance(after, Quotas):
        return
    known = {q.quota_id: q.amount for q in before.quotas} if isinstance(before, Quotas) else {}
    for quota in after.quotas:
        if known.get(quota.quota_id) != quota.amount:
            yield Amount(quota, known.get(quota.quota_id))


def _row(one: Amount) -> tuple[object, ...]:
    quota = one.quota
    before = "-" if one.before is None else f"{one.before:,.2f}"
    return (quota.owner_kind, quota.owner_id, f"{quota.kpi} {quota.currency or ''}".strip(),
            quota.period_start, quota.period_end, before, f"{quota.amount:,.2f}",
            f"{one.by:+,.2f}")  # fmt: skip
