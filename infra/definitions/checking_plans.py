"""Whether commission plans make sense: ids, days, currency, reps and tiers.

Plans may overlap, for one rep too: what they pay adds up.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from infra.definitions.problems import Finding, Path, did_you_mean
from schemas.currencies import is_currency
from schemas.defining import Definition
from schemas.definitions import Company, Roster
from schemas.plans import Component, Plan, Plans

Values = Mapping[str, Definition]


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the plans among the values."""
    plans = cast(Plans, values["plans"]).plans
    company = cast(Company | None, values.get("company"))
    roster = cast(Roster | None, values.get("roster"))
    yield from _named_once(("plans",), "plan_id", (p.plan_id for p in plans))
    for i, plan in enumerate(plans):
        path: Path = ("plans", i)
        if plan.valid_to is not None and plan.valid_to <= plan.valid_from:
            yield Finding("plans", (*path, "valid_to"), str(plan.valid_to),
                          f"is not after valid_from {plan.valid_from}",
                          "name the first day it no longer pays, or leave it out")  # fmt: skip
        yield from _currency((*path, "currency"), plan, company)
        yield from _reps((*path, "reps"), plan, roster)
        components = (c.component_id for c in plan.components)
        yield from _named_once((*path, "components"), "component_id", components)
        for j, component in enumerate(plan.components):
            yield from _tiers((*path, "components", j, "tiers"), component)


def _currency(path: Path, plan: Plan, company: Company | None) -> Iterator[Finding]:
    if not is_currency(plan.currency):
        yield Finding("plans", path, plan.currency, "is no currency",
                      "write an active ISO 4217 code such as EUR")  # fmt: skip
    elif company and plan.currency != company.reporting_currency:
        yield Finding("plans", path, plan.currency, "is not the reporting currency",
                      f"plans count credits in {company.reporting_currency}: give tiers in"
                      " it")  # fmt: skip


def _reps(path: Path, plan: Plan, roster: Roster | None) -> Iterator[Finding]:
    seen: set[str] = set()
    there = {r.rep_id for r in roster.reps} if roster else None
    for k, rep_id in enumerate(plan.reps):
        if rep_id in seen:
            yield Finding("plans", (*path, k), rep_id, "is named twice", "name each rep once")
        elif there is not None and rep_id not in there:
            yield Finding("plans", (*path, k), rep_id, "is no rep that exists",
                          did_you_mean(rep_id, there, "add the rep to the roster"))  # fmt: skip
        seen.add(rep_id)


def _tiers(path: Path, component: Component) -> Iterator[Finding]:
    # The order of entries says nothing in any definition, so bounds rise if no two are the same.
    bounds = [tier.since for tier in component.tiers]
    lowest = min(range(len(bounds)), key=bounds.__getitem__)
    if bounds[lowest] != 0:
        yield Finding("plans", (*path, lowest, "since"), f"{bounds[lowest]:f}",
                      "is the lowest tier and does not start at 0",
                      "start it at 0, with rate 0 if it pays nothing")  # fmt: skip
    for k, bound in enumerate(bounds):
        if bound in bounds[:k]:
            yield Finding("plans", (*path, k, "since"), f"{bound:f}",
                          "is where another tier starts already",
                          "let each tier start above the one before")  # fmt: skip


def _named_once(inside: Path, name: str, ids: Iterable[str]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, one in enumerate(ids):
        if one in first:
            yield Finding("plans", (*inside, i, name), one,
                          f"stands already in entry {first[one]}, counted from 0",
                          "keep one of them, or give each its own id")  # fmt: skip
        first.setdefault(one, i)
