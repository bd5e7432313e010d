"""What is likely not meant in plans that make sense: warnings of `pacesetter plan check`."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import cast

from infra.definitions.plan_words import number
from infra.definitions.problems import Finding, Path, Severity
from schemas.defining import Definition
from schemas.definitions import NO_END, Roster
from schemas.plan_choices import Bounds, CapPer, GatePays, Kind
from schemas.plan_components import Component
from schemas.plans import Plan, Plans
from streams.domain.ladders import Ladder, cliffs, text_of
from streams.domain.plan_context import is_on
from streams.domain.plan_parts import cap_of, ladder_of, part_of

Values = Mapping[str, Definition]
_SHOWN_MAX = 5  # names worth reading in one line


def lint(values: Values, on: date) -> Iterator[Finding]:
    """Yield what is worth a second look.

    Args:
        on: the day on which everybody on the roster should be on a plan.
    """
    plans = cast(Plans, values["plans"]).plans
    for i, plan in enumerate(plans):
        for j, component in enumerate(plan.components):
            path: Path = ("plans", i, "components", j)
            yield from _tiers(path, plan, component)
            yield from _unreachable(path, plan, component)
            yield from _gates(path, component)
    yield from _uncovered(values, plans, on)
    yield from _twice(plans)


def _warning(path: Path, value: str, problem: str, remedy: str) -> Finding:
    return Finding("plans", path, value, problem, remedy, Severity.WARNING)


def _tiers(path: Path, plan: Plan, one: Component) -> Iterator[Finding]:
    """Yield jumps and falls of what is earned, and bounds written as if they were inclusive."""
    numbers = {tier.since: at for at, tier in enumerate(one.tiers)}
    bounds = sorted(numbers)
    ladder = ladder_of(one, plan.boundary, Decimal(1), Fraction(1))
    if ladder is None or len(ladder.bounds) != len(bounds):
        return
    for bound, jump in cliffs(ladder):
        since = bounds[ladder.bounds.index(bound)]
        what = "jumps up" if jump > 0 else "falls"
        usual = "" if one.kind is not Kind.BONUS or jump < 0 else None
        if usual is not None:
            yield _warning((*path, "tiers", numbers[since], "since"), number(since),
                           f"is a cliff: what is earned {what} by {_amount(one, jump)} there",
                           "take MARGINAL tiers or an INTERPOLATED curve, or keep it knowingly"
                           )  # fmt: skip
    yield from _falling(path, one, ladder, numbers, bounds)
    for since in bounds:
        if _is_nearly_round(since, one.bounds):
            yield _warning((*path, "tiers", numbers[since], "since"), number(since),
                           "looks like the first number behind an inclusive bound",
                           f"bounds are continuous: write {number(_round(since, one.bounds))}, or"
                           " a part of a unit falls between two tiers")  # fmt: skip


def _amount(one: Component, jump: Fraction) -> str:
    told = text_of(abs(jump))
    per_quota = one.bounds is Bounds.ATTAINMENT and one.kind is Kind.RETROACTIVE
    return f"{told} of what the quota pays" if per_quota else told


def _falling(
    path: Path, one: Component, ladder: Ladder, numbers: Mapping[Decimal, int],
    bounds: list[Decimal],
) -> Iterator[Finding]:  # fmt: skip
    for at in range(1, len(bounds)):
        if ladder.pays[at] < ladder.pays[at - 1] and one.kind is not Kind.RETROACTIVE:
            name = "amount" if one.kind in (Kind.INTERPOLATED, Kind.BONUS) else "rate"
            value = getattr(one.tiers[numbers[bounds[at]]], name)
            yield _warning((*path, "tiers", numbers[bounds[at]], name), number(value),
                           "is less than that of the tier below",
                           "a decelerator may be meant; else put the tiers in order"
                           )  # fmt: skip


def _round(value: Decimal, bounds: Bounds) -> Decimal:
    unit = Decimal("0.01") if bounds is Bounds.ATTAINMENT else Decimal(1)
    return (value / unit).quantize(Decimal(1)) * unit


def _is_nearly_round(value: Decimal, bounds: Bounds) -> bool:
    """Return whether a bound reads like 500.01 or 1.01 beside an end of 500.00 or 1.00."""
    if bounds is Bounds.ATTAINMENT:
        return value > Decimal("0.1") and value % Decimal("0.1") == Decimal("0.01")
    rest = value % 1
    is_cent = rest in (Decimal("0.01"), Decimal("0.99"))
    return value > 1 and (is_cent or (value > 100 and value % 100 == 1))


def _unreachable(path: Path, plan: Plan, one: Component) -> Iterator[Finding]:
    """Yield tiers above the total at which the cap is reached, for everybody alike."""
    cap = one.cap
    part = part_of(plan, one, "")
    if cap is None or cap.per is CapPer.TRANSACTION or part.ladder is None or one.multipliers:
        return
    most = cap_of(part)
    if not most:
        return
    tiers = sorted(enumerate(one.tiers), key=lambda each: each[1].since)
    for (at, tier), bound in zip(tiers, part.ladder.bounds, strict=False):
        if bound > 0 and part.ladder.earned(bound) >= most:
            yield _warning((*path, "tiers", at, "since"), number(tier.since),
                           f"is never reached by pay: the cap of {text_of(most)} is earned before",
                           "raise the cap or leave the tier out")  # fmt: skip
            return


def _gates(path: Path, one: Component) -> Iterator[Finding]:
    for i, gate in enumerate(one.gates):
        if gate.pays is GatePays.FROM_FIRST:
            yield _warning((*path, "gates", i, "since"), number(gate.since),
                           "is a cliff: nothing is earned just below it, and everything on it",
                           "write pays: ABOVE or a lower rate below, or keep it knowingly"
                           )  # fmt: skip


def _uncovered(values: Values, plans: tuple[Plan, ...], on: date) -> Iterator[Finding]:
    roster = cast(Roster | None, values.get("roster"))
    current = [p for p in plans if p.valid_from <= on < (p.valid_to or NO_END)]
    missing = [
        rep.rep_id
        for rep in (roster.reps if roster else ())
        if any(s.valid_from <= on < (s.valid_to or NO_END) for s in rep.history)
        and not any(is_on(plan, rep.rep_id) for plan in current)
    ]
    if missing:
        more = len(missing) - _SHOWN_MAX
        names = ", ".join(missing[:_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
        yield _warning(("plans",), names, f"on the roster on {on} and on no plan",
                       "add them to a plan's reps, unless they earn no commission")  # fmt: skip


def _twice(plans: tuple[Plan, ...]) -> Iterator[Finding]:
    """Yield plans that pay the same credits to the same people: what they pay adds up."""
    for (_, one), (j, other) in combinations(enumerate(plans), 2):
        since, until = max(one.valid_from, other.valid_from), NO_END
        until = min(one.valid_to or NO_END, other.valid_to or NO_END)
        both = set(one.reps) & set(other.reps) if one.reps and other.reps else None
        counts = {c.counts for c in one.components} & {c.counts for c in other.components}
        if since < until and both != set() and counts:
            whom = ", ".join(sorted(both)[:_SHOWN_MAX]) if both else "everybody on either"
            yield _warning(("plans", j, "plan_id"), other.plan_id,
                           f"pays {whom} for the same credits as {one.plan_id}, from {since} on",
                           "both are paid and add up; name other reps or days if that is not meant"
                           )  # fmt: skip
