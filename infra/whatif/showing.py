"""What a dry run of plans says: for people, for programs, for spreadsheets."""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from infra.definitions.showing import table
from infra.whatif.computing import Change, Compared, Stand

LINES_MAX = 20  # the largest changes; --json and --csv have all
NAMED_MAX = 12  # reps named in a line
FIELDS = (
    "rep_id", "plan_id", "component_id", "origin_start", "origin_end", "currency", "before",
    "after", "change", "tier_before", "tier_after", "tier_since_before", "tier_since_after",
)  # fmt: skip


def text(made: Compared) -> str:
    """Return it for people: cost, components, the largest changes, crossings, who is covered."""
    lines = f"{made.lines:,} lines of {made.credits:,} credits"
    parts = [f"Computed {lines} under the plans in force and under the new ones."]
    if made.lacks:
        parts.append(
            f"{made.lacks:,} lines lack a rate, quota, KPI or score and are not final."
            " `plan what-if --rep` names what is missing for a rep."
        )
    parts.append(_cost(made))
    if made.changes:
        parts += [_components(made.changes), _largest(made.changes)]
        parts += _crossings(made.crossings)
    else:
        parts.append("Nobody earns more or less.")
    return "\n\n".join([*parts, _covered(made)])


def _cost(made: Compared) -> str:
    rows = [
        (currency, _money(cost.before), _money(cost.after), _signed(cost.after - cost.before),
         _share(cost.before, cost.after)) for currency, cost in made.costs.items()
    ]  # fmt: skip
    if not rows:
        return "Cost to the company: nothing is earned under either."
    return "Cost to the company\n" + table(("", "BEFORE", "AFTER", "CHANGE", ""), rows)


def _components(changes: Sequence[Change]) -> str:
    sums: dict[tuple[str, str, str], list[Any]] = defaultdict(lambda: [set(), set(), Decimal(0)])
    for one in changes:
        found = sums[one.key.plan_id, one.key.component_id, one.key.currency]
        if one.by:
            found[one.by < 0].add(one.key.rep_id)
        found[2] += one.by
    rows = [
        (plan, component, len(more), len(less), _signed(change), currency)
        for (plan, component, currency), (more, less, change) in sorted(sums.items())
    ]
    return table(("PLAN", "COMPONENT", "REPS WITH MORE", "WITH LESS", "CHANGE", ""), rows)


def _largest(changes: Sequence[Change]) -> str:
    rows = [
        (c.key.rep_id, c.key.plan_id, c.key.component_id, c.key.origin.start,
         _money(c.before.amount), _money(c.after.amount), _signed(c.by), c.key.currency,
         _tiers(c)) for c in changes[:LINES_MAX]
    ]  # fmt: skip
    head = ("REP", "PLAN", "COMPONENT", "FROM", "BEFORE", "AFTER", "CHANGE", "", "TIER")
    more = len(changes) - LINES_MAX
    return table(head, rows) + (f"\n... and {more:,} more; --csv has all" if more > 0 else "")


def _crossings(crossings: Sequence[Change]) -> list[str]:
    """Return how many move between which tiers, and who some of them are."""
    moved: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in crossings:
        moved[one.key.plan_id, one.key.component_id, _tiers(one)].append(one.key.rep_id)
    if not moved:
        return []
    rows = [
        (plan, component, tiers, len(reps), _named(sorted(set(reps))))
        for (plan, component, tiers), reps in sorted(moved.items())
    ]
    return ["Other tiers\n" + table(("PLAN", "COMPONENT", "TIER", "LINES", "REPS"), rows)]


def _covered(made: Compared) -> str:
    who = made.covered
    lines = [f"{who.reps:,} reps are on a plan."]
    for label, reps in (
        ("New on a plan", who.gained), ("No longer on any", who.lost),
        ("On the roster and on none", who.uncovered),
        ("Credited and on none, so not paid", who.unpaid),
    ):  # fmt: skip
        if reps:
            lines.append(f"{label}: {len(reps):,}: {_named(reps)}")
    return "\n".join(lines)


def as_json(made: Compared) -> dict[str, Any]:
    """Return it for programs; money as text, so that no reader makes a float of it."""
    who = made.covered
    return {
        "credits": made.credits,
        "lines": made.lines,
        "lacking": made.lacks,
        "cost": {
            currency: {"before": f"{c.before:f}", "after": f"{c.after:f}",
                       "change": f"{c.after - c.before:f}"}
            for currency, c in made.costs.items()
        },
        "changes": [row(one) for one in made.changes],
        "covered": {"reps": who.reps, "gained": who.gained, "lost": who.lost,
                    "uncovered": who.uncovered, "unpaid": who.unpaid},
    }  # fmt: skip


def row(one: Change) -> dict[str, Any]:
    """Return a change as plain values."""
    key, before, after = one
    values = (
        key.rep_id, key.plan_id, key.component_id, str(key.origin.start), str(key.origin.end),
        key.currency, f"{before.amount:f}", f"{after.amount:f}", f"{one.by:f}", before.tier,
        after.tier, before.since, after.since,
    )  # fmt: skip
    return dict(zip(FIELDS, values, strict=True))


def as_csv(made: Compared) -> str:
    """Return changes as CSV (RFC 4180), with a first line of names."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, FIELDS)
    writer.writeheader()
    writer.writerows(map(row, made.changes))
    return out.getvalue()


def _tiers(one: Change) -> str:
    return f"{_tier(one.before)} -> {_tier(one.after)}" if one.before.tier != one.after.tier else ""


def _tier(stand: Stand) -> str:
    return f"{stand.tier} (from {stand.since})" if stand.tier else "none"


def _named(reps: Sequence[str]) -> str:
    more = len(reps) - NAMED_MAX
    return ", ".join(reps[:NAMED_MAX]) + (f" and {more:,} more" if more > 0 else "")


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _signed(amount: Decimal) -> str:
    return f"{amount:+,.2f}"


def _share(before: Decimal, after: Decimal) -> str:
    return f"{(after - before) / before * 100:+.1f}%" if before else ""
