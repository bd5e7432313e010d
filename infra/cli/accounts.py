"""What became of an import, in words and for programs."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from connectors.sources.files.importing import Account
from connectors.sources.files.people import Draft
from connectors.sources.files.people_merging import Merged

SHOWN_PROBLEMS = 20  # the rest is in the file of refused rows, or in --json


def account_text(
    file: Path, account: Account, refused_file: Path | None, notes: list[str], *, dry_run: bool
) -> str:
    """Return what became of a file, for people."""
    lines = [str(problem) for problem in account.problems[:SHOWN_PROBLEMS]]
    if account.summary.total() > SHOWN_PROBLEMS:
        lines.append(f"... {account.summary.total()} problems in all:")
        lines += [
            f"  {count:>7,} x {column or field or 'row'}: {problem}"
            for (column, field, problem), count in account.summary.most_common(SHOWN_PROBLEMS)
        ]
    for repeat in account.contradictions[:SHOWN_PROBLEMS]:
        rows = ", ".join(map(str, repeat.rows))
        lines.append(f"rows {rows}: {repeat.entity_id} with one revision and different content; "
                     "which of them counts is chance, keep one")  # fmt: skip
    lines += notes
    if lines:
        lines.append("")
    verb = "would be sent" if dry_run else "sent, acknowledged by Kafka"
    told = (
        ", ".join(
            f"{count:,} {message}{'' if count == 1 else 's'}"
            for message, count in account.sent.items()
        )
        or "0"
    )
    cancelled = f" ({account.cancelled:,} as cancelled)" if account.cancelled else ""
    lines += [
        f"{file.name}: {account.read:,} rows read",
        f"  {told} {verb}{cancelled}",
        f"  {account.skipped:,} skipped by the mapping, {account.refused:,} refused",
    ]
    if refused_file is not None:
        lines.append(f"  refused rows are in {refused_file}: correct them and import that file")
    return "\n".join(lines)


def account_json(
    file: Path, account: Account, refused_file: Path | None, notes: list[str], *, dry_run: bool
) -> dict[str, Any]:
    """Return what became of a file, for programs."""
    return {
        "file": str(file),
        "dry_run": dry_run,
        "read": account.read,
        "sent": dict(account.sent),
        "cancelled": account.cancelled,
        "skipped": account.skipped,
        "refused": account.refused,
        "refused_file": str(refused_file) if refused_file else None,
        "problems": [asdict(problem) for problem in account.problems],
        "contradicting": account.contradicting,
        "contradictions": [repeat._asdict() for repeat in account.contradictions],
        "notes": notes,
    }


def people_text(
    file: Path, draft: Draft, merged: Merged, written: list[Path], out: Path | None
) -> str:
    """Return what became of a list of people, for people.

    Args:
        out: the folder it was written into; None: a dry run.
    """
    lines = [str(problem) for _, problems in draft.problems for problem in problems]
    lines += [f"kept as it was: {told}" for told in merged.kept]
    lines += [f"added: {told}" for told in merged.added[:SHOWN_PROBLEMS]]
    if len(merged.added) > SHOWN_PROBLEMS:
        lines.append(f"... {len(merged.added)} additions in all")
    lines.append(f"{file.name}: {draft.read} rows read, {len(merged.added)} additions")
    if out is None:
        lines.append("  nothing written: a dry run")
    elif written:
        lines.append("  written: " + ", ".join(str(path) for path in written))
        lines.append(f"  next: pacesetter definitions check {out}")
    else:
        lines.append("  nothing to write: it is all there")
    return "\n".join(lines)
