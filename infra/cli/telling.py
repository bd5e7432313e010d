"""What the definitions commands print: sentences for people, values for programs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from infra.definitions import showing
from infra.definitions.applying import Applied, Done
from infra.definitions.canonical import plain
from infra.definitions.differing import Change
from infra.definitions.peopling import PeopleChanges, PersonRow
from infra.definitions.problems import Problem, Severity
from infra.definitions.records import Revision
from infra.definitions.scanning import Partition
from infra.definitions.stored import State

CHANGES_MAX = 20  # lines of a kind worth reading; the rest is counted, and --json has all


def verdict(problems: Iterable[Problem], kinds: Iterable[str]) -> str:
    """Return the last line of a check."""
    count = Counter(p.severity for p in problems)
    errors, warnings = count[Severity.ERROR], count[Severity.WARNING]
    if errors:
        return f"{_n(errors, 'error')}, {_n(warnings, 'warning')}: nothing can be applied yet."
    told = ", ".join(sorted(kinds))
    return f"Fine: {told}." if not warnings else f"{_n(warnings, 'warning')}, no errors: {told}."


def report(applied: Applied) -> str:
    """Return what an apply did, or would do."""
    lines = [changes(applied.changes)] if applied.changes else []
    lines += _people(applied.people)
    if applied.dry_run:
        would = ", ".join(applied.kinds)
        lines.append(f"Would revise {would}." if would else "Definitions are in force already.")
    elif applied.kinds:
        lines.append(
            f"Revised {', '.join(applied.kinds)}. In force from sequence {applied.sequence};"
            f" markers stand in {_n(len(applied.done.marked), 'partition')}."
        )
    else:
        lines.append("Nothing changed: these definitions are in force already.")
        if applied.done:
            lines.append(f"Finished what an earlier apply left undone: {undone(applied.done)}.")
    return "\n".join(lines)


def undone(done: Done) -> str:
    """Return what had been left undone."""
    parts = [
        (done.revisions, "revision in the log but not in the table"),
        (done.rosters, "roster without rows"),
        (done.members, "roster without members"),
        (done.plans, "revision without its plans"),
        (len(done.marked), "partition without the newest marker"),
    ]
    return ", ".join(_n(count, noun) for count, noun in parts if count)


def changes(made: Iterable[Change]) -> str:
    """Return changes by kind, the first CHANGES_MAX of each."""
    lines = []
    for kind, group in groupby(made, key=lambda c: c.kind):
        all_of_it = list(group)
        lines += [kind, *(f"  {change}" for change in all_of_it[:CHANGES_MAX])]
        if (more := len(all_of_it) - CHANGES_MAX) > 0:
            lines.append(f"  ... and {more} more; --json has all")
    return "\n".join(lines)


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem for programs."""
    return {
        "file": problem.place.file, "line": problem.place.line, "column": problem.place.column,
        "severity": problem.severity, "field": problem.field, "value": problem.value,
        "problem": problem.problem, "remedy": problem.remedy,
    }  # fmt: skip


def applied_json(applied: Applied, left: Iterable[Partition]) -> dict[str, Any]:
    """Return an apply for programs."""
    people = applied.people
    return {
        "dry_run": applied.dry_run,
        "sequence": applied.sequence,
        "revised": list(applied.kinds),
        "changes": [c._asdict() for c in applied.changes],
        "people": {"added": people.added, "changed": people.changed, "erased": people.erased},
        "warnings": [problem_json(p) for p in applied.warnings],
        "done": done_json(applied.done),
        "waiting_for": [f"{topic}/{number}" for topic, number in left],
    }


def done_json(done: Done) -> dict[str, Any]:
    """Return a repair for programs."""
    return {
        "sequence": done.sequence, "revisions": done.revisions, "rosters": done.rosters,
        "members": done.members, "plans": done.plans,
        "marked": [f"{topic}/{number}" for topic, number in done.marked],
    }  # fmt: skip


def state_json(state: State, people: Mapping[str, PersonRow], what: str) -> dict[str, Any]:
    """Return what is in force for programs: all kinds for `summary`, else one."""
    out: dict[str, Any] = {"sequence": state.sequence}
    if what == "summary":
        kinds = state.revisions.items()
        out["kinds"] = {
            k: {**revision_json(r), "holds": showing.sizes(plain(state.values[k]))}
            for k, r in kinds
        }
        out["people"] = sum(not p.erased for p in people.values())
    elif what == "people":
        out["people"] = [p._asdict() for p in sorted(people.values())]
    else:
        out[what] = plain(state.values[what]) if what in state.values else None
    return out


def rep_json(state: State, people: Mapping[str, PersonRow], rep_id: str) -> dict[str, Any]:
    """Return everything about a rep for programs."""
    bundle = state.bundle()
    rep = next(r for r in bundle.roster.reps if r.rep_id == rep_id)
    mine = [i for i in bundle.identities.identities if i.rep_id == rep_id]
    quotas = [q for q in bundle.quotas.quotas if (q.owner_kind, q.owner_id) == ("REP", rep_id)]
    return {
        "sequence": state.sequence, "rep_id": rep_id, "name": showing.named(rep_id, people),
        "history": plain(rep)["history"], "identities": [plain(i) for i in mine],
        "quotas": [plain(q) for q in quotas],
    }  # fmt: skip


def revision_json(revision: Revision) -> dict[str, Any]:
    """Return a revision for programs, without its content."""
    fields = {k: v for k, v in revision._asdict().items() if k != "content"}
    return {**fields, "written_at": revision.written_at.isoformat()}


def _people(people: PeopleChanges) -> list[str]:
    parts = [
        (people.added, "added to the people"),
        (people.changed, "changed among the people"),
        (people.erased, "erased before and not named again"),
    ]
    return [f"{_n(len(who), 'person', 'people')} {text}." for who, text in parts if who]


def _n(count: int, noun: str, many: str = "") -> str:
    if count == 1:
        return f"1 {noun}"
    head, _, tail = noun.partition(" ")
    return f"{count} {many or f'{head}s' + (f' {tail}' if tail else '')}"
